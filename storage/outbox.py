"""What is to be told: one row per (event, channel), with numbers as JSON and never a post's text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from storage.base import Rows, Transaction

Kind = Literal["alert", "digest", "test"]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to tell on one channel. `attempts` counts those begun, this one included."""

    id: int
    key: str
    channel: str
    kind: Kind
    numbers: dict[str, object]
    post_ids: tuple[int, ...]
    created_at: int
    attempts: int


def put(
    db: Transaction,
    channels: Sequence[str],
    key: str,
    kind: Kind,
    numbers: Mapping[str, object],
    post_ids: Sequence[int],
    now: int,
) -> None:
    """Lay a message out for each channel; what is there already under this key stays as it is."""
    db.run_many(
        """INSERT INTO outbox (key, channel, kind, numbers, post_ids, created_at, state, next_at)
        VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?) ON CONFLICT (key, channel) DO NOTHING""",
        [
            (key, channel, kind, json.dumps(numbers), json.dumps(list(post_ids)), now, now)
            for channel in dict.fromkeys(channels)
        ],
    )


def claim(db: Transaction, channel: str, now: int) -> OutboxRow | None:
    """Take the oldest message that is due on a channel, and write that its sending begins.

    Written before the request leaves, so that after a crash it is known that the receiver may have it.
    """
    due = db.rows(
        """SELECT id, key, channel, kind, numbers, post_ids, created_at, attempts FROM outbox
        WHERE channel = ? AND state = 'waiting' AND next_at <= ? ORDER BY id LIMIT 1""",
        (channel, now),
    )
    if not due:
        return None
    id_, key, name, kind, numbers, post_ids, created_at, attempts = due[0]
    db.run("UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?", (id_,))
    return OutboxRow(
        id_, key, name, kind, json.loads(numbers), tuple(json.loads(post_ids)), created_at, attempts + 1
    )


def delivered(db: Transaction, id_: int, now: int) -> None:
    """The receiver took it."""
    db.run(
        "UPDATE outbox SET state = 'delivered', done_at = ?, error = NULL WHERE id = ? AND state = 'sending'",
        (now, id_),
    )


def put_off(db: Transaction, id_: int, next_at: int, error: str, *, unknown: bool) -> None:
    """The receiver did not take it, or its answer was lost (`unknown`): it is sent again, same key."""
    db.run(
        """UPDATE outbox SET state = 'waiting', next_at = ?, error = ?, unknown = unknown + ?
        WHERE id = ? AND state = 'sending'""",
        (next_at, error, int(unknown), id_),
    )


def give_up(db: Transaction, id_: int, now: int, error: str) -> None:
    """Trying again will not help; the message is kept and shown."""
    db.run(
        "UPDATE outbox SET state = 'failed', done_at = ?, error = ? WHERE id = ? AND state = 'sending'",
        (now, error, id_),
    )


def recover(db: Transaction, now: int) -> int:
    """After a start: what was being sent when the process died is sent again, and counted as unknown.

    However often it died: a bound here would lose an alert to a machine that is restarted a few times while a
    channel hangs.
    """
    return db.run(
        """UPDATE outbox SET state = 'waiting', next_at = ?, unknown = unknown + 1,
        error = 'the program ended while this was being sent' WHERE state = 'sending'""",
        (now,),
    )


def next_due(store: Rows, channel: str) -> int | None:
    """When the next message on a channel is due, None where nothing waits."""
    rows = store.rows("SELECT min(next_at) FROM outbox WHERE channel = ? AND state = 'waiting'", (channel,))
    due: int | None = rows[0][0]
    return due


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of one message on one channel, for people who ask."""

    key: str
    channel: str
    kind: str
    state: str
    attempts: int
    unknown: int
    created_at: int
    next_at: int
    done_at: int | None
    error: str | None


_DELIVERY = (
    "SELECT key, channel, kind, state, attempts, unknown, created_at, next_at, done_at, error FROM outbox"
)


def of_key(store: Rows, key: str) -> list[Delivery]:
    """The state of one message on each of its channels."""
    return [Delivery(*row) for row in store.rows(f"{_DELIVERY} WHERE key = ? ORDER BY id", (key,))]


def deliveries(store: Rows, limit: int = 100, *, undelivered: bool = False) -> list[Delivery]:
    """The newest messages with their state; with `undelivered` only those that wait or failed."""
    where = "WHERE state <> 'delivered'" if undelivered else ""
    return [
        Delivery(*row)
        for row in store.rows(
            f"{_DELIVERY} {where} ORDER BY id DESC LIMIT ?",
            (limit,),
        )
    ]
