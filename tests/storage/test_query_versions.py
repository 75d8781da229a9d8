"""Versions of queries: written when a definition changes, told where they break a series."""

from __future__ import annotations

from keeping import DAY, T0

from storage import queries
from storage.mention import Brand, Exclude
from storage.queries import QueryChange
from storage.sqlite import SqliteStore

ACME = Brand("Acme", aliases=("A", "B"), aliases_in={"ar": ("x",)}, handles={"bluesky": "acme"})


def keep(store: SqliteStore, *brands: Brand, at: int = T0) -> list[str]:
    with store.writing() as db:
        return queries.keep_versions(db, brands, at)


def test_a_version_is_written_when_the_definition_changes(store: SqliteStore) -> None:
    assert keep(store, ACME, Brand("Bolt")) == ["Acme", "Bolt"]
    assert keep(store, ACME, Brand("Bolt"), at=T0 + 1) == []
    # What decides nothing about which posts are its mentions is no change of its query.
    same = Brand(
        "Acme", own=True, market="m", aliases=("B", "A"), aliases_in=ACME.aliases_in, handles=ACME.handles
    )
    assert keep(store, same, at=T0 + 2) == []
    assert keep(store, Brand("Acme", exclude=Exclude(authors=("bot",))), Brand("Bolt"), at=T0 + 3) == ["Acme"]
    assert keep(store, ACME, at=T0 + 4) == ["Acme"], "back to the first is a change too"
    assert store.rows("SELECT at FROM query_versions ORDER BY id") == [(T0,), (T0,), (T0 + 3,), (T0 + 4,)]


def test_changes_break_a_series_inside_of_its_window(store: SqliteStore) -> None:
    keep(store, ACME)
    keep(store, ACME, Brand("Bolt"), Brand("Cog"), at=T0 + DAY)
    changed = Brand("Acme", query="acme")
    keep(store, changed, at=T0 + 2 * DAY)
    assert queries.changes(store, ["Acme", "Bolt"], T0 - 1, T0 + 9 * DAY) == [
        QueryChange("Bolt", T0 + DAY, first=True, definition=Brand("Bolt").definition),
        QueryChange("Acme", T0 + 2 * DAY, first=False, definition=changed.definition),
    ]
    assert queries.changes(store, ["Acme"], T0 + 2 * DAY, T0 + 9 * DAY) == []
    assert queries.changes(store, ["Acme"], T0, T0 + 2 * DAY) == []
    assert queries.changes(store, [], T0, T0 + 9 * DAY) == []


def test_history_that_was_matched_again_moves_the_break_to_where_it_begins(store: SqliteStore) -> None:
    keep(store, ACME, Brand("Bolt"))
    keep(store, Brand("Acme", query="acme"), Brand("Bolt", query="bolt"), at=T0 + 9 * DAY)
    with store.writing() as db:
        queries.settle(db, ["Acme"], T0 + 5 * DAY)

    def breaks(brand: str) -> list[int]:
        return [change.at for change in queries.changes(store, [brand], T0, T0 + 99 * DAY)]

    assert (breaks("Acme"), breaks("Bolt")) == ([T0 + 5 * DAY], [T0 + 9 * DAY])
    with store.writing() as db:
        queries.settle(db, ["Acme"], T0 + 7 * DAY)
    assert breaks("Acme") == [T0 + 5 * DAY], "what is settled from further back stays so"
    keep(store, Brand("Acme", query="b"), Brand("Cog"), at=T0 + 10 * DAY)
    keep(store, Brand("Acme", query="c"), Brand("Cog", query="cog"), at=T0 + 11 * DAY)
    with store.writing() as db:
        queries.settle(db, ["Acme", "Cog"], T0 + 5 * DAY)
    (acme,) = queries.changes(store, ["Acme"], T0, T0 + 99 * DAY)
    (cog,) = queries.changes(store, ["Cog"], T0, T0 + 99 * DAY)
    assert (acme.first, acme.definition) == (False, Brand("Acme", query="c").definition)
    assert (cog.first, cog.definition) == (True, Brand("Cog", query="cog").definition)
