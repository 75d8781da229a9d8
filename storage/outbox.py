"""What is to be told: one row per (event, channel), with numbers as JSON and never a post's text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from storage.base import Row, Rows, StoreError, Transaction

Kind = Literal["alert", "digest", "test"]

_LONGEST_HOLD = 2 * 86_400
"""Seconds. A channel that is held for longer was held by a clock that has been set back since."""
# What tells the rest of a story waits until its beginning has been told, or given up; or is sent together with it.
_READY = """o.channel = ? AND o.state = 'waiting' AND o.withheld IS NULL AND NOT EXISTS (
    SELECT 1 FROM outbox e WHERE e.channel = o.channel AND e.thread = o.thread AND e.id < o.id
    AND e.state IN ('waiting', 'sending') AND e.withheld IS NULL
    AND (e.state = 'sending' OR e.together IS NULL OR o.together IS NULL OR e.together <> o.together
        OR e.next_at > o.next_at OR coalesce(e.batch, '') <> coalesce(o.batch, '')))"""
_TOGETHER = 50
"""Messages that are sent as one at the most."""
_CLAIMED = """SELECT o.id, o.key, o.channel, o.kind, o.numbers, o.post_ids, o.created_at, o.attempts, o.thread, o.taken,
    max(o.created_at, coalesce(o.due_at, 0), coalesce(o.resent_at, 0)),
    (SELECT r.place FROM receipts r WHERE r.channel = o.channel AND r.thread = o.thread AND o.thread <> o.key),
    o.together, o.batch FROM outbox o"""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One thing to tell on one channel. `attempts` counts those begun, this one included.

    `thread`: the key of the message of which this one tells the rest, or its own. `first`: where the receiver
    put that one, if it is another. `taken`: the marks of the recipients that have it already. `since`: when it was laid
    out, first due, or last asked for. `rest`: what is sent in one message with it, under the key `batch`.
    """

    id: int
    key: str
    channel: str
    kind: Kind
    numbers: dict[str, object]
    post_ids: tuple[int, ...]
    created_at: int
    attempts: int
    thread: str | None = None
    taken: frozenset[str] = frozenset()
    since: int = 0
    first: str | None = None
    together: str | None = None
    batch: str | None = None
    rest: tuple[OutboxRow, ...] = ()


def put(
    db: Transaction,
    channels: Sequence[str],
    key: str,
    kind: Kind,
    numbers: Mapping[str, object],
    post_ids: Sequence[int],
    now: int,
    *,
    thread: str | None = None,
    together: str | None = None,
    due_at: int | None = None,
) -> None:
    """Lay a message out for each channel; what is there already under this key stays as it is.

    It is not sent before `due_at`, and then in one message with what is due under the same `together`.
    """
    numbers_, ids, due = json.dumps(numbers), json.dumps(list(post_ids)), now if due_at is None else due_at
    db.run_many(
        """INSERT INTO outbox (
            key, channel, kind, numbers, post_ids, created_at, state, next_at, thread, together, due_at)
        VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?) ON CONFLICT (key, channel) DO NOTHING""",
        [
            (key, channel, kind, numbers_, ids, now, due, thread, together, due_at)
            for channel in dict.fromkeys(channels)
        ],
    )


def claim(db: Transaction, channel: str, now: float, pace: float = 0.0) -> OutboxRow | None:
    """Take the oldest message that is due on a channel, and write that its sending begins.

    Written before the request leaves, so that after a crash it is known that the receiver may have it. The next one may
    begin `pace` seconds later.
    """
    if held_until(db, channel, now) > now:
        return None
    due = db.rows(f"{_CLAIMED} WHERE {_READY} AND o.next_at <= ? ORDER BY o.id LIMIT 1", (channel, now))
    if not due:
        return None
    first = _row(due[0])
    rows = _as_one(db, first, now)
    for row in rows:
        _step(db, "attempts = attempts + 1, batch = ?", "waiting", "sending", row.id, row.batch)
    if pace > 0:
        hold(db, channel, now + pace, now)
    # Under the message of one story only what tells the rest of that one: a mixture is a message of its own.
    place = rows[0].first if len({row.first for row in rows}) == 1 else None
    return replace(rows[0], rest=tuple(rows[1:]), first=place)


