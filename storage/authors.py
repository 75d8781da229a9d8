"""Accounts as numbers: who wrote a mention, once for each source, and forgotten once nothing of theirs can be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from storage.base import Transaction
from storage.mention import KeptPost

_INSERT = "INSERT INTO authors (id, source_id, key, name, followers) VALUES (?, ?, ?, ?, ?)"
_UPDATE = "UPDATE authors SET name = ?, followers = ? WHERE id = ?"
_LAST = "SELECT coalesce(max(id), 0) FROM authors"
_KNOWN = """SELECT key, id, name, followers FROM authors
    WHERE source_id = ? AND key IN (SELECT value FROM json_each(?))"""
_UNREADABLE = """SELECT id, source_id, key FROM authors WHERE key IS NOT NULL
    AND id IN (SELECT m.author_id FROM mentions m WHERE m.post_id IN (SELECT value FROM json_each(?)))
    AND NOT EXISTS (SELECT 1 FROM mentions m JOIN posts p ON p.id = m.post_id
        WHERE m.author_id = authors.id AND p.erased_at IS NULL)"""
_FORGET = """UPDATE authors SET key = NULL, name = NULL, followers = NULL
    WHERE id IN (SELECT value FROM json_each(?))"""
_SET_KEY = "UPDATE authors SET key = ? WHERE id = ?"
_HASHED = "SELECT 1 FROM authors WHERE source_id = ? AND key >= 'hmac:' AND key < 'hmac;' LIMIT 1"
_SOURCE = "SELECT name FROM sources WHERE id = ?"

_DROP = """DELETE FROM authors WHERE id IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.author_id = authors.id)"""


def key_of(post: KeptPost) -> str | None:
    """What tells one author of a source from another; None where nobody says who wrote it."""
    return post.author_id or post.author


def number(db: Transaction, source: int, posts: Iterable[KeptPost]) -> dict[str, int]:
    """The numbers of the authors of these posts, made where they are new, by their keys."""
    told: dict[str, tuple[str | None, int | None]] = {}
    for post in posts:
        key = key_of(post)
        if key is not None:
            name, followers = told.get(key, (None, None))
            told[key] = (post.author or name, followers if post.followers is None else post.followers)
    if not told:
        return {}
    known = {row[0]: row[1:] for row in db.rows(_KNOWN, (source, json.dumps(list(told))))}
    known |= _returned(db, source, [key for key in told if key not in known])
    numbers: dict[str, int] = {key: row[0] for key, row in known.items()}
    last: int = db.rows(_LAST)[0][0]
    new, changed = [], []
    for key, (name, followers) in told.items():
        if key in known:
            found, old_name, old_followers = known[key]
            now = (name or old_name, old_followers if followers is None else followers)
            if now != (old_name, old_followers):
                changed.append((*now, found))
        else:
            last += 1
            numbers[key] = last
            new.append((last, source, key, name, followers))
    db.run_many(_INSERT, new)
    db.run_many(_UPDATE, changed)
    return numbers


def drop_unused(db: Transaction, numbers: Iterable[int]) -> None:
    """Drop those of these authors who have no mention any more."""
    db.run(_DROP, (json.dumps(list(numbers)),))


def _returned(db: Transaction, source: int, keys: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Those of these authors of whom only a hash was left, made readable again: they write once more."""
    if not keys or not db.rows(_HASHED, (source,)):
        return {}
    name = db.rows(_SOURCE, (source,))[0][0]
    hashes = {db.hashed(name, key): key for key in keys}
    found = {hashes[row[0]]: row[1:] for row in db.rows(_KNOWN, (source, json.dumps(list(hashes))))}
    db.run_many(_SET_KEY, [(key, row[0]) for key, row in found.items()])
    return found


def forget(db: Transaction, posts: Iterable[int], *, hashed: bool = False) -> None:
    """Forget who wrote these posts, where nothing else of theirs can be read: their numbers stay, as counts.

    `hashed`: a keyed hash stays as well, so that who writes again after a long time is no new author.
    """
    unreadable = db.rows(_UNREADABLE, (json.dumps(list(posts)),))
    if not unreadable:
        return
    db.run(_FORGET, (json.dumps([row[0] for row in unreadable]),))
    if hashed:
        names = {source: db.rows(_SOURCE, (source,))[0][0] for source in {row[1] for row in unreadable}}
        db.run_many(_SET_KEY, [(db.hashed(names[source], key), number) for number, source, key in unreadable])
