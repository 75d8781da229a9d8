"""What every kind of rule is made of: what it looks at, and what it sees there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol
from zoneinfo import ZoneInfo

from storage import baselines
from storage.base import Rows
from storage.baselines import Baseline
from storage.calendar import Window
from storage.coverage import Ledger
from storage.kpi import KPIS, Ask, Gathered, KpiValue, compute
from storage.kpi.recent import REACH, Recent
from storage.mention import Brand

if TYPE_CHECKING:
    from alerts.goals import Goal
    from alerts.progress import Measured
    from alerts.rules.rule import Rule

BRAND = ""
"""The subject of an alert that is about the brand itself."""
_DOZEN = 11
_WINDOWS = 64
"""Windows of which the counts are kept while the rules are judged."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a rule sees in one window [since, until).

    `enough`: there is enough to judge by; `met`: and the condition holds; `fires`: it holds also of what was heard
    live alone. `numbers` is what is told of it, as JSON; `post_ids` the posts that explain it, None where they are
    chosen from the window.
    """

    since: int
    until: int
    enough: bool
    met: bool = False
    fires: bool = False
    value: KpiValue | None = None
    numbers: Mapping[str, object] = field(default_factory=dict)
    post_ids: tuple[int, ...] | None = None


Seen = Mapping[str, Sequence[Sample]]
"""Samples by subject, of each the oldest first."""


WokenBy = Literal["glance", "count", "learned", "minute"]
"""By a commit that changed its brand and hour, and seen at a glance or to be counted; by what was learned, whoever
learns; or by nothing but the minute."""


class Condition(Protocol):
    """What `when` says. One kind of condition is one module of `alerts.rules.conditions`."""

    form: ClassVar[str]
    """The name of the kind, as it stands in the numbers of an event."""
    momentary: ClassVar[bool]
    """It says something once; there is nothing that could be over."""
    about_brand: ClassVar[bool]
    """A rule without a brand is for each brand of ours; otherwise it is one rule about the whole house."""
    market_wide: ClassVar[bool]
    """Mentions of other brands of the market change it."""
    woken_by: ClassVar[WokenBy]
    """What has it judged before the minute is over."""
    not_narrowed_by: ClassVar[frozenset[str]]
    """Keys of a rule that say nothing to it."""

    def words(self) -> str:
        """As it is written in `when`."""
        ...

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """The KPI values that it will ask for, so that those of many rules are computed together."""
        ...

    def see(self, rule: Rule, look: Look) -> Seen:
        """What there is to judge now. A subject of which there is nothing to say is left out."""
        ...


@dataclass
class Look:
    """One look at the store for many rules: each value is computed once, and together with others of its window.

    `firing`: the subjects for which each (rule, brand) fires, so that a kind looks at them until they are over.
    `looked`: the newest post at the last look of each (rule, brand), where only what came since is to be looked at.
    `recent`: the counts of the newest minutes, kept from look to look.
    """

    past: ClassVar[bool] = False
    """It is led through what is stored: who waited then is asked, and what was not heard live counts as well."""

    store: Rows
    brands: tuple[Brand, ...]
    zone: ZoneInfo
    now: int
    goals: tuple[Goal, ...] = ()
    firing: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    looked: Mapping[tuple[str, str], int] = field(default_factory=dict)
    recent: Recent | None = None
    _wanted: dict[object, dict[str, None]] = field(default_factory=dict)
    _values: dict[object, dict[str, KpiValue]] = field(default_factory=dict)
    _acquainted: dict[tuple[str | None, int, int], tuple[int, ...]] = field(default_factory=dict)
    _active: list[Ledger] | None = None
    _gathered: Gathered | None = None
    _goals: dict[Goal, Measured] = field(default_factory=dict)
    _baselines: dict[str, Mapping[str, Baseline]] = field(default_factory=dict)

    @property
    def active(self) -> list[Ledger]:
        """What was heard of the sources that are listened to now."""
        if self._active is None:
            self._active = [ledger for ledger in self.gathered.ledgers(()) if ledger.active]
        return self._active

    @property
    def gathered(self) -> Gathered:
        """What the rules' questions have in common."""
        if self._gathered is None:
            self._gathered = Gathered(self.store, _WINDOWS, self.recent, self.now - REACH)
        return self._gathered

    def after(self, rule: Rule) -> int | None:
        """The newest post that a rule has looked at; None where it is to look at its whole window."""
        return self.looked.get((rule.name, rule.brand))

    def lateness(self, source: str | None) -> int:
        """Seconds for which posts of a source (of any) may still arrive."""
        return max((one.lateness for one in self.active if source in (None, one.name, one.kind)), default=0)

    def acquainted(self, source: str | None, until: int, least: int) -> tuple[int, ...]:
        """Sources (of a name or kind) that are listened to and had been heard for `least` seconds before a time."""
        asked = source, until, least
        if asked not in self._acquainted:
            self._acquainted[asked] = tuple(
                one.source_id
                for one in self.active
                if source in (None, one.name, one.kind) and one.heard_before(until) >= least
            )
        return self._acquainted[asked]

    def baselines(self, brand: str) -> Mapping[str, Baseline]:
        """What was learned of each series of a brand, by series."""
        if brand not in self._baselines:
            self._baselines[brand] = baselines.of_brand(self.store, brand)
        return self._baselines[brand]

    def ask(self, rule: Rule, window: Window, *, live_only: bool = False, compare: bool = False) -> Ask:
        """A question about a window as rules ask: of sources that were heard for nine tenths of it."""
        sources = (rule.source,) if rule.source else ()
        return Ask(
            window,
            self.now,
            self.zone,
            self.brands,
            (rule.brand,),
            sources,
            strict=True,
            live_only=live_only and not self.past,
            tag=rule.tag,
            compare=compare,
        )

    def prepare(self, rules: Iterable[Rule]) -> None:
        """Note what these rules will ask for."""
        for rule in rules:
            for kpi, ask in rule.condition.wants(rule, self):
                self._wanted.setdefault(_key(ask), {})[kpi] = None

    def measured(self, goal: Goal) -> Measured:
        """Where a goal stands, measured once however many rules ask."""
        from alerts.progress import measure

        if goal not in self._goals:
            self._goals[goal] = measure(self.store, [goal], self.brands, self.now, self.zone)[0]
        return self._goals[goal]

    def value(self, kpi: str, ask: Ask) -> KpiValue:
        """The value of a KPI, computed with all that are wanted of the same window."""
        key = _key(ask)
        found = self._values.setdefault(key, {})
        if kpi not in found:
            names = [name for name in {kpi: None, **self._wanted.get(key, {})} if name not in found]
            for value in compute(self.store, [KPIS[name] for name in names], ask, self.gathered):
                found[value.kpi] = value
        return found[kpi]


def _key(ask: Ask) -> object:
    return ask.window, ask.only, ask.sources, ask.live_only, ask.tag, ask.compare, ask.rough


def windows(over: int, lateness: int, now: int) -> list[Window]:
    """The windows that count as now: their posts may still arrive for `lateness` seconds. Newest last.

    A window that ends now has lost what its sources deliver late; one that ended a little earlier has it. A
    dozen at most, so that a slow feed does not make a rule expensive.
    """
    step = max(60, over // 6, lateness // _DOZEN + 1)
    return [Window(now - back - over, now - back) for back in reversed(range(0, lateness + 1, step))]


# How a share was made, kept with what is told of it.
_HOW = ("method", "raw_value", "interval")


def told(value: KpiValue) -> dict[str, object]:
    """What is told of a value: the number, what it rests on, its window, what was heard."""
    return {
        "kpi": value.kpi,
        # Of money only a value knows the currency.
        "unit": value.unit,
        "value": value.value,
        "n": value.n,
        **{name: value.more[name] for name in _HOW if name in value.more},
        "since": value.since,
        "until": value.until,
        "heard": [(one.source, one.heard, one.asked) for one in value.heard],
        "left_out": list(value.left_out),
    }
