"""Counters over time: a row when one has changed, for posts that are kept."""

from __future__ import annotations

from keeping import FORUM, NEWS, T0, names, post

from storage.mention import Kept, Reading
from storage.sqlite import SqliteStore


def read(store: SqliteStore, *readings: Reading) -> list[tuple[object, ...]]:
    store.commit(Kept(NEWS, [], readings=readings))
    return rows(store)


def rows(store: SqliteStore) -> list[tuple[object, ...]]:
    return store.rows(
        """SELECT p.native_id, r.counter, r.at, r.value FROM readings r JOIN posts p ON p.id = r.post_id
        ORDER BY p.id, r.counter, r.at"""
    )


def test_a_counter_is_written_where_it_changed(store: SqliteStore) -> None:
    store.commit(
        Kept(NEWS, [post("1", T0, names("Acme"))], readings=[Reading("1", T0, {"likes": 1, "views": 5})])
    )
    assert rows(store) == [("1", "likes", T0, 1), ("1", "views", T0, 5)]
    found = read(store, Reading("1", T0 + 9, {"likes": 1, "views": 6}), Reading("1", T0 + 10, {"views": 6}))
    assert found == [("1", "likes", T0, 1), ("1", "views", T0, 5), ("1", "views", T0 + 9, 6)]
    # Back to an earlier value is a change too.
    assert read(store, Reading("1", T0 + 20, {"views": 5}))[-1] == ("1", "views", T0 + 20, 5)


def test_a_reading_that_comes_late_or_twice_is_left_out(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme"))]))
    read(store, Reading("1", T0 + 9, {"likes": 4}))
    assert read(store, Reading("1", T0, {"likes": 1}), Reading("1", T0 + 9, {"likes": 5})) == [
        ("1", "likes", T0 + 9, 4)
    ]


def test_readings_of_what_is_not_kept_and_impossible_ones_are_left_out(store: SqliteStore) -> None:
    store.commit(Kept(FORUM, [post("1", T0, names("Acme"))]))
    store.commit(Kept(NEWS, [post("2", T0, names("Acme")), post("3", T0)]))
    readings = [Reading(native_id, T0, {"likes": 1, "views": 2**63}) for native_id in "123"]
    assert read(store, *readings) == [("2", "likes", T0, 1)]
