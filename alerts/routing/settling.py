"""Routing against the store: messages laid out for an event, then withheld, released and told again as time goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerts.routing.matching import Labels
from alerts.routing.routes import Delivery, Routing, deliveries, due
from alerts.routing.withholding import Firing, Reason, reasons
from storage import alerting, outbox, waiting
from storage.alerting import AlertEvent
from storage.base import Rows, Transaction
from storage.calendar import iso
from storage.desk import acknowledgements, silences
from storage.desk.acknowledgements import Acknowledgement
from storage.waiting import Told, Waiting


def lay_out(db: Transaction, routing: Routing, event: AlertEvent, thread: str | None, now: int) -> None:
    """Lay out what tells an event, in the open transaction. `thread`: the key of the event that began its story.

    An end is told on the channels on which its beginning was or will be, and on no other.
    """
    numbers = told_of(event)
    labels = routing.known.labels(event.rule, event.brand, numbers)
    past = waiting.told(db, thread) if thread is not None and event.kind != "fired" else {}
    routed = {one.channel: one for one in deliveries(routing, labels, now)}
    for channel in past or routed:
        if channel in past and not past[channel].begun:
            _end_untold(db, event, numbers, thread or event.key, channel, now)
            continue
        _drop(db, thread, channel, now)
        found = routed.get(channel)
        together, at = _placed(db, found, labels) if found else (None, now)
        outbox.put(
            db,
            [channel],
            event.key,
            "alert",
            numbers,
            event.post_ids,
            now,
            thread=thread,
            together=together,
            due_at=at,
        )


def told_of(event: AlertEvent) -> dict[str, object]:
    """The numbers of a message about an event."""
    return {**event.numbers, "rule": event.rule, "brand": event.brand, "kind": event.kind, "at": event.at}


def _placed(db: Transaction, found: Delivery, labels: Labels) -> tuple[str | None, int]:
    """With what a message is sent together, and when."""
    if found.together is None:
        return None, found.at
    (severity,) = labels["severity"]
    return found.together, due(found, *waiting.group(db, found.channel, found.together), severity)


def _end_untold(
    db: Transaction, event: AlertEvent, numbers: Mapping[str, object], thread: str, channel: str, now: int
) -> None:
    """Over before it was told: told as one message with its beginning, or both not at all where that was withheld."""
    for row in waiting.of_thread(db, thread, channel):
        if row.withheld is not None:
            waiting.close(db, row.id, f"{row.withheld}; over before that ended", now)
            continue
        outbox.put(
            db,
            [channel],
            event.key,
            "alert",
            numbers,
            event.post_ids,
            now,
            thread=thread,
            together=row.together,
            due_at=row.due_at,
        )


def _drop(db: Transaction, thread: str | None, channel: str, now: int) -> None:
    """A reminder that still waits has nothing to remind of any more."""
    for row in waiting.of_thread(db, thread, channel) if thread is not None else ():
        if row.numbers.get("again"):
            waiting.close(db, row.id, "over before it was told again", now)


def settle(db: Transaction, routing: Routing, now: int) -> int:
    """Withhold what a silence, a snooze or another alert covers, release the rest, tell again what is due.

    To be called after each event, once a minute, and when somebody has silenced or acknowledged. Returns how many
    messages it changed.
    """
    events = {event.key: event for event in alerting.firing_events(db)}
    rows = waiting.untried(db)
    if not events and not rows:
        return 0
    said = acknowledgements.last(db, events)
    firing = [_firing(routing, event) for event in events.values()]
    why = _why(db, routing, firing, said, now, _moments(routing, rows, events))
    changed = sum(_hold(db, routing, row, events, why, now) for row in rows)
    for one in firing:
        if one.key not in why:
            changed += _again(db, routing, events[one.key], one.labels, said.get(one.key), now)
    return changed


def covered(store: Rows, routing: Routing, now: int) -> dict[str, Reason]:
    """Why what fires is not told now, by the key of the event with which it began."""
    events = {event.key: event for event in alerting.firing_events(store)}
    firing = [_firing(routing, event) for event in events.values()]
    return _why(store, routing, firing, acknowledgements.last(store, events), now)


def _why(
    store: Rows,
    routing: Routing,
    firing: Sequence[Firing],
    said: Mapping[str, Acknowledgement],
    now: int,
    moments: Sequence[Firing] = (),
) -> dict[str, Reason]:
    snoozed = {
        key: f"{one.by} until {iso(one.until)}" for key, one in said.items() if one.until and one.snoozes(now)
    }
    return reasons(firing, silences.active(store, now), snoozed, routing.inhibitions, moments)


def _firing(routing: Routing, event: AlertEvent) -> Firing:
    labels = routing.known.labels(event.rule, event.brand, event.numbers)
    return Firing(event.key, event.rule, event.brand, labels, event.at)


def _moments(routing: Routing, rows: Sequence[Waiting], events: Mapping[str, AlertEvent]) -> list[Firing]:
    """Alerts that fire no more and have no end that is told: they were over when they fired."""
    ended = {row.thread for row in rows if row.numbers.get("kind") != "fired"}
    found = {}
    for row in rows:
        if row.key == row.thread and row.key not in events and row.key not in ended:
            rule, brand = str(row.numbers["rule"]), str(row.numbers["brand"])
            labels = routing.known.labels(rule, brand, row.numbers)
            found[row.key] = Firing(row.key, rule, brand, labels, int(str(row.numbers["at"])))
    return list(found.values())


def _hold(
    db: Transaction,
    routing: Routing,
    row: Waiting,
    events: Mapping[str, AlertEvent],
    why: Mapping[str, Reason],
    now: int,
) -> bool:
    """Withhold, release or close one message; whether anything changed."""
    if row.asked or row.numbers.get("kind") != "fired" or row.thread is None:
        return False
    event = events.get(row.thread)
    if event is None:
        reason = why.get(row.thread)
        over = row.withheld or (reason.text if reason else None)
        if over is not None:
            waiting.close(db, row.id, f"{over}; over before that ended", now)
        return over is not None
    if reason := why.get(event.key):
        if row.withheld != reason.text:
            waiting.withhold(db, row.id, reason.text)
        return row.withheld != reason.text
    if row.withheld is None:
        return False
    labels = routing.known.labels(event.rule, event.brand, event.numbers)
    found = next((one for one in deliveries(routing, labels, now) if one.channel == row.channel), None)
    waiting.release(db, row.id, *(_placed(db, found, labels) if found else (None, now)))
    return True


def _again(
    db: Transaction,
    routing: Routing,
    event: AlertEvent,
    labels: Labels,
    said: Acknowledgement | None,
    now: int,
) -> int:
    """Tell an alert again that fires still: after `repeat`, unless somebody took it on, and after a snooze."""
    past: Mapping[str, Told] | None = None
    laid_out = 0
    for found in deliveries(routing, labels, now):
        if found.route.repeat is None and (said is None or said.until is None):
            continue
        past = waiting.told(db, event.key) if past is None else past
        told = past.get(found.channel)
        if told is None or told.open or told.at is None:
            continue
        name = _due_again(told.at, found.route.repeat, said, now)
        if name is None:
            continue
        together, at = _placed(db, found, labels)
        numbers = {**told_of(event), "again": now}
        outbox.put(
            db,
            [found.channel],
            f"{event.key}-{name}",
            "alert",
            numbers,
            event.post_ids,
            now,
            thread=event.key,
            together=together,
            due_at=at,
        )
        laid_out += 1
    return laid_out


def _due_again(told_at: int, repeat: int | None, said: Acknowledgement | None, now: int) -> str | None:
    """What makes an alert due again that was last told then, as the end of a key that is made once; None if nothing."""
    if said is not None and said.until is None:
        return None
    if said is not None and said.until is not None and told_at < said.until <= now:
        return f"snoozed-{said.id}"
    return f"repeat-{told_at}" if repeat is not None and told_at + repeat <= now else None
