"""Asks api.stackexchange.com, which counts each address's requests of a day and says when to leave it alone.

Every answer has the same wrapper (https://api.stackexchange.com/docs/wrapper): `items`, `has_more`, the requests that
are left of the day, and at times `backoff`, the seconds before the same method may be asked again.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from listener.collectors.asking import Asker
from listener.collectors.base import Permanent, Retriable

GRACE = 2.0
"""Seconds beyond `backoff`: those who came back on the second were turned away."""
PATIENCE = 30.0
"""A longer wait is left to whoever schedules the polls."""
DAY = 86_400
_SECONDS = re.compile(r"in ([0-9]{1,6}) seconds")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request brought. `more`: there is another page."""

    items: list[Any]
    more: bool


class Service:
    """The interface for all sites, which share the requests of a day. It remembers waits while the process lives."""

    def __init__(self, asker: Asker, key: str | None) -> None:
        self._asker = asker
        self._always = {"key": key} if key else {}
        self._until: dict[str, float] = {}
        self._left: int | None = None
        self._renewed = 0

    async def ask(
        self, method: str, parameters: Mapping[str, str | int], now: int, *, path: str | None = None
    ) -> Answer:
        """Ask a method (its `path`, where that holds ids). Raises Retriable, also while it is to be left alone."""
        await self._turn(method, now)
        asked = {**parameters, **self._always}
        try:
            answer = await self._asker.get(path or method, asked)
        except Permanent as failure:
            raise _refused(failure) from failure
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise self._asker.strange(method)
        self._note(method, answer, now)
        return Answer(answer["items"], answer.get("has_more") is True)

    async def _turn(self, method: str, now: int) -> None:
        if self._left == 0 and now < self._renewed:
            raise Retriable("the requests of the day are used up", float(self._renewed - now))
        wait = self._until.get(method, 0.0) - asyncio.get_running_loop().time()
        if wait > PATIENCE:
            raise Retriable(f"the service wants {method} to be left alone", wait)
        if wait > 0:
            await asyncio.sleep(wait)

    def _note(self, method: str, answer: Mapping[str, Any], now: int) -> None:
        backoff, left = answer.get("backoff"), answer.get("quota_remaining")
        if isinstance(backoff, int | float) and backoff > 0:
            wait = min(float(backoff), float(DAY)) + GRACE
            self._until[method] = asyncio.get_running_loop().time() + wait
        if type(left) is int:
            # When the day ends is not documented: midnight UTC is when it is tried again.
            self._left, self._renewed = max(left, 0), now - now % DAY + DAY


def _refused(failure: Permanent) -> Retriable | Permanent:
    """What a refusal means: the service answers 400 to everything, and says what it is in an error of its own."""
    try:
        said = json.loads(failure.answer)
    except (ValueError, RecursionError):
        return failure
    name = said.get("error_name") if isinstance(said, dict) else None
    if name == "throttle_violation":
        wait = _SECONDS.search(str(said.get("error_message")))
        return Retriable("the requests of this address are used up", float(wait[1]) if wait else 3_600.0)
    if name == "bad_parameter":
        return Permanent(f"{failure}; it may not know the site or the key", failure.status)
    return failure
