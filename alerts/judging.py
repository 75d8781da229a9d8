"""Rules against the store: what they see, and their transitions written together with what is to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.explaining import explaining
from alerts.routing.routes import CONSOLE, Routing
from alerts.routing.settling import lay_out, settle
from alerts.rules import Look, Rule, Transition, event_key, judge
from alerts.usual import usual
from storage import alerting
from storage.alerting import AlertEvent, AlertState
from storage.base import Transaction
from storage.kpi import KPIS

AT_ONCE = 20
"""Events of one rule in one look; what is more is told by the next."""
_NOTED = 60
"""Seconds by which the last time that there was enough data may be older than it was."""
_REMEMBERED = 90 * 86_400
"""Seconds for which it is remembered what was told of a single subject."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A transition of one rule out of the state `before`, the posts that explain it, and what is told beside it."""

    rule: Rule
    before: AlertState | None
    transition: Transition
    post_ids: tuple[int, ...]
    beside: Mapping[str, object] = field(default_factory=dict)


def look(seen: Look, rules: Iterable[Rule]) -> list[Judged]:
    """Judge rules by one look at what is kept; return those whose state changes. Reads only."""
    rules = list(rules)
    states = alerting.states(seen.store)
    firing: dict[tuple[str, str], list[str]] = {}
    for (rule_name, brand, subject), state in states.items():
        if state.phase == "firing":
            firing.setdefault((rule_name, brand), []).append(subject)
    seen.firing = firing
    seen.prepare(rules)
    return [judged for rule in rules for judged in _judged(seen, rule, states, firing)]


def _judged(
    seen: Look,
    rule: Rule,
    states: Mapping[tuple[str, str, str], AlertState],
    firing: Mapping[tuple[str, str], Sequence[str]],
) -> list[Judged]:
    """What becomes of a rule for each of its subjects; one that fires and is seen no more is judged by nothing."""
    found: list[Judged] = []
    events = 0
    samples = rule.condition.see(rule, seen)
    for subject in {**samples, **dict.fromkeys(firing.get((rule.name, rule.brand), ()))}:
        before = states.get((rule.name, rule.brand, subject))
        transition = judge(rule, samples.get(subject, ()), before, seen.now, subject)
        if before is None and _is_nothing(transition):
            continue
        if before is not None and not _is_worth_a_row(before, transition, seen.now):
            continue
        if transition.kind and events >= AT_ONCE:
            continue
        events += transition.kind is not None
        posts = explaining(seen.store, rule, transition)
        found.append(Judged(rule, before, transition, posts, _beside(seen, rule, transition)))
    return found


def _beside(seen: Look, rule: Rule, transition: Transition) -> Mapping[str, object]:
    """What is usual, where it fired: an anomaly says so itself."""
    sample = transition.sample if transition.kind == "fired" else None
    return usual(seen, rule, sample) if sample else {}


def _is_worth_a_row(before: AlertState, transition: Transition, now: int) -> bool:
    """That there is enough data still is written once a minute: what fires is looked at with each commit."""
    if transition.kind or now - before.enough_at >= _NOTED:
        return transition.state != before
    return replace(transition.state, enough_at=before.enough_at) != before


def _is_nothing(transition: Transition) -> bool:
    return transition.state.phase == "quiet" and transition.kind is None


def write(
    db: Transaction, judged: Sequence[Judged], now: int, routing: Routing = CONSOLE
) -> list[AlertEvent]:
    """Write states, events and outbox rows in the open transaction; return the events.

    Where they go, when, and what of it is withheld, is decided in the same transaction: what is laid out is never
    seen by a channel before a silence that covers it.
    """
    written = []
    named = {item.rule.name: item.rule.channels for item in judged if item.rule.channels}
    routing = replace(routing, own={**routing.own, **named})
    for item in judged:
        # Two judgements may have looked at once, one for a commit and one for the minute: only one may tell.
        if not alerting.step(db, item.before, item.transition.state) or item.transition.kind is None:
            continue
        event = _event(item, now)
        alerting.add_event(db, event)
        lay_out(db, routing, event, event.episode, now)
        written.append(event)
    if written:
        settle(db, routing, now)
    return written


def _event(item: Judged, now: int) -> AlertEvent:
    rule, sample, state = item.rule, item.transition.sample, item.transition.state
    kind = item.transition.kind
    assert kind is not None
    until = sample.until if sample else now
    since = sample.since if sample else until - rule.over
    kpi = getattr(rule.condition, "kpi", None)
    numbers: Mapping[str, object] = {
        "form": rule.condition.form,
        "when": rule.condition.words(),
        "kpi": kpi,
        "op": getattr(rule.condition, "op", None),
        "threshold": getattr(rule.condition, "number", None),
        "unit": KPIS[kpi].unit if kpi else None,
        "value": None,
        "n": None,
        "heard": [],
        "left_out": [],
        **(sample.numbers if sample else {}),
        **item.beside,
        "over": rule.over,
        "min_n": rule.min_n,
        "since": since,
        "until": until,
        "fired_at": state.fired_at,
        "cooldown": rule.cooldown,
        "expire": rule.expire,
        "keep_firing": rule.keep_firing,
        "tag": rule.tag,
        "severity": rule.severity,
        "subject": state.subject,
        **({"source": rule.source} if rule.source else {}),
    }
    # The state names the event with which it fired, and the daemon looks a second ahead of the one it writes in: of two
    # keys nobody could find the event of what fires, and no silence would hold.
    key = state.episode if kind == "fired" else event_key(rule.name, rule.brand, kind, now, state.subject)
    return AlertEvent(
        key,
        rule.name,
        rule.brand,
        kind,
        now,
        since,
        until,
        numbers,
        item.post_ids,
        state.subject,
        rule.severity,
        state.episode or key,
    )


def restart(db: Transaction, rules: Sequence[Rule], now: int, *, watched: bool = False) -> list[AlertState]:
    """Take up rules after a start; return the states of those that fired and are configured no more.

    A condition that was only pending has not been `watched` meanwhile, so its time starts anew.
    """
    gone = alerting.forget_missing(db, [(rule.name, rule.brand) for rule in rules], now - _REMEMBERED)
    if not watched:
        alerting.restart_pending(db, now)
    return gone
