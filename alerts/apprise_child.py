"""The process that asks Apprise: one message on standard input, a line for each address of what came of it.

Apart from the daemon, because Apprise opens connections of its own, which the guard does not check, and blocks while it
waits. Addresses come on standard input: neither arguments nor environment show them to other users of the machine.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import Any, Literal

Outcome = Literal["taken", "unusable", "refused", "passing", "unknown"]

_STATUS = re.compile(r"\berror=(\d{3})\b")
_AGAIN = frozenset({408, 425, 429})


def main() -> int:
    """Read {"urls": {mark: address}, "title", "body", "timeout", "send"}; write {"mark", "outcome", "status"} lines.

    Without `send` the addresses are only read. `timeout` in seconds, for each address.
    """
    import apprise

    # What Apprise logs may hold an address. Its results keep the lines in which the statuses stand.
    logging.disable(logging.NOTSET)
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    logging.getLogger("apprise").propagate = False
    asked = json.load(sys.stdin)
    asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY)
    for mark, url in asked["urls"].items():
        outcome, status = _one(apprise, asset, url, asked)
        print(json.dumps({"mark": mark, "outcome": outcome, "status": status}), flush=True)
    return 0


def _one(apprise: Any, asset: Any, url: str, asked: dict[str, Any]) -> tuple[Outcome, int | None]:
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        return "unusable", None
    if not asked["send"]:
        return "taken", None
    if service.overflow_mode == apprise.OverflowMode.UPSTREAM:
        # Else a service refuses what is longer than it takes; who says otherwise in the address is heeded.
        service.overflow_mode = apprise.OverflowMode.SPLIT
    told = apprise.Apprise(asset=asset)
    told.add(service)
    result = told.notify(
        body=asked["body"],
        title=asked["title"],
        notify_type=asked["type"],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
        timeout=asked["timeout"],
    )
    return ("taken", None) if result else judged(entry.message for entry in result.logs())


def judged(lines: Iterable[str]) -> tuple[Outcome, int | None]:
    """What it means that Apprise says no: it tells the status of an answer only in its log.

    Without one nobody can tell whether the message arrived. Of several parts of a message some may have: the first
    status that is worse than passing decides.
    """
    statuses = [int(found) for line in lines for found in _STATUS.findall(line)]
    if not statuses:
        return "unknown", None
    final = [status for status in statuses if status < 500 and status not in _AGAIN]
    return ("refused", final[0]) if final else ("passing", statuses[-1])


if __name__ == "__main__":
    sys.exit(main())
