"""Days, ISO weeks, months, years in a time zone, and the period before a window, which is half-open: [since, until)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

MONTH = 30.4375 * 86_400
"""Seconds of a mean month."""

Unit = Literal["day", "week", "month", "year"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")
"""What a question may be cut by."""
PERIODS: tuple[Unit, ...] = ("day", "week", "month", "year")
"""What has a period before of its own."""


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until) in seconds since 1970, UTC."""

    since: int
    until: int


def _start(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _first_day(day: date, unit: Unit) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if unit == "month" else day


def _next(day: date, unit: Unit) -> date:
    if unit == "year":
        return day.replace(year=day.year + 1, month=1, day=1)
    if unit == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)


def start_of(day: date, unit: Unit, zone: ZoneInfo) -> int:
    """The first second of the day, ISO week, month or year that holds a day."""
    return _start(_first_day(day, unit), zone)


def local_day(at: int, zone: ZoneInfo) -> date:
    """The calendar day on which `at` falls."""
    return datetime.fromtimestamp(at, zone).date()


def days_begun(window: Window, zone: ZoneInfo) -> tuple[date, date]:
    """The calendar days that begin inside of a window, half-open: the first, and the one after the last."""
    first, end = (local_day(at, zone) for at in (window.since, window.until))
    one = timedelta(days=1)
    return (
        first if _start(first, zone) >= window.since else first + one,
        end if _start(end, zone) >= window.until else end + one,
    )


def unit_of(at: int, unit: Unit, zone: ZoneInfo) -> Window:
    """The calendar day, ISO week, month or year that holds `at`."""
    first = _first_day(local_day(at, zone), unit)
    return Window(_start(first, zone), _start(_next(first, unit), zone))


def cut(window: Window, unit: Unit, zone: ZoneInfo) -> list[Window]:
    """Cut a window at the borders of days, weeks or months; the first and last part may be shorter."""
    parts, since = [], window.since
    while since < window.until:
        until = min(unit_of(since, unit, zone).until, window.until)
        parts.append(Window(since, until))
        since = until
    return parts


def before(window: Window, zone: ZoneInfo) -> Window:
    """The period before: the previous one for a whole day, week, month or year, else one of equal length."""
    for unit in PERIODS:
        if unit_of(window.since, unit, zone) == window:
            return unit_of(window.since - 1, unit, zone)
    return Window(2 * window.since - window.until, window.since)


def year_before(window: Window, zone: ZoneInfo) -> Window:
    """The same period a year before: the day, ISO week (by its number), month or year of the year before it.

    Another window moves by a year on the calendar. What begins on 29 February begins on the 28th then; what only ends
    on it ends on 1 March, and is as long as now. A 53rd week becomes the last of a year that has 52.
    """
    for unit in PERIODS:
        if unit_of(window.since, unit, zone) == window:
            day = local_day(window.since, zone)
            return unit_of(_start(_week_before(day) if unit == "week" else _back(day), zone), unit, zone)
    since, until = _moved(window.since, zone), _moved(window.until, zone)
    if _leaps(window.until, zone) and not _leaps(window.since, zone):
        until = _moved(window.until + 86_400, zone)
    # Within the hour that the clock shows twice, both ends may come to the same time.
    return Window(since, until if until > since else since + window.until - window.since)


def _week_before(day: date) -> date:
    year, week, _ = day.isocalendar()
    try:
        return date.fromisocalendar(year - 1, week, 1)
    except ValueError:
        return date.fromisocalendar(year - 1, 52, 1)


def _back(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _leaps(at: int, zone: ZoneInfo) -> bool:
    day = local_day(at, zone)
    return (day.month, day.day) == (2, 29)


def _moved(at: int, zone: ZoneInfo) -> int:
    moment = datetime.fromtimestamp(at, zone)
    # Folded away: an hour that the clock shows twice is only a detail of a year ago.
    return int(datetime.combine(_back(moment.date()), moment.time(), zone).timestamp())


def iso(at: int, zone: ZoneInfo | None = None) -> str:
    """Write a time as ISO 8601: "2026-11-21T08:00:00Z", or with the offset of `zone`."""
    if zone is None:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return datetime.fromtimestamp(at, zone).isoformat().replace("+00:00", "Z")


def parse_time(text: str, zone: ZoneInfo) -> int:
    """Read an ISO 8601 date or time, or seconds since 1970; what bears no offset is read in `zone`.

    Raises ValueError with a remedy.
    """
    if text.strip().lstrip("-").isdigit() and len(text.strip()) >= 9:
        return int(text)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is no time; write 2026-11-21, 2026-11-21T08:00 or 2026-11-21T08:00:00Z"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())
