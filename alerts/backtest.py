"""When a rule would have fired over what is stored: the judge of every day, led through the past step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from alerts.explaining import posts_that_explain, tone_of
from alerts.routing.routes import Routing, deliveries
from alerts.rules import Look, Rule, Sample, judge
from storage.alerting import AlertState
from storage.base import Row, Rows
from storage.browse import Narrow
from storage.calendar import Window
from storage.mention import Brand

QUARTER = 900
_MINUTE = 60
_PAST = {
    "unanswered": "the store knows who waits now, not who waited then",
    "goal": "a goal is measured against its own period, which has one end",
    "story": "a story is kept with the posts that it has now",
    "outage": "only the last outage of a source is kept",
}


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


class _Past(Look):
    """A look at a moment of the past: all that was published by then is known, for when it came is not replayed."""

    def lateness(self, source: str | None) -> int:
        """None: every post is there."""
        return 0


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
            samples = [_stored(one) for one in seen.get(subject, ())]
            transition = judge(rule, samples, self.states.get(subject), now, subject)
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


def _stored(sample: Sample) -> Sample:
    """What is stored counts, however it came: a brand that was just backfilled wants to know as well."""
    return replace(sample, fires=sample.met)


def _waits(routing: Routing, rule: Rule, now: int) -> bool:
    own = {**routing.own, rule.name: rule.channels} if rule.channels else routing.own
    numbers = {"source": rule.source, "tag": rule.tag, "severity": rule.severity}
    found = deliveries(replace(routing, own=own), routing.known.labels(rule.name, rule.brand, numbers), now)
    return bool(found) and all(one.waits for one in found)


def step_of(rule: Rule) -> int:
    """Seconds between two looks: a quarter of an hour, or a minute where the rule looks at less than an hour."""
    return QUARTER if rule.over >= 4 * QUARTER else _MINUTE


def backtest(
    store: Rows,
    rules: Sequence[Rule],
    brands: tuple[Brand, ...],
    zone: ZoneInfo,
    since: int,
    until: int,
    routing: Routing,
) -> Backtest:
    """Lead the rules of one name, one for each brand, through [since, until). Reads only.

    Each begins quiet, and looks at every step as the daemon does. Only what is known afterwards differs: every post
    counts from when it was published, not from when it came, and with the tone and text that it has now.
    """
    step = step_of(rules[0])
    if why := _PAST.get(rules[0].condition.form.split()[0]):
        return Backtest(since, until, step, cannot=why)
    kept = _Remembering(store)
    replays = [_Replay(rule) for rule in rules]
    for now in range(since - since % step + step, until + 1, step):
        look = _Past(kept, brands, zone, now)
        look.prepare(rules)
        for one in replays:
            one.step(look, routing)
    looks = sum(one.looks for one in replays)
    found = sorted((one for replay in replays for one in replay.episodes()), key=lambda one: one.fired_at)
    judged = sum(one.enough for one in replays) / looks if looks else None
    return Backtest(since, until, step, tuple(found), judged)
