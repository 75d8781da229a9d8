"""What became of the messages of the outbox, for people who ask; and what they ask to be sent again."""

from __future__ import annotations

from dataclasses import dataclass

from storage.base import Row, Rows, Transaction


@dataclass(frozen=True, slots=True)
class Delivery:
    """The state of one message on one channel, for people who ask.

    `withheld`: why it is not sent although it was laid out. `batch`: the key under which it was sent with others.
    """

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
    resent_at: int | None = None
    withheld: str | None = None
    batch: str | None = None


_DELIVERY = """SELECT key, channel, kind, CASE WHEN withheld IS NULL THEN state ELSE 'withheld' END, attempts, unknown,
    created_at, next_at, done_at, error, resent_at, withheld, batch FROM outbox"""


def of_key(store: Rows, key: str) -> list[Delivery]:
    """The state of one message on each of its channels."""
    return [Delivery(*row) for row in store.rows(f"{_DELIVERY} WHERE key = ? ORDER BY id", (key,))]


def newest(store: Rows, limit: int = 100, *, undelivered: bool = False) -> list[Delivery]:
    """The newest messages with their state; with `undelivered` only those that wait, are withheld, or failed."""
    # What was withheld until it was over is no more to be delivered.
    open_ = """WHERE state IN ('waiting', 'sending', 'failed')
        AND NOT (withheld IS NOT NULL AND done_at IS NOT NULL)"""
    where = open_ if undelivered else ""
    return [
        Delivery(*row)
        for row in store.rows(
            f"{_DELIVERY} {where} ORDER BY id DESC LIMIT ?",
            (limit,),
        )
    ]


def given_up(store: Rows, since: int) -> int:
    """How many messages were given up since then, and have not been sent again."""
    rows = store.rows("SELECT count(*) FROM outbox WHERE state = 'failed' AND done_at > ?", (since,))
    return int(rows[0][0])


def resend(
    db: Transaction, now: int, key: str | None = None, channel: str | None = None
) -> list[tuple[str, str]]:
    """Let messages be sent again, under the same key; return (key, channel) of each.

    Without `key` all that were given up. With the key of one that one, whatever became of it, and all that was sent in
    one message with it: what waits is due now, what the receiver has it gets once more, what is withheld is sent. With
    the key of several that were sent as one they are sent where they were not delivered; where they were only if that
    is everywhere. Recipients that have a message which was given up do not get it again.
    """
    found = _to_resend(db, key, channel)
    db.run_many(
        """UPDATE outbox SET state = 'waiting', next_at = ?, resent_at = ?, done_at = NULL, withheld = NULL
        WHERE id = ?""",
        [(now, now, id_) for id_, *_ in found],
    )
    return [(row[1], row[2]) for row in found]


def _to_resend(db: Transaction, key: str | None, channel: str | None) -> list[Row]:
    """What is to be sent again, as (id, key, channel, state), the oldest first."""
    same = "(key = ? OR batch = ? OR batch IN (SELECT b.batch FROM outbox b WHERE b.key = ?))"
    # What is being sent is not begun a second time beside it. What was closed is sent only to who names it.
    which = f"{same} AND state <> 'sending' AND (key = ? OR withheld IS NULL)"
    given: list[object] = [key] * 4
    if key is None:
        which, given = "state = 'failed'", []
    if channel is not None:
        which, given = f"{which} AND channel = ?", [*given, channel]
    rows = db.rows(f"SELECT id, key, channel, state FROM outbox WHERE {which} ORDER BY id", given)
    if any(row[1] == key for row in rows):
        return rows
    return [row for row in rows if row[3] != "delivered"] or rows
