"""Rules against the store: which values they see, and their transitions written together with what is to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from alerts.routing.routes import CONSOLE, Routing
from alerts.routing.settling import lay_out, settle
from alerts.rules import Rule, Transition, enough_and_met, event_key, judge, looked_at
from storage import alerting, browse
from storage.alerting import AlertEvent, AlertState
from storage.base import Rows, Transaction
from storage.browse import Narrow
from storage.calendar import Window
from storage.coverage import ledgers
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.mention import Brand

_QUOTED = {
    "negative_share": "negative",
    "net_sentiment": "negative",
    "positive_share": "positive",
    "positive_mentions": "positive",
    "positive_growth": "positive",
}


# How a share was made, kept with what is told of it.
_HOW = ("method", "raw_value", "interval")


@dataclass(frozen=True, slots=True)
class Judged:
    """A transition of one rule out of the state `before`, and the posts that explain it."""

    rule: Rule
    before: AlertState | None
    transition: Transition
    post_ids: tuple[int, ...]


def look(
    store: Rows, rules: Iterable[Rule], brands: Sequence[Brand], zone: ZoneInfo, now: int
) -> list[Judged]:
    """Judge rules against what is kept; return those whose state changes. Reads only."""
    states = alerting.states(store)
    active = [ledger for ledger in ledgers(store) if ledger.active]
    found = []
    for rule in rules:
        late = max((s.lateness for s in active if rule.source in (None, s.name, s.kind)), default=0)
        seen = looked_at(rule, late, now)
        question = Ask(
            seen[0], now, zone, tuple(brands), (rule.brand,), _sources(rule), strict=True, tag=rule.tag
        )
        values = [_value(store, rule, replace(question, window=window)) for window in seen]
        live = None
        if any(enough_and_met(rule, value) for value in values):
            live = [_value(store, rule, replace(question, window=w, live_only=True)) for w in seen]
        before = states.get((rule.name, rule.brand))
        transition = judge(rule, values, before, now, live)
        if transition.state != before and (before is not None or transition.state.phase != "quiet"):
            found.append(Judged(rule, before, transition, _posts(store, rule, transition)))
    return found


def _sources(rule: Rule) -> tuple[str, ...]:
    return (rule.source,) if rule.source else ()


def _value(store: Rows, rule: Rule, question: Ask) -> KpiValue:
    return compute(store, [KPIS[rule.condition.kpi]], question)[0]


def _posts(store: Rows, rule: Rule, transition: Transition) -> tuple[int, ...]:
    if transition.kind != "fired" or transition.value is None:
        return ()
    window = Window(transition.value.since, transition.value.until)
    label = _QUOTED.get(rule.condition.kpi)
    narrow = Narrow(live_only=True, source=rule.source, tag=rule.tag)
    if label:
        return tuple(browse.strongest(store, rule.brand, window, label, narrow=narrow))
    return tuple(browse.newest(store, rule.brand, window, narrow=narrow))


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
        lay_out(db, routing, event, alerting.last_fired(db, event.rule, event.brand), now)
        written.append(event)
    if written:
        settle(db, routing, now)
    return written


def _event(item: Judged, now: int) -> AlertEvent:
    rule, value = item.rule, item.transition.value
    kind = item.transition.kind
    assert kind is not None
    until = value.until if value else now
    numbers: Mapping[str, object] = {
        "kpi": rule.condition.kpi,
        "op": rule.condition.op,
        "threshold": rule.condition.number,
        # Of money only a value knows the currency.
        "unit": value.unit if value else KPIS[rule.condition.kpi].unit,
        "over": rule.over,
        "min_n": rule.min_n,
        "value": value.value if value else None,
        "n": value.n if value else None,
        **({name: value.more[name] for name in _HOW if name in value.more} if value else {}),
        "since": value.since if value else until - rule.over,
        "until": until,
        "fired_at": item.transition.state.fired_at,
        "cooldown": rule.cooldown,
        "expire": rule.expire,
        "tag": rule.tag,
        "source": rule.source,
        "severity": rule.severity,
        "heard": [(h.source, h.heard, h.asked) for h in value.heard] if value else [],
        "left_out": list(value.left_out) if value else [],
    }
    key = event_key(rule.name, rule.brand, kind, now)
    return AlertEvent(key, rule.name, rule.brand, kind, now, until - rule.over, until, numbers, item.post_ids)


def restart(db: Transaction, rules: Sequence[Rule], now: int) -> list[AlertState]:
    """Take up rules after a start; return the states of those that fired and are configured no more.

    A condition that was only pending has not been watched meanwhile, so its time starts anew.
    """
    gone = alerting.forget_missing(db, [(rule.name, rule.brand) for rule in rules])
    alerting.restart_pending(db, now)
    return gone
