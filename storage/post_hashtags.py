"""Which hashtags posts bear: written with their mentions, anew when they are edited, gone when they are taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable

from storage.base import Transaction
from storage.hashtags import hashtags

_NAME = "INSERT INTO hashtags (tag) VALUES (?) ON CONFLICT (tag) DO NOTHING"
_NUMBERS = "SELECT tag, id FROM hashtags WHERE tag IN (SELECT value FROM json_each(?))"
_BEAR = "INSERT INTO post_hashtags (post_id, hashtag_id) VALUES (?, ?) ON CONFLICT (post_id, hashtag_id) DO NOTHING"
_BORNE = "SELECT DISTINCT hashtag_id FROM post_hashtags WHERE post_id IN (SELECT value FROM json_each(?))"
_FORGET = "DELETE FROM post_hashtags WHERE post_id IN (SELECT value FROM json_each(?))"
# A hashtag is somebody's words as well: nothing of it stays once nobody bears it.
_DROP = """DELETE FROM hashtags WHERE id IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM post_hashtags h WHERE h.hashtag_id = hashtags.id)"""
_UNREAD = """SELECT p.id, p.text FROM posts p WHERE p.id > ? AND (p.text LIKE '%#%' OR p.text LIKE '%\uff03%')
    AND EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id) ORDER BY p.id LIMIT ?"""
_PAGE = 5_000


def write(db: Transaction, posts: Iterable[tuple[int, str]]) -> None:
    """Note the hashtags in the texts of posts, by their numbers."""
    found = [(number, tags) for number, text in posts if (tags := hashtags(text))]
    if not found:
        return
    names = sorted({tag for _, tags in found for tag in tags})
    db.run_many(_NAME, [(name,) for name in names])
    numbers: dict[str, int] = dict(db.rows(_NUMBERS, (json.dumps(names),)))
    db.run_many(_BEAR, [(post, numbers[tag]) for post, tags in found for tag in tags])


def forget(db: Transaction, posts: Iterable[int]) -> None:
    """Let posts bear none any more; the roll-ups are the caller's to see to."""
    asked = (json.dumps(list(posts)),)
    borne = [row[0] for row in db.rows(_BORNE, asked)]
    if borne:
        db.run(_FORGET, asked)
        db.run(_DROP, (json.dumps(borne),))


def read_all(db: Transaction) -> None:
    """Note the hashtags of all mentions, of a store in which none were noted yet."""
    if db.rows("SELECT 1 FROM post_hashtags LIMIT 1"):
        return
    after = 0
    while rows := db.rows(_UNREAD, (after, _PAGE)):
        write(db, [(row[0], row[1]) for row in rows])
        after = rows[-1][0]
