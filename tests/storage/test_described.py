"""What is said of the views is said of every column that they have, and the ready queries run."""

from __future__ import annotations

import pytest
from keeping import HOUR, NEWS, T0, UTC, keep, names, post

from storage import views
from storage.described import QUESTIONS, VIEWS
from storage.mention import Brand
from storage.sqlite import SqliteStore


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    store.register([Brand("Acme"), Brand("Bolt")], [NEWS])
    said = [post(f"a{n}", T0 + n, names("Acme", "negative" if n else "positive")) for n in range(3)]
    keep(store, [*said, post("b", T0 + 5, names("Bolt"))], heard=(T0, T0 + 20 * HOUR))
    return store


def test_every_view_and_column_is_described(filled: SqliteStore) -> None:
    assert set(VIEWS) == set(views.views(UTC))
    for name, view in VIEWS.items():
        columns = [row[1] for row in filled.rows(f"PRAGMA table_info({name})")]
        assert set(columns) == set(view.columns), name
        assert all(view.columns.values()) and view.title and view.says


EXPECTED = {
    "share_of_voice": [("default", "Acme", 3, 0.75), ("default", "Bolt", 1, 0.25)],
    "tone_by_source": [("Acme", "news", 3, 1, 0, 2, 2 / 3, 20.0, 24.0)],
    "busiest_days": [("2023-11-15", "Acme", 3, 1, 2, 2 / 3, 0.75, 1)],
    "deaf_hours": [("2023-11-15", "news", 20.0, 24.0, 4.0)],
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_ready_queries_run(filled: SqliteStore, name: str) -> None:
    sql = QUESTIONS[name].sql
    asked = {"since": "2023-11-15", "until": "2023-11-16", "brand": "Acme"}
    found = filled.rows(sql, asked)  # type: ignore[arg-type]
    if name in EXPECTED:
        assert found == EXPECTED[name]
    else:
        assert [row[1] for row in found] == ["Acme", "Acme"]
    nothing_asked = dict.fromkeys(asked, "")
    assert len(filled.rows(sql, nothing_asked)) >= len(found)  # type: ignore[arg-type]


def test_what_is_internal_is_everything_else(filled: SqliteStore) -> None:
    hidden = views.internals(filled)
    assert {"tokens", "config_versions", "posts", "outbox", "_sqlite_migrations"} <= set(hidden)
    assert not set(hidden) & set(VIEWS)
