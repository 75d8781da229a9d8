"""History matched again: what is handed out, and what is written back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from keeping import DAY, FILE, FORUM, HOUR, NEWS, T0, names, own, post, tone

from storage import queries, rematching
from storage.base import Row
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source, Unmatched
from storage.rematching import Changes, Rematched, SampleShare, Standing
from storage.sqlite import SqliteStore

BY_ROW = Mention("Acme", tone=tone("positive"), by_query=False)
# By definitions that no version has, so that the newest ones count.
LOOKED_FOR = {"Acme": "", "Bolt": ""}


@pytest.fixture
def store(store: SqliteStore) -> SqliteStore:
    versions(store, Brand("Acme"), Brand("Bolt"))
    return store


def versions(store: SqliteStore, *brands: Brand) -> None:
    with store.writing() as db:
        queries.keep_versions(db, brands, T0)


def keep(store: SqliteStore, *posts: KeptPost, source: Source = NEWS, **more: object) -> None:
    store.commit(Kept(source, posts, **more))  # type: ignore[arg-type]


def sampled(store: SqliteStore, *posts: KeptPost, **more: object) -> None:
    keep(store, unmatched=[Unmatched(one, near=False) for one in posts], **more)


def standings(store: SqliteStore) -> dict[str, Standing]:
    return {
        one.post.native_id: one for page in rematching.pages(store, rematching.kept_posts, 0) for one in page
    }


def rematch(store: SqliteStore, **said: Sequence[Mention]) -> Changes:
    """What the queries of today say, by native id of a kept post."""
    now = standings(store)
    with store.writing() as db:
        return rematching.apply(
            db, LOOKED_FOR, [Rematched(now[name], tuple(found)) for name, found in said.items()]
        )


def mentions(store: SqliteStore, columns: str = "m.label, m.live, m.query_id") -> list[Row]:
    return store.rows(
        f"""SELECT p.native_id, b.name, {columns} FROM mentions m JOIN posts p ON p.id = m.post_id
        JOIN brands b ON b.id = m.brand_id ORDER BY p.id, b.name"""
    )


def turns(store: SqliteStore) -> list[Row]:
    return store.rows(
        """SELECT p.native_id, b.name, t.role FROM turns t JOIN posts p ON p.id = t.post_id
        JOIN brands b ON b.id = t.brand_id ORDER BY p.id, b.name"""
    )


# What is handed out


def test_a_post_is_handed_out_as_it_was_committed(store: SqliteStore) -> None:
    told = {"title": "t", "author": "ann", "author_id": "a1", "followers": 7, "url": "u", "language": "en"}
    asked = Mention("Bolt", tone=tone(None), addressed=True)
    one = post("1", T0, names("Acme"), asked, text="words", in_reply_to="0", thread="T", dated=False, **told)
    keep(store, one, source=FORUM, live=False)
    (found,) = rematching.kept_posts(store, T0)
    assert (found.id, found.source, found.live) == (1, FORUM, False)
    assert replace(found.post, mentions=()) == replace(one, mentions=())
    assert sorted(found.post.mentions, key=lambda m: m.brand) == [names("Acme"), asked]


def test_own_posts_robots_and_those_addressed_are_told_apart(store: SqliteStore) -> None:
    keep(store, post("1", T0, own("Acme")), post("2", T0, own("Acme", automatic=True)))
    keep(store, post("3", T0, in_reply_to="1"))
    assert [one.post.mentions for one in rematching.kept_posts(store, 0)] == [
        (own("Acme"),),
        (own("Acme", automatic=True),),
        (Mention("Acme", matched=False, addressed=True),),
    ]


def test_pages_begin_after_a_number_and_leave_out_what_is_older_or_erased(store: SqliteStore) -> None:
    keep(store, *[post(str(n), T0 + n % 3, names("Acme")) for n in range(9)], deleted=["4"])
    found = list(rematching.pages(store, rematching.kept_posts, T0 + 1, 2))
    assert [[one.post.native_id for one in page] for page in found] == [["1", "2"], ["5", "7"], ["8"]]


def test_no_page_sorts_the_store(store: SqliteStore) -> None:
    plans: list[str] = []

    class Watched:
        def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
            plans.extend(row[3] for row in store.rows("EXPLAIN QUERY PLAN " + sql, parameters))
            return store.rows(sql, parameters)

    keep(store, post("1", T0, names("Acme")))
    sampled(store, post("2", T0))
    assert len(rematching.kept_posts(Watched(), T0)) == len(rematching.unmatched_posts(Watched(), T0)) == 1
    assert "SEARCH p USING INTEGER PRIMARY KEY (rowid>?)" in plans
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN m") for step in plans), plans


def test_the_sample_is_handed_out_alike(store: SqliteStore) -> None:
    one = post("1", T0 - 5, text="words", author="ann", followers=3, thread="T")
    sampled(store, one, post("old", T0 - DAY), at=T0, source=FORUM)
    (found,) = rematching.unmatched_posts(store, T0 - HOUR)
    assert (found.source, found.live, found.post) == (FORUM, False, replace(one, fetched_at=T0))
    assert rematching.unmatched_posts(store, 0, after=found.id, limit=1)[0].post.native_id == "old"


# What is written back


def test_what_matches_no_more_goes_and_what_matches_now_comes_as_history(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme", "positive")), post("2", T0 + HOUR, names("Acme", "negative")))
    versions(store, Brand("Acme", query="a"), Brand("Bolt", query="b"))
    done = rematch(
        store, **{"1": [names("Bolt", "negative")], "2": [Mention("Acme"), names("Bolt", "neutral")]}
    )
    assert (dict(done.added), dict(done.removed)) == ({"Bolt": 2}, {"Acme": 1})
    assert mentions(store) == [
        ("1", "Bolt", -1, 0, 4),
        # It keeps its tone, and counts for the rules as it did.
        ("2", "Acme", -1, 1, 3),
        ("2", "Bolt", 0, 0, 4),
    ]
    assert mentions(store, "m.p_negative")[1] == ("2", "Acme", 0.8)


def test_matching_twice_changes_nothing(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme")))
    assert rematch(store, **{"1": [names("Bolt")]}).added == {"Bolt": 1}
    done = rematch(store, **{"1": [names("Bolt")]})
    assert (dict(done.added), dict(done.removed)) == ({}, {})


def test_mentions_bear_the_version_that_found_them_not_one_that_came_after_it(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme")), post("2", T0, names("Bolt")))
    sampled(store, post("3", T0))
    versions(store, Brand("Acme", query="a"))
    versions(store, Brand("Acme", query="b"))

    def apply(definition: str) -> list[Row]:
        kept = [Rematched(one, (Mention("Acme"),)) for one in standings(store).values()]
        strangers = [Rematched(one, (Mention("Acme"),)) for one in rematching.unmatched_posts(store, 0)]
        with store.writing() as db:
            rematching.apply(db, {"Acme": definition}, kept, strangers)
        return [row for row in mentions(store, "m.query_id") if row[1] == "Acme"]

    # It stays, it is new, it comes out of the sample.
    assert apply(Brand("Acme", query="a").definition) == [
        ("1", "Acme", 3),
        ("2", "Acme", 3),
        ("3", "Acme", 3),
    ]
    assert apply(Brand("Acme").definition) == [("1", "Acme", 1), ("2", "Acme", 1), ("3", "Acme", 1)]


def test_what_a_post_is_to_a_brand_that_is_not_looked_for_is_left_alone(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme"), names("Bolt")), post("2", T0, own("Bolt")))
    keep(store, post("3", T0, in_reply_to="2"))
    versions(store, Brand("Bolt", query="b"))
    before = mentions(store)[1], turns(store)
    for _ in range(2):
        found = [Rematched(one, ()) for one in standings(store).values()]
        with store.writing() as db:
            done = rematching.apply(db, {"Acme": ""}, found)
        assert dict(done.removed).get("Bolt") is None
        assert ([before[0]], before[1]) == (mentions(store), turns(store))


def test_rows_that_were_imported_under_the_name_of_a_live_source_are_imported(store: SqliteStore) -> None:
    keep(store, post("live", T0, names("Acme")))
    rows = [post("1", T0, BY_ROW), post("2", T0, own("Acme")), post("3", T0, names("Acme"))]
    keep(store, *rows, source=Source("news", "import"))
    assert [[m.by_query for m in one.post.mentions] for one in standings(store).values()] == [
        [True],
        [False],
        [False],
        [True],
    ]
    with store.writing() as db:
        db.run("INSERT INTO facts (name, value) VALUES ('last_without_version', '9')")
    assert not standings(store)["1"].post.mentions[0].by_query
    rematch(store, **{"live": [], "1": [], "2": [], "3": []})
    assert mentions(store, "1") == [("1", "Acme", 1)]
    assert turns(store) == [("2", "Acme", 1)]


def test_a_post_that_names_nobody_any_more_stays_and_can_come_back(store: SqliteStore) -> None:
    keep(store, post("1", T0, Mention("Acme", addressed=True)))
    rematch(store, **{"1": []})
    assert (mentions(store), turns(store)) == ([], [])
    rematch(store, **{"1": [names("Acme")]})
    assert mentions(store, "1") == [("1", "Acme", 1)]


def test_what_an_imported_row_said_no_query_takes_away(store: SqliteStore) -> None:
    rows = [
        post("1", T0, BY_ROW),
        post("2", T0, names("Acme")),
        post("3", T0, own("Acme")),
        post("4", T0, replace(BY_ROW, addressed=True)),
    ]
    keep(store, *rows, source=FILE)
    versions(store, Brand("Acme", query="a"))
    done = rematch(store, **{"1": [], "2": [], "3": [], "4": [Mention("Acme")]})
    assert dict(done.removed) == {"Acme": 1}
    assert mentions(store) == [("1", "Acme", 1, 1, None), ("4", "Acme", 1, 1, None)]
    assert turns(store) == [("3", "Acme", 1), ("4", "Acme", 0)]


def test_what_was_kept_before_there_were_versions_was_found_by_a_query_unless_imported(
    store: SqliteStore,
) -> None:
    old = Mention("Acme", tone=tone("neutral"), by_query=False)
    keep(store, post("1", T0, old))
    keep(store, post("2", T0, old), source=FILE)
    with store.writing() as db:
        db.run("INSERT INTO facts (name, value) VALUES ('last_without_version', '2')")
    keep(store, post("3", T0, old))
    by_query = {name: one.post.mentions[0].by_query for name, one in standings(store).items()}
    assert by_query == {"1": True, "2": False, "3": False}
    rematch(store, **{"1": [Mention("Acme")], "2": [], "3": []})
    assert mentions(store, "m.query_id") == [("1", "Acme", 1), ("2", "Acme", None), ("3", "Acme", None)]


def test_whom_a_reply_answers_does_not_depend_on_queries(store: SqliteStore) -> None:
    keep(
        store,
        post("own", T0, own("Acme", automatic=True)),
        post("reply", T0, names("Bolt"), in_reply_to="own"),
    )
    rematch(store, reply=[])
    assert turns(store) == [("own", "Acme", 2), ("reply", "Acme", 0)]
    rematch(store, own=[Mention("Acme", matched=True, own=True), names("Bolt")])
    assert turns(store) == [("own", "Acme", 2), ("reply", "Acme", 0)]
    assert mentions(store, "1") == [("own", "Bolt", 1)]


def test_a_new_handle_makes_a_post_the_brands_own_and_its_replies_addressed(store: SqliteStore) -> None:
    keep(store, post("reply", T0 + 2 * HOUR, names("Bolt"), in_reply_to="1"), post("1", T0, names("Acme")))
    done = rematch(store, **{"1": [Mention("Acme", own=True)]})
    assert turns(store) == [("reply", "Acme", 0), ("1", "Acme", 1)]
    assert mentions(store, "1") == [("reply", "Bolt", 1)]
    assert dict(done.removed) == {"Acme": 1}


def test_what_was_edited_or_erased_meanwhile_is_left_alone(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme")), post("2", T0, names("Acme")))
    sampled(store, *[post(n, T0) for n in ("3", "4", "5")])
    read = [*standings(store).values()]
    strangers = rematching.unmatched_posts(store, 0)
    keep(
        store, edits=[post("1", T0, names("Acme"), text="new"), post("3", T0, text="new")], deleted=["2", "4"]
    )
    with store.writing() as db:
        done = rematching.apply(
            db,
            LOOKED_FOR,
            [Rematched(one, (names("Bolt"),)) for one in read],
            [Rematched(one, (names("Bolt"),)) for one in strangers],
        )
    assert dict(done.added) == {"Bolt": 1}
    assert mentions(store, "1") == [("1", "Acme", 1), ("2", "Acme", 1), ("5", "Bolt", 1)]


def test_a_stranger_that_matches_now_is_kept_as_history(store: SqliteStore) -> None:
    sampled(store, post("1", T0, text="words", author_id="a1"), post("2", T0), post("3", T0), at=T0 + 5)
    found = {one.post.native_id: one for one in rematching.unmatched_posts(store, 0)}
    keep(store, post("3", T0, names("Acme")))
    with store.writing() as db:
        done = rematching.apply(
            db,
            LOOKED_FOR,
            [],
            [Rematched(found["1"], (names("Acme"),)), Rematched(found["2"], ()), Rematched(found["3"], ())],
        )
    assert (done.posts, dict(done.added)) == (1, {"Acme": 1})
    columns = "native_id, text, live, published_at, fetched_at, author_id"
    assert store.rows(f"SELECT {columns} FROM posts WHERE native_id = '1'") == [
        ("1", "words", 0, T0, T0 + 5, "a1")
    ]
    assert mentions(store, "m.live, m.query_id")[-1] == ("1", "Acme", 0, 1)
    assert store.rows("SELECT native_id FROM unmatched") == [("2",)]
    assert store.rows("SELECT sampled, items FROM sources") == [(1, 2)]


# How complete it is


def test_a_sample_that_holds_all_is_complete_and_what_is_gone_makes_it_less(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    small = SqliteStore(tmp_path_factory.mktemp("s") / "a.db", unmatched=4)
    sampled(small, *[post(str(n), T0) for n in range(4)], at=T0)
    sampled(small, post("1", T0), at=T0, source=FORUM)
    keep(small, post("3", T0, names("Acme")), source=Source("quiet", "feeds"))
    assert [(one.source, one.share) for one in rematching.sample_shares(small, T0)] == [
        ("forum", 1.0),
        ("news", 1.0),
    ]
    # One that is a mention now was never missed.
    keep(small, post("0", T0, names("Acme")))
    sampled(small, *[post(str(n), T0) for n in range(10, 17)], at=T0 + HOUR)
    found = rematching.sample_shares(small, T0)[1]
    assert (found.sampled, found.unsampled, found.share) == (4, 6, 0.4)
    # After a week nothing of it is left, and that is told.
    keep(small, at=T0 + 9 * DAY)
    assert [one.share for one in rematching.sample_shares(small, T0)] == [0.0, 0.0]
    assert rematching.sample_shares(small, T0 + 2 * HOUR) == []
    small.close()


def test_before_anything_was_counted_nothing_is_complete(store: SqliteStore) -> None:
    keep(store, heard=Heard(T0 - 9 * DAY, T0 - DAY))
    keep(store, heard=Heard(T0, T0 + DAY), source=FORUM)
    keep(store, heard=Heard(T0 - 9 * DAY, T0 - DAY), source=FILE)
    keep(store, heard=Heard(T0 - 9 * DAY, T0 + DAY), source=Source("both", "feeds"))
    assert rematching.sample_shares(store, T0 - 2 * DAY) == [], (
        "a new store has counted from its first day on"
    )
    with store.writing() as db:
        db.run("INSERT INTO facts (name, value) VALUES ('last_without_version', '2')")
    found = rematching.sample_shares(store, T0 - 2 * DAY)
    assert found == [SampleShare(name, 0, 0, uncounted=True) for name in ("both", "news")]
    assert found[0].share == 0
    assert rematching.sample_shares(store, T0) == []
    assert [share.source for share in rematching.sample_shares(store, T0 - DAY)] == ["both"]
