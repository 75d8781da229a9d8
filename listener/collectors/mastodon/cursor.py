"""The cursor of the Mastodon collector: where each timeline stands, and through when all of them have been read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from listener.collectors.mastodon.timelines import RECENT, Part, Place
from storage.mention import Cursor, Heard


@dataclass(frozen=True, slots=True)
class Account:
    """One of the brands' own accounts, as a server knows it, and when it was asked."""

    id: str
    uri: str
    at: int


@dataclass(slots=True)
class Search:
    """How far back in time a server's search has been read: which phrase is next, and from which result on."""

    phrase: int = 0
    offset: int = 0
    done: bool = False


@dataclass(slots=True)
class State:
    """The cursor while a poll changes it. `heard` is the time through which every timeline was read."""

    heard: int | None = None
    places: dict[str, Place] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    searches: dict[str, Search] = field(default_factory=dict)

    @classmethod
    def of(cls, cursor: Cursor | None) -> State:
        found = cursor or {}
        return cls(
            found.get("heard"),
            {key: Place(**place) for key, place in found.get("places", {}).items()},
            {handle: Account(**account) for handle, account in found.get("accounts", {}).items()},
            {name: Search(**search) for name, search in found.get("searches", {}).items()},
        )

    def cursor(self, keys: Iterable[str]) -> Cursor:
        """As JSON. Of timelines that are not listened to any more nothing is kept: they would hold back `heard`."""
        return {
            "heard": self.heard,
            "places": {key: _plain(self.places[key]) for key in keys if key in self.places},
            "accounts": {handle: _plain(account) for handle, account in self.accounts.items()},
            "searches": {name: _plain(search) for name, search in self.searches.items()},
        }

    def advance(self, key: str, part: Part, now: int, oldest: int | None) -> bool:
        """Move a timeline's place behind a part. Returns whether the part belongs to its first reading."""
        place = self.places.setdefault(key, Place())
        first = place.first
        place.recent = part.recent
        if part.since is not None:
            place.since = max(place.since, part.since)
        reached = now if part.complete else min(oldest or 0, now)
        place.through = max(place.through, reached)
        place.first = first and not part.complete
        return first

    def pass_on(self, key: str, names: Sequence[str], now: int) -> None:
        """A stream brought these statuses of a timeline, oldest first, and nothing else up to now."""
        place = self.places[key]
        place.recent = [*reversed(names[-RECENT:]), *place.recent][:RECENT]
        place.through = max(place.through, now)

    def now_heard(self, keys: Sequence[str]) -> Heard | None:
        """The stretch that is heard since the last time: only through where the slowest timeline stands."""
        places = [self.places.get(key) for key in keys]
        if not places or any(place is None for place in places):
            return None
        read = [place for place in places if place is not None]
        since = max(self.heard or 0, *(place.since for place in read))
        until = min(place.through for place in read)
        if until <= since:
            return None
        self.heard = until
        return Heard(since, until)


def _plain(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}
