"""A database of the first shape, with rows in it, goes on in the newest."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from keeping import HOUR, NEWS, T0, asks, keep, names, post, value

from storage import alerting, browse, outbox, queries, rematching, schema
from storage.browse import Filter
from storage.mention import Brand, Kept, Reading
from storage.rematching import Rematched
from storage.sqlite import SqliteStore

_ROWS = (
    "INSERT INTO brands VALUES (1, 'Acme')",
    "INSERT INTO engines VALUES (1, 'vader-3.3.2')",
    "INSERT INTO sources (id, name, kind, cursor, items) VALUES (1, 'news', 'feeds', '{\"page\": 7}', 2)",
    "INSERT INTO sources (id, name, kind) VALUES (2, 'file', 'import')",
    f"INSERT INTO coverage VALUES (1, 'live', {T0}, {T0 + HOUR})",
    *(
        "INSERT INTO posts (id, source_id, native_id, published_at, fetched_at, dated, live, text) "
        f"VALUES ({n}, {source}, '{n}', {T0 + n}, {T0 + n}, 1, 1, 'text {n}')"
        for n, source in ((1, 1), (2, 1), (3, 2))
    ),
    *(
        "INSERT INTO mentions (brand_id, post_id, published_at, source_id, live, label, p_negative, p_neutral, "
        f"p_positive, engine_id) VALUES (1, {n}, {T0 + n}, {source}, 1, 1, 0.1, 0.1, 0.8, 1)"
        for n, source in ((1, 1), (3, 2))
    ),
    f"INSERT INTO turns VALUES (1, 2, 1, {T0 + 2})",
    "INSERT INTO quarantine VALUES (1, 1, 5, '9', 'KeyError', '{}')",
)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that only the first migration has seen, with rows."""
    path = tmp_path / "old.db"
    with monkeypatch.context() as first:
        first.setattr(schema, "MIGRATIONS", {"0001_main_job": schema.MIGRATIONS["0001_main_job"]})
        connection = sqlite3.connect(path, isolation_level=None)
        schema.migrate(connection)
    for statement in _ROWS:
        connection.execute(statement)
    connection.close()
    return path


def test_what_was_kept_is_there_and_counts_as_before(old: Path) -> None:
    store = SqliteStore(old)
    assert schema.pending(sqlite3.connect(old)) == []
    assert (old.parent / "old.db.before-0002_hear").exists()
    assert store.cursor("news") == {"page": 7}
    seen = browse.mentions(store, Filter())
    assert [(m.text, m.label, m.erased) for m in seen] == [
        ("text 3", "positive", False),
        ("text 1", "positive", False),
    ]
    assert value(store, "mentions", (T0, T0 + HOUR)).value == 1
    store.close()


def test_old_posts_are_edited_counted_taken_back_and_answered_like_new_ones(old: Path) -> None:
    store = SqliteStore(old)
    assert keep(store, [post("1", T0 + 1, names("Acme")), post("r", T0, in_reply_to="2")]).posts == 1
    edits = [post("1", T0, names("Bolt"), text="new")]
    done = store.commit(
        Kept(NEWS, [], edits=edits, deleted=["2"], readings=[Reading("1", T0, {"likes": 1})], at=T0)
    )
    assert done.erased == ("2",)
    assert store.rows("SELECT text FROM posts ORDER BY id") == [("new",), ("",), ("text 3",), ("r",)]
    assert store.rows("SELECT count(*) FROM turns WHERE role = 0") == [(1,)]
    store.close()


def test_old_mentions_were_found_by_a_query_unless_they_were_imported(old: Path) -> None:
    store = SqliteStore(old)
    with store.writing() as db:
        queries.keep_versions(db, [Brand("Acme")], T0 + HOUR)
    keep(store, [post("new", T0, asks("Acme"))])
    found = rematching.kept_posts(store, 0)
    assert [(one.id, [m.by_query for m in one.post.mentions]) for one in found] == [
        (1, [True]),
        (2, [True]),
        (3, [False]),
        (4, [True]),
    ]
    assert store.rows("SELECT id FROM posts WHERE imported") == [(3,)]
    with store.writing() as db:
        rematching.apply(db, {"Acme": ""}, [Rematched(one, ()) for one in found])
    assert store.rows("SELECT post_id FROM mentions") == [(3,)]
    # Nobody knows what matched nobody before it was counted.
    assert [(share.source, share.share) for share in rematching.sample_shares(store, T0)] == [("news", 0.0)]
    store.close()


def test_an_old_store_without_posts_has_nothing_uncounted(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "new.db")
    assert store.rows("SELECT count(*) FROM facts WHERE name = 'last_without_version'") == [(0,)]
    store.close()


def test_what_fires_keeps_its_beginning(old: Path) -> None:
    connection = sqlite3.connect(old, isolation_level=None)
    for statement in (
        f"INSERT INTO alert_states VALUES ('angry', 'Acme', 'firing', {T0}, {T0}, {T0}, {T0 + 1})",
        *(
            f"INSERT INTO alert_events VALUES ({n}, 'k{n}', 'angry', 'Acme', '{kind}', {T0 + n}, 0, 1, '{{}}', '[]')"
            for n, kind in ((1, "fired"), (2, "resolved"), (3, "fired"))
        ),
        *(
            "INSERT INTO outbox (key, channel, kind, numbers, post_ids, created_at, state, next_at) "
            f"VALUES ('k{n}', 'console', 'alert', '{{}}', '[]', {T0}, 'delivered', {T0})"
            for n in (1, 2, 3)
        ),
    ):
        connection.execute(statement)
    connection.close()
    store = SqliteStore(old)
    assert [state.episode for state in alerting.states(store).values()] == ["k3"]
    assert [event.key for event in alerting.firing_events(store)] == ["k3"]
    assert store.rows("SELECT key, episode FROM alert_events ORDER BY id") == [
        ("k1", "k1"),
        ("k2", "k1"),
        ("k3", "k3"),
    ]
    assert [row.key for row in outbox.still_firing(store, "console")] == ["k3"]
    assert store.rows("SELECT thread FROM outbox ORDER BY id") == [("k1",), ("k1",), ("k3",)]
    store.close()
