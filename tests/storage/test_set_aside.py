"""The quarantine: listed without texts, read again in pages, emptied item by item."""

from __future__ import annotations

import json

import pytest
from keeping import FORUM, NEWS, T0

from storage import quarantine
from storage.mention import Kept, SetAside
from storage.sqlite import SqliteStore


def fill(store: SqliteStore) -> None:
    broken = json.dumps({"text": "private words"})[:20]
    deep = "[" * 100_000
    asides = [SetAside("1", "KeyError\nfeeds.py:9", '{"a": "private words"}'), SetAside(None, "E", broken)]
    store.commit(Kept(NEWS, [], set_aside=asides, at=T0))
    store.commit(Kept(FORUM, [], set_aside=[SetAside("3", "E", deep), SetAside("4", "E", "[]")], at=T0 + 1))


def test_items_are_listed_with_their_cause_and_without_their_text(store: SqliteStore) -> None:
    fill(store)
    found = quarantine.items(store)
    first = found[0]
    assert (first.id, first.source, first.kind, first.native_id, first.at) == (1, "news", "feeds", "1", T0)
    assert first.cause == "KeyError\nfeeds.py:9"
    assert "private" not in repr(found)
    assert [item.whole for item in found] == [True, False, False, True]
    assert [item.id for item in quarantine.items(store, "forum")] == [3, 4]


def test_items_are_read_in_pages(store: SqliteStore) -> None:
    fill(store)
    assert [item.id for item in quarantine.load(store, limit=3)] == [1, 2, 3]
    (last,) = quarantine.load(store, after=3, limit=3)
    assert (last.item, last.whole) == ("[]", True)
    assert [item.id for item in quarantine.load(store, "news", after=1)] == [2]


def test_many_items_are_all_listed(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [], set_aside=[SetAside(str(n), "E", str(n)) for n in range(450)]))
    assert [item.native_id for item in quarantine.items(store)] == [str(n) for n in range(450)]


def test_what_there_is_no_room_for_is_counted_and_what_is_there_already_is_not(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_SET_ASIDE", 2)

    def set_aside(*items: str, at: int = T0) -> int:
        asides = [SetAside(None, "E", item) for item in items]
        return store.commit(Kept(NEWS, [], set_aside=asides, at=at, cut=1)).set_aside

    assert [set_aside("1"), set_aside("1", "1"), set_aside("2", "3", "4"), set_aside("2", "3")] == [
        1,
        0,
        1,
        0,
    ]
    # One each that the page itself had cut.
    assert store.rows("SELECT cut FROM source_hours") == [(4 + 3,)]
    assert len(quarantine.items(store)) == 2


def test_what_could_be_read_is_taken_out(store: SqliteStore) -> None:
    fill(store)
    with store.writing() as db:
        assert quarantine.remove(db, [1, 4, 99]) == 2
    assert [item.id for item in quarantine.items(store)] == [2, 3]
