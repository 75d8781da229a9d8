"""Quiet hours: when nothing is told that can wait, by the clock on the wall of a zone, and on its public holidays."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from storage import public_holidays
from storage.stats.business_hours import BusinessHours, Closed, Span, open_spans

_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_DAY = 86_400
LONGEST = 60 * _DAY
"""Seconds of quiet without an end; then it is told all the same, so that nothing waits for ever."""
_ALL_WEEK: tuple[tuple[Span, ...], ...] = (((0, _DAY),),) * 7


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Quiet from `since` to `until` in seconds of the day by the clock on the wall of `zone`, over midnight too.

    `days`: those on which a quiet time begins, Monday 0. `holidays`: a place whose public holidays are quiet all day.
    `passes`: severities that are told all the same.
    """

    zone: ZoneInfo
    since: int
    until: int
    days: frozenset[int] = frozenset(range(7))
    holidays: str | None = None
    passes: frozenset[str] = frozenset(["critical"])


def parse_time(text: str) -> int:
    """Read "22:00" as seconds of the day; 24:00 is its end. Raises ValueError with how to write it."""
    found = _TIME.fullmatch(text.strip())
    hour, minute = map(int, found.groups()) if found else (99, 0)
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f'{text[:20]!r} is no time of a day; write hours and minutes, as in "22:00"')
    return hour * 3600 + minute * 60


def loud_from(quiet: Iterable[QuietHours], severity: str, at: int) -> int:
    """The first moment from `at` on (seconds since 1970) that is quiet by none of these, for alerts of a severity.

    An hour that the clock shows twice in autumn is quiet twice, one that it skips in spring is not there. After
    LONGEST seconds of quiet it is that moment.
    """
    plans = [plan for one in quiet if severity not in one.passes for plan in _plans(one)]
    moment = at
    while moment - at < LONGEST:
        end = max((_end(*plan, moment) for plan in plans), default=moment)
        if end == moment:
            return moment
        moment = end
    return at + LONGEST


def _end(plan: BusinessHours, closed: Closed, at: int) -> int:
    """When the stretch of a plan ends in which a moment lies; the moment itself where it lies in none."""
    begin, end = next(open_spans(plan, at, at + 2 * _DAY, closed), (at, at))
    return end if begin == at else at


@lru_cache(maxsize=256)
def _plans(quiet: QuietHours) -> tuple[tuple[BusinessHours, Closed], ...]:
    """Quiet time is a weekly plan like that of business hours, and holidays are another."""
    weekly = (BusinessHours(quiet.zone, _week(quiet)), _never)
    if quiet.holidays is None:
        return (weekly,)
    place = quiet.holidays
    return weekly, (
        BusinessHours(quiet.zone, _ALL_WEEK),
        lambda day: not public_holidays.is_holiday(place, day),
    )


def _week(quiet: QuietHours) -> tuple[tuple[Span, ...], ...]:
    week: list[list[Span]] = [[] for _ in range(7)]
    for day in quiet.days:
        if quiet.since < quiet.until:
            week[day].append((quiet.since, quiet.until))
            continue
        if quiet.since < _DAY:
            week[day].append((quiet.since, _DAY))
        if quiet.until > 0:
            week[(day + 1) % 7].append((0, quiet.until))
    return tuple(tuple(sorted(spans)) for spans in week)


def _never(day: date) -> bool:
    return False
