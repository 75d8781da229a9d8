"""What the rules remember: the phase of each (rule, brand), and the events that were told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from storage.base import Rows, StoreError, Transaction

Phase = Literal["quiet", "pending", "firing"]
EventKind = Literal["fired", "resolved", "expired"]


@dataclass(frozen=True, slots=True)
class AlertState:
    """Where a rule stands for a brand.

    `since`: when the phase began. `enough_at`: when there was last enough data. `told_until`: end of the last
    window that made an event; no window up to there makes another one. `fired_at`: when it last fired, 0 never.
    """

    rule: str
    brand: str
    phase: Phase
    since: int
    enough_at: int
    told_until: int
    fired_at: int


_STATE = tuple(field.name for field in fields(AlertState))


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """A transition that is told: its window [since, until), its numbers, the posts that explain it."""

    key: str
    rule: str
    brand: str
    kind: EventKind
    at: int
    since: int
    until: int
    numbers: Mapping[str, object]
    post_ids: tuple[int, ...]


def states(store: Rows) -> dict[tuple[str, str], AlertState]:
    """The state of every (rule, brand) that ever left quiet."""
    rows = store.rows("SELECT rule, brand, phase, since, enough_at, told_until, fired_at FROM alert_states")
    return {(row[0], row[1]): AlertState(*row) for row in rows}


def step(db: Transaction, before: AlertState | None, after: AlertState) -> bool:
    """Take the state of an alert from what was seen to what it becomes; whether it was still as it was seen.

    Of two judgements that looked at once, only the first finds what it saw.
    """
    new = tuple(getattr(after, column) for column in _STATE)
    if before is None:
        columns, places = ", ".join(_STATE), ", ".join("?" * len(_STATE))
        touched = db.run(
            f"INSERT INTO alert_states ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING",
            new,
        )
    else:
        changes, seen = (glue.join(f"{column} = ?" for column in _STATE) for glue in (", ", " AND "))
        touched = db.run(
            f"UPDATE alert_states SET {changes} WHERE {seen}",
            (*new, *(getattr(before, column) for column in _STATE)),
        )
    if touched > 1:
        raise StoreError(
            f"the rule {after.rule!r} has {touched} states for {after.brand!r}; restore a backup"
        )
    return touched == 1


def add_event(db: Transaction, event: AlertEvent) -> None:
    """Write an event; its key is unique, so that the same transition is never kept twice."""
    db.run(
        """INSERT INTO alert_events (key, rule, brand, kind, at, since, until, numbers, post_ids)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            event.key,
            event.rule,
            event.brand,
            event.kind,
            event.at,
            event.since,
            event.until,
            json.dumps(event.numbers),
            json.dumps(event.post_ids),
        ),
    )


def events(store: Rows, limit: int = 50, since: int = 0) -> list[AlertEvent]:
    """The newest events first."""
    return [
        AlertEvent(*[*row[:7], json.loads(row[7]), tuple(json.loads(row[8]))])
        for row in store.rows(
            """SELECT key, rule, brand, kind, at, since, until, numbers, post_ids FROM alert_events
            WHERE at >= ? ORDER BY id DESC LIMIT ?""",
            (since, limit),
        )
    ]


def firing_events(store: Rows) -> list[AlertEvent]:
    """The events with which what fires now began, the oldest first."""
    found = []
    for rule, brand, subject in store.rows(
        "SELECT rule, brand, subject FROM alert_states WHERE phase = 'firing'"
    ):
        found += store.rows(
            """SELECT id, key, rule, brand, kind, at, since, until, numbers, post_ids FROM alert_events
            WHERE rule = ? AND brand = ? AND subject = ? AND kind = 'fired' ORDER BY id DESC LIMIT 1""",
            (rule, brand, subject),
        )
    return [AlertEvent(*[*row[1:8], json.loads(row[8]), tuple(json.loads(row[9]))]) for row in sorted(found)]


def last_fired(store: Rows, rule: str, brand: str) -> str | None:
    """The key of the event with which a rule fired last for a brand."""
    rows = store.rows(
        "SELECT key FROM alert_events WHERE rule = ? AND brand = ? AND kind = 'fired' ORDER BY id DESC LIMIT 1",
        (rule, brand),
    )
    return rows[0][0] if rows else None


def restart_pending(db: Transaction, now: int) -> None:
    """Let the time of every condition that was only pending start anew."""
    db.run("UPDATE alert_states SET since = ? WHERE phase = 'pending'", (now,))


def forget_missing(db: Transaction, pairs: Sequence[tuple[str, str]]) -> list[AlertState]:
    """Drop the state of rules that are configured no more; return those that were firing."""
    gone = [state for key, state in states(db).items() if key not in set(pairs)]
    for state in gone:
        db.run("DELETE FROM alert_states WHERE rule = ? AND brand = ?", (state.rule, state.brand))
    return [state for state in gone if state.phase == "firing"]
