"""Texts grow old: words and names go, counts stay, and nothing is dropped too early."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, names, own, post, tone

from storage import rejudging, retention, rollups
from storage.base import Row
from storage.calendar import Window
from storage.kpi import KPIS, Ask, compute
from storage.mention import Brand, Heard, Kept, Mention, Reading, SetAside
from storage.sqlite import SqliteStore

NOW = T0 + 100 * DAY
BRANDS = (Brand("Acme"), Brand("Bolt"))


def fetched(id_: str, at: int, *mentions: Mention, author: str = "ana") -> object:
    return replace(
        post(id_, T0, *mentions, author=author, author_id=f"id-{author}", title="A title"), fetched_at=at
    )


def keep(store: SqliteStore, *posts: object, source: object = NEWS) -> None:
    store.commit(Kept(source, posts, heard=Heard(T0 - DAY, NOW), at=NOW))  # type: ignore[arg-type]


def expire(store: SqliteStore, now: int = NOW, **limits: int) -> int:
    with store.writing() as db:
        return retention.expire(db, retention.limits(db, limits), now)


def texts(store: SqliteStore) -> list[Row]:
    return store.rows("SELECT native_id, text, title, author, author_id, expired FROM posts ORDER BY id")


def hashed(name: str, source: str = "news") -> Callable[[SqliteStore], str]:
    """What an independent HMAC says, with the key that lies beside the store."""

    def of(store: SqliteStore) -> str:
        key = bytes.fromhex(store.path.with_name("listener.db.key").read_text().strip())
        return "hmac:" + hmac.new(key, f"{source}\0{name}".encode(), hashlib.sha256).hexdigest()[:32]

    return of


def test_what_is_older_than_its_limit_loses_words_and_names(store: SqliteStore) -> None:
    keep(
        store,
        fetched("old", NOW - 10 * DAY - 1, names("Acme")),
        fetched("young", NOW - 10 * DAY, names("Acme")),
    )
    assert expire(store, default=10 * DAY) == 1
    assert texts(store) == [
        (hashed("old")(store), "", None, None, None, 1),
        ("young", "young", "A title", "ana", "id-ana", 0),
    ]
    assert store.rows("SELECT erased_at FROM posts") == [(NOW,), (None,)]
    assert expire(store, default=10 * DAY) == 0


def test_a_source_goes_by_its_name_then_its_kind_then_the_default(store: SqliteStore) -> None:
    keep(store, fetched("1", T0, names("Acme")))
    keep(store, fetched("2", T0, names("Acme")), source=FORUM)
    assert FORUM.kind == "hackernews"
    with store.writing() as db:
        assert retention.limits(db, {"news": 1, "feeds": 2, "hackernews": 3, "default": 4}) == {1: 1, 2: 3}
        assert retention.limits(db, {"feeds": 2}) == {1: 2}
        assert retention.limits(db, {}) == {}
    assert expire(store, hackernews=DAY) == 1
    assert [row[1] for row in texts(store)] == ["1", ""]


def test_every_number_stays(store: SqliteStore) -> None:
    keep(
        store,
        fetched("1", T0, Mention("Acme", tone=tone("positive"), addressed=True)),
        fetched("2", T0, names("Acme", "negative"), names("Bolt"), author="ben"),
        replace(fetched("3", T0, own("Acme"), author="acme"), in_reply_to="1", published_at=T0 + HOUR),  # type: ignore[type-var]
    )
    ask = Ask(Window(T0 - DAY, NOW), NOW, UTC, BRANDS, compare=True)
    before = [value.to_json() for value in compute(store, list(KPIS.values()), ask)]
    assert expire(store, default=DAY) == 3
    assert [value.to_json() for value in compute(store, list(KPIS.values()), ask)] == before
    assert list(rollups.differences(store)) == []


def test_authors_of_whom_nothing_can_be_read_are_only_numbers(store: SqliteStore) -> None:
    keep(store, fetched("1", T0, names("Acme")), fetched("2", T0, names("Acme"), author="ben"))
    keep(store, fetched("3", NOW, names("Acme")))
    expire(store, default=DAY)
    assert store.rows("SELECT key, name FROM authors ORDER BY id") == [
        ("id-ana", "ana"),
        (hashed("id-ben")(store), None),
    ]


def test_what_grew_old_has_no_address_and_taken_back_then_no_hashtag(store: SqliteStore) -> None:
    old = replace(post("a", T0, names("Acme"), text="#sale", url="https://example.org/a"), fetched_at=T0)
    keep(store, old)
    assert expire(store, default=DAY) == 1
    assert store.rows("SELECT url, expired FROM posts") == [(None, 1)]
    assert store.commit(Kept(NEWS, [], deleted=["a"], at=NOW)).erased == (hashed("a")(store),)
    assert store.rows("SELECT url, expired FROM posts") == [(None, 0)]
    assert store.rows("SELECT tag FROM hashtags") == []
    assert list(rollups.differences(store)) == []
    assert store.commit(Kept(NEWS, [], deleted=["a"], at=NOW)).erased == ()


def test_a_page_at_a_time(store: SqliteStore) -> None:
    keep(store, *[fetched(str(n), T0, names("Acme")) for n in range(5)])
    with store.writing() as db:
        limits = retention.limits(db, {"default": DAY})
        assert [retention.expire(db, limits, NOW, most=2) for _ in range(4)] == [2, 2, 1, 0]


def test_what_was_set_aside_goes_as_well(store: SqliteStore) -> None:
    for at in (NOW - 2 * DAY, NOW):
        store.commit(Kept(NEWS, [], set_aside=[SetAside("x", "bad", f"item {at}")], at=at))
    expire(store, default=DAY)
    assert store.rows("SELECT item FROM quarantine") == [(f"item {NOW}",)]


def test_the_question_for_old_posts_is_answered_by_an_index(store: SqliteStore) -> None:
    plan = store.rows("EXPLAIN QUERY PLAN " + retention._OLD, (1, 2, 3))
    assert "SEARCH posts USING INDEX posts_readable (source_id=? AND fetched_at<?)" in plan[0][3]


def test_a_page_holds_no_more_however_many_sources_fill_it(store: SqliteStore) -> None:
    keep(store, fetched("a", T0, names("Acme")), source=NEWS)
    keep(store, *(fetched(id_, T0, names("Acme")) for id_ in "bcd"), source=FORUM)
    with store.writing() as db:
        assert retention.expire(db, retention.limits(db, {"default": DAY}), NOW, 2) == 2


def test_what_grew_old_keeps_the_tone_that_it_had(store: SqliteStore) -> None:
    keep(
        store, fetched("old", T0, names("Acme", "positive")), fetched("taken", T0, names("Acme", "negative"))
    )
    expire(store, default=DAY)
    keep(
        store,
        fetched("young", NOW, names("Acme", "positive")),
        fetched("gone", NOW, names("Acme", "negative")),
    )
    store.commit(Kept(NEWS, [], deleted=["gone"], at=NOW))
    with store.writing() as db:
        running = rejudging.begin(db, "other-1", None, 0, NOW)
        page = rejudging.page(db, running)
        assert [one.post.native_id for one in page] == ["young"]
        running = rejudging.write(
            db, running, page, {(page[0].id, "Acme"): tone("neutral", engine="other-1")}
        )
        assert rejudging.finish(db, running, NOW) == 1
    labels = store.rows(
        "SELECT p.native_id, m.label FROM mentions m JOIN posts p ON p.id = m.post_id ORDER BY p.id"
    )
    assert labels == [
        (hashed("old")(store), 1),
        (hashed("taken")(store), -1),
        ("young", 0),
        ("gone", None),
    ]
    assert list(rollups.differences(store)) == []


def test_what_is_known_by_a_hash_is_not_counted_twice(store: SqliteStore) -> None:
    question = replace(fetched("q", T0, Mention("Acme", addressed=True)), thread="t")  # type: ignore[type-var]
    keep(store, question, replace(fetched("r", NOW, names("Acme")), in_reply_to="q", thread="t"))  # type: ignore[type-var]
    expire(store, default=DAY)
    again = store.commit(Kept(NEWS, [fetched("q", NOW, names("Acme"))], edits=[fetched("q", NOW)], at=NOW))  # type: ignore[list-item]
    assert (again.posts, again.mentions) == (0, 0)
    store.commit(Kept(NEWS, [], readings=[Reading("q", NOW, {"likes": 7})], at=NOW))
    assert store.rows("SELECT value FROM readings") == [(7,)]
    # A late answer belongs to the same conversation, though nothing of it says its old name any more.
    late = replace(post("late", NOW, own("Acme")), in_reply_to="q", thread="t")
    store.commit(Kept(NEWS, [late], at=NOW))
    assert len({row[0] for row in store.rows("SELECT coalesce(conversation, native_id) FROM posts")}) == 1
    content = store.rows(
        "SELECT group_concat(coalesce(thread, '') || coalesce(in_reply_to, '') || native_id) FROM posts"
    )
    assert "q" not in content[0][0].split("hmac:")[0]
    assert list(rollups.differences(store)) == []


def test_an_author_who_writes_again_is_the_same_one(store: SqliteStore) -> None:
    keep(store, fetched("1", T0, names("Acme")))
    expire(store, default=DAY)
    keep(store, fetched("2", NOW, names("Acme")))
    assert store.rows("SELECT key, name FROM authors") == [("id-ana", "ana")]
    assert store.rows("SELECT count(DISTINCT author_id) FROM mentions") == [(1,)]


def test_ids_of_what_was_taken_back_grow_old_as_well(store: SqliteStore) -> None:
    keep(store, fetched("1", T0, names("Acme")))
    store.commit(Kept(NEWS, [], deleted=["1"], at=T0))
    assert store.rows("SELECT native_id FROM posts") == [("1",)]
    assert expire(store, default=DAY) == 1
    assert store.rows("SELECT native_id, expired FROM posts") == [(hashed("1")(store), 0)]
    assert expire(store, default=DAY) == 0
    plan = store.rows("EXPLAIN QUERY PLAN " + retention._STILL_NAMED, (1, 2, 3))
    assert "USING INDEX posts_id_still (source_id=? AND fetched_at<?)" in plan[0][3]


def test_an_id_that_others_can_still_read_stays_readable(store: SqliteStore) -> None:
    keep(store, fetched("root", NOW, names("Acme")))
    keep(store, replace(fetched("old", T0, names("Acme")), in_reply_to="root", thread="root"))  # type: ignore[type-var]
    expire(store, default=DAY)
    assert store.rows("SELECT native_id, in_reply_to, thread FROM posts ORDER BY id") == [
        ("root", None, None),
        (hashed("old")(store), "root", "root"),
    ]
