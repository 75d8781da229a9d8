"""Tags on mentions: one a tag, brand and post; only on what is a mention; taken off by post, brand or altogether."""

from __future__ import annotations

from keeping import T0, keep, names, post

from storage.desk import tags
from storage.desk.tags import Tag, Used
from storage.sqlite import SqliteStore


def filled(store: SqliteStore) -> None:
    keep(
        store,
        [
            post("1", T0, names("Acme"), names("Bolt")),
            post("2", T0, names("Acme")),
            post("3", T0, names("Bolt")),
        ],
    )


def test_a_mention_bears_a_tag_once(store: SqliteStore) -> None:
    filled(store)
    with store.writing() as db:
        assert tags.record(db, "Acme", [1, 2], "sales", by="ann", now=5) == 2
        assert tags.record(db, "Acme", [2, 1], "sales", by="ben", now=6) == 0
        assert tags.record(db, "Bolt", [1], "sales", by=None, now=7) == 1
        assert tags.record(db, "Acme", [1], "care", by=None, now=8) == 1
    assert tags.of_posts(store, [1]) == [
        Tag("Acme", 1, "care", 8, None),
        Tag("Acme", 1, "sales", 5, "ann"),
        Tag("Bolt", 1, "sales", 7, None),
    ]
    assert tags.used(store) == [Used("sales", "Acme", 2), Used("care", "Acme", 1), Used("sales", "Bolt", 1)]


def test_only_mentions_of_that_brand_are_tagged(store: SqliteStore) -> None:
    filled(store)
    with store.writing() as db:
        assert tags.record(db, "Acme", [1, 3, 99], "sales", by=None, now=5) == 1
        assert tags.record(db, "Nobody", [1], "sales", by=None, now=5) == 0
    assert [tag.post_id for tag in tags.of_posts(store, [1, 2, 3, 99])] == [1]


def test_what_is_no_mention_any_more_counts_nowhere(store: SqliteStore) -> None:
    filled(store)
    with store.writing() as db:
        tags.record(db, "Acme", [1, 2], "sales", by=None, now=5)
        db.run("DELETE FROM mentions WHERE post_id = 2")
    assert tags.used(store) == [Used("sales", "Acme", 1)]


def test_a_tag_is_taken_off_posts_brands_or_altogether(store: SqliteStore) -> None:
    filled(store)
    with store.writing() as db:
        tags.record(db, "Acme", [1, 2], "sales", by=None, now=5)
        tags.record(db, "Bolt", [1, 3], "sales", by=None, now=5)
        tags.record(db, "Acme", [1], "care", by=None, now=5)
    with store.writing() as db:
        assert tags.remove(db, "sales", brand="Acme", post_ids=[1, 3]) == 1
    assert [(t.brand, t.post_id) for t in tags.of_posts(store, [1, 2, 3]) if t.tag == "sales"] == [
        ("Bolt", 1),
        ("Acme", 2),
        ("Bolt", 3),
    ]
    with store.writing() as db:
        assert tags.remove(db, "sales", brand="Bolt") == 2
        assert tags.remove(db, "sales") == 1
        assert tags.remove(db, "sales") == 0
    assert tags.used(store) == [Used("care", "Acme", 1)]
