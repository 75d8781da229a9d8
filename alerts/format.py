"""Numbers and times written for reading; the only place where a ratio becomes percent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from storage.durations import format_duration

# Our own names: strftime speaks the language of whoever started the daemon.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_THIN = "\u202f"  # a thin space that does not break, so that 12 284 stays on one line
_MINUS = "\u2212"
NOT_ENOUGH = "not enough data"


class Changed(Protocol):
    """What `query_changes` reads of a change: from `at` on a brand is looked for otherwise, or `first` of all."""

    @property
    def brand(self) -> str: ...
    @property
    def at(self) -> int: ...
    @property
    def first(self) -> bool: ...


class Sayable(Protocol):
    """What `say` reads of a KPI value: the number, its unit, what it rests on, and why it is missing."""

    @property
    def value(self) -> float | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def n(self) -> int | None: ...
    @property
    def reason(self) -> str | None: ...


def percent(ratio: float, digits: int = 1) -> str:
    """Write a ratio as percent: 0.463 -> "46.3 %"; a negative one with a true minus sign."""
    return _signless(f"{ratio * 100:.{digits}f}") + " %"


def share(ratio: float) -> str:
    """Like `percent`, but what is there never reads as nothing, and what is not all never as all."""
    if 0 < ratio < 0.0005:
        return "under 0.1 %"
    return "over 99.9 %" if 0.9995 < ratio < 1 else percent(ratio)


def between(low: float, high: float) -> str:
    """Write the ends of an interval of ratios in whole percent: (0.347, 0.47) -> "35 to 47 %"."""
    return f"{percent(low, 0).removesuffix(' %')} to {percent(high, 0)}"


def about(ratio: float, interval: Sequence[float] | None) -> str:
    """Write a share with what it may be, "about 41 % (35 to 47 %)"; without an interval it was only counted."""
    return f"about {percent(ratio, 0)} ({between(*interval)})" if interval else share(ratio)


def percent_change(ratio: float, digits: int = 1) -> str:
    """Write a growth with its sign: 0.102 -> "+10.2 %"; what rounds to zero has none."""
    return _signed(f"{ratio * 100:+,.{digits}f}").replace(",", _THIN) + " %"


def points(difference: float) -> str:
    """Write the difference of two ratios in percentage points: 0.021 -> "+2.1 points"."""
    return _signed(f"{difference * 100:+.1f}") + " points"


def count(number: float) -> str:
    """Write a whole number with thin spaces: 12284 -> "12 284"."""
    return _signless(f"{round(number):,}").replace(",", _THIN)


def count_change(number: float) -> str:
    """Write a difference of counts with its sign: -1200 -> "−1 200", 0 -> "0"."""
    return _signed(f"{round(number):+,}").replace(",", _THIN)


def balance(value: float) -> str:
    """Write a value in -1..1 (net sentiment) with its sign and two decimals: 0.3 -> "+0.30"."""
    return _signed(f"{value:+.2f}")


def net_score(value: float) -> str:
    """Write a value in -1..1 the way a net promoter score is told, from -100 to 100: 0.3 -> "+30"."""
    return _signed(f"{value * 100:+.0f}")


def number(value: float) -> str:
    """Write a whole number as a count, any other with two decimals: 1040 -> "1 040", 4.5 -> "4.50"."""
    return count(value) if float(value).is_integer() else _signless(f"{value:,.2f}").replace(",", _THIN)


def money(value: float, currency: str | None) -> str:
    """Write an amount with its currency: (1234.5, "EUR") -> "1 234.50 EUR"; without one where none is known."""
    amount = _signless(f"{value:,.2f}").replace(",", _THIN)
    return f"{amount} {currency}" if currency else amount


def duration(seconds: float) -> str:
    """Write seconds in the two largest units that say something: 3725 -> "1h 2m"."""
    return format_duration(seconds)


def hours(number: float) -> str:
    """Write hours, whole where they are: 168.0 -> "168 h", 2.5 -> "2.5 h"."""
    return (
        f"{count(number)} h" if abs(number - round(number)) < 0.05 else f"{number:,.1f} h".replace(",", _THIN)
    )


def plural(number: float, one: str, many: str | None = None) -> str:
    """Write a count with its noun: (1, "mention") -> "1 mention", (0, "mention") -> "no mentions"."""
    if round(number) == 0:
        return f"no {many or one + 's'}"
    return f"{count(number)} {one if round(number) == 1 else many or one + 's'}"


def moment(seconds: float, zone: ZoneInfo) -> str:
    """Write a time in a zone: "Mon 16 Nov, 08:00"."""
    local = datetime.fromtimestamp(seconds, zone)
    return f"{_day(local)}, {local:%H:%M}"


def dated(seconds: float, zone: ZoneInfo) -> str:
    """Write a time of any year in a zone: "Mon 16 Nov 2026, 08:00"."""
    local = datetime.fromtimestamp(seconds, zone)
    return f"{_day(local)} {local.year}, {local:%H:%M}"


def query_changes(changes: Iterable[Changed], zone: ZoneInfo) -> list[str]:
    """Say that other posts count from a time on, so that nobody takes the step for news; one sentence for a time."""
    together: dict[tuple[int, bool], list[str]] = {}
    for one in sorted(changes, key=lambda change: (change.at, change.brand)):
        together.setdefault((one.at, one.first), []).append(one.brand)
    return [_query_change(", ".join(brands), len(brands), *key, zone) for key, brands in together.items()]


def _query_change(brands: str, number: int, at: int, first: bool, zone: ZoneInfo) -> str:
    if first:
        verb = "is" if number == 1 else "are"
        return f"{brands} {verb} listened for since {dated(at, zone)}; nothing was looked for before."
    return (
        f"Mentions of {brands} are counted by another query from {dated(at, zone)} on; "
        "numbers from before and after do not compare."
    )


def engine_change(brand: str, engine: str, at: int, zone: ZoneInfo) -> str:
    """Say that the tone is judged otherwise from a time on, and what makes it compare again."""
    return (
        f"The tone of what is said of {brand} is judged by another engine, {engine}, from {moment(at, zone)} on; "
        "shares from before and after do not compare until `listener rejudge --since TIME` has judged all again."
    )


def day(seconds: float, zone: ZoneInfo) -> str:
    """Write a day in a zone: "Mon 16 Nov"."""
    return _day(datetime.fromtimestamp(seconds, zone))


def weekdays(since: int, until: int, zone: ZoneInfo) -> list[str]:
    """Name each local day that [since, until) touches: ["Mon 9", "Tue 10", ...]."""
    first = datetime.fromtimestamp(since, zone).date()
    last = datetime.fromtimestamp(max(since, until - 1), zone).date()
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    return [f"{_DAYS[date.weekday()]} {date.day}" for date in days]


def period(since: int, until: int, zone: ZoneInfo) -> str:
    """Write the days of [since, until) in a zone: "Mon 9 Nov to Sun 15 Nov 2026"."""
    first = datetime.fromtimestamp(since, zone)
    last = datetime.fromtimestamp(max(since, until - 1), zone)
    if first.date() == last.date():
        return f"{_day(last)} {last.year}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{_day(first)}{year} to {_day(last)} {last.year}"


def stamp(text: str, *, brief: bool = False) -> str:
    """Write an ISO 8601 time in the offset that it carries; anything else comes back as it is.

    `brief` leaves out year and offset: "Thu 12 Nov, 14:03".
    """
    read = instant(text)
    if read is None:
        return text
    if brief:
        return f"{_day(read)}, {read:%H:%M}"
    return f"{_day(read)} {read.year}, {read:%H:%M}{_offset(read)}"


def instant(text: str) -> datetime | None:
    """Read an ISO 8601 time; None for anything else."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def say(value: Sayable) -> str:
    """Write one KPI value with what it rests on: "46.3 % of 120", "not enough data (none judged)"."""
    if value.value is None:
        return f"{NOT_ENOUGH} ({value.reason})" if value.reason else NOT_ENOUGH
    if value.unit == "ratio":
        return share(value.value) + (f" of {count(value.n)}" if value.n is not None else "")
    if value.unit == "seconds":
        return duration(value.value) + (
            f" ({plural(value.n, 'conversation')})" if value.n is not None else ""
        )
    return f"{number(value.value)} {value.unit}"


def _day(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def _offset(local: datetime) -> str:
    """Write the offset of an aware time: " UTC", " UTC+1", " UTC+5:30"; nothing for a naive one."""
    if (shift := local.utcoffset()) is None:
        return ""
    ahead, minutes = divmod(abs(round(shift.total_seconds() / 60)), 60)
    sign = "-" if shift < timedelta() else "+"
    text = f"{sign}{ahead}" + (f":{minutes:02}" if minutes else "")
    return " UTC" if text == "+0" else f" UTC{text}"


def _signed(number: str) -> str:
    """Drop the sign of what rounded to zero: "+0.0 %" would claim a direction that is not there."""
    if not number.strip("+-0.,"):
        return number.lstrip("+-")
    return number.replace("-", _MINUS)


def _signless(number: str) -> str:
    return number.lstrip("-") if not number.strip("-0.,") else number.replace("-", _MINUS)
