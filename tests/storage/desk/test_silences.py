"""Silences and acknowledgements say who, why and until when; one record a line, and the last word counts."""

from __future__ import annotations

import pytest

from storage.desk import acknowledgements, silences
from storage.desk.silences import Refused
from storage.sqlite import SqliteStore


def test_a_silence_holds_from_when_it_is_said_until_its_end(store: SqliteStore) -> None:
    with store.writing() as db:
        made = silences.add(db, {"brand": ["Acme"]}, 200, by="ann", why="sale", now=100)
    assert (made.matchers, made.since, made.until, made.by, made.why) == (
        {"brand": ("Acme",)},
        100,
        200,
        "ann",
        "sale",
    )
    assert [bool(silences.active(store, now)) for now in (99, 100, 199, 200)] == [False, True, True, False]
    assert silences.one(store, made.id) == made


def test_it_is_ended_once_by_somebody(store: SqliteStore) -> None:
    with store.writing() as db:
        made = silences.add(db, {"rule": ["angry"]}, 200, by="ann", why="sale", now=100)
        ended = silences.end(db, made.id, by="bob", now=150)
    assert (ended.ended_at, ended.ended_by) == (150, "bob")
    assert silences.active(store, 160) == []
    assert silences.every(store) == [ended]
    for number, says in ((made.id, "over already"), (99, "no silence 99")):
        with store.writing() as db, pytest.raises(Refused, match=says):
            silences.end(db, number, by="bob", now=160)


def test_one_that_would_silence_everything_or_nothing_is_refused(store: SqliteStore) -> None:
    with store.writing() as db:
        with pytest.raises(Refused, match="say which alerts"):
            silences.add(db, {}, 200, by="ann", why="sale", now=100)
        with pytest.raises(Refused, match="before it begins"):
            silences.add(db, {"rule": ["angry"]}, 100, by="ann", why="sale", now=100)
    assert silences.every(store) == []


def test_the_last_word_on_an_alert_counts(store: SqliteStore) -> None:
    with store.writing() as db:
        acknowledgements.add(db, "a", by="ann", why=None, now=1, until=50)
        taken = acknowledgements.add(db, "a", by="bob", why="mine", now=2)
        put_off = acknowledgements.add(db, "b", by="ann", why=None, now=3, until=50)
    assert acknowledgements.last(store, ["a", "b", "c"]) == {"a": taken, "b": put_off}
    assert [taken.snoozes(10), put_off.snoozes(49), put_off.snoozes(50)] == [False, True, False]
