"""A query tried: what it finds, what its clauses cost, how often people say that it is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pages import tone

from listener.collectors.post import Page, Post
from listener.pipeline import Pipeline
from listener.trying import Trial, to_judge, trial
from sentiment.tone import Text, Tone
from storage import queries
from storage.desk import judgements
from storage.mention import Brand, Kept, Source
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
SINCE = NOW - 86_400
SOURCE = Source("hackernews", "hackernews")
ACME = Brand("Acme", own=True, query="acme NOT street NOT job*", handles={"hackernews": "acme_hq"})


class Engine:
    name = "fixed-1"

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        return [tone("neutral") for _ in texts]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    with opened.writing() as db:
        queries.keep_versions(db, [ACME], NOW)
    posts = [
        Post("1", "the acme kettle", NOW - 60),
        Post("2", "Acme Street", NOW - 50),
        Post("3", "jobs in acme street", NOW - 40),
        Post("4", "other", NOW - 30),
        Post("5", "acme says so itself", NOW - 20, author="acme_hq"),
        Post("6", "acme again", NOW - 10),
        Post("7", "acme of old", SINCE - 1),
    ]
    opened.commit(Pipeline([ACME], Engine()).keep(Page(posts, {"at": NOW}), SOURCE, NOW))
    yield opened
    opened.close()


def of(query: str) -> Brand:
    return Brand("Acme", own=True, query=query, handles=ACME.handles)


def ids(found: Trial) -> list[str]:
    return [example.standing.post.native_id for example in found.matched.newest]


def test_it_finds_mentions_newest_first_and_says_where_their_words_stand(store: SqliteStore) -> None:
    found = trial(store, ACME, SINCE, 5)
    assert (found.kept, found.sampled, found.matched.count, ids(found)) == (3, 3, 2, ["6", "1"])
    kettle = found.matched.newest[1]
    assert [kettle.standing.post.text[s.start : s.end] for s in kettle.explanation.spans] == ["acme"]
    assert (found.gained.count, found.lost.count) == (0, 0)


def test_only_so_many_examples_are_kept_and_all_are_counted(store: SqliteStore) -> None:
    found = trial(store, ACME, SINCE, 1)
    assert (found.matched.count, ids(found)) == (2, ["6"])


def test_each_clause_tells_what_it_takes_away(store: SqliteStore) -> None:
    clauses = trial(store, ACME, SINCE, 5).clauses
    assert {name: (posts.count, posts.shared) for name, posts in clauses.items()} == {
        "NOT street": (2, 1),
        "NOT job*": (1, 1),
    }
    assert [e.id for e in clauses["NOT street"].newest] == [None, None]


def test_another_query_is_compared_with_what_counts_now(store: SqliteStore) -> None:
    found = trial(store, of("acme NOT kettle"), SINCE, 5)
    assert [e.standing.post.native_id for e in found.gained.newest] == ["3", "2"]
    assert [e.standing.post.native_id for e in found.lost.newest] == ["1"]


def test_imports_show_what_the_query_would_miss(store: SqliteStore) -> None:
    pipeline, shop = Pipeline([ACME], Engine()), Source("shop", "import")
    rows = [Post("a", "my acme", NOW - 5), Post("b", "your kettle", NOW - 5)]
    named = [pipeline.name_as(row, shop, NOW, "Acme") for row in rows]
    store.commit(Kept(shop, pipeline.judge(named), live=False))
    found = trial(store, ACME, SINCE, 5)
    assert (found.named, found.named_found) == (2, 1)
    assert (found.gained.count, found.lost.count) == (0, 0)


def judge(store: SqliteStore, native_id: str, relevant: bool) -> None:
    ((number,),) = store.rows("SELECT id FROM posts WHERE native_id = ?", (native_id,))
    with store.writing() as db:
        assert judgements.record(db, "Acme", number, relevant, "ana", NOW)


def test_precision_is_of_judged_posts_that_the_query_finds(store: SqliteStore) -> None:
    assert trial(store, ACME, SINCE, 0).precision.share is None
    judge(store, "1", False)
    judge(store, "6", True)
    found = trial(store, ACME, SINCE, 0).precision
    assert (found.share, found.judged) == (0.5, 2)
    low, high = found.interval
    assert 0 < low < 0.5 < high < 1
    assert trial(store, of("acme NOT kettle"), SINCE, 0).precision.share == 1.0


def test_only_open_mentions_by_the_query_are_asked_about(store: SqliteStore) -> None:
    judge(store, "6", True)
    asked = to_judge(store, ACME, SINCE)
    assert [example.standing.post.native_id for example in asked] == ["1"]
