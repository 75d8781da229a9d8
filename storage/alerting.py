"""What the rules remember: the phase of each (rule, brand), and the events that were told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from storage.base import Row, Rows, StoreError, Transaction

Phase = Literal["quiet", "pending", "firing"]
EventKind = Literal["fired", "resolved", "expired"]


@dataclass(frozen=True, slots=True)
class AlertState:
    """Where a rule stands for a brand.

    `since`: when the phase began. `enough_at`: when there was last enough data. `told_until`: end of the last
    window that made an event; no window up to there makes another one. `fired_at`: when it last fired, 0 never.
    `subject`: what of the brand it is about, '' the brand itself. `episode`: the key of the event with which it last
    fired. `met_at`: when, about, its condition was last met while it fired.
    """

    rule: str
    brand: str
    phase: Phase
    since: int
    enough_at: int
    told_until: int
    fired_at: int
    subject: str = ""
    episode: str = ""
    met_at: int = 0


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
    subject: str = ""
    severity: str = "warning"
    episode: str = ""


_EVENT = ", ".join(field.name for field in fields(AlertEvent))


def states(store: Rows) -> dict[tuple[str, str, str], AlertState]:
    """The state of every (rule, brand, subject) that ever left quiet."""
    rows = store.rows(f"SELECT {', '.join(_STATE)} FROM alert_states")
    found = (AlertState(*row) for row in rows)
    return {(state.rule, state.brand, state.subject): state for state in found}


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
        """INSERT INTO alert_events
        (key, rule, brand, kind, at, since, until, numbers, post_ids, subject, severity, episode)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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
            event.subject,
            event.severity,
            event.episode,
        ),
    )


def events(store: Rows, limit: int = 50, since: int = 0) -> list[AlertEvent]:
    """The newest events first."""
    rows = store.rows(
        f"SELECT {_EVENT} FROM alert_events WHERE at >= ? ORDER BY id DESC LIMIT ?", (since, limit)
    )
    return [_event(row) for row in rows]


def _event(row: Row) -> AlertEvent:
    key, rule, brand, kind, at, since, until, numbers, post_ids, *rest = row
    return AlertEvent(
        key, rule, brand, kind, at, since, until, json.loads(numbers), tuple(json.loads(post_ids)), *rest
    )


def firing_events(store: Rows) -> list[AlertEvent]:
    """The events with which what fires now began, the oldest first."""
    return [
        _event(row)
        for row in store.rows(
            f"""SELECT {_EVENT} FROM alert_events
            WHERE key IN (SELECT episode FROM alert_states WHERE phase = 'firing') ORDER BY id"""
        )
    ]


def restart_pending(db: Transaction, now: int) -> None:
    """Let the time of every condition that was only pending start anew."""
    db.run("UPDATE alert_states SET since = ? WHERE phase = 'pending'", (now,))


def forget_missing(db: Transaction, pairs: Sequence[tuple[str, str]], before: int = 0) -> list[AlertState]:
    """Drop the states of rules that are configured no more; return those that were firing.

    And what was told of single subjects before a time: nobody will meet them again as new.
    """
    known = set(pairs)
    gone = [state for key, state in states(db).items() if key[:2] not in known]
    db.run_many(
        "DELETE FROM alert_states WHERE rule = ? AND brand = ? AND subject = ?",
        [(state.rule, state.brand, state.subject) for state in gone],
    )
    db.run(
        "DELETE FROM alert_states WHERE subject <> '' AND phase = 'quiet' AND told_until < ? AND fired_at < ?",
        (before, before),
    )
    return [state for state in gone if state.phase == "firing"]
