"""How far a stream was heard: the cursor, what it heard without a break, and what is lost. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from storage.mention import Cursor, Gap, Heard

SECOND = 1_000_000
REWIND = 5
"""Seconds that a new connection goes back, as instances are not in step; what comes twice dies on its id."""
CLAMP = 300
"""Seconds by which the first message may lie after the cursor; more is not quiet, it is gone."""
STEADY_CLAMP = 3 * REWIND
"""The same where something is said every second, and a minute without a word is lost."""
_STEADY_FOR = 600


@dataclass(slots=True)
class Place:
    """Where a stream stands. Times end in `_us` where they count microseconds of the server's clock.

    `through` is what was heard of it, in seconds; `asked_us` what this connection asked for, until it said anything.
    `steady_at` is the host whose stream was found to speak all the time. It stands in the cursor: forgotten at a new
    start, half a minute of silence would count as having heard everything since the last one. `owed` is since when the
    own accounts are still to be asked what the stream did not bring, `figures` the last day of which theirs are known.
    """

    time_us: int
    through: int
    backfill: Mapping[str, Any] | None = None
    asked_us: int | None = None
    steady_at: str | None = None
    owed: int | None = None
    figures: str | None = None
    _told: int = 0
    _since_us: int = 0
    _messages: int = 0

    @classmethod
    def of(cls, cursor: Cursor | None, now: int, hosts: Collection[str], history: int | None = None) -> Place:
        """Read a cursor; without one the stream begins now. `history`: how far before that own accounts are asked.

        Of another network than `hosts` nothing is known yet.
        """
        if cursor is None:
            return cls(now * SECOND, now, owed=None if history is None else now - history, _told=now)
        time_us = int(cursor["time_us"])
        through = int(cursor.get("through", time_us // SECOND))
        host = cursor.get("steady")
        steady_at = host if host in hosts else None
        place = cls(time_us, through, cursor.get("backfill"), steady_at=steady_at, _told=through)
        place.owed, place.figures = cursor.get("owed"), cursor.get("figures")
        return place

    def cursor(self) -> Cursor:
        """Where to go on."""
        found: Cursor = {"time_us": self.time_us, "through": self.through}
        if self.steady_at is not None:
            found = {**found, "steady": self.steady_at}
        kept = {"owed": self.owed, "figures": self.figures}
        found |= {name: value for name, value in kept.items() if value is not None}
        return found if self.backfill is None else {**found, "backfill": dict(self.backfill)}

    def connect(self) -> int:
        """Return what to ask a new connection for."""
        self.asked_us = max(0, self.time_us - REWIND * SECOND)
        self._since_us = self._messages = 0
        return self.asked_us

    def hear(self, first_us: int, last_us: int, messages: int, host: str) -> Gap | None:
        """Note that messages of these times came from there; return what was lost before them."""
        gap = self._begin(first_us) if self.asked_us is not None else None
        self.time_us = max(self.time_us, last_us)
        self.through = max(self.through, last_us // SECOND)
        self._since_us = self._since_us or first_us
        self._messages += messages
        if self._is_steady():
            self.steady_at = host
        return gap

    def hear_silence(self, until: int) -> None:
        """Note that nothing was said until then, and that this is what there was to hear."""
        self.through = max(self.through, until)

    @property
    def steady(self) -> bool:
        """Whether so much comes, more than a message a second for long, that silence cannot be quiet."""
        return self.steady_at is not None

    def heard(self) -> Heard | None:
        """Return what was heard since this was asked last."""
        if self.through <= self._told:
            return None
        since, self._told = self._told, self.through
        return Heard(since, self.through)

    def _is_steady(self) -> bool:
        span = (self.time_us - self._since_us) / SECOND
        return bool(self._since_us) and span >= _STEADY_FOR and self._messages >= span

    def _begin(self, first_us: int) -> Gap | None:
        asked_us, self.asked_us = self.asked_us or 0, None
        first = first_us // SECOND
        if first_us < asked_us:
            # What lies in the future of the server it ignores: our clock, or that of another instance, was ahead.
            self.time_us, self.through, self._told = first_us, first, first
            return None
        if first - self.through <= (STEADY_CLAMP if self.steady else CLAMP):
            return None
        gap = Gap(self.through, first, "the server no longer had it: the connection was away for too long")
        self.owed = min(self.through, self.owed or self.through)
        self.through = self._told = first
        return gap
