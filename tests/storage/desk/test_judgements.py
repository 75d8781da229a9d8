"""Answers to "is this about the brand?": one a post and brand, the last one stands."""

from __future__ import annotations

from keeping import NEWS, T0, keep, names, post

from storage.desk import judgements
from storage.desk.judgements import Judgement
from storage.mention import Kept
from storage.sqlite import SqliteStore


def test_the_last_answer_stands(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), names("Bolt")), post("2", T0, names("Bolt"))])
    with store.writing() as db:
        assert judgements.record(db, "Acme", 1, True, "ann", T0)
        assert judgements.record(db, "Bolt", 1, True, None, T0 + 1)
        assert judgements.record(db, "Acme", 2, False, "ann", T0 + 2)
        assert judgements.record(db, "Acme", 1, False, "ben", T0 + 3)
    assert judgements.of_brand(store, "Acme") == [
        Judgement(2, False, T0 + 2, "ann", matched=False),
        Judgement(1, False, T0 + 3, "ben", matched=True),
    ]
    assert judgements.of_brand(store, "Bolt") == [Judgement(1, True, T0 + 1, None, matched=True)]
    assert judgements.of_brand(store, "Nobody") == []


def test_there_is_no_answer_on_what_is_not_there(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))])
    with store.writing() as db:
        assert not judgements.record(db, "Nobody", 1, True, None, T0)
        assert not judgements.record(db, "Acme", 2, True, None, T0)


def test_an_answer_outlives_the_text(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))])
    with store.writing() as db:
        judgements.record(db, "Acme", 1, True, None, T0)
    store.commit(Kept(NEWS, [], deleted=["1"]))
    assert len(judgements.of_brand(store, "Acme")) == 1