def _as_one(db: Transaction, row: OutboxRow, now: float) -> list[OutboxRow]:
    """The messages that are sent as one with this, itself among them: those it was tried with, or those due now.

    What was tried once is tried again as exactly the same, under the same key: the receiver may have it.
    """
    if row.together is None:
        return [row]
    if row.batch is not None:
        which = f"{_CLAIMED} WHERE o.channel = ? AND o.state = 'waiting' AND o.batch = ? ORDER BY o.id"
        return [_row(one) for one in db.rows(which, (row.channel, row.batch))]
    which = f"{_CLAIMED} WHERE {_READY} AND o.together = ? AND o.batch IS NULL AND o.next_at <= ? ORDER BY o.id LIMIT ?"
    rows = [_row(one) for one in db.rows(which, (row.channel, row.together, now, _TOGETHER))]
    return [replace(one, batch=batch_key([one.key for one in rows])) for one in rows]


def batch_key(keys: Sequence[str]) -> str:
    """The key of several messages that are sent as one: of one alone its own."""
    if len(keys) == 1:
        return keys[0]
    return f"batch-{hashlib.sha256(chr(0).join(keys).encode()).hexdigest()[:24]}"


def _row(row: Row) -> OutboxRow:
    id_, key, channel, kind, numbers, post_ids, created_at, attempts, thread, taken, *more = row
    return OutboxRow(
        id_,
        key,
        channel,
        kind,
        json.loads(numbers),
        tuple(json.loads(post_ids)),
        created_at,
        attempts + 1,
        thread,
        frozenset(json.loads(taken or "[]")),
        *more,
    )


def still_firing(store: Rows, channel: str) -> list[OutboxRow]:
    """The messages delivered on a channel that say that something fires which fires still, oldest first."""
    rows = store.rows(
        # Begun with what fires, which is little; SQLite keeps the order of a CROSS JOIN.
        """SELECT o.id, o.key, o.numbers, o.post_ids, o.created_at, o.attempts, o.thread
        FROM alert_states s CROSS JOIN alert_events e CROSS JOIN outbox o
        WHERE s.phase = 'firing' AND e.key = s.episode AND e.rule = s.rule AND e.brand = s.brand
        AND e.subject = s.subject AND e.kind = 'fired'
        AND o.key = e.key AND o.channel = ? AND o.kind = 'alert' AND o.state = 'delivered' ORDER BY o.id""",
        (channel,),
    )
    return [
        OutboxRow(
            id_, key, channel, "alert", json.loads(numbers), tuple(json.loads(post_ids)), at, attempts, thread
        )
        for id_, key, numbers, post_ids, at, attempts, thread in rows
    ]


def delivered(db: Transaction, id_: int, now: int, place: str | None = None) -> None:
    """The receiver took it, and put it at `place`: what follows of its thread is put under the first one."""
    for one in _sent_with(db, id_):
        _step(db, "done_at = ?, error = NULL, taken = NULL", "sending", "delivered", one, now)
        if place is not None:
            db.run(
                """INSERT INTO receipts (channel, thread, place, at) SELECT channel, thread, ?, ? FROM outbox
                WHERE id = ? AND thread IS NOT NULL ON CONFLICT DO NOTHING""",
                (place, now, one),
            )


def _sent_with(db: Transaction, id_: int) -> list[int]:
    """The messages that are being sent as one with this, itself first: what becomes of one becomes of all."""
    rows = db.rows(
        """SELECT r.id FROM outbox o JOIN outbox r ON r.channel = o.channel AND r.batch = o.batch
        WHERE o.id = ? AND r.id <> o.id AND r.state = 'sending' ORDER BY r.id""",
        (id_,),
    )
    return [id_, *(row[0] for row in rows)]


