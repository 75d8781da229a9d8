"""What a letter is made of: plain numbers, kept as JSON in the outbox until the letter is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from alerts.plain import read
from sentiment.tone import Label
from storage.calendar import UNITS, Window, unit_of
from storage.drivers import Drivers
from storage.unanswered import Waiting


@dataclass(frozen=True, slots=True)
class KpiFact:
    """One KPI of one brand, this period and the one before. Ratios are ratios, times are seconds.

    `value` counts every source heard, and rests on `n`; `reason` says why it is None. `before` is None where
    nothing can be compared, and rests on `n_before`. `like_for_like` is this period's value over the sources of
    `before`, because a comparison uses only sources heard in both periods, and rests on `n_like` (None: the
    same as `value` and `n`). `beside` holds what the contract gives with a KPI: change, p90, answered_share,
    within_target, response_target, unjudged. `interval` holds what a share or a growth may be, 95 of 100 times, given
    the error of the engine; None where that is not known. `change_interval` is the same of the change since the period
    before; None where nobody can say how far chance moves it, or a query was changed in between.
    """

    value: float | None
    before: float | None = None
    unit: str = "mentions"
    n: int | None = None
    n_before: int | None = None
    reason: str | None = None
    like_for_like: float | None = None
    n_like: int | None = None
    beside: Mapping[str, float | None] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    change_interval: tuple[float, float] | None = None

    @property
    def compared(self) -> float | None:
        """This period's value, over the sources that `before` was counted on."""
        return self.value if self.like_for_like is None else self.like_for_like

    @property
    def compared_n(self) -> int:
        """The smaller of the two numbers that a comparison rests on."""
        return min((self.n if self.n_like is None else self.n_like) or 0, self.n_before or 0)


@dataclass(frozen=True, slots=True)
class BrandFacts:
    """A brand with its KPIs by name, and its mentions per local day (None: no source was heard that day)."""

    name: str
    own: bool
    market: str
    kpis: Mapping[str, KpiFact]
    per_day: tuple[int | None, ...] = ()
    topic: bool = False

    def kpi(self, name: str) -> KpiFact:
        """Return a KPI; one that was not asked for says so, like any other that has no value."""
        return self.kpis.get(name) or KpiFact(None, reason="not computed")


@dataclass(frozen=True, slots=True)
class CoverageFacts:
    """Hours that one source was heard, of the hours asked, in this period and the one before."""

    source: str
    heard: float
    asked: float
    heard_before: float | None = None
    asked_before: float | None = None


@dataclass(frozen=True, slots=True)
class QueryFact:
    """From `at` on a brand was looked for in another way; `first`: it was not looked for before."""

    brand: str
    at: int
    first: bool


@dataclass(frozen=True, slots=True)
class QuoteRef:
    """A post to quote, by an id that the sender resolves when the letter goes out; its text is not kept here."""

    post: str
    brand: str
    label: Label


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """What stands behind the numbers of one of our brands, beside the period before."""

    brand: str
    drivers: Drivers


@dataclass(frozen=True, slots=True)
class GoalFact:
    """A goal with its KPI's value in the baseline and now, in the KPI's unit; `way` and `elapsed` are ratios."""

    name: str
    kpi: str
    unit: str
    brand: str
    owner: str
    target: float
    until: int
    baseline: float | None
    now: float | None
    way: float | None
    elapsed: float
    pace: str


@dataclass(frozen=True, slots=True)
class WaitFact:
    """Who waits longest for an answer of a brand of ours, and how many wait in all."""

    brand: str
    waiting: tuple[Waiting, ...]
    total: int


@dataclass(frozen=True, slots=True)
class MarkFact:
    """An annotation of a day, in the words of the house, or a campaign by its name, with its end."""

    since: int
    until: int | None
    text: str
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class DownFact:
    """A source that did not answer when the letter was written, since when."""

    source: str
    since: int


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """The numbers of one letter. Times are seconds since 1970; days are cut in `timezone`.

    `comparable` False (a first or partial period, another engine) shows no growth and no arrow anywhere, and
    `why_not` says why. `engine` names what judged the tone. `query_changes`: those of this period and the one before.
    """

    timezone: str
    since: int
    until: int
    written_at: int
    comparable: bool
    brands: tuple[BrandFacts, ...]
    coverage: tuple[CoverageFacts, ...] = ()
    left_out: tuple[str, ...] = ()
    quotes: tuple[QuoteRef, ...] = ()
    why_not: str | None = None
    next_letter_at: int | None = None
    engine: str | None = None
    dashboard: str | None = None
    query_changes: tuple[QueryFact, ...] = ()
    language: str = "en"
    to: tuple[str, ...] = ()
    drivers: tuple[DriverFacts, ...] = ()
    goals: tuple[GoalFact, ...] = ()
    waits: tuple[WaitFact, ...] = ()
    marks: tuple[MarkFact, ...] = ()
    down: tuple[DownFact, ...] = ()
    corrected: int = 0

    @property
    def span(self) -> str:
        """What the period is called: "day", "week" or "month" where it is a whole one, else "period"."""
        zone, whole = ZoneInfo(self.timezone), Window(self.since, self.until)
        for unit in UNITS:
            if unit_of(self.since, unit, zone) == whole:
                return unit
        return "period"

    @property
    def posts(self) -> list[int]:
        """The numbers of all posts whose words the letter may quote."""
        return list(
            dict.fromkeys(
                [
                    *(int(ref.post) for ref in self.quotes),
                    *(story.post for one in self.drivers for story in one.drivers.stories),
                    *(one.post for wait in self.waits for one in wait.waiting),
                ]
            )
        )


def to_json(facts: DigestFacts) -> dict[str, Any]:
    """Return plain JSON; `from_json` gives the same facts back."""
    plain = asdict(facts)
    for brand in plain["brands"]:
        brand["kpis"] = {name: dict(kpi) for name, kpi in brand["kpis"].items()}
    return plain


def from_json(plain: Mapping[str, Any]) -> DigestFacts:
    """Read what `to_json` wrote, also after it went through a JSON text, and what older versions wrote.

    Raises KeyError, TypeError, ValueError.
    """
    return read(DigestFacts, plain)
