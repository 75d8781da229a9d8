"""Dates as people's programs write them: which of 03/04/2026 is the day is decided by all of a file, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from listener.imports.locales import Ambiguous, Order

_CLOCK = (
    r"(?:(?:[T,]|\s)\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?)?\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
)
_ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _CLOCK)
_PACKED = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})")
_WHOLE_MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})")
_NUMERIC = re.compile(
    r"(?P<first>\d{1,2})(?P<by>[-/.])(?P<second_part>\d{1,2})(?P=by)(?P<year>\d{4})" + _CLOCK
)
_WORD = r"[^\W\d_]+\.?"
_NAMED = (
    # "Fri, Sep 25, 2026", "September 25"
    re.compile(
        rf"(?:{_WORD},\s*)?(?P<name>{_WORD})\s+(?P<day>\d{{1,2}})(?:,?\s+(?P<year>\d{{4}}))?" + _CLOCK
    ),
    # "25 sep 2026", "25 de septiembre de 2026", "25 d’octubre del 2026", "28 May"
    re.compile(
        rf"(?:{_WORD},?\s+)?(?P<day>\d{{1,2}})\.?\s+(?:de\s+|d['’]\s*)?(?P<name>{_WORD})"
        rf"(?:,?\s+(?:de\s+|del\s+)?(?P<year>\d{{4}}))?" + _CLOCK
    ),
)
# English, Spanish, Catalan, Romanian, Swedish, in full and shortened (Unicode CLDR, months wide and abbreviated). No
# name is of two months.
_MONTHS = (
    "january jan enero ene gener gen ianuarie ian januari",
    "february feb febrero febrer febr februarie februari",
    "march mar marzo març martie mars",
    "april apr abril abr aprilie",
    "may mayo maig mai maj",
    "june jun junio juny iunie iun juni",
    "july jul julio juliol iulie iul juli",
    "august aug agosto ago agost augusti",
    "september sep sept septiembre setiembre setembre set septembrie",
    "october oct octubre octombrie oktober okt",
    "november nov noviembre novembre noiembrie noi",
    "december dec diciembre dic desembre des decembrie",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class When:
    """A day, and the time of day and its offset where the cell tells them."""

    day: date
    clock: time | None = None
    offset: timezone | None = None

    def local(self, zone: ZoneInfo) -> date:
        """The calendar day; what tells its offset is told in `zone`."""
        return self.moment(zone).astimezone(zone).date() if self.clock and self.offset else self.day

    def moment(self, zone: ZoneInfo) -> datetime:
        """The instant; what tells no offset is read in `zone`, what tells no time is midnight."""
        return datetime.combine(self.day, self.clock or time(), tzinfo=self.offset or zone)


def order_of(cells: Iterable[tuple[int, str]]) -> Order | None:
    """Whether the day or the month comes first, by all cells (line, text) of a file; None where none needs it.

    Raises Ambiguous where no cell decides, or where cells contradict one another.
    """
    firsts: dict[str, tuple[int, str]] = {}
    for line, text in cells:
        found = _NUMERIC.fullmatch(text.strip())
        if found is None or found["first"].zfill(2) == found["second_part"].zfill(2):
            continue
        says = "dmy" if int(found["first"]) > 12 else "mdy" if int(found["second_part"]) > 12 else "?"
        firsts.setdefault(says, (line, text.strip()))
    if "dmy" in firsts and "mdy" in firsts:
        (line, day), (other, month) = firsts["dmy"], firsts["mdy"]
        raise Ambiguous(
            f"{day!r} on line {line} begins with the day and {month!r} on line {other} with the month: "
            "say which with --locale, as --locale es_ES or --locale en_US; the others are then refused"
        )
    if "dmy" in firsts or "mdy" in firsts:
        return "dmy" if "dmy" in firsts else "mdy"
    if firsts:
        line, text = firsts["?"]
        raise Ambiguous(
            f"{text!r} on line {line} may be two days, and nothing else in the file decides: say how dates are "
            "written, as --locale en_US (month first) or --locale en_GB or es_ES (day first)"
        )
    return None


def lacks_year(text: str) -> bool:
    """Whether a cell is a date that does not tell its year, as TikTok writes them: "September 25"."""
    found = _named(text.strip())
    return found is not None and not found["year"]


def read(text: str, order: Order | None, year: int | None = None, *, month: bool = False) -> When:
    """Read one date, with a time of day or without; `year` is that of dates which tell none.

    With `month`, "2026-10" is its first day. Raises ValueError with the reason.
    """
    stripped = text.strip()
    shown = stripped[:40]
    found = _ISO.fullmatch(stripped) or _PACKED.fullmatch(stripped)
    try:
        if found is not None:
            return _when(found, int(found["year"]), int(found["month"]), int(found["day"]))
        if (found := _NUMERIC.fullmatch(stripped)) is not None:
            first, second = int(found["first"]), int(found["second_part"])
            day_first = order != "mdy"
            return _when(found, int(found["year"]), *((second, first) if day_first else (first, second)))
        if (found := _named(stripped)) is not None:
            if not found["year"] and year is None:
                raise ValueError(f"{shown!r} tells no year; add --year, that of the first row")
            return _when(
                found, int(found["year"] or year or 0), _month(found["name"]) or 0, int(found["day"])
            )
        if month and (found := _WHOLE_MONTH.fullmatch(stripped)) is not None:
            return When(date(int(found["year"]), int(found["month"]), 1))
    except ValueError as error:
        if "--year" in str(error):
            raise
        raise ValueError(f"{shown!r} is no day of the calendar") from None
    raise ValueError(f"{shown!r} is no date; write 2026-11-21")


def plausible(day: date, now: int) -> bool:
    """Whether something can have been counted on that day: from 1990 on, and at most a day ahead."""
    return _EARLIEST <= day <= datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)


def period_in(texts: Sequence[str]) -> tuple[date, date] | None:
    """The first two days that lines above a table name: the period that it covers; None where they name none.

    GA4 writes "# Start date: 20260901" and "# End date: 20260930" in the reader's language, Universal Analytics
    "# 20260901-20260930", Google Ads "September 1, 2026 - September 30, 2026".
    """
    days: list[date] = []
    for text in texts:
        for part in re.split(r"\s[-–—]\s|[:#\"]|(?<=\d{8})-", text):
            try:
                day = read(part, None).day
            except ValueError:
                continue
            if not _NUMERIC.fullmatch(part.strip()):
                days.append(day)
    if len(days) == 1:
        return days[0], days[0]
    return (days[0], days[1]) if days and days[0] <= days[1] else None


def _named(text: str) -> re.Match[str] | None:
    for shape in _NAMED:
        found = shape.fullmatch(text)
        if found is not None and _month(found["name"]) is not None:
            return found
    return None


def _month(name: str) -> int | None:
    return _MONTH.get(name.casefold().rstrip("."))


def _when(found: re.Match[str], year: int, month: int, day: int) -> When:
    parts = found.groupdict()
    if parts.get("hour") is None:
        return When(date(year, month, day))
    hour, half = int(parts["hour"]), (parts["half"] or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("hour")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    clock = time(hour, int(parts["minute"]), int(parts["second"] or 0))
    return When(date(year, month, day), clock, _offset(parts["zone"]))


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in {"Z", "UTC"}:
        return UTC
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-ahead if text.startswith("-") else ahead)
