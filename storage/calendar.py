"""Days, ISO weeks and months in a time zone, and the period before a window. Windows are half-open [since, until)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until) in seconds since 1970, UTC."""

    since: int
    until: int


def start_of_day(day: date, zone: ZoneInfo) -> int:
    """The first second of a calendar day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _first_day(day: date, unit: Unit) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _next(day: date, unit: Unit) -> date:
    if unit == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if unit == "week" else 1)


def local_day(at: int, zone: ZoneInfo) -> date:
    """The calendar day on which `at` falls."""
    return datetime.fromtimestamp(at, zone).date()


def unit_of(at: int, unit: Unit, zone: ZoneInfo) -> Window:
    """The calendar day, ISO week or month that holds `at`."""
    first = _first_day(local_day(at, zone), unit)
    return Window(start_of_day(first, zone), start_of_day(_next(first, unit), zone))


def cut(window: Window, unit: Unit, zone: ZoneInfo) -> list[Window]:
    """Cut a window at the borders of days, weeks or months; the first and last part may be shorter."""
    parts, since = [], window.since
    while since < window.until:
        until = min(unit_of(since, unit, zone).until, window.until)
        parts.append(Window(since, until))
        since = until
    return parts


def before(window: Window, zone: ZoneInfo) -> Window:
    """The period before: the previous one for a whole day, week or month, else one of equal length."""
    for unit in UNITS:
        if unit_of(window.since, unit, zone) == window:
            return unit_of(window.since - 1, unit, zone)
    return Window(2 * window.since - window.until, window.since)


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
