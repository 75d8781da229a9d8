"""One language: its phrases, and how it writes numbers and times for reading. Nothing here knows the time."""

from __future__ import annotations

import datetime as dt
import gettext as catalogues
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from alerts.language.formats import Direction, Formats, formats, plural_form
from alerts.language.jalali import jalali
from storage.calendar import Unit
from storage.durations import duration_parts

LANGUAGES = ("en", "es", "ca", "ro", "sv", "fa")
_LRM, _RLM = "\u200e", "\u200f"


def N_(phrase: str) -> str:  # noqa: N802 (gettext's own name)
    """Mark a phrase for the catalogue where it stands in a constant; it is translated where it is said."""
    return phrase


@dataclass(frozen=True, slots=True)
class Language:
    """A language of LANGUAGES. Ratios are ratios, times seconds UTC; a part of a phrase is text, written already."""

    code: str
    formats: Formats
    phrases: catalogues.NullTranslations

    @staticmethod
    def of(code: str) -> Language:
        """Return a language by its code; ValueError for one that has no catalogue."""
        return _language(code)

    @property
    def direction(self) -> Direction:
        """ "rtl" where lines run from right to left."""
        return self.formats.direction

    # ---- phrases ---------------------------------------------------------------------------------------------

    def gettext(self, phrase: str, /, **parts: str) -> str:
        """Say a whole sentence: gettext("The next letter comes on {when}.", when="Mon 16 Nov, 08:00")."""
        return self.phrases.gettext(phrase).format(**self.parts(parts))

    def ngettext(self, one: str, many: str, number: float, /, **parts: str) -> str:
        """Say a sentence about a count, which stands in it as {n}: ngettext("{n} post", "{n} posts", 3)."""
        said = self.phrases.ngettext(one, many, round(number))
        return said.format(n=self.count(number), **self.parts(parts))

    def pgettext(self, context: str, phrase: str, /, **parts: str) -> str:
        """Say a phrase that means several things in English; `context` tells which."""
        return self.phrases.pgettext(context, phrase).format(**self.parts(parts))

    def parts(self, parts: dict[str, str]) -> dict[str, str]:
        """Keep names of the other direction together in a line from right to left."""
        return (
            parts if self.direction == "ltr" else {name: self.isolated(text) for name, text in parts.items()}
        )

    def isolated(self, text: str) -> str:
        """Put marks around a text that runs the other way, so that its ends stay at it: "C++ 5", "(Acme)".

        Marks and not isolates: `render.clean` takes isolates out, whoever wrote them.
        """
        ways = {unicodedata.bidirectional(letter) for letter in text}
        left, right = "L" in ways, bool(ways & {"R", "AL"})
        if self.direction == "rtl" and left and not right:
            return f"{_RLM}{_LRM}{text}{_LRM}{_RLM}"
        if self.direction == "ltr" and right and not left:
            return f"{_LRM}{_RLM}{text}{_RLM}{_LRM}"
        return text

    def quoted(self, text: str) -> str:
        """Put what somebody said into quotation marks, in the direction of what is said: "“so they said”"."""
        return self.phrases.gettext("“{text}”").format(text=text)

    def enumerated(self, names: Iterable[str]) -> str:
        """Write names side by side: "a, b, c"."""
        return self.formats.lists["middle"].format("", "").join(self.isolated(name) for name in names)

    def listed(self, names: Iterable[str]) -> str:
        """Join names: "a, b and c"."""
        return self.formats.listed(
            list(self.parts({str(at): name for at, name in enumerate(names)}).values())
        )

    # ---- numbers ---------------------------------------------------------------------------------------------

    def percent(self, ratio: float, digits: int = 1) -> str:
        """Write a ratio as percent: 0.463 -> "46.3 %"; a negative one with a true minus sign."""
        return self.formats.percent.format(self.formats.number(ratio * 100, digits))

    def share(self, ratio: float) -> str:
        """Like `percent`, but what is there never reads as nothing, and what is not all never as all."""
        if 0 < ratio < 0.0005:
            return self.gettext("under {share}", share=self.percent(0.001))
        return (
            self.gettext("over {share}", share=self.percent(0.999))
            if 0.9995 < ratio < 1
            else self.percent(ratio)
        )

    def range(self, low: str, high: str) -> str:
        """Write the ends of anything: "−0.43 to +0.52"."""
        return self.gettext("{low} to {high}", low=low, high=high)

    def between(self, low: float, high: float) -> str:
        """Write the ends of an interval of ratios in whole percent: (0.347, 0.47) -> "35 to 47 %"."""
        return self.range(self.formats.number(low * 100), self.percent(high, 0))

    def about(self, ratio: float, interval: Sequence[float] | None) -> str:
        """Write a share with what it may be, "about 41 % (35 to 47 %)"; without an interval it was only counted."""
        if not interval:
            return self.share(ratio)
        return self.gettext(
            "about {value} ({range})", value=self.percent(ratio, 0), range=self.between(*interval)
        )

    def percent_change(self, ratio: float, digits: int = 1) -> str:
        """Write a growth with its sign: 0.102 -> "+10.2 %"; what rounds to zero has none."""
        return self.formats.percent.format(self.formats.number(ratio * 100, digits, signed=True))

    def percent_changes(self, low: float, high: float) -> str:
        """Write the ends of a growth in whole percent: "+3 to +12 %"."""
        return self.range(self.formats.number(low * 100, signed=True), self.percent_change(high, 0))

    def points(self, difference: float) -> str:
        """Write the difference of two ratios in percentage points: 0.021 -> "+2.1 points"."""
        return self.gettext("{number} points", number=self.formats.number(difference * 100, 1, signed=True))

    def count(self, number: float) -> str:
        """Write a whole number with thin spaces: 12284 -> "12 284"."""
        return self.formats.number(round(number))

    def count_change(self, number: float) -> str:
        """Write a difference of counts with its sign: -1200 -> "−1 200", 0 -> "0"."""
        return self.formats.number(round(number), signed=True)

    def balance(self, value: float) -> str:
        """Write a value in -1..1 (net sentiment) with its sign and two decimals: 0.3 -> "+0.30"."""
        return self.formats.number(value, 2, signed=True)

    def net_score(self, value: float) -> str:
        """Write a value in -1..1 the way a net promoter score is told, from -100 to 100: 0.3 -> "+30"."""
        return self.formats.number(value * 100, signed=True)

    def number(self, value: float) -> str:
        """Write a whole number as a count, any other with two decimals: 1040 -> "1 040", 4.5 -> "4.50"."""
        return self.count(value) if float(value).is_integer() else self.formats.number(value, 2)

    def money(self, value: float, currency: str | None) -> str:
        """Write an amount with its currency: (1234.5, "EUR") -> "1 234.50 EUR"; without one where none is known."""
        amount = self.formats.number(value, 2)
        return f"{amount} {currency}" if currency else amount

    # ---- times -----------------------------------------------------------------------------------------------

    def duration(self, seconds: float) -> str:
        """Write seconds in the two largest units that say something: 3725 -> "1h 2m"."""
        parts = duration_parts(seconds)
        return self.formats.units_join.join(self._amount(self.formats.units[unit], n) for unit, n in parts)

    def hours(self, number: float) -> str:
        """Write hours, whole where they are: 168.0 -> "168 h", 2.5 -> "2.5 h"."""
        return self._amount(self.formats.hours, number, 0 if abs(number - round(number)) < 0.05 else 1)

    def _amount(self, pattern: str | dict[str, str], number: float, digits: int = 0) -> str:
        if isinstance(pattern, dict):
            pattern = pattern[plural_form(self.code, round(number, digits))]
        return pattern.format(self.formats.number(number, digits))

    def moment(self, seconds: float, zone: ZoneInfo) -> str:
        """Write a time in a zone: "Mon 16 Nov, 08:00"."""
        return self.timed(datetime.fromtimestamp(seconds, zone), "day")

    def window(self, since: float, until: float, zone: ZoneInfo) -> str:
        """Write [since, until) in a zone, the day once where it is one: "Mon 16 Nov, 07:56 to 08:11"."""
        first, last = (datetime.fromtimestamp(at, zone) for at in (since, until))
        end = (
            self.formats.localized(f"{last:%H:%M}")
            if first.date() == last.date()
            else self.timed(last, "day")
        )
        return self.range(self.timed(first, "day"), end)

    def dated(self, seconds: float, zone: ZoneInfo) -> str:
        """Write a time of any year in a zone: "Mon 16 Nov 2026, 08:00"."""
        return self.timed(datetime.fromtimestamp(seconds, zone), "dated")

    def day(self, seconds: float, zone: ZoneInfo) -> str:
        """Write a day in a zone: "Mon 16 Nov"."""
        return self.date(datetime.fromtimestamp(seconds, zone), "day")

    def weekdays(self, since: int, until: int, zone: ZoneInfo) -> list[str]:
        """Name each local day that [since, until) touches: ["Mon 9", "Tue 10", ...]."""
        first = datetime.fromtimestamp(since, zone).date()
        last = datetime.fromtimestamp(max(since, until - 1), zone).date()
        days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        return [self.date(day, "weekday_day") for day in days]

    def period(self, since: int, until: int, zone: ZoneInfo) -> str:
        """Write the days of [since, until) in a zone: "Mon 9 Nov to Sun 15 Nov 2026"."""
        first = datetime.fromtimestamp(since, zone)
        last = datetime.fromtimestamp(max(since, until - 1), zone)
        if first.date() == last.date():
            return self.date(last, "dated")
        same = self._year_month_day(first)[0] == self._year_month_day(last)[0]
        return self.range(self.date(first, "day" if same else "dated"), self.date(last, "dated"))

    def date_label(self, at: int, unit: Unit, zone: ZoneInfo, *, year: bool) -> str:
        """Name a period at an axis: "2 Nov", a month "Nov"; with its year where asked."""
        local = datetime.fromtimestamp(at, zone)
        if unit == "month" and not year:
            return self.formats.months_alone[self._year_month_day(local)[1] - 1]
        name = "month" if unit == "month" else "day_month"
        return self.date(local, f"{name}_year" if year else name)

    def year(self, at: int, zone: ZoneInfo) -> int:
        """Return the year of the language's own calendar."""
        return self._year_month_day(datetime.fromtimestamp(at, zone))[0]

    def timed(self, local: datetime, pattern: str) -> str:
        """Write a local time by the pattern of its date."""
        return self.formats.moment.format(
            date=self.date(local, pattern), time=self.formats.localized(f"{local:%H:%M}")
        )

    def date(self, local: dt.date, pattern: str) -> str:
        """Write a local date: weekday_day, day, dated, day_month, day_month_year or month_year."""
        year, month, day = self._year_month_day(local)
        months = self.formats.months_alone if pattern == "month_year" else self.formats.months
        return self.formats.dates[pattern].format(
            weekday=self.formats.weekdays[local.weekday()],
            day=self.formats.localized(str(day)),
            month=months[month - 1],
            year=self.formats.localized(str(year)),
        )

    def _year_month_day(self, local: dt.date) -> tuple[int, int, int]:
        if self.code != "fa":
            return local.year, local.month, local.day
        return jalali(local.date() if isinstance(local, datetime) else local)


@cache
def _language(code: str) -> Language:
    if code not in LANGUAGES:
        raise ValueError(f"there is no language {code!r}; there are {', '.join(LANGUAGES)}")
    path = files("alerts").joinpath(f"locales/{code}/LC_MESSAGES/listener.mo")
    if not path.is_file():
        return Language(code, formats(code), catalogues.NullTranslations())
    with path.open("rb") as file:
        return Language(code, formats(code), catalogues.GNUTranslations(file))


ENGLISH = _language("en")
