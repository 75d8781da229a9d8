"""Small facts with a date, each written once."""

from __future__ import annotations

from storage import ledger
from storage.sqlite import SqliteStore


def test_the_store_is_born_once(store: SqliteStore) -> None:
    for now in (5, 9):
        with store.writing() as db:
            assert ledger.born(db, now) == 5


def test_a_digest_is_laid_out_once(store: SqliteStore) -> None:
    assert not ledger.digest_made(store, "2026-W12")
    with store.writing() as db:
        assert ledger.add_digest(db, "2026-W12", 0, 7, 8)
    with store.writing() as db:
        assert not ledger.add_digest(db, "2026-W12", 0, 7, 9)
    assert ledger.digest_made(store, "2026-W12")
    assert not ledger.digest_made(store, "2026-W13")


def test_versions_of_the_configuration_are_kept_when_they_differ(store: SqliteStore) -> None:
    for now, text in enumerate(["a: 1", "a: 1", "a: 2", "a: 1"]):
        with store.writing() as db:
            ledger.keep_config(db, text, now)
    assert store.rows("SELECT at, text FROM config_versions ORDER BY id") == [
        (0, "a: 1"),
        (2, "a: 2"),
        (3, "a: 1"),
    ]
