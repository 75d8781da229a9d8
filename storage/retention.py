"""Texts grow old: after a source's time its posts lose their words and names, ids become hashes, every count stays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from storage import authors, hashed_ids, ledger, visits
from storage.base import Rows, Transaction
from storage.stories import keeping as stories

DEFAULT = "default"
"""The name under which the time of all sources stands that have none of their own."""
KEPT_FOR = 365 * 86_400
"""Seconds for which texts are kept where nobody says how long."""
PAGE = 500
LONGEST_LEAP = 2 * 86_400
"""Seconds from one look for old texts to the next that need no second word of the clock."""

_OLD = """SELECT id FROM posts WHERE source_id = ? AND fetched_at < ? AND erased_at IS NULL LIMIT ?"""
_STILL_NAMED = """SELECT id FROM posts WHERE source_id = ? AND fetched_at < ? AND erased_at IS NOT NULL
    AND substr(native_id, 1, 5) <> 'hmac:' LIMIT ?"""
# The address goes with the words: it names the post, and often who wrote it.
_WIPE = """UPDATE posts SET title = NULL, text = '', author = NULL, author_id = NULL, url = NULL, erased_at = ?,
    expired = 1 WHERE id IN (SELECT value FROM json_each(?))"""
_UNADDRESS = "UPDATE posts SET url = NULL WHERE id IN (SELECT value FROM json_each(?))"
_WHOLE = "SELECT * FROM posts WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
_TAKE_OUT = "DELETE FROM posts WHERE id IN (SELECT value FROM json_each(?))"
_SET_ASIDE = "DELETE FROM quarantine WHERE source_id = ? AND at < ?"


def limits(store: Rows, retention: Mapping[str, int | None]) -> dict[int, int]:
    """Seconds for which texts are kept, by the source's number: what its name says, else its kind, else the default.

    Those whose texts are kept for good are left out.
    """
    found: dict[int, int] = {}
    for number, name, kind in store.rows("SELECT id, name, kind FROM sources"):
        seconds = retention.get(name, retention.get(kind, retention.get(DEFAULT)))
        if seconds is not None:
            found[number] = seconds
    return found


def trusts(db: Transaction, now: int) -> bool:
    """Whether the clock may be believed when it says that texts have grown old; note what it says.

    A clock that was set years ahead would drop every text for good. What it says must not be further ahead of the last
    look than LONGEST_LEAP; where it is, the next look, to which it must have stayed so, decides.
    """
    before = ledger.look_for_old_texts(db, now)
    return before is None or 0 <= now - before <= LONGEST_LEAP


def expire(db: Transaction, limit: Mapping[int, int], now: int, most: int = PAGE) -> int:
    """Wipe at most `most` posts that were fetched longer ago than their source's limit; return how many there were.

    Mentions, turns, readings and roll-ups are counts and stay; ids become keyed hashes, by which a post is known that
    is heard again, and an author who writes again. That holds for the ids of what was taken back before, too. What was
    set aside unread is old text as well, and goes.
    """
    done = 0
    for source, seconds in limit.items():
        old = now - seconds
        wiped = [row[0] for row in db.rows(_OLD, (source, old, most - done))]
        left = most - done - len(wiped)
        named = [row[0] for row in db.rows(_STILL_NAMED, (source, old, left))] if left else []
        db.run(_WIPE, (now, json.dumps(wiped)))
        db.run(_UNADDRESS, (json.dumps(named),))
        authors.forget(db, wiped, hashed=True)
        visits.forget(db, wiped)
        stories.forget(db, wiped)
        hashed_ids.hash_ids(db, source, [*wiped, *named])
        _pack(db, [*wiped, *named])
        db.run(_SET_ASIDE, (source, old))
        done += len(wiped) + len(named)
        if done >= most:
            break
    return done


def _pack(db: Transaction, posts: Sequence[int]) -> None:
    """Write rows that have shrunk once more, so that the file gets back what their texts took.

    SQLite merges pages that are nearly empty when rows are deleted, never when they shrink: without this a file of
    which nine tenths are empty goes on growing. What refers to a post refers to its number, which stays.
    """
    db.run("PRAGMA defer_foreign_keys = ON")
    listed = (json.dumps(list(posts)),)
    rows = db.rows(_WHOLE, listed)
    db.run(_TAKE_OUT, listed)
    if rows:
        db.run_many(f"INSERT INTO posts VALUES ({','.join('?' * len(rows[0]))})", rows)
