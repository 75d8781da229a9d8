"""What a monitor asks of the store: the same as counting one by one, and of what is open alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pages import BRANDS, HACKERNEWS, page, post

from storage import alerting, ledger, outbox, vitals
from storage.alerting import AlertState
from storage.base import Row
from storage.mention import Gap, Source
from storage.sqlite import SqliteStore
from storage.vitals import Lost, Outbox

NOW = 1_790_000_000
OTHER = Source("town", "feeds")


def test_what_is_not_delivered_is_told_by_channel_and_state(store: SqliteStore) -> None:
    with store.writing() as db:
        for key, channel in (("done", "slack"), ("old", "slack"), ("lost", "slack"), ("goes", "email")):
            outbox.put(db, [channel], key, "alert", {}, [], NOW - 900)
        db.run("UPDATE outbox SET state = 'delivered', done_at = ? WHERE key = 'done'", (NOW,))
        db.run("UPDATE outbox SET state = 'failed', done_at = ? WHERE key = 'old'", (NOW - 600,))
        db.run("UPDATE outbox SET state = 'failed', done_at = ? WHERE key = 'lost'", (NOW - 500,))
        db.run("UPDATE outbox SET state = 'sending' WHERE key = 'goes'")
        outbox.put(db, ["email"], "again", "alert", {}, [], NOW - 990)
        db.run("UPDATE outbox SET resent_at = ? WHERE key = 'again'", (NOW - 10,))
        outbox.put(db, ["email"], "later", "alert", {}, [], NOW - 995, together="g", due_at=NOW + 60)
        outbox.put(db, ["sms"], "hushed", "alert", {}, [], NOW - 800)
        outbox.put(db, ["sms"], "closed", "alert", {}, [], NOW - 700)
        db.run("UPDATE outbox SET withheld = 'a silence' WHERE channel = 'sms'")
        db.run("UPDATE outbox SET done_at = ? WHERE key = 'closed'", (NOW,))
    assert vitals.outbox(store, NOW - 600) == {
        "slack": Outbox({"failed": 1}, None),
        "email": Outbox({"waiting": 3}, NOW - 900),
        "sms": Outbox({"withheld": 1}, None),
    }


def test_mentions_are_those_that_are_kept(store: SqliteStore) -> None:
    store.register(BRANDS, [HACKERNEWS, OTHER])
    year = 366 * 86_400
    store.commit(page([post("a", NOW - year, brands=["Acme", "Bolt"]), post("b", NOW)], None))
    store.commit(page([post("a", NOW - 7, label=None, brands=["Bolt"])], None, source=OTHER))
    counted = dict(
        store.rows("SELECT b.name, count(*) FROM mentions m JOIN brands b ON b.id = brand_id GROUP BY 1")
    )
    assert vitals.mentions(store) == ({"hackernews": 3, "town": 1}, {"Acme": 2, "Bolt": 2})
    assert vitals.mentions(store)[1] == counted


def test_what_is_lost_is_summed_by_source(store: SqliteStore) -> None:
    store.register(BRANDS, [HACKERNEWS, OTHER])
    for since in (NOW - 900, NOW - 500):
        store.commit(replace(page([], (NOW - 1000, NOW)), gap=Gap(since, since + 30, "a restart")))
    assert vitals.lost(store) == {"hackernews": Lost(2, 60)}


def test_what_fires_and_what_was_written(store: SqliteStore) -> None:
    with store.writing() as db:
        for subject, phase in (("one", "firing"), ("two", "firing"), ("three", "quiet"), ("four", "pending")):
            alerting.step(db, None, AlertState("story", "Acme", phase, NOW, NOW, NOW, NOW, subject))  # type: ignore[arg-type]
        ledger.add_digest(db, "digest-1", 0, 7, NOW - 9)
        ledger.add_digest(db, "digest-2", 7, 14, NOW - 2)
        ledger.add_digest(db, "digest-board-1", 0, 7, NOW - 5, letter="board")
    assert vitals.firing(store) == [vitals.Firing("story", "Acme", "warning", 2)]
    assert vitals.letters(store) == {"": NOW - 2, "board": NOW - 5}


class Planned:
    """Rows that note the plan of each statement instead of running it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.steps: list[str] = []

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        self.steps += [row[3] for row in self._store.rows("EXPLAIN QUERY PLAN " + sql, parameters)]
        return []


def test_nothing_that_grows_with_what_is_heard_is_looked_through(store: SqliteStore) -> None:
    planned = Planned(store)
    vitals.mentions(planned)
    # Of the roll-ups the months alone: there are twenty times as many days.
    assert any(step.startswith("SEARCH rollups USING PRIMARY KEY (unit=?)") for step in planned.steps)
    vitals.outbox(planned, NOW)
    vitals.lost(planned)
    vitals.firing(planned)
    vitals.letters(planned)
    scans = {step.split()[1] for step in planned.steps if step.startswith("SCAN")}
    assert not scans & {"mentions", "posts", "rollups", "outbox", "alert_events", "e"}, planned.steps
