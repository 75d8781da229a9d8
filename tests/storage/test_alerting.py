"""What rules remember."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from storage import alerting, deliveries, outbox
from storage.alerting import AlertEvent, AlertState
from storage.sqlite import SqliteStore

STATE = AlertState("angry", "Acme", "pending", 10, 11, 12, 0)
EVENT = AlertEvent("key-1", "angry", "Acme", "fired", 20, 0, 20, {"value": 0.5, "left_out": []}, (3, 1))


def test_a_state_is_remembered_and_replaced(store: SqliteStore) -> None:
    assert alerting.states(store) == {}
    with store.writing() as db:
        assert alerting.step(db, None, STATE)
        assert alerting.step(db, None, replace(STATE, brand="Bolt", phase="quiet"))
        assert alerting.step(db, STATE, replace(STATE, phase="firing", since=20, fired_at=20))
    assert alerting.states(store) == {
        ("angry", "Acme", ""): AlertState("angry", "Acme", "firing", 20, 11, 12, 20),
        ("angry", "Bolt", ""): AlertState("angry", "Bolt", "quiet", 10, 11, 12, 0),
    }


@pytest.mark.parametrize(
    "seen",
    [
        None,
        replace(STATE, phase="quiet"),
        replace(STATE, since=9),
        replace(STATE, enough_at=9),
        replace(STATE, told_until=9),
        replace(STATE, fired_at=9),
        replace(STATE, brand="Bolt"),
        replace(STATE, rule="calm"),
    ],
)
def test_a_step_from_what_is_no_longer_so_changes_nothing(
    store: SqliteStore, seen: AlertState | None
) -> None:
    with store.writing() as db:
        assert alerting.step(db, None, STATE)
        assert not alerting.step(db, seen, replace(seen or STATE, phase="firing", since=20, fired_at=20))
    assert alerting.states(store) == {("angry", "Acme", ""): STATE}


def test_what_follows_is_told_under_what_fired_last(store: SqliteStore) -> None:
    with store.writing() as db:
        for key, kind, brand in (("1", "fired", "Acme"), ("2", "resolved", "Acme"), ("3", "fired", "Bolt")):
            alerting.add_event(db, replace(EVENT, key=key, kind=kind, brand=brand))  # type: ignore[arg-type]


def test_the_same_event_is_never_kept_twice_nor_half(store: SqliteStore) -> None:
    with store.writing() as db:
        alerting.add_event(db, EVENT)
    with pytest.raises(sqlite3.IntegrityError), store.writing() as db:
        alerting.step(db, None, STATE)
        outbox.put(db, ["console"], "key-1", "alert", {}, (), 20)
        alerting.add_event(db, replace(EVENT, at=30))
    assert alerting.events(store) == [EVENT]
    assert alerting.states(store) == {}
    assert deliveries.newest(store) == []


def test_events_come_newest_first(store: SqliteStore) -> None:
    with store.writing() as db:
        for number in range(5):
            alerting.add_event(db, replace(EVENT, key=str(number), at=number))
    assert [event.key for event in alerting.events(store, limit=2)] == ["4", "3"]
    assert [event.key for event in alerting.events(store, since=3)] == ["4", "3"]


def test_rules_that_are_configured_no_more_are_forgotten(store: SqliteStore) -> None:
    firing = replace(STATE, rule="gone", phase="firing")
    with store.writing() as db:
        for state in (STATE, firing, replace(STATE, rule="gone", brand="Bolt")):
            alerting.step(db, None, state)
        assert alerting.forget_missing(db, [("angry", "Acme")], 0) == [firing]
    assert list(alerting.states(store)) == [("angry", "Acme", "")]
