"""What happened on a day: kept in the order of days, about one brand or all, and taken back by its number."""

from __future__ import annotations

from datetime import date

from storage.desk import annotations as notes
from storage.desk.annotations import Annotation
from storage.sqlite import SqliteStore

FIRST, SECOND, THIRD = date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)


def test_they_come_in_the_order_of_their_days(store: SqliteStore) -> None:
    with store.writing() as db:
        late = notes.add(db, THIRD, "price rise", brand="Acme", by="ann", now=50)
        early = notes.add(db, FIRST, "outage", brand=None, by=None, now=60)
    expected = [
        Annotation(early, FIRST, "outage", None, 60, None),
        Annotation(late, THIRD, "price rise", "Acme", 50, "ann"),
    ]
    assert notes.all_annotations(store) == expected
    assert notes.between(store, FIRST, THIRD) == expected
    assert notes.between(store, SECOND, THIRD) == expected[1:]
    assert notes.between(store, FIRST, SECOND) == expected[:1]
    assert notes.concern(expected, "Acme") == expected
    assert notes.concern(expected, "Bolt") == expected[:1]


def test_a_brand_that_was_never_heard_of_can_be_annotated(store: SqliteStore) -> None:
    for day in (FIRST, SECOND):
        with store.writing() as db:
            notes.add(db, day, "founded", brand="Newcomer", by=None, now=1)
    assert [one.brand for one in notes.all_annotations(store)] == ["Newcomer", "Newcomer"]


def test_one_is_taken_back_once(store: SqliteStore) -> None:
    with store.writing() as db:
        number = notes.add(db, FIRST, "outage", brand=None, by=None, now=1)
    with store.writing() as db:
        assert notes.remove(db, number)
        assert not notes.remove(db, number)
    assert notes.all_annotations(store) == []
