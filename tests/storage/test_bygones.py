"""What was told long ago goes; what waits, what fires and what a rule told last stays, whatever its age."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from storage import alerting, bygones, deliveries, outbox
from storage.alerting import AlertEvent, AlertState, EventKind
from storage.base import Row, Transaction
from storage.desk import acknowledgements, silences
from storage.sqlite import SqliteStore

OLD, LIMIT, NOW = 100, 1000, 2000


def story(
    db: Transaction, episode: str, at: int = OLD, kind: EventKind = "fired", *, done: bool = True
) -> str:
    """An event and its message on Slack, which is delivered at that time, or waits."""
    key = episode if kind == "fired" else f"{episode}-{kind}"
    event = AlertEvent(key, "r", "Acme", kind, at, 0, at, {}, (), "", "warning", episode)
    alerting.add_event(db, event)
    outbox.put(db, ["slack"], key, "alert", {"kind": kind}, (), at, thread=episode)
    if done:
        row = outbox.claim(db, "slack", at)
        assert row is not None
        outbox.delivered(db, row.id, at, "C1 7.5")
    return key


def keys(store: SqliteStore) -> list[str]:
    return sorted(row.key for row in deliveries.newest(store))


def events(store: SqliteStore) -> list[str]:
    return sorted(event.key for event in alerting.events(store))


def drop(store: SqliteStore, most: int = 500) -> int:
    with store.writing() as db:
        return bygones.drop(db, LIMIT, most)


def test_what_is_over_goes_with_all_that_was_said_about_it(store: SqliteStore) -> None:
    with store.writing() as db:
        for at, episode in ((OLD, "old"), (LIMIT, "young")):
            story(db, episode, at)
            story(db, episode, at, "resolved")
            acknowledgements.add(db, episode, by="ada", why=None, now=at)
    assert drop(store) == 4
    assert keys(store) == events(store) == ["young", "young-resolved"]
    assert store.rows("SELECT thread FROM receipts") == [("young",)]
    assert store.rows("SELECT episode FROM acknowledgements") == [("young",)]
    assert drop(store) == 0


@pytest.mark.parametrize("phase", ["firing", "quiet"])
def test_what_a_rule_stands_in_or_stood_in_last_stays(store: SqliteStore, phase: str) -> None:
    state = AlertState("r", "Acme", phase, OLD, OLD, OLD, OLD, "", "last")  # type: ignore[arg-type]
    with store.writing() as db:
        story(db, "before")
        story(db, "last")
        acknowledgements.add(db, "last", by="ada", why=None, now=OLD)
        alerting.step(db, None, state)
    drop(store)
    assert keys(store) == events(store) == ["last"]
    assert alerting.states(store) == {("r", "Acme", ""): state}
    assert len(acknowledgements.last(store, ["last"])) == 1
    assert store.rows("SELECT thread FROM receipts") == [("last",)]


def test_what_fires_stays_although_nobody_was_told(store: SqliteStore) -> None:
    with store.writing() as db:
        for episode in ("last", "before"):
            alerting.add_event(
                db, AlertEvent(episode, "r", "Acme", "fired", OLD, 0, OLD, {}, (), "", "warning", episode)
            )
        alerting.step(db, None, AlertState("r", "Acme", "firing", OLD, OLD, OLD, OLD, "", "last"))
    assert drop(store) == 1
    assert events(store) == ["last"]


def test_a_place_is_known_as_long_as_a_message_of_its_story(store: SqliteStore) -> None:
    with store.writing() as db:
        story(db, "a")
        story(db, "a", NOW, "resolved")
    assert drop(store) == 1
    assert keys(store) == ["a-resolved"]
    assert events(store) == ["a", "a-resolved"], "the beginning goes with the end"
    assert store.rows("SELECT thread FROM receipts") == [("a",)]


def test_what_waits_stays_and_the_rest_of_its_story_too(store: SqliteStore) -> None:
    with store.writing() as db:
        story(db, "a")
        story(db, "sending")
        story(db, "a", OLD, "resolved", done=False)
        story(db, "sending", OLD, "resolved", done=False)
        db.run("UPDATE outbox SET state = 'sending' WHERE key = 'sending-resolved'")
        outbox.put(db, ["gone"], "letter", "digest", {}, (), OLD)
        story(db, "silenced", OLD, done=False)
        db.run("UPDATE outbox SET withheld = 'a silence' WHERE key = 'silenced'")
    assert drop(store) == 0
    assert len(keys(store)) == 6


def test_what_failed_or_was_closed_untold_goes_too(store: SqliteStore) -> None:
    with store.writing() as db:
        story(db, "closed", done=False)
        db.run("UPDATE outbox SET withheld = 'over', done_at = ?", (OLD,))
        outbox.put(db, ["slack"], "letter", "digest", {}, (), OLD)
        row = outbox.claim(db, "slack", OLD)
        assert row is not None
        outbox.give_up(db, row.id, OLD, "no")
    assert drop(store) == 3
    assert keys(store) == events(store) == []


def test_silences_that_are_over_for_so_long(store: SqliteStore) -> None:
    with store.writing() as db:
        for until in (OLD + 1, LIMIT, NOW):
            silences.add(db, {"rule": ["r"]}, until, by="ada", why="", now=OLD)
        for ended in (LIMIT - 1, LIMIT):
            long = silences.add(db, {"rule": ["r"]}, NOW, by="ada", why="", now=OLD)
            silences.end(db, long.id, by="ada", now=ended)
    drop(store)
    assert [(one.until, one.ended_at) for one in silences.every(store)] == [
        (NOW, LIMIT),
        (NOW, None),
        (LIMIT, None),
    ]


def test_a_page_at_a_time_and_never_by_a_look_at_all(store: SqliteStore) -> None:
    plans: list[str] = []
    with store.writing() as db:
        for n in range(5):
            story(db, str(n))
            story(db, f"young {n}", NOW)

        class Watched:
            memory = db.memory
            hashed = db.hashed
            write_down = db.write_down
            rows = db.rows
            run_many = db.run_many

            def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
                plans.extend(row[3] for row in db.rows("EXPLAIN QUERY PLAN " + sql, parameters))
                return db.run(sql, parameters)

        plan: list[Row] = db.rows(f"EXPLAIN QUERY PLAN {bygones._MESSAGES}", (LIMIT, 2))
        plans.extend(row[3] for row in plan)
        assert bygones.drop(Watched(), LIMIT, 2) == 4, "two messages with their events"
    assert "SEARCH o USING INDEX outbox_states (state=? AND done_at<?)" in plans
    assert "SEARCH e USING INDEX alert_events_at (at<?)" in plans
    scanned = {step for step in plans if step.startswith("SCAN") and "json_each" not in step}
    assert scanned <= {"SCAN alert_states", "SCAN acknowledgements", "SCAN silences"}
    while drop(store, 2):
        pass
    assert keys(store) == events(store) == [f"young {n}" for n in range(5)]
