"""The sample of posts that matched nobody, on which queries are tried: bounded, even over time, soon forgotten."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from storage.base import Transaction
from storage.mention import KeptPost, Unmatched
from storage.posting import MOST_COUNTED, believable

LONGEST_KEPT = 7 * 86_400
"""Seconds for which a post stays in the sample."""

Column = Literal["native_id", "author_id"]

_INSERT = """INSERT INTO unmatched (source_id, native_id, near, rank, at, published_at, dated, title, text, author,
    author_id, followers, url, language, in_reply_to, thread) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""
_UPDATE = """UPDATE unmatched SET title = ?, text = ?, language = ?, author = coalesce(?, author),
    url = coalesce(?, url) WHERE source_id = ? AND native_id = ?"""
_WORST = """SELECT near, rank, id FROM unmatched WHERE source_id = ? ORDER BY near, rank DESC LIMIT ?"""


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a post stands: the greater goes first. A near miss says more about a query than any other post."""

    ordinary: bool
    rank: int


def rank(native_id: str) -> int:
    """A number from 0 to 2^63 - 1 that says nothing but is the same everywhere: the smallest are the sample."""
    return int.from_bytes(hashlib.sha256(native_id.encode()).digest()[:8]) >> 1


def size(db: Transaction, source: int) -> int:
    """How many posts of a source are in the sample."""
    return int(db.rows("SELECT sampled FROM sources WHERE id = ?", (source,))[0][0])


def expire(db: Transaction, at: int, most: int) -> None:
    """Let go what has been in the sample for too long, whichever source it came from; all where none is wanted."""
    before = at - LONGEST_KEPT if most else MOST_COUNTED
    gone = db.rows("DELETE FROM unmatched WHERE at < ? RETURNING source_id, at", (before,))
    if gone:
        _miss(db, Counter((source, when // 3600) for source, when in gone))
        for source, number in Counter(source for source, _ in gone).items():
            _resize(db, source, -number)


def forget(db: Transaction, source: int, column: Column, values: Iterable[str]) -> None:
    """Take posts out of the sample: they are kept now."""
    take_out(db, source, column, values)


def take_out(
    db: Transaction, source: int, column: Column, values: Iterable[str]
) -> list[tuple[str, str | None]]:
    """Take posts out of the sample; return which they were, as native id and author id."""
    asked = json.dumps(list(values))
    gone = (
        db.rows(
            f"""DELETE FROM unmatched WHERE source_id = ? AND {column} IN (SELECT value FROM json_each(?))
            RETURNING native_id, author_id""",
            (source, asked),
        )
        if asked != "[]"
        else []
    )
    _resize(db, source, -len(gone))
    return [(native_id, author) for native_id, author in gone]


def edit(db: Transaction, source: int, posts: Sequence[KeptPost]) -> None:
    """Let posts in the sample read as they do now."""
    said = ((p.title, p.text, p.language, p.author, p.url, source, p.native_id) for p in posts)
    db.run_many(_UPDATE, list(said))


def add(db: Transaction, source: int, posts: Sequence[Unmatched], at: int, most: int) -> None:
    """Take posts that matched nobody into the sample, and count those that have no place in it.

    Over `most`, ordinary posts of the greatest rank go first, then near misses. What would not stay is not written:
    after a while nearly nothing of a page is, and no page counts the sample.
    """
    held = size(db, source)
    found = fresh = _fresh(db, source, posts)
    if held >= most:
        # Most would not stay, which one look at the last place tells.
        last = max(_places(db, source, 1), default=_Place(False, -1))
        fresh = {place: one for place, one in fresh.items() if place < last}
    too_many = held + len(fresh) - most
    gone: list[int] = []
    if too_many > 0:
        there = _places(db, source, min(too_many, held))
        limit = sorted([*fresh, *there])[-too_many]
        fresh = {place: one for place, one in fresh.items() if place < limit}
        going = json.dumps([number for place, number in there.items() if place >= limit])
        drop = "DELETE FROM unmatched WHERE id IN (SELECT value FROM json_each(?)) RETURNING at"
        gone = [row[0] // 3600 for row in db.rows(drop, (going,))]
    db.run_many(_INSERT, [_row(source, place, one.post, at) for place, one in fresh.items()])
    _resize(db, source, len(fresh) - len(gone))
    # What had a place until now is missed in the hour in which it was heard.
    missed = Counter((source, hour) for hour in gone)
    missed[source, at // 3600] += len(found) - len(fresh)
    _miss(db, +missed)


def _places(db: Transaction, source: int, number: int) -> dict[_Place, int]:
    """Those of the sample that would go first, with the numbers of their rows."""
    return {_Place(not near, rank_): id_ for near, rank_, id_ in db.rows(_WORST, (source, number))}


def _fresh(db: Transaction, source: int, posts: Sequence[Unmatched]) -> dict[_Place, Unmatched]:
    """Those that are not in the sample yet, by where they would stand."""
    by_id: dict[str, Unmatched] = {}
    for one in posts:
        by_id.setdefault(one.post.native_id, one)
    for (native_id,) in db.rows(
        """SELECT native_id FROM unmatched
        WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))""",
        (source, json.dumps(list(by_id))),
    ):
        del by_id[native_id]
    return {_Place(not one.near, rank(native_id)): one for native_id, one in by_id.items()}


def _miss(db: Transaction, missed: Mapping[tuple[int, int], int]) -> None:
    db.run_many(
        """INSERT INTO source_hours (source_id, hour, unsampled) VALUES (?, ?, ?)
        ON CONFLICT (source_id, hour) DO UPDATE SET unsampled = source_hours.unsampled + excluded.unsampled""",
        [(source, hour, number) for (source, hour), number in missed.items()],
    )


def _resize(db: Transaction, source: int, by: int) -> None:
    if by:
        db.run("UPDATE sources SET sampled = sampled + ? WHERE id = ?", (by, source))


def _row(source: int, place: _Place, post: KeptPost, at: int) -> Sequence[object]:
    return (
        source,
        post.native_id,
        not place.ordinary,
        place.rank,
        at,
        post.published_at,
        post.dated,
        post.title,
        post.text,
        post.author,
        post.author_id,
        believable(post.followers),
        post.url,
        post.language,
        post.in_reply_to,
        post.thread,
    )
