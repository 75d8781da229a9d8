"""What a letter says, every number already written for reading: the same for HTML, text and Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alerts.digest.facts import QuoteRef


@dataclass(frozen=True, slots=True)
class BrandLine:
    """One brand, written for reading. The widths are whole percent of a bar; None where there is no bar."""

    name: str
    own: bool
    mentions: str
    mentions_change: str
    direction: str
    share: str
    share_change: str
    share_width: int | None
    judged: str
    judged_short: str
    tone_widths: tuple[int, int, int] | None
    positive: str
    neutral: str
    negative: str
    net: str
    net_change: str
    response: str
    response_note: str


@dataclass(frozen=True, slots=True)
class Market:
    """Brands that are compared with one another, the most mentioned first; `title` says which."""

    title: str
    topics: bool
    brands: tuple[BrandLine, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Day:
    """One column of the small chart; `height` in percent of the highest, None where nothing was heard."""

    name: str
    count: str
    height: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Mentions per day of one of our brands."""

    brand: str
    days: tuple[Day, ...]


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

    title: str
    subject: str
    period: str
    summary: tuple[str, ...]
    notice: str
    markets: tuple[Market, ...]
    charts: tuple[Chart, ...]
    quotes: tuple[QuoteRef, ...]
    hearing: tuple[Hearing, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]
    next_letter: str
    engine: str
    command: str
    dashboard: str | None
    data: dict[str, Any]
