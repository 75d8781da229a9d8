"""Who waited for an answer, and how long: kept by each commit for the conversations that it changes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from storage.base import Rows, Transaction

_CHUNK = 2_000
# The conversations of these posts, of the replies to them (which they may address only now), and those that are named.
_MEMBERS = """WITH changed AS (
    SELECT p.source_id, coalesce(p.conversation, p.native_id) AS conversation FROM posts p
    WHERE p.id IN (SELECT value FROM json_each(?1))
    UNION SELECT r.source_id, coalesce(r.conversation, r.native_id) FROM posts p
    JOIN posts r ON r.source_id = p.source_id AND r.in_reply_to = p.native_id
    WHERE p.id IN (SELECT value FROM json_each(?1))
    UNION SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?2)),
members AS (
    SELECT c.source_id, c.conversation, p.id, p.language, p.live FROM changed c
    JOIN posts p ON p.source_id = c.source_id AND p.conversation = c.conversation
    UNION ALL
    SELECT c.source_id, c.conversation, p.id, p.language, p.live FROM changed c
    JOIN posts p ON p.source_id = c.source_id AND p.native_id = c.conversation AND p.conversation IS NULL)
"""
_TURNS = f"""{_MEMBERS} SELECT m.source_id, m.conversation, t.brand_id, m.id, t.role, t.at, m.language, m.live
    FROM members m JOIN turns t ON t.post_id = m.id ORDER BY t.at, m.id"""
_FORGET = f"{_MEMBERS} DELETE FROM waits WHERE post_id IN (SELECT id FROM members)"
# Who asks once more while somebody waits already changes nothing: a post that thousands answer would be counted anew
# for each of them. An own post, a robot's too, may give earlier replies somebody to speak to.
_CHANGING = """SELECT DISTINCT p.id FROM posts p JOIN turns t ON t.post_id = p.id
    WHERE p.id IN (SELECT value FROM json_each(?)) AND NOT (t.role = 0 AND EXISTS (
        SELECT 1 FROM waits w WHERE w.source_id = p.source_id AND w.brand_id = t.brand_id
        AND w.conversation = coalesce(p.conversation, p.native_id)
        AND w.started <= t.at AND (w.seconds IS NULL OR w.started + w.seconds > t.at)))"""
_INSERT = """INSERT INTO waits (post_id, brand_id, started, source_id, conversation, language, live, first, seconds)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_KEPT = (
    "SELECT post_id, brand_id, started, source_id, conversation, language, live, first, seconds FROM waits"
)
_ASKING = "SELECT DISTINCT post_id FROM turns WHERE role = 0 AND post_id > ? ORDER BY post_id LIMIT ?"


class Wait(NamedTuple):
    """A post that addressed a brand and was not the second in a row: `seconds` until its answer, None without one.

    `first`: the conversation had no wait before.
    """

    post: int
    brand: int
    started: int
    source: int
    conversation: str
    language: str | None
    live: int
    first: int
    seconds: int | None


class _Turn(NamedTuple):
    post: int
    role: int
    at: int
    language: str | None
    live: int


def add(db: Transaction, source: int, posts: Sequence[int], joined: Iterable[str]) -> None:
    """Count what new posts (their numbers) of a source change, and conversations (their names) that became one."""
    changing = [row[0] for row in db.rows(_CHANGING, (json.dumps(list(posts)),))] if posts else []
    named = [(source, name) for name in joined]
    if changing or named:
        follow(db, changing, named)


def follow(db: Transaction, posts: Iterable[int], conversations: Iterable[tuple[int, str]] = ()) -> None:
    """Let the waits be what they are now in the conversations of these posts, and in those (source, name) named.

    Called after turns were written or taken away, or conversations became one.
    """
    asked = _asked(posts, conversations)
    db.run(_FORGET, asked)
    db.run_many(_INSERT, list(_counted(db, asked)))


def rebuild(db: Transaction) -> None:
    """Make all waits anew from the turns."""
    db.run("DELETE FROM waits")
    for chunk in _chunks(db):
        follow(db, chunk)


def wrong(db: Rows) -> int:
    """How many waits are not what their conversations come to, or are missing."""
    true = {wait for chunk in _chunks(db) for wait in _counted(db, _asked(chunk, ()))}
    return len(true ^ {Wait(*row) for row in db.rows(_KEPT)})


def _asked(posts: Iterable[int], conversations: Iterable[tuple[int, str]]) -> Sequence[object]:
    return json.dumps(list(posts)), json.dumps([list(one) for one in conversations])


def _chunks(db: Rows) -> Iterator[list[int]]:
    """All posts that address somebody, some at a time."""
    last = 0
    while rows := db.rows(_ASKING, (last, _CHUNK)):
        yield [row[0] for row in rows]
        last = rows[-1][0]


def _counted(db: Rows, asked: Sequence[object]) -> Iterator[Wait]:
    said: Mapping[tuple[int, str, int], list[_Turn]] = defaultdict(list)
    for source, conversation, brand, *turn in db.rows(_TURNS, asked):
        said[source, conversation, brand].append(_Turn(*turn))
    for (source, conversation, brand), turns in said.items():
        for ask, answer, first in _runs(turns):
            seconds = None if answer is None else answer.at - ask.at
            head = (ask.post, brand, ask.at, source, conversation)
            yield Wait(*head, ask.language, ask.live, int(first), seconds)


def _runs(turns: Iterable[_Turn]) -> Iterator[tuple[_Turn, _Turn | None, bool]]:
    """(who began to wait, who answered, whether nobody waited before) in a conversation with a brand, in order of time.

    The clock starts at the first post that addresses the brand, and again at the first one after an answer. It stops
    at the first later one by the brand's own people; posts flagged automatic do not stop it.
    """
    asked, first = None, True
    for turn in turns:
        if asked is None:
            asked = turn if turn.role == 0 else None
        elif turn.role == 1 and turn.at > asked.at:
            yield asked, turn, first
            asked, first = None, False
    if asked is not None:
        yield asked, None, first
