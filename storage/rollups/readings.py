"""What the counters of mentioned posts show now, by day and month: sums of each counter, and of all together."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from storage.base import Row, Rows, Transaction
from storage.counting import KIND_OF
from storage.rollups.periods import Calendar, Unit

UNITS = (Unit.DAY, Unit.MONTH)
ANY = ""
"""Stands in the place of a counter's name: mentions of which any interaction is counted, and all of these together."""

_NAMES = ",".join(f"'{name}'" for name in KIND_OF)
# A reading is written each time that a counter has changed: the last one tells what it shows.
LAST = "r.at = (SELECT max(later.at) FROM readings later WHERE later.post_id = r.post_id AND later.counter = r.counter)"
_OF_POSTS = f"""SELECT m.brand_id, m.published_at, m.source_id, r.counter, r.value, m.post_id
    FROM readings r JOIN mentions m ON m.post_id = r.post_id
    WHERE r.post_id IN (SELECT value FROM json_each(?)) AND r.counter IN ({_NAMES}) AND {LAST}"""
_ADD = """INSERT INTO rollup_counters (unit, brand_id, start, source_id, counter, posts, value) VALUES (?,?,?,?,?,?,?)
    ON CONFLICT (unit, brand_id, start, source_id, counter)
    DO UPDATE SET posts = rollup_counters.posts + excluded.posts, value = rollup_counters.value + excluded.value"""
_DROP = """DELETE FROM rollup_counters WHERE unit = ? AND brand_id = ? AND start = ? AND source_id = ?
    AND counter = ? AND posts = 0"""
_COUNT = f"""SELECT m.brand_id, m.source_id, r.counter, r.value, m.post_id FROM mentions m CROSS JOIN readings r
    WHERE m.brand_id IN (SELECT value FROM json_each(?)) AND m.published_at >= ? AND m.published_at < ?
    AND r.post_id = m.post_id AND r.counter IN ({_NAMES}) AND {LAST}"""
_KEPT = """SELECT brand_id, source_id, counter, posts, value FROM rollup_counters
    WHERE unit = ? AND brand_id IN (SELECT id FROM brands) AND start = ?"""


class Shown(NamedTuple):
    """What one counter of one mention shows."""

    brand: int
    at: int
    source: int
    counter: str
    value: int
    post: int


Key = tuple[int, int, str]
"""Numbers of brand and source, name of the counter."""
Sums = tuple[int, int]
"""Mentions whose counter is known, and the sum of what it shows."""


def of_posts(db: Rows, posts: Iterable[int]) -> Counter[Shown]:
    """What the counters of the mentions of these posts show."""
    return Counter(_shown(db.rows(_OF_POSTS, (json.dumps(list(posts)),))))


def _shown(rows: Iterable[Row]) -> Iterator[Shown]:
    together: dict[tuple[int, int, int, int], int] = defaultdict(int)
    for brand, at, source, counter, value, post in rows:
        yield Shown(brand, at, source, counter, value, post)
        together[brand, at, source, post] += value
    for (brand, at, source, post), value in together.items():
        yield Shown(brand, at, source, ANY, value, post)


def change(db: Transaction, calendar: Calendar, now: Counter[Shown], before: Counter[Shown]) -> None:
    """Let the cells follow: what showed `before` goes, what shows `now` comes."""
    moved: dict[tuple[int | str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for sign, rows in ((1, now - before), (-1, before - now)):
        for one in rows.elements():
            starts = calendar.starts(one.at)
            for unit, start in ((Unit.DAY, starts.day), (Unit.MONTH, starts.month)):
                cell = moved[unit.value, one.brand, start, one.source, one.counter]
                cell[0] += sign
                cell[1] += sign * one.value
    db.run_many(_ADD, [(*key, *sums) for key, sums in moved.items() if any(sums)])
    db.run_many(_DROP, [key for key, (posts, _) in moved.items() if posts < 0])


def counted(db: Rows, brands: str, since: int, until: int) -> dict[Key, Sums]:
    """Sums of a time by brand, source and counter, of the readings themselves. `brands` is a JSON list of numbers."""
    rows = ((brand, 0, source, *rest) for brand, source, *rest in db.rows(_COUNT, (brands, since, until)))
    found: dict[Key, Sums] = {}
    for one in _shown(rows):
        posts, value = found.get((one.brand, one.source, one.counter), (0, 0))
        found[one.brand, one.source, one.counter] = posts + 1, value + one.value
    return found


def kept(db: Rows, unit: Unit, start: int) -> dict[Key, Sums]:
    """What the roll-up says of a period, in the same shape."""
    return {
        (brand, source, name): (n, value)
        for brand, source, name, n, value in db.rows(_KEPT, (unit.value, start))
    }


def write(db: Transaction, unit: Unit, start: int, cells: Mapping[Key, Sums]) -> None:
    """Write the cells of a period that has none yet."""
    rows = [(unit.value, brand, start, source, name, *sums) for (brand, source, name), sums in cells.items()]
    db.run_many(_ADD, rows)
