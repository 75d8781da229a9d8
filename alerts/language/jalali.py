"""Days of the Persian (Jalali) calendar. Pure.

A year begins on the 1st of Farvardin; six months of 31 days, five of 30, and Esfand of 29, in a leap year 30. In 33
years 8 are leap, by the rest of the year in 33: that is the calendar of Iran's law from 1244 to 1472 (1865 to 2093).
"""

from __future__ import annotations

from datetime import date

_LEAP = frozenset((1, 5, 9, 13, 17, 22, 26, 30))
_FIRST = date(1865, 3, 21)
_YEAR_OF_FIRST = 1244
_LONG = 6 * 31


def jalali(day: date) -> tuple[int, int, int]:
    """Return (year, month, day): date(2026, 11, 28) -> (1405, 9, 7)."""
    rest, year = (day - _FIRST).days, _YEAR_OF_FIRST
    cycles, rest = divmod(rest, 33 * 365 + 8)
    year += 33 * cycles
    while rest >= _days(year):
        rest -= _days(year)
        year += 1
    if rest < _LONG:
        return year, rest // 31 + 1, rest % 31 + 1
    rest -= _LONG
    return year, rest // 30 + 7, rest % 30 + 1


def _days(year: int) -> int:
    return 366 if year % 33 in _LEAP else 365
