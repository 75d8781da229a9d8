"""Mentions by day and month that bear a hashtag, and that bear any."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from storage.base import Rows, Transaction
from storage.rollups.periods import Calendar, Unit

UNITS = (Unit.DAY, Unit.MONTH)
ANY = 0
"""Stands in the place of a hashtag's number: mentions that bear at least one, each counted once."""

_OF_POSTS = """SELECT m.brand_id, m.published_at, m.source_id, h.hashtag_id, m.post_id
    FROM post_hashtags h JOIN mentions m ON m.post_id = h.post_id
    WHERE h.post_id IN (SELECT value FROM json_each(?))"""
_ADD = """INSERT INTO rollup_hashtags (unit, brand_id, start, source_id, hashtag_id, mentions) VALUES (?,?,?,?,?,?)
    ON CONFLICT (unit, brand_id, start, source_id, hashtag_id)
    DO UPDATE SET mentions = rollup_hashtags.mentions + excluded.mentions"""
_DROP = """DELETE FROM rollup_hashtags WHERE unit = ? AND brand_id = ? AND start = ? AND source_id = ?
    AND hashtag_id = ? AND mentions = 0"""
_COUNT = f"""SELECT m.brand_id, m.source_id, h.hashtag_id, count(*) FROM mentions m CROSS JOIN post_hashtags h
    WHERE m.brand_id IN (SELECT value FROM json_each(?)) AND m.published_at >= ? AND m.published_at < ?
    AND h.post_id = m.post_id GROUP BY m.brand_id, m.source_id, h.hashtag_id
    UNION ALL SELECT m.brand_id, m.source_id, {ANY}, count(*) FROM mentions m
    WHERE m.brand_id IN (SELECT value FROM json_each(?)) AND m.published_at >= ? AND m.published_at < ?
    AND EXISTS (SELECT 1 FROM post_hashtags h WHERE h.post_id = m.post_id) GROUP BY m.brand_id, m.source_id"""
_KEPT = """SELECT brand_id, source_id, hashtag_id, mentions FROM rollup_hashtags
    WHERE unit = ? AND brand_id IN (SELECT id FROM brands) AND start = ?"""


class Borne(NamedTuple):
    """One hashtag (its number, or ANY) of one mention."""

    brand: int
    at: int
    source: int
    hashtag: int


Key = tuple[int, int, int]
"""Numbers of brand, source and hashtag."""


def of_posts(db: Rows, posts: Iterable[int]) -> Counter[Borne]:
    """The hashtags of the mentions of these posts, by their numbers."""
    found: Counter[Borne] = Counter()
    bearing: set[tuple[int, int]] = set()
    for brand, at, source, hashtag, post in db.rows(_OF_POSTS, (json.dumps(list(posts)),)):
        found[Borne(brand, at, source, hashtag)] += 1
        if (brand, post) not in bearing:
            bearing.add((brand, post))
            found[Borne(brand, at, source, ANY)] += 1
    return found


def change(db: Transaction, calendar: Calendar, new: Counter[Borne], gone: Counter[Borne]) -> None:
    """Add hashtags to their cells, and take others away."""
    moved: dict[tuple[int, ...], int] = defaultdict(int)
    for sign, rows in ((1, new - gone), (-1, gone - new)):
        for one, times in rows.items():
            starts = calendar.starts(one.at)
            for unit, start in ((Unit.DAY, starts.day), (Unit.MONTH, starts.month)):
                moved[unit.value, one.brand, start, one.source, one.hashtag] += sign * times
    db.run_many(_ADD, [(*key, times) for key, times in moved.items() if times])
    db.run_many(_DROP, [key for key, times in moved.items() if times < 0])


def counted(db: Rows, brands: str, since: int, until: int) -> dict[Key, int]:
    """Mentions of a time by brand, source and hashtag. `brands` is a JSON list of numbers."""
    asked = (brands, since, until)
    return {(brand, source, tag): n for brand, source, tag, n in db.rows(_COUNT, (*asked, *asked))}


def kept(db: Rows, unit: Unit, start: int) -> dict[Key, int]:
    """What the roll-up says of a period, in the same shape."""
    return {(brand, source, tag): n for brand, source, tag, n in db.rows(_KEPT, (unit.value, start))}


def write(db: Transaction, unit: Unit, start: int, cells: Mapping[Key, int]) -> None:
    """Write the cells of a period that has none yet."""
    db.run_many(
        _ADD, [(unit.value, brand, start, source, tag, n) for (brand, source, tag), n in cells.items()]
    )
