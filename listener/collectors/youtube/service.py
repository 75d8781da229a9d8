"""Asks the YouTube Data API v3 with a key, within the day's quota, and reads why it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic import SecretStr

from alerts.addresses import public_url
from listener.collectors.base import Permanent, Retriable
from listener.collectors.youtube.quota import Quota, until_reset

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

MOST_BYTES = 16_000_000
MOST_IDS = 50
_REFUSALS = frozenset({400, 403, 404})
_USED_UP = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_SLOWER = 60.0
_ABSENT = frozenset({
    "commentsDisabled", "videoNotFound", "channelNotFound", "playlistNotFound", "commentNotFound",
    "commentThreadNotFound", "forbidden", "channelClosed", "channelSuspended", "playlistItemsNotAccessible",
})  # fmt: skip


class Absent(Permanent):
    """YouTube has nothing there: comments are disabled, a video or a channel is gone. No failure of the source."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The items of one answer, and the token of the next one."""

    items: Sequence[Any]
    next: str | None


class Service:
    """The API at one address. `quota` counts what is asked; `searches` and `units` are what a day has."""

    def __init__(
        self, client: PoliteClient, url: str, key: SecretStr, limits: tuple[int, int], allow_private: bool
    ) -> None:
        self._client = client
        self._url = url
        self._key = key
        self.searches, self.units = limits
        self._allow_private = allow_private
        self.quota = Quota()

    async def search(self, parameters: Mapping[str, str | int], now: int) -> Answer:
        """search.list, of which a day has few. Raises Retriable and Permanent."""
        self.quota.begin(now)
        if self.quota.searches >= self.searches:
            raise Retriable("the day's searches of YouTube are used up", until_reset(now))
        self.quota.searches += 1
        return await self._get("search", parameters, now)

    async def ask(self, what: str, parameters: Mapping[str, str | int], now: int) -> Answer:
        """The method `list` of videos, channels, comments ..., one unit. Raises Retriable, Permanent, Absent."""
        self.quota.begin(now)
        if self.quota.units >= self.units:
            raise Retriable("the day's units of YouTube are used up", until_reset(now))
        self.quota.units += 1
        return await self._get(what, parameters, now)

    async def by_id(
        self, what: str, ids: Sequence[str], parameters: Mapping[str, str | int], now: int
    ) -> dict[str, Any]:
        """What YouTube has of these ids, at most MOST_IDS, by id. Raises Retriable and Permanent."""
        answer = await self.ask(what, {**parameters, "id": ",".join(ids)}, now)
        found = [item for item in answer.items if isinstance(item, Mapping)]
        return {item["id"]: item for item in found if isinstance(item.get("id"), str)}

    async def _get(self, what: str, parameters: Mapping[str, str | int], now: int) -> Answer:
        fetched = await self._client.get(
            f"{self._url}/{what}?{urlencode(parameters)}",
            # As a parameter `key` it would stand in the logs of every proxy on the way.
            headers={"X-Goog-Api-Key": self._key.get_secret_value()},
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=MOST_BYTES,
            read=_REFUSALS,
        )
        try:
            body = json.loads(fetched.body)
        except (ValueError, RecursionError):
            body = None
        if fetched.status != 200:
            raise self._refusal(what, fetched.status, body, now)
        return self._answer(what, body)

    def _answer(self, what: str, body: Any) -> Answer:
        kind = body.get("kind") if isinstance(body, dict) else None
        items = body.get("items", []) if isinstance(body, dict) else None
        if not isinstance(kind, str) or not kind.startswith("youtube#") or not isinstance(items, list):
            raise Retriable(f"{public_url(self._url)} answered something unexpected to {what}")
        token = body.get("nextPageToken")
        if token is not None and not (isinstance(token, str) and token.isascii() and token):
            # Taken for the end of the list, it would call heard what was never shown.
            raise Retriable(f"{public_url(self._url)} answered a strange page token to {what}")
        return Answer(items, token)

    def _refusal(self, what: str, status: int, body: Any, now: int) -> Retriable | Permanent:
        """Why it refuses, by the reason in its answer; what it says beside that may quote the request."""
        reason = _reason(body)
        where = f"{public_url(self._url)} refuses {what} ({status}{f', {reason}' if reason else ''})"
        if reason in _USED_UP:
            # Somebody else uses this project too, or we have lost count.
            return Retriable(f"{where}: the day's quota is used up", until_reset(now))
        if reason in _TOO_FAST:
            return Retriable(f"{where}: too many requests at once", _SLOWER)
        if reason in _ABSENT:
            return Absent(where, status)
        return Permanent(f"{where}; check the key, and that its project has the YouTube Data API v3", status)


def _reason(body: Any) -> str | None:
    error = body.get("error") if isinstance(body, dict) else None
    errors = error.get("errors") if isinstance(error, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    reason = first.get("reason") if isinstance(first, dict) else None
    return reason if isinstance(reason, str) and reason.isalnum() and len(reason) <= 60 else None
