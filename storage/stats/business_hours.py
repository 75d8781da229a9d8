"""Business hours: how many seconds between two instants a weekly plan is open, in its zone and without its holidays."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY = 86_400
_TWO_SPANS = "09:00-14:00, 16:00-19:00"

Span = tuple[int, int]
"""[from, to) in seconds: of a day by the clock on the wall, or since 1970, UTC."""
Closed = Callable[[date], bool]
"""Whether a day is a holiday."""


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """A plan: for each day of the week, Monday first, the open spans by the clock on the wall of `zone`, in order.

    `holidays` names the country, or a part of it, whose public holidays are closed (ES, ES-MD); None: none are.
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    holidays: str | None = None


def parse_week(said: Mapping[str, str]) -> tuple[tuple[Span, ...], ...]:
    """Read {"mon-fri": "09:00-14:00, 16:00-19:00", "sat": "10:00-14:00"}; a day that is not named is closed.

    Raises ValueError that says which days and hours are wrong, all of them, and how to write them.
    """
    week: dict[int, tuple[Span, ...]] = {}
    wrong: list[str] = []
    for days, hours in said.items():
        try:
            spans, numbers = parse_hours(hours), parse_days(days)
        except ValueError as error:
            wrong.append(str(error))
            continue
        twice = [DAYS[day] for day in numbers if day in week]
        if twice:
            wrong.append(
                f"{', '.join(twice)}: stands twice; write all hours of a day at once, as in {_TWO_SPANS}"
            )
        week.update(dict.fromkeys(numbers, spans))
    if not wrong and not week:
        wrong.append("is never open; write hours for a day at least, as in mon-fri: 09:00-18:00")
    if wrong:
        raise ValueError("; ".join(wrong))
    return tuple(week.get(day, ()) for day in range(7))


def parse_days(text: str) -> list[int]:
    """Read "mon", "mon-fri", "sat-mon" or "mon, wed" as numbers of days, Monday 0. Raises ValueError."""
    found = []
    for part in text.split(","):
        first, dash, last = (piece.strip().casefold() for piece in part.partition("-"))
        for name in (first, last) if dash else (first,):
            if name not in DAYS:
                raise ValueError(
                    f"there is no day {name[:20]!r}; days are {', '.join(DAYS)}, as in mon-fri or sat"
                )
        start = DAYS.index(first)
        length = (DAYS.index(last) - start) % 7 if dash else 0
        found += [(start + step) % 7 for step in range(length + 1)]
    return found


def parse_hours(text: str) -> tuple[Span, ...]:
    """Read "09:00-18:00" or "09:00-14:00, 16:00-19:00" as seconds of the day, in order. Raises ValueError."""
    spans = sorted(_parse_span(part.strip()) for part in text.split(","))
    for (_, until), (since, _) in pairwise(spans):
        if since < until:
            raise ValueError(f"{text[:40]!r} overlaps itself")
    return tuple(spans)


def _parse_span(text: str) -> Span:
    found = _HOURS.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:40]!r} is no time of opening; write hours and minutes, as in 09:00-18:00")
    hour, minute, to_hour, to_minute = map(int, found.groups())
    since, until = hour * 3600 + minute * 60, to_hour * 3600 + to_minute * 60
    if minute > 59 or to_minute > 59 or until > _DAY:
        raise ValueError(f"{text[:40]!r} is no time of a day; the last one is 24:00")
    if since >= until:
        raise ValueError(
            f"{text[:40]!r} ends before it begins; hours over midnight stand on both days, as in "
            "fri: 22:00-24:00 and sat: 00:00-06:00"
        )
    return since, until


def open_spans(hours: BusinessHours, since: int, until: int, closed: Closed) -> Iterator[Span]:
    """Yield the stretches of [since, until) at which the plan is open, in order, as seconds since 1970.

    An instant is open where the clock on the wall stands within the plan: an hour that the clock skips in spring
    is never open, one that it shows twice in autumn is open twice, as long as it really lasts.
    """
    if since >= until:
        return
    day = datetime.fromtimestamp(since, hours.zone).date()
    last = datetime.fromtimestamp(until - 1, hours.zone).date()
    while day <= last:
        if not closed(day):
            for begin, end in _of_day(hours, day):
                if begin < until and end > since:
                    yield max(begin, since), min(end, until)
        day += timedelta(days=1)


@lru_cache(maxsize=10_000)
def _of_day(hours: BusinessHours, day: date) -> tuple[Span, ...]:
    """The open spans of one local day, cut where the clock is set. Remembered: windows of a series ask for the same."""
    return tuple(_cut(hours.week[day.weekday()], hours.zone, day))


def _cut(spans: Sequence[Span], zone: ZoneInfo, day: date) -> Iterator[Span]:
    wall = (day - date(1970, 1, 1)).days * _DAY
    for begin, end in _same_offset(_midnight(day, zone), _midnight(day + timedelta(days=1), zone), zone):
        shift = wall - _offset(begin, zone)
        for since, until in spans:
            low, high = max(begin, since + shift), min(end, until + shift)
            if low < high:
                yield low, high


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _offset(at: int, zone: ZoneInfo) -> int:
    shift = datetime.fromtimestamp(at, zone).utcoffset()
    assert shift is not None
    return int(shift.total_seconds())


def _same_offset(since: int, until: int, zone: ZoneInfo) -> Iterator[Span]:
    """Cut a day where its clock is set; no zone sets it twice in a day."""
    if since >= until:
        return
    before, after = _offset(since, zone), _offset(until - 1, zone)
    if before == after:
        yield since, until
        return
    low, high = since, until - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    yield since, high
    yield high, until


class OpenTime:
    """The open seconds of a plan, added up once over [since, until), so that many waits are told fast."""

    def __init__(self, hours: BusinessHours, since: int, until: int, closed: Closed) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []
        total = 0
        for begin, end in open_spans(hours, since, until, closed):
            self._starts.append(begin)
            self._ends.append(end)
            self._before.append(total)
            total += end - begin

    def between(self, since: int, until: int) -> int:
        """Open seconds of [since, until), which lies within what was added up; 0 where it is empty."""
        return max(0, self._up_to(until) - self._up_to(since))

    def _up_to(self, at: int) -> int:
        index = bisect_right(self._starts, at) - 1
        return 0 if index < 0 else self._before[index] + min(at, self._ends[index]) - self._starts[index]


def open_seconds(hours: BusinessHours, since: int, until: int, closed: Closed) -> int:
    """Seconds of [since, until) at which the plan is open."""
    return sum(end - begin for begin, end in open_spans(hours, since, until, closed))
