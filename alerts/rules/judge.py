"""What becomes of a rule when what it sees, time and memory are put together: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alerts.rules.base import Sample
from alerts.rules.rule import Rule
from storage.alerting import AlertState, EventKind
from storage.kpi import KpiValue

_NOTED = 60
"""Seconds by which the last time that a condition was met may be older than it was: it is not written each time."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What a judgement led to: the new state, and an event where something is to be told of what was seen."""

    state: AlertState
    kind: EventKind | None = None
    sample: Sample | None = None

    @property
    def value(self) -> KpiValue | None:
        """The value of the KPI of which it is told, where there is one."""
        return self.sample.value if self.sample else None


def judge(
    rule: Rule, samples: Sequence[Sample], state: AlertState | None, now: int, subject: str = ""
) -> Transition:
    """Decide what becomes of a rule, for one subject, by what it sees in its windows, oldest first.

    To fire, a window must meet the condition also by what was heard live alone: what came by an import or a first poll
    neither makes a rule fire nor hides, by its absence, that there was enough.

    Without enough data a rule neither fires nor resolves. It fires when a window not told yet meets the condition,
    after it has held for `hold` seconds, and not within `cooldown` of the last time. It resolves when there is enough
    data in a window not told yet, no window meets the condition, and none has for `keep_firing` seconds. Firing without
    enough data for `expire` seconds, it expires. What is momentary fires once for each subject and is over at once.
    """
    before = state or AlertState(rule.name, rule.brand, "quiet", now, now, 0, 0, subject)
    seen = replace(before, enough_at=now) if any(sample.enough for sample in samples) else before
    # What fires under a text that was changed since is over only by having too little data.
    if rule.condition.momentary and before.phase != "firing":
        return _once(rule, samples, before, now)
    if before.phase == "firing":
        return _while_firing(rule, samples, seen, now)
    fresh = [one for one in samples if one.met and one.fires and one.until > before.told_until]
    if not fresh or now - before.fired_at < rule.cooldown:
        thin = seen is before and now - before.enough_at < rule.expire
        return Transition(before if thin or before.phase == "quiet" else _to_quiet(seen, now))
    since = before.since if before.phase == "pending" else now
    if now - since < rule.hold:
        return Transition(replace(seen, phase="pending", since=since))
    return Transition(_fired(rule, replace(seen, phase="firing"), fresh[-1], now), "fired", fresh[-1])


def _once(rule: Rule, samples: Sequence[Sample], state: AlertState, now: int) -> Transition:
    fresh = [one for one in samples if one.met and one.fires]
    if state.fired_at or not fresh:
        return Transition(state)
    return Transition(_fired(rule, state, fresh[-1], now), "fired", fresh[-1])


def _fired(rule: Rule, state: AlertState, sample: Sample, now: int) -> AlertState:
    key = event_key(rule.name, rule.brand, "fired", now, state.subject)
    return replace(state, since=now, told_until=sample.until, fired_at=now, met_at=now, episode=key)


def _while_firing(rule: Rule, samples: Sequence[Sample], state: AlertState, now: int) -> Transition:
    enough = [one for one in samples if one.enough]
    if any(one.met for one in enough):
        noted = rule.keep_firing and now - state.met_at >= _NOTED
        return Transition(replace(state, met_at=now) if noted else state)
    if enough and enough[-1].until > state.told_until and now - state.met_at >= rule.keep_firing:
        last = enough[-1]
        return Transition(replace(_to_quiet(state, now), told_until=last.until), "resolved", last)
    if not enough and now - state.enough_at >= rule.expire:
        return Transition(replace(_to_quiet(state, now), told_until=now), "expired")
    return Transition(state)


def _to_quiet(state: AlertState, now: int) -> AlertState:
    return replace(state, phase="quiet", since=now)


def event_key(rule: str, brand: str, kind: str, at: int, subject: str = "") -> str:
    """The idempotency key of an event: the same for every attempt, channel and restart."""
    parts = (rule, brand, kind, str(at), *([subject] if subject else ()))
    return f"alert-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"
