"""Mentions by day and month that are in a story of two or more posts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from storage.base import Rows, Transaction
from storage.rollups.periods import Calendar, Unit

UNITS = (Unit.DAY, Unit.MONTH)

_OF_POSTS = """SELECT m.brand_id, m.published_at, m.source_id, s.story_id
    FROM story_members s JOIN mentions m ON m.post_id = s.post_id
    WHERE s.post_id IN (SELECT value FROM json_each(?))"""
_ADD = """INSERT INTO rollup_stories (unit, brand_id, start, source_id, story_id, mentions) VALUES (?,?,?,?,?,?)
    ON CONFLICT (unit, brand_id, start, source_id, story_id)
    DO UPDATE SET mentions = rollup_stories.mentions + excluded.mentions"""
_DROP = """DELETE FROM rollup_stories WHERE unit = ? AND brand_id = ? AND start = ? AND source_id = ?
    AND story_id = ? AND mentions = 0"""
_COUNT = """SELECT m.brand_id, m.source_id, s.story_id, count(*) FROM mentions m CROSS JOIN story_members s
    WHERE m.brand_id IN (SELECT value FROM json_each(?)) AND m.published_at >= ? AND m.published_at < ?
    AND s.post_id = m.post_id GROUP BY m.brand_id, m.source_id, s.story_id"""
_KEPT = """SELECT brand_id, source_id, story_id, mentions FROM rollup_stories
    WHERE unit = ? AND brand_id IN (SELECT id FROM brands) AND start = ?"""


class Told(NamedTuple):
    """One mention that is in a story."""

    brand: int
    at: int
    source: int
    story: int


Key = tuple[int, int, int]
"""Numbers of brand, source and story."""


def of_posts(db: Rows, posts: Iterable[int]) -> Counter[Told]:
    """The mentions of these posts, by their numbers, that are in a story."""
    return Counter(Told(*row) for row in db.rows(_OF_POSTS, (json.dumps(list(posts)),)))


def change(db: Transaction, calendar: Calendar, new: Counter[Told], gone: Counter[Told]) -> None:
    """Add mentions to the cells of their stories, and take others away."""
    moved: dict[tuple[int, ...], int] = defaultdict(int)
    for sign, rows in ((1, new - gone), (-1, gone - new)):
        for one, times in rows.items():
            starts = calendar.starts(one.at)
            for unit, start in ((Unit.DAY, starts.day), (Unit.MONTH, starts.month)):
                moved[unit.value, one.brand, start, one.source, one.story] += sign * times
    db.run_many(_ADD, [(*key, times) for key, times in moved.items() if times])
    db.run_many(_DROP, [key for key, times in moved.items() if times < 0])


def counted(db: Rows, brands: str, since: int, until: int) -> dict[Key, int]:
    """Mentions of a time by brand, source and story. `brands` is a JSON list of numbers."""
    asked = (brands, since, until)
    return {(brand, source, story): n for brand, source, story, n in db.rows(_COUNT, asked)}


def kept(db: Rows, unit: Unit, start: int) -> dict[Key, int]:
    """What the roll-up says of a period, in the same shape."""
    return {(brand, source, story): n for brand, source, story, n in db.rows(_KEPT, (unit.value, start))}


def write(db: Transaction, unit: Unit, start: int, cells: Mapping[Key, int]) -> None:
    """Write the cells of a period that has none yet."""
    db.run_many(
        _ADD, [(unit.value, brand, start, source, story, n) for (brand, source, story), n in cells.items()]
    )