def put_off(
    db: Transaction, id_: int, next_at: int, error: str, *, unknown: bool, taken: Collection[str] = ()
) -> None:
    """The receiver did not take it, or its answer was lost (`unknown`): it is sent again, same key.

    Not to those recipients that have it (`taken`: all of them, of earlier attempts too).
    """
    changes = "next_at = ?, error = ?, unknown = unknown + ?, taken = ?"
    for one in _sent_with(db, id_):
        _step(db, changes, "sending", "waiting", one, next_at, error, int(unknown), _marks(taken))


def give_up(db: Transaction, id_: int, now: int, error: str, *, taken: Collection[str] = ()) -> None:
    """Trying again will not help; the message is kept and shown."""
    for one in _sent_with(db, id_):
        _step(db, "done_at = ?, error = ?, taken = ?", "sending", "failed", one, now, error, _marks(taken))


def apart(db: Transaction, id_: int, error: str, *, unknown: bool) -> None:
    """Several cannot be sent as one: each is sent by itself. `unknown`: the receiver may have them all the same."""
    changes = "together = NULL, batch = NULL, error = ?, unknown = unknown + ?"
    for one in _sent_with(db, id_):
        _step(db, changes, "sending", "waiting", one, error, int(unknown))


def _step(db: Transaction, changes: str, before: str, after: str, id_: int, *values: object) -> None:
    """Take exactly one row from one state to the next. Raises StoreError where it is not in that state."""
    sql = f"UPDATE outbox SET state = ?, {changes} WHERE id = ? AND state = ?"
    if (touched := db.run(sql, (after, *values, id_, before))) != 1:
        raise StoreError(
            f"message {id_} of the outbox was to go from {before} to {after}, and {touched} rows are there; "
            "something else writes into the store: end it and start again"
        )


def _marks(taken: Collection[str]) -> str | None:
    return json.dumps(sorted(taken)) if taken else None


def hold(db: Transaction, channel: str, until: float, now: float) -> None:
    """Send nothing on a channel before `until`: its pace, or its receiver, asks for that."""
    until = max(until, held_until(db, channel, now))
    db.run(
        """INSERT INTO channel_holds (channel, until) VALUES (?, ?)
        ON CONFLICT (channel) DO UPDATE SET until = excluded.until""",
        (channel, until),
    )


def held_until(store: Rows, channel: str, now: float) -> float:
    """Until when nothing is sent on a channel; 0 where it is not held."""
    rows = store.rows("SELECT until FROM channel_holds WHERE channel = ?", (channel,))
    until: float = rows[0][0] if rows else 0.0
    return until if until <= now + _LONGEST_HOLD else 0.0


def recover(db: Transaction, now: int) -> int:
    """After a start: what was being sent when the process died is sent again, and counted as unknown.

    However often it died: a bound here would lose an alert to a machine that is restarted a few times while a
    channel hangs. What was laid out by a clock that has been set back since is due now.
    """
    db.run(
        "UPDATE outbox SET created_at = ?, next_at = ? WHERE state = 'waiting' AND done_at IS NULL AND created_at > ?",
        (now, now, now),
    )
    return db.run(
        """UPDATE outbox SET state = 'waiting', next_at = ?, unknown = unknown + 1,
        error = 'the program ended while this was being sent' WHERE state = 'sending'""",
        (now,),
    )


def next_due(store: Rows, channel: str, now: float) -> float | None:
    """When the next message on a channel is due, None where nothing waits."""
    rows = store.rows(f"SELECT min(o.next_at) FROM outbox o WHERE {_READY}", (channel,))
    due: int | None = rows[0][0]
    return None if due is None else max(due, held_until(store, channel, now))
