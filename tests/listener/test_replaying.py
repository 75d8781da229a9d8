"""Items that were set aside, read again: what can be read is kept once, what cannot stays, nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pages import tone

from listener.pipeline import Pipeline
from listener.replaying import Replayed, replay
from sentiment.tone import Text, Tone
from storage import quarantine, queries
from storage.mention import Brand, Kept, SetAside, Source
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
BRAND = Brand("Acme")
SOURCE = Source("hackernews", "hackernews", 600)


class Engine:
    name = "fixed-1"

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        return [tone("neutral") for _ in texts]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    with opened.writing() as db:
        queries.keep_versions(db, [BRAND], NOW)
    yield opened
    opened.close()


def set_aside(store: SqliteStore, *items: str, source: Source = SOURCE) -> None:
    aside = [SetAside(None, "KeyError", item) for item in items]
    store.commit(Kept(source, (), set_aside=aside, at=NOW))


def hit(number: int, text: str = "acme", **more: object) -> str:
    return json.dumps({"objectID": str(number), "comment_text": text, "created_at_i": NOW - 60, **more})


def again(store: SqliteStore, source: str | None = None) -> Replayed:
    return replay(store, Pipeline([BRAND], Engine()), [BRAND], source, NOW)


def test_what_can_be_read_is_kept_as_history_and_leaves(store: SqliteStore) -> None:
    set_aside(store, hit(1), hit(2, "other"), hit(3, author=7))
    assert again(store) == Replayed(3, 2, 1)
    assert store.rows("SELECT native_id, live FROM posts") == [("1", 0)]
    assert [item.native_id for item in quarantine.items(store)] == [None]
    assert again(store) == Replayed(1, 0, 0)


def test_what_is_kept_already_is_not_kept_twice(store: SqliteStore) -> None:
    set_aside(store, hit(1), hit(1, points=3))
    assert again(store) == Replayed(2, 2, 1)
    set_aside(store, hit(1, points=4))
    assert again(store) == Replayed(1, 1, 0)


def test_more_than_a_page_of_several_sources_is_gone_through(store: SqliteStore) -> None:
    other = Source("other", "hackernews")
    set_aside(store, *(hit(number) for number in range(250)))
    set_aside(store, *(hit(number) for number in range(250)), source=other)
    assert again(store, "other") == Replayed(250, 250, 250)
    assert again(store) == Replayed(250, 250, 250)
    assert store.rows("SELECT count(*) FROM quarantine") == [(0,)]


def test_what_is_cut_or_of_an_unknown_kind_stays(store: SqliteStore) -> None:
    set_aside(store, hit(1)[:-5])
    set_aside(store, hit(2), source=Source("old", "gone"))
    assert again(store) == Replayed(0, 0, 0)
    assert len(quarantine.items(store)) == 2


def test_what_it_keeps_bears_the_query_of_today(tmp_path: Path) -> None:
    fresh = SqliteStore(tmp_path / "fresh.db")
    set_aside(fresh, hit(1))
    again(fresh)
    assert fresh.rows("SELECT query_id IS NULL FROM mentions") == [(0,)]
    fresh.close()


def test_the_lateness_of_its_source_stays(store: SqliteStore) -> None:
    set_aside(store, hit(1))
    again(store)
    assert store.rows("SELECT lateness FROM sources") == [(600,)]
