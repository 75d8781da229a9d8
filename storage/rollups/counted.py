"""A mention as the roll-ups count it, read from the facts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from storage.base import Rows

SCALE = 10_000
"""Probabilities are summed as whole numbers of this part of 1: see `whole`."""

_OF_POSTS = """SELECT m.brand_id, m.published_at, m.source_id, m.live, m.language, m.label, m.p_negative, m.p_positive,
    m.engine_id, m.author_id, p.followers, m.post_id FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.post_id IN (SELECT value FROM json_each(?))"""


class Counted(NamedTuple):
    """`negative` and `positive` are probabilities, `label` -1, 0 or 1; None where nothing judged."""

    brand: int
    at: int
    source: int
    live: int
    language: str | None
    label: int | None
    negative: float | None
    positive: float | None
    engine: int | None
    author: int | None
    followers: int | None
    post: int


def whole(p: str) -> str:
    """The SQL that makes a whole number of a probability. Python does the same: int(p * SCALE + 0.5)."""
    return f"CAST({p} * {SCALE} + 0.5 AS INTEGER)"


def of_posts(db: Rows, posts: Iterable[int]) -> list[Counted]:
    """What is counted of these posts, by their numbers."""
    return [Counted(*row) for row in db.rows(_OF_POSTS, (json.dumps(list(posts)),))]
