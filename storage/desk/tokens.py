"""Bearer tokens of the HTTP API: only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets

from storage.base import Rows, Transaction


def _hash(token: str) -> str:
    # A token is 256 random bits, so a plain hash cannot be turned back; a slow one is for passwords.
    return hashlib.sha256(token.encode()).hexdigest()


def add(db: Transaction, name: str, now: int) -> str:
    """Make a token and return it: the only time that it is seen. Raises ValueError where the name is taken."""
    if db.rows("SELECT 1 FROM tokens WHERE name = ?", (name,)):
        raise ValueError(f"there is a token named {name!r} already; revoke it first, or take another name")
    token = "listener_" + secrets.token_urlsafe(32)
    db.run("INSERT INTO tokens (name, hash, created_at) VALUES (?, ?, ?)", (name, _hash(token), now))
    return token


def revoke(db: Transaction, name: str) -> bool:
    """Take a token out of use; False where there is none of that name."""
    return db.run("DELETE FROM tokens WHERE name = ?", (name,)) == 1


def names(store: Rows) -> list[tuple[str, int]]:
    """(name, created_at) of all tokens."""
    return [(row[0], row[1]) for row in store.rows("SELECT name, created_at FROM tokens ORDER BY name")]


def owner(store: Rows, token: str) -> str | None:
    """The name of the token, None where it is not known."""
    rows = store.rows("SELECT name FROM tokens WHERE hash = ?", (_hash(token),))
    return str(rows[0][0]) if rows else None
