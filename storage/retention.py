"""Texts grow old: after a source's time its posts lose text, author and title, and every count stays."""

from __future__ import annotations

import json
from collections.abc import Mapping

from storage import authors, visits
from storage.base import Rows, Transaction
from storage.stories import keeping as stories

DEFAULT = "default"
"""The name under which the time of all sources stands that have none of their own."""
PAGE = 500

_OLD = """SELECT id FROM posts WHERE source_id = ? AND fetched_at < ? AND erased_at IS NULL LIMIT ?"""
# The address stays: it says none of the author's words, and leads to them as long as the author leaves them there.
_WIPE = """UPDATE posts SET title = NULL, text = '', author = NULL, author_id = NULL, erased_at = ?, expired = 1
    WHERE id IN (SELECT value FROM json_each(?))"""
_SET_ASIDE = "DELETE FROM quarantine WHERE source_id = ? AND at < ?"


def limits(store: Rows, retention: Mapping[str, int]) -> dict[int, int]:
    """Seconds for which texts are kept, by the source's number: what its name says, else its kind, else the default."""
    found: dict[int, int] = {}
    for number, name, kind in store.rows("SELECT id, name, kind FROM sources"):
        seconds = retention.get(name, retention.get(kind, retention.get(DEFAULT)))
        if seconds is not None:
            found[number] = seconds
    return found


def expire(db: Transaction, limit: Mapping[int, int], now: int, most: int = PAGE) -> int:
    """Wipe at most `most` posts that were fetched longer ago than their source's limit; return how many there were.

    Mentions, turns, readings and roll-ups are counts and stay; authors of whom nothing can be read any more are only
    numbers from then on. What was set aside unread is old text as well, and goes.
    """
    wiped: list[int] = []
    for source, seconds in limit.items():
        old = now - seconds
        wiped += [row[0] for row in db.rows(_OLD, (source, old, most - len(wiped)))]
        db.run(_SET_ASIDE, (source, old))
        if len(wiped) >= most:
            break
    if wiped:
        db.run(_WIPE, (now, json.dumps(wiped)))
        authors.forget(db, wiped)
        visits.forget(db, wiped)
        stories.forget(db, wiped)
    return len(wiped)
