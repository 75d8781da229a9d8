"""Every column of the store is declared, and those in which strangers' words stand are emptied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from keeping import HOUR, NEWS, T0, asks, names, post

from storage import erasing, places
from storage.mention import Kept, SetAside, Unmatched
from storage.sqlite import SqliteStore

CANARY = "canarybird"


def columns(store: SqliteStore) -> set[tuple[str, str]]:
    """All columns that can hold text, or what was made of it: a single number cannot, whatever a stranger sends."""
    tables = [row[0] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        (table, column)
        for table in tables
        if not table.startswith("sqlite_")
        for _, column, kind, *_ in store.rows(f"PRAGMA table_info({table})")
        if kind.upper() not in ("INTEGER", "REAL")
    }


def declared(listed: Mapping[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {(table, column) for table, found in listed.items() for column in found}


def test_every_column_is_declared(store: SqliteStore) -> None:
    lists = (places.WORDS, places.DERIVED, places.IDS, places.OURS)
    all_of_them = set().union(*map(declared, lists))
    assert columns(store) - all_of_them == set(), "decide in storage/places.py what these columns hold"
    assert all_of_them - columns(store) == set(), "these columns are no more"
    assert sum(len(declared(listed)) for listed in lists) == len(all_of_them), "one column, one decision"


def filled(store: SqliteStore) -> None:
    """Something of one author in every place of words, through the way that the daemon writes."""
    said = f"#{CANARY}tag {CANARY}text, so long that whoever says the same has copied it from them"
    who = {"author": f"{CANARY}name", "author_id": f"{CANARY}account", "title": f"{CANARY}title"}
    address = f"https://example.org/{CANARY}"
    aside = SetAside(f"{CANARY}aside", "KeyError", json.dumps({"by": f"{CANARY}account", "text": CANARY}))
    matched = post("1", T0, asks("Acme"), text=said, url=address, **who)
    unmatched = post(
        f"{CANARY}id", T0, text=said, url=address, in_reply_to=f"{CANARY}up", thread=f"{CANARY}thread", **who
    )
    store.commit(Kept(NEWS, [matched], set_aside=[aside], unmatched=[Unmatched(unmatched, True)], at=T0))


def holding(store: SqliteStore, listed: Mapping[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {
        (table, column)
        for table, column in declared(listed)
        if store.rows(f"SELECT 1 FROM {table} WHERE instr({column}, ?) LIMIT 1", (CANARY,))
    }


def test_what_is_declared_as_words_is_filled_by_a_post_and_emptied(store: SqliteStore) -> None:
    filled(store)
    assert holding(store, places.WORDS) == declared(places.WORDS), "a place that this test does not fill"
    assert holding(store, places.OURS) == set(), "a stranger's words stand where only ours should"
    made_of_it = [f"SELECT count(*) FROM {table}" for table in places.DERIVED]
    assert all(store.rows(question)[0][0] for question in made_of_it), "a place that this test does not fill"
    store.commit(Kept(NEWS, [], departed=[f"{CANARY}account"], at=T0 + HOUR))
    assert holding(store, places.WORDS) == set()
    assert not any(store.rows(question)[0][0] for question in made_of_it)
    store.checkpoint()
    for path in store.path.parent.iterdir():
        assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("of_whom", ["deleted", "departed"])
def test_an_id_that_names_its_author_becomes_a_hash(store: SqliteStore, of_whom: str) -> None:
    own = f"at://{CANARY}/post/1"
    store.commit(
        Kept(
            NEWS,
            [
                post(own, T0, names("Acme"), author_id=CANARY, thread=own),
                post("2", T0, names("Acme"), author_id="other", thread=own, in_reply_to=own),
            ],
            at=T0,
        )
    )
    gone = [own] if of_whom == "deleted" else [CANARY]
    assert store.commit(Kept(NEWS, [], at=T0 + HOUR, **{of_whom: gone})).erased == (own,)  # type: ignore[arg-type]
    store.checkpoint()
    assert CANARY.encode() not in Path(store.path).read_bytes()
    assert len({row[0] for row in store.rows("SELECT coalesce(conversation, native_id) FROM posts")}) == 1
    again = store.commit(Kept(NEWS, [post(own, T0, names("Acme"), author_id=CANARY)], at=T0 + HOUR))
    assert again.posts == 0


def test_erasures_are_counted_by_source_and_by_how_they_came(store: SqliteStore) -> None:
    filled(store)
    with store.writing() as db:
        erasing.erase(db, 1, ["1"], [], T0 + 1, "hand")
    store.commit(Kept(NEWS, [], deleted=[f"{CANARY}id", f"{CANARY}aside", "unknown"], at=T0 + 2))
    store.commit(Kept(NEWS, [], deleted=["unknown"], departed=["nobody"], at=T0 + 3))
    assert store.rows("SELECT at, how, posts, others FROM erasures ORDER BY at") == [
        (T0 + 1, "hand", 1, 0),
        (T0 + 2, "network", 0, 2),
    ]
