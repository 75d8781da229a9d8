"""What a Mastodon server tells of the brands' own accounts: followers, and who spoke to the owner of a token."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from listener.collectors.base import Permanent, Retriable
from listener.collectors.mastodon.instance import Server
from listener.collectors.mastodon.statuses import Status
from listener.collectors.post import Figure

DAY = 86_400
PATH = "/api/v1/notifications"
QUERY = (("types[]", "mention"),)
FIGURES = {"followers_count": "followers", "following_count": "follows", "statuses_count": "posts_total"}

log = structlog.get_logger(__name__)


def figures(account: Status, handle: str, now: int) -> list[Figure]:
    """The counts of an account as a server knows them today. Who hides his followers shows -1."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    counts = {metric: account.get(field) for field, metric in FIGURES.items()}
    return [
        Figure(metric, day, float(n), account=handle)
        for metric, n in counts.items()
        if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**53
    ]


def mentions(notifications: Sequence[Status]) -> list[Status]:
    """The statuses that notifications of mentions bring; where one was deleted since, there is none."""
    # Servers that take no notice of the type tell of everything else as well.
    told = [one.get("status") for one in notifications if one.get("type") == "mention"]
    return [status for status in told if isinstance(status, Mapping)]


class Inboxes:
    """Of which servers our token belongs to one of the brands' own accounts: asked once a day, held in memory.

    Nobody else's notifications are read. A server that fails here is left in peace for a day: the timelines do not
    depend on it.
    """

    def __init__(self) -> None:
        self._ours: dict[str, tuple[int, bool]] = {}

    async def ours(self, server: Server, handles: Collection[str], now: int) -> bool:
        """Raises Enough, Retriable and Permanent."""
        asked, ours = self._ours.get(server.name, (now - DAY, False))
        if now - asked < DAY:
            return ours
        account = await server.ask("/api/v1/accounts/verify_credentials")
        name = account.get("acct") if isinstance(account, Mapping) else None
        if not isinstance(name, str):
            raise Retriable(f"{server.name} does not say whose the token is")
        address = name if "@" in name else f"{name}@{server.home}"
        ours = address.casefold() in {handle.lstrip("@").casefold() for handle in handles}
        self._ours[server.name] = (now, ours)
        return ours

    def close(self, server: Server, now: int, failure: Retriable | Permanent) -> None:
        """Ask this server for nothing more of the kind today."""
        self._ours[server.name] = (now, False)
        log.warning("notifications are not read for a day", server=server.name, reason=str(failure))
