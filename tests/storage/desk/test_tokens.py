"""Tokens are seen once, and kept as hashes."""

from __future__ import annotations

import pytest

from storage.desk import tokens
from storage.sqlite import SqliteStore


def test_a_token_is_known_until_it_is_revoked(store: SqliteStore) -> None:
    with store.writing() as db:
        ana, ben = tokens.add(db, "ana", 5), tokens.add(db, "ben", 6)
    assert ana != ben
    assert (tokens.owner(store, ana), tokens.owner(store, ben)) == ("ana", "ben")
    assert tokens.owner(store, ana + "x") is None
    assert tokens.owner(store, "") is None
    assert tokens.names(store) == [("ana", 5), ("ben", 6)]
    with store.writing() as db:
        assert tokens.revoke(db, "ana")
        assert not tokens.revoke(db, "ana")
    assert (tokens.owner(store, ana), tokens.owner(store, ben)) == (None, "ben")


def test_a_name_is_taken_once(store: SqliteStore) -> None:
    with store.writing() as db:
        tokens.add(db, "ana", 5)
    with pytest.raises(ValueError, match="already; revoke it first"), store.writing() as db:
        tokens.add(db, "ana", 6)


def test_the_token_stands_nowhere_in_the_files(store: SqliteStore) -> None:
    with store.writing() as db:
        token = tokens.add(db, "someone-with-a-name", 5)
    files = [path.read_bytes() for path in store.path.parent.glob("listener.db*")]
    assert any(b"someone-with-a-name" in content for content in files)
    secret = token.removeprefix("listener_").encode()
    assert len(secret) >= 40
    assert not any(secret in content for content in files)
