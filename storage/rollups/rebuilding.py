"""Roll-ups made anew from the facts, and compared with them: after a migration, for another zone, for a deep check."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from storage import post_hashtags
from storage.base import Rows, Transaction
from storage.calendar import Window, cut, unit_of
from storage.rollups import authors, cells, filling, hashtags, readings, standings, stories, waits
from storage.rollups.keeping import ZONE, zone_of
from storage.rollups.periods import NAMES, Unit
from storage.rollups.standings import Standing, standing
from storage.rollups.sums import Said, Totals

_TABLES = (
    "rollups",
    "rollup_quarters",
    "author_periods",
    "author_totals",
    "author_pairs",
    "author_standings",
    "author_firsts",
    "rollup_hashtags",
    "rollup_counters",
    "rollup_stories",
)
_CELLS = (Unit.DAY, Unit.MONTH)
_ENDS = """SELECT min(low), max(high) FROM (SELECT
    (SELECT min(published_at) FROM mentions WHERE brand_id = b.id) AS low,
    (SELECT max(published_at) FROM mentions WHERE brand_id = b.id) AS high FROM brands b) AS ends"""
_WRONG_FIRSTS = """SELECT (SELECT count(*) FROM author_firsts f WHERE NOT EXISTS (
        SELECT 1 FROM mentions m WHERE m.author_id = f.author_id AND m.brand_id = f.brand_id
        AND m.published_at = f.first_at)) + (SELECT count(*) FROM (
    SELECT brand_id, author_id, min(published_at) AS at FROM mentions WHERE author_id IS NOT NULL
    GROUP BY brand_id, author_id) AS heard
    LEFT JOIN author_firsts f ON f.brand_id = heard.brand_id AND f.author_id = heard.author_id
    WHERE f.first_at IS NULL OR f.first_at <> heard.at)"""
_KEPT_AUTHORS = """SELECT source_id, author_id, brand_id, mentions, judged, positive, negative, followers
    FROM author_periods WHERE unit = ? AND start = ? AND source_id = ?"""
_KEPT_TOTALS = f"""SELECT source_id, brand_id, {", ".join(Totals._fields)} FROM author_totals
    WHERE unit = ? AND start = ? AND source_id = ?"""
_KEPT_PAIRS = """SELECT source_id, brand_id, other_id, product FROM author_pairs
    WHERE unit = ? AND start = ? AND source_id = ?"""

_KEPT_FIRSTS = """SELECT author_id, brand_id, first_at FROM author_firsts
    WHERE brand_id IN (SELECT id FROM brands) AND author_id IN (SELECT value FROM json_each(?))"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A roll-up that is not what its mentions come to. `start` is the first second of its period."""

    rollup: str
    unit: str
    start: int
    cells: int


def rebuild(db: Transaction, zone: ZoneInfo) -> None:
    """Make all roll-ups anew, cut in `zone`."""
    for table in _TABLES:
        db.run(f"DELETE FROM {table}")
    db.run(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (ZONE, zone.key),
    )
    post_hashtags.read_all(db)
    facts = _Facts(db)
    filling.firsts(db)
    for unit, period in facts.periods():
        since, until = period.since, period.until
        if unit in _CELLS:
            cells.write(db, unit, since, cells.counted(db, facts.brands, since, until))
        if unit in hashtags.UNITS:
            hashtags.write(db, unit, since, hashtags.counted(db, facts.brands, since, until))
        if unit in stories.UNITS:
            stories.write(db, unit, since, stories.counted(db, facts.brands, since, until))
        if unit in readings.UNITS:
            readings.write(db, unit, since, readings.counted(db, facts.brands, since, until))
        if unit == Unit.DAY:
            filling.quarters(db, facts.brands, period)
        if unit in (Unit.WEEK, Unit.MONTH):
            filling.periods(db, facts.brands, unit, period)
        if unit == Unit.YEAR:
            months = [month.since for month in cut(period, "month", zone)]
            filling.year(db, facts.brands, period, months, facts.sources)
    waits.rebuild(db)


