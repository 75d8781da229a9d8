"""A changed query applied to what is kept: what is found, what is taken back, what is told, what stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import tone

from listener.collectors.post import Page, Post
from listener.imports.history import Importer, Wish
from listener.pipeline import Pipeline
from listener.rematching import Outcome, rematch
from sentiment.tone import Text, Tone
from storage import queries, rematching
from storage.mention import Brand, Heard, Kept, Mention, Source
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
SINCE = NOW - 86_400
SOURCE = Source("hackernews", "hackernews")


class Counting:
    """An engine that counts how many texts it was given."""

    name = "counting-1"

    def __init__(self) -> None:
        self.judged = 0

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.judged += len(texts)
        return [tone("positive") for _ in texts]


@pytest.fixture
def engine() -> Counting:
    return Counting()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    yield opened
    opened.close()


def hear(store: SqliteStore, engine: Counting, brands: Sequence[Brand], *posts: Post, at: int = NOW) -> None:
    with store.writing() as db:
        queries.keep_versions(db, brands, at)
    page = Page(posts, {"at": at}, Heard(SINCE, at))
    store.commit(Pipeline(brands, engine).keep(page, SOURCE, at))


def post(native_id: str, text: str, **more: object) -> Post:
    return Post(native_id, text, NOW - 3_600, **more)  # type: ignore[arg-type]


def again(store: SqliteStore, engine: Counting, brands: Sequence[Brand], since: int = SINCE) -> Outcome:
    return rematch(store, Pipeline(brands, engine), brands, since, NOW + 60)


def mentioned(store: SqliteStore) -> list[tuple[str, str]]:
    return store.rows(  # type: ignore[return-value]
        """SELECT b.name, p.native_id FROM mentions m JOIN brands b ON b.id = m.brand_id
        JOIN posts p ON p.id = m.post_id ORDER BY 1, 2"""
    )


OLD = Brand("Acme", own=True, query="acme")
NEW = Brand("Acme", own=True, query="(acme OR anvil) NOT street")


def test_what_matches_now_is_added_and_what_does_not_is_taken_back(
    store: SqliteStore, engine: Counting
) -> None:
    hear(
        store, engine, [OLD], post("1", "acme"), post("2", "acme street"), post("3", "anvil"), post("4", "x")
    )
    assert mentioned(store) == [("Acme", "1"), ("Acme", "2")]
    done = again(store, engine, [NEW])
    assert mentioned(store) == [("Acme", "1"), ("Acme", "3")]
    assert (dict(done.added), dict(done.removed), done.looked_at) == ({"Acme": 1}, {"Acme": 1}, 4)


def test_doing_it_again_changes_nothing_and_judges_nothing(store: SqliteStore, engine: Counting) -> None:
    hear(store, engine, [OLD], post("1", "acme"), post("3", "anvil"))
    again(store, engine, [NEW])
    judged = engine.judged
    assert judged == 2
    done = again(store, engine, [NEW])
    assert (dict(done.added), dict(done.removed), engine.judged) == ({}, {}, judged)


def test_each_mention_bears_the_version_that_finds_it_now(store: SqliteStore, engine: Counting) -> None:
    hear(store, engine, [OLD], post("1", "acme"), post("3", "anvil"))
    again(store, engine, [NEW])
    versions = store.rows("SELECT DISTINCT query_id FROM mentions")
    assert versions == store.rows("SELECT max(id) FROM query_versions")


def test_what_an_import_said_stays(store: SqliteStore, engine: Counting) -> None:
    pipeline = Pipeline([OLD], engine)
    named = pipeline.name_as(post("1", "nothing of it"), Source("shop", "import"), NOW, "Acme")
    store.commit(Kept(Source("shop", "import"), pipeline.judge([named]), live=False))
    again(store, engine, [NEW, Brand("Nothing")])
    assert mentioned(store) == [("Acme", "1")]


def test_what_an_import_said_gets_its_story_where_it_was_kept_before_there_were_any(
    store: SqliteStore, engine: Counting
) -> None:
    shop, pipeline = Source("shop", "import"), Pipeline([OLD], engine)
    words = "one and the same long sentence about a kettle that leaks"
    named = [pipeline.name_as(post(n, words), shop, NOW, "Acme") for n in "12"]
    store.commit(Kept(shop, pipeline.judge(named), live=False))
    with store.writing() as db:
        for table in ("fingerprints", "story_members", "rollup_stories"):
            db.run(f"DELETE FROM {table}")
    again(store, engine, [OLD])
    assert store.rows("SELECT post_id, story_id FROM story_members") == [(1, 1), (2, 1)]


def test_older_posts_are_left_alone(store: SqliteStore, engine: Counting) -> None:
    hear(store, engine, [OLD], Post("1", "acme street", SINCE - 1))
    again(store, engine, [NEW])
    assert mentioned(store) == [("Acme", "1")]


def test_new_mentions_of_history_are_not_live(store: SqliteStore, engine: Counting) -> None:
    hear(store, engine, [OLD], post("3", "anvil"))
    again(store, engine, [NEW])
    assert store.rows("SELECT live FROM mentions") == [(0,)]


def test_the_break_moves_where_nothing_is_lacking(store: SqliteStore, engine: Counting) -> None:
    hear(store, engine, [OLD], post("1", "acme"), at=NOW - 7_200)
    hear(store, engine, [NEW], post("2", "acme"), at=NOW)

    def breaks() -> list[int]:
        return [change.at for change in queries.changes(store, ["Acme"], SINCE - 60, NOW + 60)]

    assert breaks() == [NOW]
    done = again(store, engine, [NEW])
    assert done.incomplete == []
    assert breaks() == [SINCE]


def test_the_break_stays_where_the_sample_holds_only_a_part(tmp_path: Path, engine: Counting) -> None:
    store = SqliteStore(tmp_path / "small.db", unmatched=1)
    hear(store, engine, [OLD], post("0", "acme"), at=NOW - 7_200)
    hear(store, engine, [NEW], *(post(str(n), "other") for n in range(1, 6)), at=NOW)
    done = again(store, engine, [NEW])
    assert [(share.source, round(share.share, 1)) for share in done.incomplete] == [("hackernews", 0.2)]
    assert [change.at for change in queries.changes(store, ["Acme"], SINCE - 60, NOW + 60)] == [NOW]
    store.close()


def turns(store: SqliteStore) -> list[tuple[str, str, int]]:
    return store.rows(  # type: ignore[return-value]
        """SELECT b.name, p.native_id, t.role FROM turns t JOIN brands b ON b.id = t.brand_id
        JOIN posts p ON p.id = t.post_id ORDER BY 1, 2"""
    )


@pytest.mark.parametrize("page", [1, 500])
@pytest.mark.parametrize("reply_first", [True, False])
def test_a_handle_that_is_taken_away_leaves_no_reply_addressed_and_doing_it_again_changes_nothing(
    store: SqliteStore, engine: Counting, monkeypatch: pytest.MonkeyPatch, reply_first: bool, page: int
) -> None:
    monkeypatch.setattr(rematching.pages, "__defaults__", (page,))
    with_handle = Brand("Acme", own=True, handles={"hackernews": "acme"})
    heard = [post("1", "we launch", author="acme"), post("2", "nice, acme", author="x", in_reply_to="1")]
    for one in reversed(heard) if reply_first else heard:
        hear(store, engine, [with_handle], one)
    assert turns(store) == [("Acme", "1", 1), ("Acme", "2", 0)]
    for _ in range(2):
        done = again(store, engine, [Brand("Acme", own=True)])
        assert (turns(store), mentioned(store), done.looked_at) == ([], [("Acme", "2")], 2)
        assert (dict(done.added), dict(done.removed)) == ({}, {})
    for _ in range(2):
        again(store, engine, [with_handle])
        assert turns(store) == [("Acme", "1", 1), ("Acme", "2", 0)]


def test_brands_that_are_not_configured_any_more_are_left_alone(store: SqliteStore, engine: Counting) -> None:
    hear(store, engine, [OLD, Brand("Bolt")], post("1", "acme street and bolt"), post("2", "bolt"))
    done = again(store, engine, [NEW])
    assert mentioned(store) == [("Bolt", "1"), ("Bolt", "2")]
    assert dict(done.removed) == {"Acme": 1}


def test_what_is_heard_by_the_old_query_after_rematching_bears_its_version(
    store: SqliteStore, engine: Counting
) -> None:
    hear(store, engine, [OLD], post("1", "acme"))
    again(store, engine, [NEW])
    # A daemon that has not been started again.
    store.commit(Pipeline([OLD], engine).keep(Page([post("2", "acme street")], None), SOURCE, NOW))
    versions = (
        "SELECT q.definition FROM mentions m JOIN query_versions q ON q.id = m.query_id ORDER BY m.post_id"
    )
    assert store.rows(versions) == [(NEW.definition,), (OLD.definition,)]


def test_what_is_matched_again_bears_the_version_that_matched_it(
    store: SqliteStore, engine: Counting
) -> None:
    hear(store, engine, [OLD], post("1", "acme"))
    # Another program has a newer query.
    rematch(store, Pipeline([OLD], engine), [NEW], SINCE, NOW)
    definitions = "SELECT q.definition FROM mentions m JOIN query_versions q ON q.id = m.query_id"
    assert store.rows(definitions) == [(OLD.definition,)]


def test_rows_that_name_no_brand_bear_the_version_that_the_import_found_them_by(
    store: SqliteStore, engine: Counting
) -> None:
    hear(store, engine, [OLD])
    hear(store, engine, [NEW])
    importer = Importer([OLD], Pipeline([OLD], engine), store.commit, None, NOW)
    importer.run(
        [(1, {"id": "1", "text": "acme", "created_at": "2026-01-02"})], Wish("shop", {}, ZoneInfo("UTC"))
    )
    definitions = "SELECT q.definition FROM mentions m JOIN query_versions q ON q.id = m.query_id"
    assert store.rows(definitions) == [(OLD.definition,)]


def test_rows_imported_under_the_name_of_a_live_source_stay_as_they_said(
    store: SqliteStore, engine: Counting
) -> None:
    hear(store, engine, [OLD], post("1", "acme"))
    pipeline = Pipeline([OLD], engine)
    named = pipeline.name_as(post("2", "nothing of it"), SOURCE, NOW, "Acme")
    sorry = pipeline.name_as(post("3", "sorry, acme helps"), SOURCE, NOW, "Acme")
    sorry = replace(sorry, mentions=(Mention("Acme", matched=False, own=True),))
    rows = pipeline.judge([named, sorry])
    store.commit(Kept(Source(SOURCE.name, "import"), rows, live=False))
    before = mentioned(store), turns(store)
    again(store, engine, [NEW])
    assert (
        (mentioned(store), turns(store))
        == before
        == (
            [("Acme", "1"), ("Acme", "2")],
            [("Acme", "3", 1)],
        )
    )
