"""Numbers and times written in English, for commands and logs; what people are sent speaks a `Language`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from alerts.language import ENGLISH, N_, Language

NOT_ENOUGH = N_("not enough data")

percent = ENGLISH.percent
share = ENGLISH.share
between = ENGLISH.between
about = ENGLISH.about
percent_change = ENGLISH.percent_change
points = ENGLISH.points
count = ENGLISH.count
count_change = ENGLISH.count_change
balance = ENGLISH.balance
net_score = ENGLISH.net_score
number = ENGLISH.number
money = ENGLISH.money
duration = ENGLISH.duration
hours = ENGLISH.hours
moment = ENGLISH.moment
dated = ENGLISH.dated
day = ENGLISH.day
weekdays = ENGLISH.weekdays
period = ENGLISH.period


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


def plural(number: float, one: str, many: str | None = None) -> str:
    """Write a count with its English noun: (1, "mention") -> "1 mention", (0, "mention") -> "no mentions".

    Only for commands and logs: what is translated says `ngettext`.
    """
    if round(number) == 0:
        return f"no {many or one + 's'}"
    return f"{count(number)} {one if round(number) == 1 else many or one + 's'}"


def query_changes(changes: Iterable[Changed], zone: ZoneInfo, language: Language = ENGLISH) -> list[str]:
    """Say that other posts count from a time on, so that nobody takes the step for news; one sentence for a time."""
    together: dict[tuple[int, bool], list[str]] = {}
    for one in sorted(changes, key=lambda change: (change.at, change.brand)):
        together.setdefault((one.at, one.first), []).append(one.brand)
    return [_query_change(brands, *key, zone, language) for key, brands in together.items()]


def _query_change(brands: list[str], at: int, first: bool, zone: ZoneInfo, language: Language) -> str:
    _, when, names = language.gettext, language.dated(at, zone), language.enumerated(brands)
    if first:
        return language.ngettext(
            "{brands} is listened for since {when}; nothing was looked for before.",
            "{brands} are listened for since {when}; nothing was looked for before.",
            len(brands),
            brands=names,
            when=when,
        )
    return _(
        "Mentions of {brands} are counted by another query from {when} on; "
        "numbers from before and after do not compare.",
        brands=names,
        when=when,
    )


def engine_change(brand: str, engine: str, at: int, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """Say that the tone is judged otherwise from a time on, and what makes it compare again."""
    return language.gettext(
        "The tone of what is said of {brand} is judged by another engine, {engine}, from {when} on; "
        "shares from before and after do not compare until {command} has judged all again.",
        brand=brand,
        engine=engine,
        when=language.moment(at, zone),
        command="`listener rejudge --since TIME`",
    )


def stamp(text: str, *, brief: bool = False, language: Language = ENGLISH) -> str:
    """Write an ISO 8601 time in the offset that it carries; anything else comes back as it is.

    `brief` leaves out year and offset: "Thu 12 Nov, 14:03".
    """
    read = instant(text)
    if read is None:
        return text
    if brief:
        return language.timed(read, "day")
    return language.timed(read, "dated") + language.formats.localized(_offset(read))


def instant(text: str) -> datetime | None:
    """Read an ISO 8601 time; None for anything else."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def say(value: Sayable, language: Language = ENGLISH) -> str:
    """Write one KPI value with what it rests on: "46.3 % of 120", "not enough data (none judged)"."""
    if value.value is None:
        unknown = language.gettext(NOT_ENOUGH)
        return f"{unknown} ({value.reason})" if value.reason else unknown
    if value.unit == "ratio":
        share = language.share(value.value)
        if value.n is None:
            return share
        return language.gettext("{share} of {number}", share=share, number=language.count(value.n))
    if value.unit == "seconds":
        return language.duration(value.value) + (
            f" ({conversations(value.n, language)})" if value.n is not None else ""
        )
    return f"{language.number(value.value)} {value.unit}"


def conversations(number: float, language: Language = ENGLISH) -> str:
    """Write a number of conversations: "3 conversations", "no conversations"."""
    if round(number) == 0:
        return language.gettext("no conversations")
    return language.ngettext("{n} conversation", "{n} conversations", number)


def _offset(local: datetime) -> str:
    """Write the offset of an aware time: " UTC", " UTC+1", " UTC+5:30"; nothing for a naive one."""
    if (shift := local.utcoffset()) is None:
        return ""
    ahead, minutes = divmod(abs(round(shift.total_seconds() / 60)), 60)
    sign = "-" if shift < timedelta() else "+"
    text = f"{sign}{ahead}" + (f":{minutes:02}" if minutes else "")
    return " UTC" if text == "+0" else f" UTC{text}"
