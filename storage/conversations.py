"""Which posts belong to one conversation, whatever order they arrive in: the thread, or the chain of replies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from storage.base import Transaction
from storage.mention import KeptPost, Mention

# posts.conversation is NULL for a post whose conversation bears its own native id, as when it stands alone.
_KEPT = """SELECT native_id, coalesce(conversation, native_id), thread FROM posts
    WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))"""
_REPLIES = """SELECT in_reply_to, coalesce(conversation, native_id), thread FROM posts
    WHERE source_id = ? AND in_reply_to IN (SELECT value FROM json_each(?))"""
_JOINED_THREADS = """SELECT DISTINCT thread, coalesce(conversation, native_id), NULL FROM posts
    WHERE source_id = ? AND thread IN (SELECT value FROM json_each(?))
    AND coalesce(conversation, native_id) <> thread"""
_IN_USE = """SELECT DISTINCT conversation FROM posts
    WHERE source_id = ? AND conversation IN (SELECT value FROM json_each(?))"""


class _Ties:
    """Disjoint sets of names: native ids, threads, and the names that conversations bear."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self.in_use: set[str] = set()
        self.threads: set[str] = set()

    def top(self, name: str) -> str:
        while (above := self._above.setdefault(name, name)) != name:
            self._above[name] = name = self._above[above]
        return name

    def join(self, one: str, other: str) -> None:
        self._above[self.top(one)] = self.top(other)

    def join_kept(self, name: str, conversation: str) -> None:
        """Tie a name to the conversation in which it is kept already."""
        self.join(name, conversation)
        self.in_use.add(conversation)

    def groups(self) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for name in list(self._above):
            found.setdefault(self.top(name), []).append(name)
        return list(found.values())


def assign(db: Transaction, source: int, posts: Sequence[KeptPost]) -> tuple[dict[str, str], set[str]]:
    """Return native id -> conversation of new posts, not yet inserted; join the kept ones that they connect.

    And the names of the conversations that became greater by joining.

    A post that names its thread is tied to that thread; a reply that names none is tied to its parent, be it
    kept or not; a post that names none is also tied to the replies to it. What ties connect, directly or over
    others, is one conversation. No tie depends on what is kept at the time, only on what was said, so that
    every order of arrival ends in the same conversations. The number of statements does not grow with the
    page, but for the conversations that it joins.
    """
    ties = _ties(db, source, posts)
    named: dict[str, str] = {}
    joined = []
    for group in ties.groups():
        # A thread's name if there is one, so that its later posts need no look at what it was joined with.
        candidates = [name for name in group if name in ties.in_use or name in ties.threads] or group
        conversation = min(candidates, key=lambda name: (name not in ties.threads, name))
        named.update(dict.fromkeys(group, conversation))
        joined += [(conversation, source, old) for old in group if old in ties.in_use and old != conversation]
    db.run_many("UPDATE posts SET conversation = ? WHERE source_id = ? AND conversation = ?", joined)
    db.run_many(
        "UPDATE posts SET conversation = ? WHERE source_id = ? AND native_id = ? AND conversation IS NULL",
        joined,
    )
    said_in = {post.native_id: named[post.native_id] for post in posts if post.native_id in named}
    return said_in, {conversation for conversation, *_ in joined}


def _ties(db: Transaction, source: int, posts: Sequence[KeptPost]) -> _Ties:
    """Tie the new posts to what they name, and all of that to the conversations in which it is kept."""
    ties = _Ties()
    new = {post.native_id for post in posts}
    ties.threads = {post.thread for post in posts if post.thread is not None}
    without_thread = {post.native_id for post in posts if post.thread is None}
    new_without_thread = frozenset(without_thread)
    others = ({post.in_reply_to for post in posts if post.in_reply_to is not None} | ties.threads) - new
    for native_id, conversation, thread in _rows(db, _KEPT, source, others):
        ties.join_kept(native_id, conversation)
        if thread is None:
            without_thread.add(native_id)
    names = new | others
    for parent, conversation, thread in _rows(db, _REPLIES, source, names):
        if thread is None or parent in new_without_thread:
            ties.join_kept(parent, conversation)
    for name, conversation, _ in _rows(db, _JOINED_THREADS, source, names):
        ties.join_kept(name, conversation)
    ties.in_use.update(row[0] for row in _rows(db, _IN_USE, source, names))
    for post in posts:
        tie = post.thread if post.thread is not None else post.in_reply_to
        if tie is not None:
            ties.join(post.native_id, tie)
        if post.thread is not None and post.in_reply_to in without_thread:
            ties.join(post.native_id, post.in_reply_to)
    return ties


def _rows(db: Transaction, sql: str, source: int, names: Iterable[str]) -> list[tuple[str, str, str | None]]:
    wanted = list(names)
    return db.rows(sql, (source, json.dumps(wanted))) if wanted else []


def with_addressees(db: Transaction, source: int, posts: Sequence[KeptPost]) -> list[KeptPost]:
    """Mark replies to a brand's own post as addressed to it; leave out posts that concern no brand."""
    return [post for post in mark_addressed(db, source, posts) if post.mentions]


def mark_addressed(db: Transaction, source: int, posts: Sequence[KeptPost]) -> list[KeptPost]:
    """Mark replies to a brand's own post, be it kept or among these, as addressed to that brand."""
    answered = {post.in_reply_to for post in posts if post.in_reply_to}
    if not answered:
        return list(posts)
    by_post = owners(db, source, answered)
    # What these posts are now counts, not what they were when they were kept.
    by_post.update(
        {
            post.native_id: {m.brand for m in post.mentions if m.own}
            for post in posts
            if post.native_id in answered
        }
    )
    return [_address(post, by_post.get(post.in_reply_to or "", set())) for post in posts]


def _address(post: KeptPost, brands: set[str]) -> KeptPost:
    if not brands:
        return post
    marked = tuple(
        replace(m, addressed=True) if m.brand in brands and not m.own else m for m in post.mentions
    )
    named = {mention.brand for mention in post.mentions}
    more = tuple(Mention(brand, matched=False, addressed=True) for brand in sorted(brands - named))
    return replace(post, mentions=marked + more)


def owners(db: Transaction, source: int, native_ids: Iterable[str]) -> dict[str, set[str]]:
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


def address_earlier_replies(
    db: Transaction, source: int, posts: Sequence[tuple[int, KeptPost]]
) -> set[tuple[str, int]]:
    """Replies that were kept before the brand's own post that they answer now address that brand.

    Returns the (brand, hour) that this changes.
    """
    owners = {p.native_id: [m.brand for m in p.mentions if m.own] for _, p in posts}
    answered = [native_id for native_id, brands in owners.items() if brands]
    if not answered:
        return set()
    replies = db.rows(
        """SELECT id, in_reply_to, published_at FROM posts
        WHERE source_id = ? AND in_reply_to IN (SELECT value FROM json_each(?))""",
        (source, json.dumps(answered)),
    )
    turns = [(brand, number, at) for number, parent, at in replies for brand in owners[parent]]
    db.run_many(
        """INSERT INTO turns (brand_id, post_id, role, at) SELECT id, ?2, 0, ?3 FROM brands WHERE name = ?1
        ON CONFLICT DO NOTHING""",
        turns,
    )
    return {(brand, at // 3600) for brand, _, at in turns}
