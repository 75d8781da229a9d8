"""Small facts: which digests were made, which configuration ran when, when the store was made, which engine judges."""

from __future__ import annotations

import hashlib

from storage.base import Rows, Transaction


def born(db: Transaction, now: int) -> int:
    """When this store was first used; written on the first call."""
    db.run("INSERT INTO facts (name, value) VALUES ('born', ?) ON CONFLICT DO NOTHING", (str(now),))
    return int(db.rows("SELECT value FROM facts WHERE name = 'born'")[0][0])


def digest_made(store: Rows, key: str) -> bool:
    """Whether the digest of this period was laid out already."""
    return bool(store.rows("SELECT 1 FROM digests WHERE key = ?", (key,)))


def add_digest(db: Transaction, key: str, since: int, until: int, now: int, *, letter: str = "") -> bool:
    """Write that a digest is laid out, of several the `letter` of that name; False where another process was first."""
    return (
        db.run(
            "INSERT INTO digests (key, since, until, at, letter) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (key, since, until, now, letter),
        )
        == 1
    )


def keep_config(db: Transaction, text: str, now: int) -> bool:
    """Keep a version of the configuration (secrets stand in it by name only), if it differs from the last.

    Returns whether it does.
    """
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    last = db.rows("SELECT sha256 FROM config_versions ORDER BY id DESC LIMIT 1")
    if not last or last[0][0] != sha256:
        db.run("INSERT INTO config_versions (at, sha256, text) VALUES (?, ?, ?)", (now, sha256, text))
        return True
    return False


def keep_engine(db: Transaction, name: str) -> None:
    """Write which tone engine judges what is heard from now on."""
    _keep(db, "engine", name)


def engine(store: Rows) -> str | None:
    """The tone engine that judged what was heard last; None before anything was listened to."""
    return _fact(store, "engine")


def keep_corrections_tried(db: Transaction, number: int) -> None:
    """Write how many corrections there were when a head was last tried to be learned from them."""
    _keep(db, "corrections_tried", str(number))


def corrections_tried(store: Rows) -> int:
    """How many corrections there were at the last try; 0 before the first."""
    return int(_fact(store, "corrections_tried") or 0)


def look_for_old_texts(db: Transaction, now: int) -> int | None:
    """Note that old texts are looked for now; return when that was done last, None before the first time."""
    before = _fact(db, "old_texts_looked_for")
    _keep(db, "old_texts_looked_for", str(now))
    return None if before is None else int(before)


def _keep(db: Transaction, name: str, value: str) -> None:
    db.run(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def _fact(store: Rows, name: str) -> str | None:
    rows = store.rows("SELECT value FROM facts WHERE name = ?", (name,))
    return str(rows[0][0]) if rows else None
