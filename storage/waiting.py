"""What of the outbox is not sent yet: what waits in a group, what is withheld and why, what an alert was told of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from storage.base import Row, Rows, Transaction

_OPEN = "state = 'waiting' AND done_at IS NULL"
_WAITING = """SELECT id, key, channel, thread, numbers, attempts, next_at, together, withheld, resent_at FROM outbox"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is laid out on a channel and not sent. `tried`: the receiver may have it all the same.

    `asked`: somebody asked for it to be sent, whatever holds it back.
    """

    id: int
    key: str
    channel: str
    thread: str | None
    numbers: Mapping[str, object]
    tried: bool
    due_at: int
    together: str | None
    withheld: str | None
    asked: bool


def untried(store: Rows) -> list[Waiting]:
    """The messages about alerts that were never tried, the oldest first."""
    rows = store.rows(f"{_WAITING} WHERE {_OPEN} AND kind = 'alert' AND attempts = 0 ORDER BY id")
    return [_waiting(row) for row in rows]


def of_thread(store: Rows, thread: str, channel: str) -> list[Waiting]:
    """What waits of one story on a channel, the oldest first."""
    rows = store.rows(
        f"{_WAITING} WHERE {_OPEN} AND thread = ? AND channel = ? ORDER BY id", (thread, channel)
    )
    return [_waiting(row) for row in rows]


def _waiting(row: Row) -> Waiting:
    id_, key, channel, thread, numbers, attempts, next_at, together, withheld, resent_at = row
    return Waiting(
        id_,
        key,
        channel,
        thread,
        json.loads(numbers),
        attempts > 0,
        next_at,
        together,
        withheld,
        resent_at is not None,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a story on a channel. `begun`: something of it left, or may have.

    `open`: something of it waits or is being sent. `at`: when its last message was delivered or given up.
    """

    begun: bool
    open: bool
    at: int | None


def told(store: Rows, thread: str) -> dict[str, Told]:
    """What became of one story, by channel."""
    rows = store.rows(
        f"""SELECT channel, max(CASE WHEN attempts > 0 THEN 1 ELSE 0 END),
        max(CASE WHEN state = 'sending' OR ({_OPEN}) THEN 1 ELSE 0 END),
        max(CASE WHEN state IN ('delivered', 'failed') THEN done_at END)
        FROM outbox WHERE thread = ? AND kind = 'alert' GROUP BY channel ORDER BY min(id)""",
        (thread,),
    )
    return {channel: Told(bool(begun), bool(still), at) for channel, begun, still, at in rows}


def group(store: Rows, channel: str, together: str) -> tuple[int | None, int | None]:
    """When what waits in a group is due, and when the last message of the group was sent; None where there is none."""
    waits = store.rows(
        f"""SELECT min(next_at) FROM outbox WHERE channel = ? AND together = ? AND {_OPEN}
        AND attempts = 0 AND withheld IS NULL""",
        (channel, together),
    )
    sent = store.rows(
        "SELECT max(done_at) FROM outbox WHERE channel = ? AND together = ? AND state = 'delivered'",
        (channel, together),
    )
    return waits[0][0], sent[0][0]


def withhold(db: Transaction, id_: int, why: str) -> None:
    """Do not send a message that was never tried, as long as that holds."""
    db.run(f"UPDATE outbox SET withheld = ? WHERE id = ? AND {_OPEN} AND attempts = 0", (why, id_))


def release(db: Transaction, id_: int, together: str | None, due_at: int) -> None:
    """Send what was withheld, at `due_at` and together with what is due then."""
    db.run(
        f"""UPDATE outbox SET withheld = NULL, together = ?, due_at = ?, next_at = ?
        WHERE id = ? AND {_OPEN} AND withheld IS NOT NULL""",
        (together, due_at, due_at, id_),
    )


def close(db: Transaction, id_: int, why: str, now: int) -> None:
    """Keep a message that was never tried as one that is not sent any more."""
    db.run(
        f"UPDATE outbox SET withheld = ?, done_at = ? WHERE id = ? AND {_OPEN} AND attempts = 0",
        (why, now, id_),
    )
