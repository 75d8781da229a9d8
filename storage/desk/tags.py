"""Tags on mentions: what a person, a rule or a campaign says a mention is about, so that it can be counted apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction

_RECORD = """INSERT INTO tags (brand_id, post_id, tag, at, by)
    SELECT m.brand_id, m.post_id, ?, ?, ? FROM mentions m JOIN brands b ON b.id = m.brand_id
    WHERE b.name = ? AND m.post_id IN (SELECT value FROM json_each(?))
    ON CONFLICT (tag, brand_id, post_id) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag on a mention. `by` is None where a rule of the configuration gave it."""

    brand: str
    post_id: int
    tag: str
    at: int
    by: str | None


@dataclass(frozen=True, slots=True)
class Used:
    """How many mentions of a brand bear a tag."""

    tag: str
    brand: str
    mentions: int


def record(
    db: Transaction, brand: str, post_ids: Sequence[int], tag: str, *, by: str | None, now: int
) -> int:
    """Tag these mentions of a brand; return how many did not bear the tag yet. What is no mention is left out."""
    return db.run(_RECORD, (tag, now, by, brand, json.dumps(list(post_ids))))


def remove(
    db: Transaction, tag: str, *, brand: str | None = None, post_ids: Sequence[int] | None = None
) -> int:
    """Take a tag off these posts, or off all that bear it; of one brand, or of all. Return of how many mentions."""
    where, parameters = ["tag = ?"], [tag]
    if brand is not None:
        where.append("brand_id = (SELECT id FROM brands WHERE name = ?)")
        parameters.append(brand)
    if post_ids is not None:
        where.append("post_id IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(post_ids)))
    return db.run(f"DELETE FROM tags WHERE {' AND '.join(where)}", parameters)


def of_posts(store: Rows, post_ids: Sequence[int]) -> list[Tag]:
    """All tags of these posts, in the order of posts, brands and tags."""
    rows = store.rows(
        """SELECT b.name, t.post_id, t.tag, t.at, t.by FROM tags t JOIN brands b ON b.id = t.brand_id
        WHERE t.post_id IN (SELECT value FROM json_each(?)) ORDER BY t.post_id, b.name, t.tag""",
        (json.dumps(list(post_ids)),),
    )
    return [Tag(*row) for row in rows]


def used(store: Rows) -> list[Used]:
    """Which tags there are, and on how many mentions of which brand, the most used first.

    A tag on what is no mention any more counts nowhere.
    """
    rows = store.rows(
        """SELECT t.tag, b.name, count(*) FROM tags t JOIN brands b ON b.id = t.brand_id
        JOIN mentions m ON m.brand_id = t.brand_id AND m.post_id = t.post_id
        GROUP BY t.tag, b.name ORDER BY 3 DESC, t.tag, b.name"""
    )
    return [Used(*row) for row in rows]
