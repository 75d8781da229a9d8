"""When a rule would have fired over what is stored: the judge of every day, led through the past step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from zoneinfo import ZoneInfo

from alerts.explaining import posts_that_explain, tone_of
from alerts.goals import Goal
from alerts.progress import Measured, Values, measure
from alerts.reliving import Relived
from alerts.routing.routes import Routing, deliveries
from alerts.rules import Look, Rule, Sample, judge
from alerts.rules.conditions.anomaly import Anomaly
from alerts.rules.conditions.outage import Outage
from storage.alerting import AlertState
from storage.base import Row, Rows
from storage.baselines import Baseline
from storage.browse import Narrow
from storage.calendar import Window
from storage.coverage import Ledger
from storage.mention import Brand

QUARTER = 900
_MINUTE = 60
_NO_OUTAGES = "only the last outage of a source is kept"
_NO_THRESHOLD = "no threshold was found yet; `listener alerts baselines` shows how far each series is"


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a rule would have fired, in seconds since 1970; `ended` None where it lasted to the end.

    `over` is how it ended: "resolved" or "expired". `waited`: quiet hours would have held its message back.
    """

    brand: str
    subject: str
    fired_at: int
    window: Window
    numbers: Mapping[str, object]
    post_ids: tuple[int, ...]
    waited: bool
    ended: int | None = None
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a rule would have done in [since, until), looked at each `step` seconds; the oldest episode first.

    `cannot` says why its kind cannot be led through the past. `judged`: the share of looks with enough data to judge
    by, None where there was no look.
    """

    since: int
    until: int
    step: int
    episodes: tuple[Episode, ...] = ()
    judged: float | None = None
    cannot: str | None = None

    @property
    def waited(self) -> int:
        """How many of them within quiet hours."""
        return sum(one.waited for one in self.episodes)

    @property
    def a_week(self) -> float:
        """How often a week."""
        return len(self.episodes) * 7 * 86_400 / (self.until - self.since)


class _Remembering:
    """Questions without a parameter are those of what was heard and who is watched: the same at every look."""

    def __init__(self, store: Rows) -> None:
        self._store = store
        self._known: dict[str, list[Row]] = {}

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        if parameters:
            return self._store.rows(sql, parameters)
        if sql not in self._known:
            self._known[sql] = self._store.rows(sql)
        return self._known[sql]


@dataclass
class _Past(Look):
    """A look at a moment of the past: all that was published by then is known, for when it came is not replayed."""

    past: ClassVar[bool] = True

    relived: Mapping[str, Relived] = field(default_factory=dict)
    known: Values = field(default_factory=dict)

    @property
    def active(self) -> list[Ledger]:
        """Nothing of a source arrives late: every post is there."""
        if self._active is None:
            self._active = [replace(one, lateness=0) for one in super().active]
        return self._active

    def baselines(self, brand: str) -> Mapping[str, Baseline]:
        """What was learned by then."""
        if brand not in self._baselines:
            self._baselines[brand] = self.relived[brand].at(self.now)
        return self._baselines[brand]

    def measured(self, goal: Goal) -> Measured:
        """Where a goal stood; its values are measured once for each of its windows."""
        if goal not in self._goals:
            self._goals[goal] = measure(self.store, [goal], self.brands, self.now, self.zone, self.known)[0]
        return self._goals[goal]


@dataclass
class _Replay:
    """The memory of one rule on its way through time."""

    rule: Rule
    states: dict[str, AlertState] = field(default_factory=dict)
    open: dict[str, Episode] = field(default_factory=dict)
    done: list[Episode] = field(default_factory=list)
    looks: int = 0
    enough: int = 0

    def firing(self) -> list[str]:
        return [subject for subject, state in self.states.items() if state.phase == "firing"]

    def step(self, look: Look, routing: Routing) -> None:
        rule, now = self.rule, look.now
        look.firing = {(rule.name, rule.brand): self.firing()}
        look.prepare([rule])
        seen = rule.condition.see(rule, look)
        self.looks += 1
        self.enough += any(sample.enough for samples in seen.values() for sample in samples)
        for subject in {**seen, **dict.fromkeys(self.firing())}:
            transition = judge(rule, seen.get(subject, ()), self.states.get(subject), now, subject)
            self.states[subject] = transition.state
            if transition.kind == "fired" and transition.sample is not None:
                self.open[subject] = _begun(rule, subject, transition.sample, look, routing)
                if rule.condition.momentary:
                    self._close(subject, now, None)
            elif transition.kind is not None:
                self._close(subject, now, transition.kind)

    def _close(self, subject: str, now: int, kind: str | None) -> None:
        self.done.append(replace(self.open.pop(subject), ended=now, over=kind))

    def episodes(self) -> Iterator[Episode]:
        yield from self.done
        yield from self.open.values()


def _begun(rule: Rule, subject: str, sample: Sample, look: Look, routing: Routing) -> Episode:
    window = Window(sample.since, sample.until)
    posts = sample.post_ids
    if posts is None:
        narrow = Narrow(source=rule.source, tag=rule.tag)
        posts = posts_that_explain(look.store, rule.brand, window, tone_of(rule), narrow)
    waited = _waits(routing, rule, look.now)
    return Episode(rule.brand, subject, look.now, window, sample.numbers, tuple(posts), waited)


def _waits(routing: Routing, rule: Rule, now: int) -> bool:
    own = {**routing.own, rule.name: rule.channels} if rule.channels else routing.own
    numbers = {"source": rule.source, "tag": rule.tag, "severity": rule.severity}
    found = deliveries(replace(routing, own=own), routing.known.labels(rule.name, rule.brand, numbers), now)
    return bool(found) and all(one.waits for one in found)


def step_of(rule: Rule) -> int:
    """Seconds between two looks: a quarter of an hour, or a minute where the rule looks at less than an hour."""
    by_quarter = rule.over >= 4 * QUARTER or rule.condition.form in ("anomaly", "goal")
    return QUARTER if by_quarter else _MINUTE


def _relived(
    store: Rows, rules: Sequence[Rule], brands: Sequence[Brand], zone: ZoneInfo, since: int
) -> Mapping[str, Relived]:
    """The series that the rules look at, by brand."""
    named = {brand.name: brand for brand in brands}
    return {
        rule.brand: Relived(store, named[rule.brand], zone, rule.condition.kinds, since)
        for rule in rules
        if isinstance(rule.condition, Anomaly)
    }


def _cannot(rule: Rule, relived: Mapping[str, Relived]) -> str | None:
    if isinstance(rule.condition, Outage):
        return _NO_OUTAGES
    if isinstance(rule.condition, Anomaly) and not any(one.can_alarm for one in relived.values()):
        return _NO_THRESHOLD
    return None


def backtest(
    store: Rows,
    rules: Sequence[Rule],
    brands: tuple[Brand, ...],
    zone: ZoneInfo,
    since: int,
    until: int,
    routing: Routing,
    goals: tuple[Goal, ...] = (),
) -> Backtest:
    """Lead the rules of one name, one for each brand, through [since, until). Reads only.

    Each begins quiet, and looks at every step as the daemon does. Only what is known afterwards differs: every post
    counts from when it was published, not from when it came, and with the tone and text that it has now.
    """
    step = step_of(rules[0])
    begins = since - since % step
    kept = _Remembering(store)
    relived = _relived(kept, rules, brands, zone, begins)
    if why := _cannot(rules[0], relived):
        return Backtest(since, until, step, cannot=why)
    replays = [_Replay(rule) for rule in rules]
    known: Values = {}
    for now in range(begins + step, until + 1, step):
        look = _Past(kept, brands, zone, now, goals, relived=relived, known=known)
        look.prepare(rules)
        for one in replays:
            one.step(look, routing)
    looks = sum(one.looks for one in replays)
    found = sorted((one for replay in replays for one in replay.episodes()), key=lambda one: one.fired_at)
    judged = sum(one.enough for one in replays) / looks if looks else None
    return Backtest(since, until, step, tuple(found), judged)
