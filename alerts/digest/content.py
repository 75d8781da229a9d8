"""What a letter says, every number already written for reading: the same for HTML, text, Slack, Markdown and PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from alerts.charts.bars import Picture
from alerts.digest.facts import QuoteRef
from alerts.digest.wording import Sentence
from alerts.language import Language
from alerts.message import Quote

Move = Literal["up", "down", "same", ""]
Judged = Literal["good", "bad", ""]


@dataclass(frozen=True, slots=True)
class KpiRow:
    """One KPI of one of our brands: now, before, and the goal. `move` is "same" where chance makes as much."""

    name: str
    now: str
    note: str
    before: str
    change: str
    move: Move
    judged: Judged
    goal: str


@dataclass(frozen=True, slots=True)
class KpiTable:
    """The KPIs of one of our brands; `compared` and `goals` say whether these columns hold anything."""

    brand: str
    rows: tuple[KpiRow, ...]

    @property
    def compared(self) -> bool:
        return any(row.before for row in self.rows)

    @property
    def goals(self) -> bool:
        return any(row.goal for row in self.rows)


@dataclass(frozen=True, slots=True)
class BrandLine:
    """One brand beside its rivals, written for reading."""

    name: str
    own: bool
    mentions: str
    move: Move
    share: str
    net: str
    response: str
    response_note: str


@dataclass(frozen=True, slots=True)
class Market:
    """Brands that are compared with one another, the most mentioned first, and their pictures.

    `pictures` are for paper; `narrow` are the same for a mail, whose words a phone must still show large enough.
    """

    title: str
    topics: bool
    brands: tuple[BrandLine, ...]
    more: str
    pictures: tuple[tuple[str, Picture], ...] = ()
    narrow: tuple[tuple[str, Picture], ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """One column of the small chart; `height` in percent of the highest, None where nothing was heard."""

    name: str
    count: str
    height: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Mentions per day of one of our brands; `picture` is for paper."""

    title: str
    days: tuple[Day, ...]
    picture: Picture


@dataclass(frozen=True, slots=True)
class GoalLine:
    """A goal: what is to be reached and by when, how it stands, and how full its bar is in whole percent."""

    name: str
    what: str
    stands: str
    pace: str
    judged: Judged
    width: int | None


@dataclass(frozen=True, slots=True)
class Driver:
    """One thing that stands behind the numbers: a name in words, and what it says; a link where there is one."""

    name: str
    said: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Drivers:
    """What stands behind the numbers of one of our brands."""

    title: str
    lines: tuple[Driver, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """Posts that wait for an answer, each with how long; `more` says how many others there are."""

    title: str
    lines: tuple[tuple[str, Quote], ...]
    more: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """One source in the box about what was heard."""

    source: str
    hours: str
    before: str
    meaning: str
    full: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """A letter's content in reading order; `data` carries the plain numbers."""

    language: Language
    title: str
    subject: str
    period: str
    notice: str
    summary: tuple[Sentence, ...]
    warning: str
    tables: tuple[KpiTable, ...]
    goals: tuple[GoalLine, ...]
    charts: tuple[Chart, ...]
    markets: tuple[Market, ...]
    drivers: tuple[Drivers, ...]
    quotes: tuple[QuoteRef, ...]
    waits: tuple[Waits, ...]
    marks: tuple[str, ...]
    hearing: tuple[Hearing, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]
    next_letter: str
    engine: str
    command: str
    dashboard: str | None
    to: tuple[str, ...]
    data: dict[str, Any]
