"""No question about the outbox, and no change of it, looks at every message that was ever told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from sqlite3 import OperationalError

import pytest

from storage import alerting, deliveries, outbox, vitals, waiting
from storage.alerting import AlertState
from storage.base import Row, Transaction
from storage.sqlite import SqliteStore

# The names under which the statements of the outbox speak of it.
_TABLE = re.compile(r"^(SCAN|SEARCH) (outbox|[oerb])\b")


class Watched:
    """A transaction that notes the plan of each statement before it runs it."""

    def __init__(self, db: Transaction) -> None:
        self._db = db
        self.plans: list[str] = []

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        self._note(sql, parameters)
        return self._db.rows(sql, parameters)

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        self._note(sql, parameters)
        return self._db.run(sql, parameters)

    def run_many(self, sql: str, parameters: Sequence[Sequence[object]]) -> None:
        for one in parameters:
            self.run(sql, one)

    def _note(self, sql: str, parameters: Sequence[object]) -> None:
        self.plans.extend(row[3] for row in self._db.rows("EXPLAIN QUERY PLAN " + sql, parameters))


def _all_of_it(db: Transaction) -> None:
    """Many delivered messages, and some of each other kind."""
    for n in range(100):
        key = f"old{n}"
        outbox.put(db, ["slack"], key, "alert", {"kind": "fired"}, (), n, thread=key, together="g")
    db.run("UPDATE outbox SET state = 'delivered', attempts = 1, done_at = created_at, batch = key")
    for key in ("waits", "fails", "hangs", "hangs2", "hangs3", "silenced"):
        outbox.put(db, ["slack"], key, "alert", {"kind": "fired"}, (), 2000, thread=key, together="g")
    db.run("UPDATE outbox SET state = 'failed', done_at = 2000 WHERE key = 'fails'")
    db.run("UPDATE outbox SET state = 'sending', batch = key WHERE key LIKE 'hangs%'")
    db.run("UPDATE outbox SET withheld = 'a silence' WHERE key = 'silenced'")
    alerting.step(db, None, AlertState("r", "Acme", "firing", 1, 1, 1, 1, "", "old3"))


def _id_of(db: Transaction, key: str) -> int:
    return int(db.rows("SELECT id FROM outbox WHERE key = ?", (key,))[0][0])


_WORK: tuple[Callable[[Transaction], object], ...] = (
    lambda db: outbox.next_due(db, "slack", 3000),
    lambda db: outbox.claim(db, "slack", 3000),
    lambda db: outbox.still_firing(db, "slack"),
    lambda db: outbox.delivered(db, _id_of(db, "hangs"), 3000, "place"),
    lambda db: outbox.put_off(db, _id_of(db, "hangs2"), 3000, "no answer", unknown=True),
    lambda db: outbox.give_up(db, _id_of(db, "hangs3"), 3000, "no"),
    lambda db: deliveries.resend(db, 3000, "fails"),
    lambda db: deliveries.resend(db, 3000, "b", "slack"),
    lambda db: deliveries.resend(db, 3000),
    lambda db: deliveries.of_key(db, "fails"),
    lambda db: deliveries.newest(db, undelivered=True),
    lambda db: deliveries.given_up(db, 1000),
    lambda db: vitals.outbox(db, 1000),
    waiting.untried,
    lambda db: waiting.of_thread(db, "waits", "slack"),
    lambda db: waiting.told(db, "waits"),
    lambda db: waiting.group(db, "slack", "g"),
    lambda db: waiting.withhold(db, _id_of(db, "waits"), "a silence"),
    lambda db: outbox.recover(db, 3000),
)


def test_the_outbox_is_never_looked_through(store: SqliteStore) -> None:
    with store.writing() as db:
        _all_of_it(db)
        for number, work in enumerate(_WORK):
            watched = Watched(db)
            work(watched)
            steps = [step for step in watched.plans if _TABLE.search(step)]
            assert steps, number
            for step in steps:
                assert not step.startswith("SCAN"), (number, step)


def test_what_fires_still_is_looked_for_from_what_fires(store: SqliteStore) -> None:
    with store.writing() as db:
        _all_of_it(db)
        watched = Watched(db)
        assert [row.key for row in outbox.still_firing(watched, "slack")] == []
    # Not from what was delivered, which is nearly everything.
    assert not any("outbox_states" in step for step in watched.plans), watched.plans


def test_the_newest_messages_are_read_from_the_end(store: SqliteStore) -> None:
    with store.writing() as db:
        watched = Watched(db)
        deliveries.newest(watched, 50)
    assert watched.plans == ["SCAN outbox"], "by its number, backwards, and no further than asked for"


def test_what_is_withheld_is_not_among_what_is_looked_through_for_what_is_due(store: SqliteStore) -> None:
    due = "SELECT id FROM outbox INDEXED BY outbox_open WHERE channel = ? AND state = 'waiting'"
    assert store.rows(f"{due} AND withheld IS NULL", ("slack",)) == []
    # An index that holds what is withheld too would serve this.
    with pytest.raises(OperationalError, match="no query solution"):
        store.rows(due, ("slack",))
