"""Ids that have become keyed hashes: how they are made, and how a post that is heard again is still known by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from storage.base import Rows, Transaction
from storage.journal import is_hashed
from storage.mention import Kept, KeptPost

_NAMES = """SELECT id, native_id, in_reply_to, thread, conversation FROM posts
    WHERE id IN (SELECT value FROM json_each(?))"""
_READABLE = """SELECT native_id FROM posts WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))
    AND erased_at IS NULL"""
# What is known of one name in a source: from the narrowest index to the widest, threads before the conversations that
# lead to them.
_RENAME = (
    """UPDATE posts SET thread = ?1 WHERE source_id = ?2 AND thread = ?3
        AND coalesce(conversation, native_id) <> thread""",
    "UPDATE posts SET thread = ?1 WHERE source_id = ?2 AND conversation = ?3 AND thread = ?3",
    "UPDATE posts SET thread = ?1 WHERE source_id = ?2 AND native_id = ?3 AND thread = ?3",
    "UPDATE posts SET conversation = ?1 WHERE source_id = ?2 AND conversation = ?3",
    "UPDATE posts SET in_reply_to = ?1 WHERE source_id = ?2 AND in_reply_to = ?3",
    "UPDATE waits SET conversation = ?1 WHERE source_id = ?2 AND conversation = ?3",
)
# Ids that begin with an author's, where others name them; as many looks into an index.
_BEGUN = """SELECT p.{name} FROM json_each(?2) AS named CROSS JOIN posts p WHERE p.source_id = ?1
    AND p.{name} >= json_extract(named.value, '$[0]') AND p.{name} < json_extract(named.value, '$[1]')"""
_NAMED_AS = f"""{_BEGUN.format(name="in_reply_to")} UNION {_BEGUN.format(name="conversation")}
    UNION {_BEGUN.format(name="thread")} AND coalesce(p.conversation, p.native_id) <> p.thread"""
_RENAME_POST = "UPDATE posts SET native_id = ? WHERE id = ?"
_ANY = "SELECT 1 FROM posts WHERE source_id = ? AND native_id >= 'hmac:' AND native_id < 'hmac;' LIMIT 1"
_ANY_MADE = _ANY.replace(" LIMIT", " AND erased_at IS NOT NULL LIMIT")
_KNOWN = "SELECT native_id FROM posts WHERE source_id = ?1 AND native_id IN (SELECT value FROM json_each(?2))"
_SPOKEN_OF = f"""{_KNOWN} UNION SELECT conversation FROM posts
    WHERE source_id = ?1 AND conversation IN (SELECT value FROM json_each(?2))"""


def any_made(store: Rows) -> bool:
    """Whether the store holds hashes: of who objects, or in the place of ids. A stranger's own id is none of them."""
    return bool(store.rows("SELECT 1 FROM objections LIMIT 1")) or any(
        store.rows(_ANY_MADE, (source,)) for (source,) in store.rows("SELECT id FROM sources")
    )


def name_of(db: Transaction, source: int) -> str:
    """The name of a source, which its hashes are made with."""
    return str(db.rows("SELECT name FROM sources WHERE id = ?", (source,))[0][0])


def hash_ids(db: Transaction, source: int, posts: Iterable[int]) -> None:
    """Let keyed hashes stand for the ids of these posts, and for what they answer, wherever the source names them.

    What they answer keeps its id as long as it can be read itself. Conversations stay what they are.
    """
    rows = db.rows(_NAMES, (json.dumps(list(posts)),))
    own = {row[1] for row in rows if not is_hashed(row[1])}
    others = {name for row in rows for name in row[2:] if name is not None and not is_hashed(name)} - own
    others -= _readable(db, source, others)
    source_name = name_of(db, source)
    _rename(db, source, source_name, own | others)
    db.run_many(_RENAME_POST, [(db.hashed(source_name, row[1]), row[0]) for row in rows if row[1] in own])


def hash_names_of(db: Transaction, source: int, people: Iterable[str]) -> None:
    """Let no post of another say that it answers one of these authors (by id), whose id is in that of their posts.

    What they wrote need not be kept for that.
    """
    beginnings = [start for person in people for start in (f"at://{person}/", f"{person}/")]
    # What follows "/" in the order of characters is "0".
    asked = [(start, start[:-1] + "0") for start in beginnings]
    named = {row[0] for row in db.rows(_NAMED_AS, (source, json.dumps(asked)))} if asked else set()
    if named:
        _rename(db, source, name_of(db, source), named - _readable(db, source, named))


def _readable(db: Transaction, source: int, names: Iterable[str]) -> set[str]:
    return {row[0] for row in db.rows(_READABLE, (source, json.dumps(list(names))))}


def _rename(db: Transaction, source: int, source_name: str, names: Iterable[str]) -> None:
    renamed = [(db.hashed(source_name, name), source, name) for name in sorted(names)]
    for statement in _RENAME:
        db.run_many(statement, renamed)


def known_by_hash(db: Transaction, source: int, page: Kept) -> Kept:
    """The page, with hashes instead of those of its ids that the store knows by their hashes only.

    Costs one look into an index where nothing of the source is that old.
    """
    if not db.rows(_ANY, (source,)):
        return page
    posts = [*page.posts, *page.edits, *(one.post for one in page.unmatched)]
    own = {post.native_id for post in posts} | {reading.native_id for reading in page.readings}
    own |= {*page.deleted, *page.visited}
    answered = {name for post in posts for name in (post.in_reply_to, post.thread, post.copy_of) if name}
    posts_known = _there(db, source, page.source.name, own, _KNOWN)
    spoken_of = _there(db, source, page.source.name, answered, _SPOKEN_OF)
    if not posts_known and not spoken_of:
        return page

    def again(post: KeptPost) -> KeptPost:
        return replace(
            post,
            native_id=posts_known.get(post.native_id, post.native_id),
            in_reply_to=spoken_of.get(post.in_reply_to or "", post.in_reply_to),
            thread=spoken_of.get(post.thread or "", post.thread),
            copy_of=spoken_of.get(post.copy_of or "", post.copy_of),
        )

    return replace(
        page,
        posts=[again(post) for post in page.posts],
        edits=[again(post) for post in page.edits],
        unmatched=[replace(one, post=again(one.post)) for one in page.unmatched],
        readings=[
            replace(one, native_id=posts_known.get(one.native_id, one.native_id)) for one in page.readings
        ],
        deleted=[posts_known.get(native_id, native_id) for native_id in page.deleted],
        visited=[posts_known.get(native_id, native_id) for native_id in page.visited],
    )


def _there(db: Transaction, source: int, name: str, ids: Iterable[str], look: str) -> Mapping[str, str]:
    """Those of these ids whose hashes the store knows."""
    hashes = {db.hashed(name, native_id): native_id for native_id in ids}
    return {hashes[row[0]]: row[0] for row in db.rows(look, (source, json.dumps(list(hashes))))}
