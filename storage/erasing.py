"""What people took back: every place that holds its words is emptied, and its counts stay.

Which columns hold a stranger's words or name stands in `storage.places`; a test holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from storage import authors, hashed_ids, post_hashtags, sample, visits
from storage.base import Transaction
from storage.mention import Erasure
from storage.rollups import recounted
from storage.stories import keeping as stories

How = Literal["network", "hand", "copy"]
"""Who wanted it: the network told of it, a person asked us, or an older copy of the store was put back."""

# What has only grown old is taken back now: it still has its hashtags.
_FIND = """SELECT id, native_id, author_id FROM posts
    WHERE source_id = ? AND {of_whom} IN (SELECT value FROM json_each(?)) AND (erased_at IS NULL OR expired = 1)"""
_WIPE = """UPDATE posts SET title = NULL, text = '', author = NULL, author_id = NULL, url = NULL, erased_at = ?,
    expired = 0 WHERE id IN (SELECT value FROM json_each(?))"""
_UNQUARANTINE = """DELETE FROM quarantine WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))
    RETURNING native_id"""
# Nobody could read who wrote an item in quarantine, so the id as it stands in JSON is looked for.
_UNQUARANTINE_AUTHOR = """DELETE FROM quarantine WHERE source_id = ? AND replace(item, ?, '') <> item"""
_QUARANTINED = "SELECT 1 FROM quarantine WHERE source_id = ? LIMIT 1"
_COUNT = """INSERT INTO erasures (source_id, at, how, posts, others) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (source_id, at, how) DO UPDATE SET posts = erasures.posts + excluded.posts,
    others = erasures.others + excluded.others, settled_at = NULL"""


def erase(
    db: Transaction,
    source: int,
    deleted: Sequence[str],
    departed: Sequence[str],
    at: int,
    how: How = "network",
) -> tuple[str, ...]:
    """Wipe deleted posts (native ids) and all posts of closed accounts (author ids); return whose text is gone now.

    Their rows stay: mentions, turns and readings are counts, and a post that is known is not taken in again. An id that
    names its author becomes a keyed hash. What had an effect is written into the journal before it is committed.
    """
    if not deleted and not departed:
        return ()
    posts = _found(db, source, "native_id", deleted) | _found(db, source, "author_id", departed)
    others = set()
    for column, taken_back in (("native_id", deleted), ("author_id", departed)):
        others |= set(sample.take_out(db, source, column, taken_back))  # type: ignore[arg-type]
    gone = {*posts.values(), *others}
    gone_authors = {author for _, author in gone if author}.intersection(departed)
    aside = {row[0] for row in db.rows(_UNQUARANTINE, (source, json.dumps(list(deleted))))}
    aside_by = _unquarantine(db, source, departed)
    wipe(db, source, {number: post[1] for number, post in posts.items()}, at)
    name = hashed_ids.name_of(db, source)
    taken = {*(native_id for native_id, _ in gone), *aside}.intersection(deleted)
    counted = len(others) + len(aside) + len(aside_by)
    if posts or counted:
        if how != "copy":
            write_down(db, name, sorted(taken), sorted(gone_authors | aside_by), at)
        db.run(_COUNT, (source, at, how, len(posts), counted))
    return tuple(native_id for native_id, _ in posts.values())


def _found(
    db: Transaction, source: int, column: sample.Column, gone: Sequence[str]
) -> dict[int, tuple[str, str | None]]:
    """Posts that still hold something, by number: their native ids and authors."""
    if not gone:
        return {}
    rows = db.rows(_FIND.format(of_whom=column), (source, json.dumps(list(gone))))
    return {number: (native_id, author) for number, native_id, author in rows}


def wipe(db: Transaction, source: int, posts: dict[int, str | None], at: int) -> None:
    """Empty each place that holds words of these posts of one source; by their numbers, with their authors' ids.

    A new place that is made of texts is emptied here.
    """
    if not posts:
        return
    numbers = list(posts)
    named = [number for number, author in posts.items() if author]
    db.run(_WIPE, (at, json.dumps(numbers)))
    authors.forget(db, numbers)
    visits.forget(db, numbers)
    stories.forget(db, numbers)
    # A hashtag is somebody's words, and is counted no more; that they spoke of the brand still is.
    with recounted(db, numbers):
        post_hashtags.forget(db, numbers)
    if naming := _naming(db, named, posts):
        hashed_ids.hash_ids(db, source, naming)


def _naming(db: Transaction, numbers: Sequence[int], posts: dict[int, str | None]) -> list[int]:
    """Those of these posts whose native id holds their author's id, as on Bluesky."""
    rows = db.rows(
        "SELECT id, native_id FROM posts WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    )
    return [number for number, native_id in rows if (posts[number] or "") in native_id]


def write_down(db: Transaction, source: str, posts: Sequence[str], people: Sequence[str], at: int) -> None:
    """Write into the journal that these posts, and all posts of these authors, were erased."""
    entries = [Erasure(at, source, "post", db.hashed(source, native_id)) for native_id in posts]
    entries += [Erasure(at, source, "author", db.hashed(source, person)) for person in people]
    db.write_down(entries)


def _unquarantine(db: Transaction, source: int, departed: Sequence[str]) -> set[str]:
    if not departed or not db.rows(_QUARANTINED, (source,)):
        return set()
    return {one for one in departed if db.run(_UNQUARANTINE_AUTHOR, (source, json.dumps(one)))}
