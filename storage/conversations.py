"""Which posts belong to one conversation, whatever order they arrive in: the thread, or the chain of replies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from storage.base import Transaction
from storage.mention import KeptPost, Mention

# posts.conversation is NULL for a post that stands alone: its conversation then is its own native id.


def link(db: Transaction, source: int, posts: Sequence[tuple[int, KeptPost]]) -> None:
    """Put new posts, already inserted, into their conversations, and join what they connect.

    A post that names its thread is in it. A reply without a thread is in its parent's conversation; while the
    parent is not kept, its id stands for the conversation, so that siblings find each other and the parent
    finds them when it arrives late. A thread named by a reply also takes in the parent that names none.
    """
    if not any(post.thread or post.in_reply_to for _, post in posts) and not _any_waiting(db, source):
        return
    for number, post in posts:
        own = post.thread or (_of(db, source, post.in_reply_to) if post.in_reply_to else None)
        if own is None:
            own = _thread_of_a_reply(db, source, post.native_id)
        if own is not None and own != post.native_id:
            db.run("UPDATE posts SET conversation = ? WHERE id = ?", (own, number))
            _rename(db, source, post.native_id, own)
        if post.thread and post.in_reply_to:
            _take_in_parent(db, source, post.in_reply_to, post.thread)


def _any_waiting(db: Transaction, source: int) -> bool:
    sql = "SELECT 1 FROM posts WHERE source_id = ? AND conversation IS NOT NULL LIMIT 1"
    return bool(db.rows(sql, (source,)))


def _of(db: Transaction, source: int, parent: str) -> str:
    """The conversation of a parent, or its own id where it is not kept (yet) or stands alone."""
    found = db.rows(
        "SELECT coalesce(conversation, native_id) FROM posts WHERE source_id = ? AND native_id = ?",
        (source, parent),
    )
    return str(found[0][0]) if found else parent


def _thread_of_a_reply(db: Transaction, source: int, native_id: str) -> str | None:
    found = db.rows(
        "SELECT thread FROM posts WHERE source_id = ? AND in_reply_to = ? AND thread IS NOT NULL LIMIT 1",
        (source, native_id),
    )
    return str(found[0][0]) if found else None


def _take_in_parent(db: Transaction, source: int, parent: str, thread: str) -> None:
    if not db.rows(
        "SELECT 1 FROM posts WHERE source_id = ? AND native_id = ? AND thread IS NULL", (source, parent)
    ):
        return
    _rename(db, source, _of(db, source, parent), thread)
    if parent != thread:
        db.run(
            "UPDATE posts SET conversation = ? WHERE source_id = ? AND native_id = ?",
            (thread, source, parent),
        )


def _rename(db: Transaction, source: int, old: str, new: str) -> None:
    if old != new:
        # Posts that name another thread themselves stay there.
        db.run(
            "UPDATE posts SET conversation = ? WHERE source_id = ? AND conversation = ? AND thread IS NULL",
            (new, source, old),
        )


def with_addressees(db: Transaction, source: int, posts: Sequence[KeptPost]) -> list[KeptPost]:
    """Mark replies to a brand's own post as addressed to it; leave out posts that concern no brand."""
    answered = {post.in_reply_to for post in posts if post.in_reply_to}
    owners = _owners(db, source, answered) if answered else {}
    for post in posts:
        own = {mention.brand for mention in post.mentions if mention.own}
        if own:
            owners.setdefault(post.native_id, set()).update(own)
    marked = (_address(post, owners.get(post.in_reply_to or "", set())) for post in posts)
    return [post for post in marked if post.mentions]


def _address(post: KeptPost, brands: set[str]) -> KeptPost:
    if not brands:
        return post
    marked = tuple(
        replace(m, addressed=True) if m.brand in brands and not m.own else m for m in post.mentions
    )
    named = {mention.brand for mention in post.mentions}
    more = tuple(Mention(brand, matched=False, addressed=True) for brand in sorted(brands - named))
    return replace(post, mentions=marked + more)


def _owners(db: Transaction, source: int, native_ids: Iterable[str]) -> dict[str, set[str]]:
    """Which of these kept posts were written by which brands: native id -> names."""
    found: dict[str, set[str]] = {}
    for native_id, brand in db.rows(
        """SELECT p.native_id, b.name FROM posts p JOIN turns t ON t.post_id = p.id AND t.role > 0
        JOIN brands b ON b.id = t.brand_id
        WHERE p.source_id = ? AND p.native_id IN (SELECT value FROM json_each(?))""",
        (source, json.dumps(list(native_ids))),
    ):
        found.setdefault(native_id, set()).add(brand)
    return found


def address_earlier_replies(db: Transaction, source: int, posts: Sequence[tuple[int, KeptPost]]) -> None:
    """Replies that were kept before the brand's own post that they answer now address that brand."""
    for _, post in posts:
        for mention in post.mentions:
            if mention.own:
                db.run(
                    """INSERT INTO turns (brand_id, post_id, role, at)
                    SELECT b.id, p.id, 0, p.published_at FROM posts p JOIN brands b ON b.name = ?
                    WHERE p.source_id = ? AND p.in_reply_to = ? ON CONFLICT DO NOTHING""",
                    (mention.brand, source, post.native_id),
                )
