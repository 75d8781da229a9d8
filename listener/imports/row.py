"""One row of somebody's table, read cell by cell: what cannot be meant is left out with the reason, never bent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from alerts.render import clean, shorten
from listener.imports import days, numbers
from listener.imports.headings import Columns
from listener.imports.locales import Decimal, Order
from listener.imports.networks import network_of
from listener.imports.sheet import Record
from storage.measures import Measure

COUNTS = frozenset(
    {
        "sessions",
        "engaged_sessions",
        "impressions",
        "search_impressions",
        "clicks",
        "search_clicks",
        "leads",
        "followers",
        "reach",
        "likes",
        "shares",
        "comments",
        "saves",
        "profile_visits",
        "link_clicks",
        "video_views",
        "posts",
        "followers_gained",
        "followers_lost",
        "quantity",
        "answers",
        "stars",
        "count",
        "scale",
    }
)
"""Fields that count whole things: there, 1.234 cannot be a fraction."""
AMOUNTS = frozenset(
    {
        "spend",
        "revenue",
        "conversions",
        "key_events",
        "value",
        "price",
        "discount",
        "score",
        "results",
        "goal_completions",
    }
)
RATIOS = frozenset({"bounce_rate"})
DATES = frozenset({"day", "date", "until", "created", "stage_at"})
_LONGEST = 300
_FORMULA = re.compile(r"=|[+\-@].*[(|!]")


class BadRow(Exception):
    """A row or a cell that cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person says beside the file. `zone` is that of times which bear none; `now` in seconds."""

    zone: ZoneInfo
    now: int
    network: str = ""
    account: str = ""
    currency: str | None = None
    scale: int | None = None
    whole_periods: bool = False


@dataclass(frozen=True, slots=True)
class Writing:
    """How this file writes numbers and dates, and the year of its dates that tell none, by line."""

    decimal: Decimal | None = None
    order: Order | None = None
    years: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its headings.

    `tell` notes a cell that cannot be meant while the rest of its row is kept, `pass_by` a row that is not to count.
    """

    record: Record
    columns: Columns
    above: tuple[str, ...]
    period: tuple[date, date] | None
    writing: Writing
    wish: Wish
    tell: Callable[[str], None]
    pass_by: Callable[[str], None]
    before: dict[str, str]
    """Cells of the rows before, for exports that leave out what repeats; a form that needs it writes it."""

    def has(self, name: str) -> bool:
        """Whether the table has this column at all."""
        return name in self.columns.places

    def raw(self, name: str) -> str:
        """The cell as it stands, "" where there is none."""
        at = self.columns.places.get(name)
        return self.record.cells[at].strip() if at is not None and at < len(self.record.cells) else ""

    def label(self, name: str) -> str:
        """A name that people chose. Raises BadRow for what could do harm where it is shown or exported."""
        text = " ".join(self.raw(name).split())
        if _FORMULA.match(text):
            raise BadRow(f"{name} {shorten(text, 40)!r} is a formula")
        if clean(self.raw(name)) != text:
            raise BadRow(f"{name} holds control characters")
        if len(text) > _LONGEST:
            raise BadRow(f"{name} is longer than {_LONGEST} characters")
        return text

    def amount(self, name: str) -> float | None:
        """A number of any sign; None where the cell says that there is none."""
        return self._number(name, numbers.number)

    def ratio(self, name: str) -> float | None:
        """A share, 0.4 or 40%; None where the cell says that there is none."""
        return self._number(name, numbers.ratio)

    def positive(self, name: str) -> float | None:
        """A number that cannot be negative; None where the cell says that there is none."""
        value = self.amount(name)
        if value is not None and value < 0:
            raise BadRow(f"{name} is {self.raw(name)[:40]!r}, and cannot be negative")
        return value

    def count(self, name: str) -> int | None:
        """A whole number of things; None where the cell says that there is none."""
        value = self.positive(name)
        if value is not None and not value.is_integer():
            raise BadRow(f"{name} is {self.raw(name)[:40]!r}, and is counted in whole numbers")
        return None if value is None else int(value)

    def _number(self, name: str, reading: Callable[[str, Decimal | None], float]) -> float | None:
        text = self.raw(name)
        if numbers.is_missing(text):
            return None
        try:
            return reading(text, self.writing.decimal)
        except ValueError as error:
            raise BadRow(f"{name}: {error}") from None

    def currency(self, name: str) -> str:
        """The ISO 4217 code of an amount: by its heading, a column, the cell, or --currency. Raises BadRow."""
        named = self.columns.currencies
        by_heading = named.get(name) or (
            next(iter(named.values())) if len(set(named.values())) == 1 else None
        )
        said = self.label("currency").upper() or numbers.currency_in(self.raw(name))
        code = by_heading or said or self.wish.currency
        if code is None:
            raise BadRow(f"{name}: nothing says in which currency; add --currency EUR")
        if not re.fullmatch("[A-Z]{3}", code):
            raise BadRow(f"currency {code[:20]!r} is no ISO 4217 code such as EUR")
        return code

    def network(self) -> str:
        """Our name of the network that the row names, or that of --network; "" where nothing says."""
        return network_of(self.label("network")) or self.wish.network

    def account(self) -> str:
        """The account that the row names, without its @, or that of --account."""
        name = self.raw("account").lstrip("@")
        if _FORMULA.match(name) or clean(name) != " ".join(name.split()) or len(name) > _LONGEST:
            raise BadRow("account is no name")
        return " ".join(name.split()) or self.wish.account

    def day(self, *, month: bool = False) -> str:
        """The day that the row counts, YYYY-MM-DD. Raises BadRow where there is none, or a whole period."""
        if self.raw("day"):
            # A breakdown by day says it more narrowly than the period of the report beside it.
            return self._checked(self._when("day", month).local(self.wish.zone))
        if not self.has("date"):
            return self._of_period(self._range())
        first = self._when("date", month).local(self.wish.zone)
        if self.raw("until"):
            last = self._when("until", month).local(self.wish.zone)
            return self._of_period((first, last))
        return self._checked(first)

    def moment(self, name: str) -> int | None:
        """A time in seconds since 1970; None where the cell is empty. Raises BadRow."""
        if numbers.is_missing(self.raw(name)):
            return None
        when = self._when(name, False)
        self._checked(when.local(self.wish.zone))
        return int(datetime.timestamp(when.moment(self.wish.zone)))

    def _range(self) -> tuple[date, date] | None:
        return days.period_in([self.raw("range")]) if self.raw("range") else self.period

    def _of_period(self, period: tuple[date, date] | None) -> str:
        if period is None:
            raise BadRow("has no date, and nothing above the table names its period")
        first, last = period
        if first != last and not self.wish.whole_periods:
            raise BadRow(
                f"is one sum of {first} to {last}; export it by day, or add --whole-periods to keep it on the last day"
            )
        return self._checked(last)

    def _when(self, name: str, month: bool) -> days.When:
        text = self.raw(name)
        if not text:
            raise BadRow(f"has no {name}")
        try:
            return days.read(text, self.writing.order, self.writing.years.get(self.record.line), month=month)
        except ValueError as error:
            raise BadRow(f"{name}: {error}") from None

    def _checked(self, day: date) -> str:
        if not days.plausible(day, self.wish.now):
            raise BadRow(f"{day} lies before 1990 or in the future")
        return day.isoformat()

    def measures(self, kind: str, metrics: Mapping[str, str], *, day: str, **where: str) -> Iterator[Measure]:
        """A measure for each field (field -> metric) that the row tells.

        A cell that cannot be meant is told and left out, the others stay.
        """
        for name, metric in metrics.items():
            if not self.has(name):
                continue
            try:
                value = self.count(name) if name in COUNTS else self._of_money(name)
                if value is not None:
                    unit = self.currency(name) if name in MONEY else None
                    yield Measure(kind, metric, day, float(value), unit, **where)
            except BadRow as bad:
                self.tell(str(bad))

    def _of_money(self, name: str) -> float | None:
        # What is given back may be more than what came in.
        return self.amount(name) if name == "revenue" else self.positive(name)


MONEY = frozenset({"spend", "revenue", "price", "discount"})
