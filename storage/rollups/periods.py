"""The days, weeks, months and years that roll-ups are cut in, and how a window is put together from them."""

from __future__ import annotations

from datetime import date, datetime
from enum import IntEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from storage.calendar import Unit as Name
from storage.calendar import Window, start_of, unit_of

QUARTER = 900
_MOST_REMEMBERED = 50_000


class Unit(IntEnum):
    """As roll-ups write it. FACTS: no roll-up at all, the mentions themselves."""

    FACTS = 0
    DAY = 1
    MONTH = 2
    WEEK = 3
    YEAR = 4


NAMES: dict[Unit, Name] = {Unit.DAY: "day", Unit.WEEK: "week", Unit.MONTH: "month", Unit.YEAR: "year"}


class Starts(NamedTuple):
    """The first seconds of the day, ISO week, month and year that hold a time."""

    day: int
    week: int
    month: int
    year: int


class Calendar:
    """Finds the periods that hold a time, in one zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._known: dict[int, Starts] = {}
        self._of_day: dict[date, Starts] = {}

    def starts(self, at: int) -> Starts:
        """The periods that hold `at`."""
        # All offsets of this century are multiples of a quarter of an hour, so that no day begins inside of one.
        quarter = at // QUARTER
        found = self._known.get(quarter)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[quarter] = self._find(at)
        return found

    def until(self, unit: Unit, start: int) -> int:
        """The end of the period of a unit that begins at `start`."""
        return unit_of(start, NAMES[unit], self.zone).until

    def _find(self, at: int) -> Starts:
        day = datetime.fromtimestamp(at, self.zone).date()
        found = self._of_day.get(day)
        if found is None:
            if len(self._of_day) >= _MOST_REMEMBERED:
                self._of_day.clear()
            found = self._of_day[day] = Starts(
                start_of(day, "day", self.zone),
                start_of(day, "week", self.zone),
                start_of(day, "month", self.zone),
                start_of(day, "year", self.zone),
            )
        return found


class Span(NamedTuple):
    """[since, until), a whole number of units."""

    unit: Unit
    since: int
    until: int


def cover(window: Window, zone: ZoneInfo) -> list[Span]:
    """Cut a window into whole months, whole days beside them, and what is left at its ends."""
    return _cut(window.since, window.until, Unit.MONTH, zone)


def _cut(since: int, until: int, unit: Unit, zone: ZoneInfo) -> list[Span]:
    if since >= until:
        return []
    if unit == Unit.FACTS:
        return [Span(unit, since, until)]
    smaller = Unit.DAY if unit == Unit.MONTH else Unit.FACTS
    holds = unit_of(since, NAMES[unit], zone)
    first = since if holds.since == since else holds.until
    last = unit_of(until, NAMES[unit], zone).since
    if first >= last:
        return _cut(since, until, smaller, zone)
    return [
        *_cut(since, first, smaller, zone),
        Span(unit, first, last),
        *_cut(last, until, smaller, zone),
    ]
