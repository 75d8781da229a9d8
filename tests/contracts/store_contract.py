"""What every store keeps to, whatever it is made of: run over each one by a subclass that gives it `open_store`.

class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, tmp_path): ...
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from sentiment.tone import Tone
from storage.base import Store
from storage.mention import (
    Brand,
    Gap,
    Heard,
    Kept,
    KeptPost,
    Mention,
    Reading,
    SetAside,
    Source,
    Traffic,
    Unmatched,
)

HOUR = 3600
NOON = 1_700_049_600
NEWS = Source("news", "feeds", lateness=600)
FORUM = Source("forum", "hackernews")
ACME = Mention("Acme", tone=Tone("positive", 0.1, 0.2, 0.7, "contract-1"))
BOLT = Mention("Bolt", tone=Tone("negative", 0.7, 0.2, 0.1, "contract-1"))
ACME_WROTE = Mention("Acme", matched=False, own=True)

COUNTS = {
    table: f"SELECT count(*) FROM {table}"
    for table in ("posts", "mentions", "turns", "coverage", "quarantine", "sources", "brands")
}


def a_post(native_id: str, *mentions: Mention, at: int = NOON, **more: object) -> KeptPost:
    return KeptPost(native_id, f"text of {native_id}", at, at, mentions=mentions, **more)  # type: ignore[arg-type]


def counts(store: Store) -> dict[str, int]:
    return {table: store.rows(sql)[0][0] for table, sql in COUNTS.items()}


def turns(store: Store) -> set[tuple[str, str, int]]:
    """(native id, brand, role) of all turns."""
    return {
        (row[0], row[1], row[2])
        for row in store.rows(
            "SELECT p.native_id, b.name, t.role FROM turns t JOIN posts p ON p.id = t.post_id "
            "JOIN brands b ON b.id = t.brand_id"
        )
    }


class StoreContract:
    """Subclasses give a fixture `store`, empty at first, and `reopen`, which closes and opens it again."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def reopen(self) -> Callable[[], Store]:
        raise NotImplementedError

    def test_cursor_is_none_before_the_first_page(self, store: Store) -> None:
        assert store.cursor("news") is None
        store.register([], [NEWS])
        assert store.cursor("news") is None

    def test_page_cursor_and_coverage_are_kept_together(
        self, store: Store, reopen: Callable[[], Store]
    ) -> None:
        aside = SetAside("9", "ValueError", "{}")
        page = Kept(NEWS, [a_post("1", ACME)], {"page": 1}, Heard(NOON - HOUR, NOON + 1), True, [aside])
        committed = store.commit(page)
        again = reopen()
        assert (committed.posts, committed.mentions) == (1, 1)
        assert again.cursor("news") == {"page": 1}
        assert counts(again) == {
            "posts": 1, "mentions": 1, "turns": 0, "coverage": 1, "quarantine": 1, "sources": 1, "brands": 1,
        }  # fmt: skip
        assert again.rows("SELECT since, until FROM coverage") == [(NOON - HOUR, NOON + 1)]

    def test_a_page_without_a_cursor_leaves_the_last_one(self, store: Store) -> None:
        store.commit(Kept(NEWS, [], {"page": 1}))
        store.commit(Kept(NEWS, [a_post("1", ACME)], None))
        assert store.cursor("news") == {"page": 1}

    def test_cursors_of_sources_are_their_own(self, store: Store) -> None:
        store.commit(Kept(NEWS, [], {"page": 1}))
        store.commit(Kept(FORUM, [], {"id": "ü"}))
        assert (store.cursor("news"), store.cursor("forum")) == ({"page": 1}, {"id": "ü"})

    @pytest.mark.parametrize("broken", ["post", "cursor", "coverage", "set_aside", "edit", "sample"])
    def test_an_error_in_a_commit_leaves_nothing(self, store: Store, broken: str) -> None:
        store.commit(Kept(NEWS, [a_post("1", ACME)], {"page": 1}, Heard(NOON, NOON + 1)))
        before = counts(store)
        posts = [a_post("2", ACME), a_post("3", BOLT)]
        good = Kept(NEWS, posts, {"page": 2}, Heard(NOON, NOON + 9))
        bad = {
            "post": replace(good, posts=[*posts, a_post("4", ACME, ACME)]),
            "cursor": replace(good, cursor={"page": object()}),
            "coverage": replace(good, heard=Heard(NOON + 9, NOON)),
            "set_aside": replace(good, set_aside=[SetAside("5", "E", None)]),  # type: ignore[arg-type]
            "edit": replace(good, edits=[replace(a_post("1", ACME, ACME), text="new")]),
            "sample": replace(good, unmatched=[Unmatched(replace(a_post("5"), text=None), False)]),  # type: ignore[arg-type]
        }[broken]
        with pytest.raises(Exception, match=r".+"):
            store.commit(bad)
        assert counts(store) == before
        assert store.cursor("news") == {"page": 1}
        assert store.rows("SELECT since, until FROM coverage") == [(NOON, NOON + 1)]
        assert store.commit(good).posts == 2

    def test_an_error_in_the_callers_transaction_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(RuntimeError, match="told to"), store.writing() as db:
            db.run("INSERT INTO brands (name) VALUES ('Acme')")
            raise RuntimeError("told to")
        assert counts(store)["brands"] == 0

    def test_the_same_page_twice_is_kept_once(self, store: Store) -> None:
        page = Kept(NEWS, [a_post(str(n), ACME) for n in range(50)], {"page": 1})
        assert store.commit(page).posts == 50
        second = store.commit(page)
        assert (second.posts, second.mentions, second.touched) == (0, 0, frozenset())
        assert counts(store)["mentions"] == 50

    def test_a_shuffled_page_adds_nothing(self, store: Store) -> None:
        posts = [a_post(str(n), ACME, BOLT) for n in range(50)]
        store.commit(Kept(NEWS, posts))
        random.Random(1).shuffle(posts)
        assert store.commit(Kept(NEWS, [*posts, a_post("new", BOLT)])).posts == 1
        assert (counts(store)["posts"], counts(store)["mentions"]) == (51, 101)

    def test_of_doubles_in_a_page_the_first_wins(self, store: Store) -> None:
        store.commit(Kept(NEWS, [a_post("1", ACME), replace(a_post("1", BOLT), text="second")]))
        assert store.rows("SELECT text FROM posts") == [("text of 1",)]
        assert store.rows("SELECT b.name FROM mentions m JOIN brands b ON b.id = m.brand_id") == [("Acme",)]

    def test_what_is_kept_is_not_changed_by_a_later_double(self, store: Store) -> None:
        store.commit(Kept(NEWS, [a_post("1", ACME)]))
        store.commit(Kept(NEWS, [replace(a_post("1", BOLT), text="second")]))
        assert store.rows("SELECT text FROM posts") == [("text of 1",)]

    def test_the_same_id_in_two_sources_is_two_posts(self, store: Store) -> None:
        store.commit(Kept(NEWS, [a_post("1", ACME)]))
        assert store.commit(Kept(FORUM, [a_post("1", ACME)])).posts == 1

    def test_touched_are_the_brands_and_hours_of_new_mentions(self, store: Store) -> None:
        posts = [
            a_post("1", ACME, BOLT, at=NOON),
            a_post("2", ACME, at=NOON + HOUR - 1),
            a_post("3", ACME, at=NOON + HOUR),
            a_post("4", ACME_WROTE, at=NOON + 5 * HOUR),
        ]
        hour = NOON // HOUR
        expected = {("Acme", hour), ("Bolt", hour), ("Acme", hour + 1), ("Acme", hour + 5)}
        assert store.commit(Kept(NEWS, posts)).touched == expected

    def test_a_post_may_name_several_brands(self, store: Store) -> None:
        assert store.commit(Kept(NEWS, [a_post("1", ACME, BOLT)])).mentions == 2
        assert store.rows("SELECT count(*), sum(label) FROM mentions") == [(2, 0)]

    def test_a_brands_own_post_is_no_mention_of_it_but_of_others(self, store: Store) -> None:
        wrote = Mention("Acme", matched=True, own=True, addressed=True)
        assert store.commit(Kept(NEWS, [a_post("1", wrote, BOLT)])).mentions == 1
        assert store.rows("SELECT b.name FROM mentions m JOIN brands b ON b.id = m.brand_id") == [("Bolt",)]
        assert turns(store) == {("1", "Acme", 1)}

    def test_turns_are_who_addressed_answered_or_was_a_robot(self, store: Store) -> None:
        robot = Mention("Acme", matched=False, own=True, automatic=True)
        asked = replace(ACME, addressed=True)
        posts = [a_post("q", asked), a_post("r", robot), a_post("a", ACME_WROTE), a_post("m", ACME)]
        store.commit(Kept(NEWS, posts))
        assert turns(store) == {("q", "Acme", 0), ("r", "Acme", 2), ("a", "Acme", 1)}

    def test_a_post_that_concerns_no_brand_is_dropped(self, store: Store) -> None:
        strangers = [a_post("1"), a_post("2", in_reply_to="unknown"), a_post("3", in_reply_to="1")]
        assert store.commit(Kept(NEWS, strangers)).posts == 0
        assert counts(store)["posts"] == 0

    def test_an_edit_replaces_words_and_mentions_and_a_deletion_wipes_them(self, store: Store) -> None:
        store.commit(Kept(NEWS, [a_post("1", ACME), a_post("2", ACME)]))
        edit = replace(a_post("1", BOLT), text="new", published_at=NOON + 5 * HOUR)
        done = store.commit(Kept(NEWS, [], edits=[edit], deleted=["2", "unknown"], at=NOON + HOUR))
        assert done.touched == {("Acme", NOON // HOUR), ("Bolt", NOON // HOUR)}
        assert (done.posts, done.erased) == (0, ("2",))
        sql = "SELECT native_id, text, published_at, edited_at, erased_at FROM posts ORDER BY native_id"
        assert store.rows(sql) == [("1", "new", NOON, NOON + HOUR, None), ("2", "", NOON, None, NOON + HOUR)]
        brands = "SELECT b.name FROM mentions m JOIN brands b ON b.id = m.brand_id ORDER BY m.post_id"
        assert store.rows(brands) == [("Bolt",), ("Acme",)]
        assert store.commit(Kept(NEWS, [a_post("2", ACME)], edits=[a_post("2", ACME)])).posts == 0
        assert store.rows(sql)[1][1] == ""

    def test_a_closed_account_leaves_no_text(self, store: Store) -> None:
        page = [
            a_post("1", ACME, author_id="a"),
            a_post("2", ACME, author_id="a"),
            a_post("3", ACME, author_id="b"),
        ]
        store.commit(Kept(NEWS, page, unmatched=[Unmatched(a_post("4", author_id="a"), near=True)]))
        assert set(store.commit(Kept(NEWS, [], departed=["a"])).erased) == {"1", "2"}
        assert store.rows("SELECT native_id FROM posts WHERE text <> ''") == [("3",)]
        assert store.rows("SELECT count(*) FROM unmatched") == [(0,)]
        assert counts(store)["mentions"] == 3

    def test_counters_hours_and_gaps_are_kept_with_their_page(
        self, store: Store, reopen: Callable[[], Store]
    ) -> None:
        readings = [Reading("1", NOON + n, {"likes": likes}) for n, likes in enumerate((1, 1, 2))]
        page = Kept(NEWS, [a_post("1", ACME)], heard=Heard(NOON, NOON + 100), at=NOON, readings=readings,
                    traffic=Traffic(3, 2, 1), items=9, cut=4, gap=Gap(NOON + 10, NOON + 20, "lost"))  # fmt: skip
        assert store.commit(page).kept == ("1",)
        again = reopen()
        assert again.rows("SELECT value FROM readings ORDER BY at") == [(1,), (2,)]
        hours = "SELECT hour, requests, answers, errors, items, cut FROM source_hours"
        assert again.rows(hours) == [(NOON // HOUR, 3, 2, 1, 9, 4)]
        assert again.rows("SELECT since, until, reason FROM gaps") == [(NOON + 10, NOON + 20, "lost")]
        stretches = again.rows("SELECT since, until FROM coverage ORDER BY since")
        assert stretches == [(NOON, NOON + 10), (NOON + 20, NOON + 100)]

    def test_strangers_are_sampled_until_they_are_kept(self, store: Store) -> None:
        strangers = [Unmatched(a_post(str(n)), near=False) for n in range(3)]
        assert store.commit(Kept(NEWS, [], unmatched=strangers, at=NOON)).posts == 0
        store.commit(Kept(NEWS, [a_post("1", ACME)], unmatched=strangers, at=NOON))
        assert store.rows("SELECT native_id FROM unmatched ORDER BY 1") == [("0",), ("2",)]

    @pytest.mark.parametrize("parent_first", [True, False])
    def test_a_reply_to_an_own_post_is_kept_in_either_order_of_a_page(
        self, store: Store, parent_first: bool
    ) -> None:
        pair = [a_post("post", ACME_WROTE), a_post("reply", in_reply_to="post")]
        committed = store.commit(Kept(NEWS, pair if parent_first else pair[::-1]))
        assert (committed.posts, committed.mentions) == (2, 0)
        assert turns(store) == {("post", "Acme", 1), ("reply", "Acme", 0)}

    def test_a_reply_to_an_own_post_is_kept_when_it_comes_later(self, store: Store) -> None:
        store.commit(Kept(NEWS, [a_post("post", ACME_WROTE)]))
        store.commit(Kept(NEWS, [a_post("reply", in_reply_to="post"), a_post("other", in_reply_to="x")]))
        assert turns(store) == {("post", "Acme", 1), ("reply", "Acme", 0)}
        assert counts(store)["posts"] == 2

    def test_an_own_post_that_comes_later_is_addressed_by_the_replies_kept(self, store: Store) -> None:
        replies = [a_post("reply", BOLT, in_reply_to="post"), a_post("self", ACME_WROTE, in_reply_to="post")]
        store.commit(Kept(NEWS, replies))
        committed = store.commit(Kept(NEWS, [a_post("post", ACME_WROTE, at=NOON + 3 * HOUR)]))
        assert turns(store) == {("reply", "Acme", 0), ("self", "Acme", 1), ("post", "Acme", 1)}
        assert {("Acme", NOON // HOUR), ("Acme", NOON // HOUR + 3)} <= committed.touched
        assert counts(store)["mentions"] == 1

    def test_replies_in_another_source_are_not_addressed(self, store: Store) -> None:
        store.commit(Kept(NEWS, [a_post("post", ACME_WROTE)]))
        assert store.commit(Kept(FORUM, [a_post("reply", in_reply_to="post")])).posts == 0

    def test_registering_makes_sources_active_and_others_inactive(self, store: Store) -> None:
        store.register([Brand("Acme")], [NEWS, FORUM])
        store.register([Brand("Acme"), Brand("Bolt")], [replace(FORUM, lateness=7)])
        assert store.rows("SELECT name, active, lateness FROM sources ORDER BY name") == [
            ("forum", 1, 7),
            ("news", 0, 600),
        ]
        assert counts(store)["brands"] == 2

    def test_strange_texts_come_back_as_they_went_in(self, store: Store) -> None:
        text = '\'; DROP TABLE posts; -- \u202e 🧨 "%s" 例'
        store.commit(Kept(NEWS, [a_post(text, replace(ACME, brand=text), author=text)], {"at": text}))
        assert store.rows("SELECT native_id, author FROM posts") == [(text, text)]
        assert store.cursor("news") == {"at": text}
        assert store.commit(Kept(NEWS, [a_post(text, ACME)])).posts == 0
