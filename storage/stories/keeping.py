"""Which story a kept post is in: told as it is written, and followed when it is edited or can no longer be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from storage.base import Transaction
from storage.mention import KeptPost
from storage.rollups.keeping import retold
from storage.stories.fingerprint import Fingerprint, fingerprint, packed

_NUMBERS = """SELECT native_id, id FROM posts
    WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))"""
_STORIES = """SELECT post_id, story_id FROM story_members WHERE post_id IN (SELECT value FROM json_each(?))"""
_KNOWN = """SELECT post_id FROM story_members WHERE post_id IN (SELECT value FROM json_each(?))
    UNION SELECT post_id FROM fingerprints WHERE post_id IN (SELECT value FROM json_each(?))"""
_JOIN = """INSERT INTO story_members (post_id, story_id, repeats) VALUES (?, ?, ?)
    ON CONFLICT (post_id) DO NOTHING"""
_LEAVE = "DELETE FROM story_members WHERE post_id IN (SELECT value FROM json_each(?))"
_MEMBERS = """SELECT story_id, post_id FROM story_members
    WHERE story_id IN (SELECT value FROM json_each(?)) ORDER BY story_id, post_id"""
_RENUMBER = "UPDATE story_members SET story_id = ? WHERE story_id = ?"
_REMEMBER = """INSERT INTO fingerprints (story_id, post_id, at, exact, sketch) VALUES (?, ?, ?, ?, ?)
    RETURNING id"""
_FORGET = "DELETE FROM fingerprints WHERE story_id = ?"
_OF_THESE = "SELECT story_id FROM fingerprints WHERE post_id IN (SELECT value FROM json_each(?))"
_OLDEST_READABLE = """SELECT p.id, p.title, p.text, p.published_at FROM posts p
    WHERE p.erased_at IS NULL AND (p.id = ? OR p.id IN (SELECT post_id FROM story_members WHERE story_id = ?))
    AND p.id NOT IN (SELECT value FROM json_each(?)) ORDER BY p.id LIMIT 1"""


def said(title: str | None, text: str) -> str:
    """What of a post its copies repeat: the title, unless the text begins with it, and the text."""
    return text if not title or text.startswith(title) else f"{title}\n{text}"


def assign(db: Transaction, source: int, posts: Sequence[tuple[int, KeptPost]]) -> None:
    """Let posts that were written just now, with their numbers, be in their stories: the oldest numbers first.

    What says of itself that it repeats a kept post is in that post's story, whatever its words; anything else is where
    its words stand. Mentions must be written already, for the roll-up of stories counts them.
    """
    if not posts:
        return
    db.memory.follow(db)
    repeats = _repeated(db, source, posts)
    joined = _stories_of(db, repeats)
    found: dict[int, int] = {}
    for number, post in posts:
        if number in joined:
            continue
        words = fingerprint(said(post.title, post.text))
        story = db.memory.find(words, post.published_at)
        if story is None:
            _begin(db, number, number, words, post.published_at)
        else:
            found[number] = story
    wiped = db.memory.wiped(db, found.values())
    joined |= {number: story for number, story in found.items() if story not in wiped}
    _join(db, {number: joined.get(story, story) for number, story in joined.items()}, repeats)
    assign(db, source, [one for one in posts if found.get(one[0]) in wiped])


def _join(db: Transaction, joined: Mapping[int, int], repeats: Mapping[int, int]) -> None:
    if joined:
        with retold(db, {*joined, *joined.values()}):
            db.run_many(_JOIN, [(story, story, None) for story in dict.fromkeys(joined.values())])
            db.run_many(_JOIN, [(post, story, repeats.get(post)) for post, story in joined.items()])


def assign_unknown(db: Transaction, source: int, posts: Sequence[tuple[int, KeptPost]]) -> None:
    """The same of posts whose stories are not known: kept before there were any, or no mentions then."""
    ids = json.dumps([number for number, _ in posts])
    known = {row[0] for row in db.rows(_KNOWN, (ids, ids))}
    assign(db, source, [one for one in sorted(posts, key=lambda one: one[0]) if one[0] not in known])


def leave(db: Transaction, posts: Iterable[int]) -> None:
    """Let posts, by their numbers, be in no story: they will read otherwise. Those that stay behind stay together."""
    ids = json.dumps(sorted(posts))
    stories = {story for _, story in db.rows(_STORIES, (ids,))}
    members = db.rows(_MEMBERS, (json.dumps(sorted(stories)),)) if stories else []
    if members:
        with retold(db, [post for _, post in members]):
            db.run(_LEAVE, (ids,))
            _settle(db, stories)
    _remember_others(db, ids)


def forget(db: Transaction, wiped: Iterable[int]) -> None:
    """Keep nothing that was made of the words of these posts, whose text is gone; where they were counted stays."""
    _remember_others(db, json.dumps(sorted(wiped)))


def _settle(db: Transaction, stories: Iterable[int]) -> None:
    """Let what is left of stories bear the number of one of its posts; one post alone is in no list."""
    left: dict[int, list[int]] = {story: [] for story in stories}
    for story, post in db.rows(_MEMBERS, (json.dumps(sorted(left)),)):
        left[story].append(post)
    for story, there in left.items():
        if len(there) == 1:
            db.run(_LEAVE, (json.dumps(there),))
        if there and there[0] != story:
            if len(there) > 1:
                db.run(_RENUMBER, (there[0], story))
            _remember(db, story, there[0])


def _remember_others(db: Transaction, ids: str) -> None:
    """Where a story is known by one of these posts, let it be known by another one that can be read, or not at all."""
    for (story,) in db.rows(_OF_THESE, (ids,)):
        _remember(db, story, story, without=ids)


def _remember(db: Transaction, story: int, now: int, without: str = "[]") -> None:
    """Let a story, which may bear another number now, be known by its oldest post that can be read."""
    db.run(_FORGET, (story,))
    db.memory.forget(story)
    db.memory.follow(db)
    for post, title, text, at in db.rows(_OLDEST_READABLE, (now, now, without)):
        _begin(db, now, post, fingerprint(said(title, text)), at)


def _repeated(db: Transaction, source: int, posts: Sequence[tuple[int, KeptPost]]) -> dict[int, int]:
    """The kept posts of this source that some of these say they repeat, by their numbers."""
    named = {post.copy_of for _, post in posts if post.copy_of}
    if not named:
        return {}
    numbers: dict[str | None, int] = dict(db.rows(_NUMBERS, (source, json.dumps(sorted(named)))))
    found = {number: numbers.get(post.copy_of) for number, post in posts}
    # Whoever repeats what came later, or itself, repeats nothing.
    return {number: of for number, of in found.items() if of is not None and of < number}


def _stories_of(db: Transaction, repeats: Mapping[int, int]) -> dict[int, int]:
    """The stories that these posts are in because of what they repeat: each may repeat one before it."""
    known: dict[int, int] = (
        dict(db.rows(_STORIES, (json.dumps(sorted(repeats.values())),))) if repeats else {}
    )
    joined: dict[int, int] = {}
    for number, of in sorted(repeats.items()):
        joined[number] = joined.get(of, known.get(of, of))
    return joined


def _begin(db: Transaction, story: int, post: int, words: Fingerprint, at: int) -> None:
    """Let a story be known by the words of one of its posts."""
    if words.exact is None:
        return
    number = db.rows(_REMEMBER, (story, post, at, words.exact, packed(words)))[0][0]
    oldest = db.memory.add(number, story, words, at)
    if oldest is not None:
        db.run(_FORGET, (oldest,))
