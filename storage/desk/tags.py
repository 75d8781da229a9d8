"""Tags on mentions, by a rule of the configuration or by hand: what a mention is about, and who should see it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction
from storage.calendar import Window

PAID = "paid"
"""The tag of what somebody was paid to write: an organic share of voice leaves it out."""

BEARS = (
    """EXISTS (SELECT 1 FROM tags t WHERE t.tag = ? AND t.brand_id = m.brand_id AND t.post_id = m.post_id)"""
)
"""The condition on mentions `m` that they bear a tag."""

# A person's word stands where a rule said the same: the rule may change, and would take its tag away.
_ADD = """INSERT INTO tags (brand_id, post_id, tag, at, by)
    SELECT m.brand_id, m.post_id, ?, ?, ? FROM brands b JOIN mentions m ON m.brand_id = b.id
    WHERE b.name = ? AND m.post_id IN (SELECT value FROM json_each(?))
    ON CONFLICT (tag, brand_id, post_id) DO UPDATE SET at = excluded.at, by = excluded.by WHERE tags.by IS NULL"""
_REMOVE = """DELETE FROM tags WHERE tag = ? AND brand_id = (SELECT id FROM brands WHERE name = ?)
    AND post_id IN (SELECT value FROM json_each(?))"""
_OF_POST = """SELECT t.tag, b.name, t.post_id, t.at, t.by FROM tags t JOIN brands b ON b.id = t.brand_id
    WHERE t.post_id = ? ORDER BY t.tag, b.name"""
_COUNTED = """SELECT t.tag, count(*) FROM tags t JOIN brands b ON b.id = t.brand_id
    JOIN mentions m ON m.brand_id = t.brand_id AND m.post_id = t.post_id
    WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? GROUP BY t.tag ORDER BY t.tag"""
_BY_RULE = """INSERT INTO tags (brand_id, post_id, tag, at) VALUES (?, ?, ?, ?)
    ON CONFLICT (tag, brand_id, post_id) DO NOTHING"""
_UNTAG = """DELETE FROM tags WHERE by IS NULL AND post_id IN (SELECT value FROM json_each(?))
    AND brand_id || ' ' || post_id NOT IN (SELECT value FROM json_each(?))"""
_MENTIONS = """SELECT m.post_id, m.brand_id FROM mentions m
    WHERE m.post_id IN (SELECT value FROM json_each(?)) ORDER BY m.post_id, m.brand_id"""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of one mention. `by`: who gave it, "" where a person did not say; None where a rule did."""

    tag: str
    brand: str
    post_id: int
    at: int
    by: str | None


def add(db: Transaction, tag: str, brand: str, post_ids: Sequence[int], *, by: str | None, now: int) -> int:
    """Tag those of these posts that are mentions of a brand, by hand; return how many did not bear the tag so."""
    return db.run(_ADD, (tag, now, by or "", brand, json.dumps(list(post_ids))))


def remove(db: Transaction, tag: str, brand: str, post_ids: Sequence[int]) -> int:
    """Take a tag off; return from how many mentions. What a rule gave comes back when the post is matched again."""
    return db.run(_REMOVE, (tag, brand, json.dumps(list(post_ids))))


def of_post(store: Rows, post_id: int) -> list[Tag]:
    """All tags of a post, of every brand that it mentions."""
    return [Tag(*row) for row in store.rows(_OF_POST, (post_id,))]


def counted(store: Rows, brand: str, window: Window) -> dict[str, int]:
    """Mentions of a brand in a window by tag; what is no mention any more counts nowhere."""
    return dict(store.rows(_COUNTED, (brand, window.since, window.until)))


def give(db: Transaction, tagged: Iterable[tuple[int, int, Sequence[str], int]]) -> None:
    """Write what rules say of mentions: brand number, post number, tags, time. A person's tag stays a person's."""
    rows = [(brand, post, tag, at) for brand, post, tags, at in tagged for tag in tags]
    if rows:
        db.run_many(_BY_RULE, rows)


def forget(db: Transaction, posts: Iterable[int], but: Sequence[str] = ()) -> None:
    """Take away what rules said of these posts, except of mentions written "brand post" (by their numbers)."""
    db.run(_UNTAG, (json.dumps(list(posts)), json.dumps(list(but))))


def give_again(db: Transaction, tagged: Iterable[tuple[int, Sequence[str], int]]) -> None:
    """Let what rules say of kept posts be this: post number, tags, time."""
    said = {post: (tags, at) for post, tags, at in tagged}
    forget(db, said)
    mentions = db.rows(_MENTIONS, (json.dumps([post for post, (tags, _) in said.items() if tags]),))
    give(db, [(brand, post, *said[post]) for post, brand in mentions])


def is_borne(store: Rows, tag: str) -> bool:
    """Whether any mention bears a tag."""
    return bool(store.rows("SELECT 1 FROM tags WHERE tag = ? LIMIT 1", (tag,)))


def names(store: Rows) -> list[str]:
    """All tags that mentions bear."""
    return [row[0] for row in store.rows("SELECT DISTINCT tag FROM tags ORDER BY tag")]


def any_by_rule(store: Rows) -> bool:
    """Whether some mention bears a tag that a rule gave."""
    return bool(store.rows("SELECT 1 FROM tags WHERE by IS NULL LIMIT 1"))