def differences(db: Rows) -> Iterator[Difference]:
    """Compare every roll-up with what its mentions come to: slow, for it reads the whole history several times."""
    facts = _Facts(db)
    seen: set[tuple[int, int]] = set()
    for unit, period in facts.periods():
        seen.add((unit.value, period.since))
        for rollup, true, kept in _pairs(db, facts, unit, period):
            wrong = sum(true.get(key) != kept.get(key) for key in true.keys() | kept.keys())
            if wrong:
                yield Difference(rollup, NAMES[unit], period.since, wrong)
    wrong = db.rows(_WRONG_FIRSTS)[0][0]
    if wrong:
        yield Difference("author_firsts", "ever", 0, wrong)
    if wrong := waits.wrong(db):
        yield Difference("waits", "ever", 0, wrong)
    for table in (
        "rollups",
        "rollup_hashtags",
        "rollup_counters",
        "rollup_stories",
        "author_periods",
        "author_totals",
        "author_pairs",
        "author_standings",
    ):
        for number, start, rows in db.rows(f"SELECT unit, start, count(*) FROM {table} GROUP BY unit, start"):
            if (number, start) not in seen:
                yield Difference(table, NAMES[Unit(number)], start, rows)


_Cells = Mapping[Any, object]


def _pairs(db: Rows, facts: _Facts, unit: Unit, period: Window) -> Iterator[tuple[str, _Cells, _Cells]]:
    """What the mentions of a period come to, and what each roll-up says of it."""
    since, until = period.since, period.until
    if unit in _CELLS:
        yield "rollups", cells.counted(db, facts.brands, since, until), cells.kept(db, unit, since)
    if unit in hashtags.UNITS:
        borne = hashtags.counted(db, facts.brands, since, until)
        yield "rollup_hashtags", borne, hashtags.kept(db, unit, since)
    if unit in stories.UNITS:
        told = stories.counted(db, facts.brands, since, until)
        yield "rollup_stories", told, stories.kept(db, unit, since)
    if unit in readings.UNITS:
        yield (
            "rollup_counters",
            readings.counted(db, facts.brands, since, until),
            readings.kept(db, unit, since),
        )
    if unit == Unit.DAY:
        counted = cells.counted_quarters(db, facts.brands, since, until)
        yield "rollup_quarters", counted, cells.kept_quarters(db, since, until)
    if unit in authors.UNITS:
        for source in facts.sources:
            yield from _author_pairs(db, facts, unit, period, source)


def _author_pairs(
    db: Rows, facts: _Facts, unit: Unit, period: Window, source: int
) -> Iterator[tuple[str, _Cells, _Cells]]:
    true = authors.counted(db, facts.brands, period, source=source)
    totals, products = authors.summed(true)
    said = {one[:3]: one[3] for one in true if one[1] is not None}
    asked = (unit.value, period.since, source)
    yield "author_standings", _true_standings(db, said, period), standings.kept(db, asked)
    yield "author_periods", said, {(s, a, b): Said(*one) for s, a, b, *one in db.rows(_KEPT_AUTHORS, asked)}
    yield "author_totals", totals, {(s, b): Totals(*sums) for s, b, *sums in db.rows(_KEPT_TOTALS, asked)}
    yield "author_pairs", products, {(s, b, o): product for s, b, o, product in db.rows(_KEPT_PAIRS, asked)}


def _true_standings(
    db: Rows, said: Mapping[tuple[int, int | None, int], Said], period: Window
) -> dict[tuple[int, int, Standing], int]:
    """Authors by source, brand and standing; when each first spoke is compared by itself."""
    authors = json.dumps(sorted({author for _, author, _ in said if author is not None}))
    firsts = {(author, brand): at for author, brand, at in db.rows(_KEPT_FIRSTS, (authors,))}
    found: Counter[tuple[int, int, Standing]] = Counter()
    for (source, author, brand), one in said.items():
        alike = standing(one, firsts.get((author, brand)), period.since, period.until)
        if alike is not None:
            found[source, brand, alike] += 1
    return found


class _Facts:
    """What there is to count: brands, sources, and the periods in which there are mentions."""

    def __init__(self, db: Rows) -> None:
        self.brands = json.dumps([row[0] for row in db.rows("SELECT id FROM brands")])
        self.sources: list[int] = [row[0] for row in db.rows("SELECT id FROM sources ORDER BY id")]
        self._zone = zone_of(db)
        self._first, self._last = db.rows(_ENDS)[0]

    def periods(self) -> Iterator[tuple[Unit, Window]]:
        """All days, months, weeks and years from the first mention to the last."""
        for unit, name in NAMES.items():
            at = self._first
            while at is not None and at <= self._last:
                period = unit_of(at, name, self._zone)
                yield unit, period
                at = period.until
