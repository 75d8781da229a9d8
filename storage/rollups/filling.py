"""Roll-ups of authors and quarter hours made of the facts by the database itself: millions never become Python."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.base import Transaction
from storage.calendar import Window
from storage.rollups.cells import QUARTER_FACTS
from storage.rollups.periods import Unit
from storage.rollups.standings import REPEAT, rounded_sql

_QUARTERS = f"""INSERT INTO rollup_quarters (brand_id, quarter, source_id, language, live, mentions, negative, neutral,
    positive) {QUARTER_FACTS}"""
_OF_MENTIONS = """INSERT INTO author_periods (unit, start, source_id, author_id, brand_id, mentions, judged, positive,
    negative, followers)
    SELECT ?, ?, m.source_id, m.author_id, m.brand_id, count(*), count(m.label),
    count(CASE WHEN m.label = 1 THEN 1 END), count(CASE WHEN m.label = -1 THEN 1 END), max(p.followers)
    FROM mentions m JOIN posts p ON p.id = m.post_id WHERE m.brand_id IN (SELECT value FROM json_each(?))
    AND m.published_at >= ? AND m.published_at < ? AND m.author_id IS NOT NULL
    GROUP BY m.source_id, m.author_id, m.brand_id"""
_OF_MONTHS = f"""INSERT INTO author_periods (unit, start, source_id, author_id, brand_id, mentions, judged, positive,
    negative, followers)
    SELECT ?, ?, source_id, author_id, brand_id, sum(mentions), sum(judged), sum(positive), sum(negative),
    max(followers) FROM author_periods WHERE unit = {Unit.MONTH.value}
    AND start IN (SELECT value FROM json_each(?)) AND source_id = ? GROUP BY source_id, author_id, brand_id"""
_TOTALS = """INSERT INTO author_totals (unit, start, source_id, brand_id, authors, anonymous, positive_authors,
    followers, followed, mentions2, judged2, positive2, negative2, judged_positive, judged_negative,
    positive_negative)
    SELECT unit, start, source_id, brand_id, count(*), 0, count(CASE WHEN positive > 0 THEN 1 END),
    coalesce(sum(followers), 0), count(followers), sum(mentions * mentions), sum(judged * judged),
    sum(positive * positive), sum(negative * negative), sum(judged * positive), sum(judged * negative),
    sum(positive * negative) FROM author_periods WHERE unit = ? AND start = ?
    GROUP BY unit, start, source_id, brand_id"""
_ANONYMOUS = """INSERT INTO author_totals (unit, start, source_id, brand_id, authors, anonymous, positive_authors,
    followers, followed, mentions2, judged2, positive2, negative2, judged_positive, judged_negative,
    positive_negative)
    SELECT ?, ?, source_id, brand_id, 0, count(*), 0, 0, 0, count(*), count(label),
    count(CASE WHEN label = 1 THEN 1 END), count(CASE WHEN label = -1 THEN 1 END),
    count(CASE WHEN label = 1 THEN 1 END), count(CASE WHEN label = -1 THEN 1 END), 0
    FROM mentions WHERE brand_id IN (SELECT value FROM json_each(?)) AND published_at >= ? AND published_at < ?
    AND author_id IS NULL GROUP BY source_id, brand_id
    ON CONFLICT (unit, start, source_id, brand_id) DO UPDATE SET
    anonymous = excluded.anonymous, mentions2 = author_totals.mentions2 + excluded.mentions2,
    judged2 = author_totals.judged2 + excluded.judged2, positive2 = author_totals.positive2 + excluded.positive2,
    negative2 = author_totals.negative2 + excluded.negative2,
    judged_positive = author_totals.judged_positive + excluded.judged_positive,
    judged_negative = author_totals.judged_negative + excluded.judged_negative"""
# The first of the two is read through once; of each row the other brands of that author are its neighbours.
_PAIRS = """INSERT INTO author_pairs (unit, start, source_id, brand_id, other_id, product)
    SELECT a.unit, a.start, a.source_id, a.brand_id, b.brand_id, sum(a.mentions * b.mentions)
    FROM author_periods a CROSS JOIN author_periods b WHERE a.unit = ? AND a.start = ?
    AND b.unit = a.unit AND b.start = a.start AND b.source_id = a.source_id AND b.author_id = a.author_id
    AND b.brand_id > a.brand_id GROUP BY a.unit, a.start, a.source_id, a.brand_id, b.brand_id"""
_STANDINGS = f"""INSERT INTO author_standings (unit, start, brand_id, source_id, followers, repeats, is_new, authors)
    SELECT unit, start, brand_id, source_id, followers, repeats, is_new, count(*) FROM (
        SELECT a.unit, a.start, a.brand_id, a.source_id, {rounded_sql("a.followers")} AS followers,
            CASE WHEN a.positive >= {REPEAT} THEN 1 ELSE 0 END AS repeats,
            CASE WHEN f.first_at >= ? AND f.first_at < ? THEN 1 ELSE 0 END AS is_new
        FROM author_periods a JOIN author_firsts f ON f.brand_id = a.brand_id AND f.author_id = a.author_id
        WHERE a.unit = ? AND a.start = ?) AS each
    GROUP BY unit, start, brand_id, source_id, followers, repeats, is_new"""
_FIRSTS = """INSERT INTO author_firsts (brand_id, author_id, first_at)
    SELECT brand_id, author_id, min(published_at) FROM mentions WHERE author_id IS NOT NULL
    GROUP BY brand_id, author_id"""


def quarters(db: Transaction, brands: str, period: Window) -> None:
    """Write the quarter hours of a time of which nothing is written yet. `brands` is a JSON list of numbers."""
    db.run(_QUARTERS, (brands, period.since, period.until))


def periods(db: Transaction, brands: str, unit: Unit, period: Window) -> None:
    """Write what authors said in a week or month, and the sums of it."""
    db.run(_OF_MENTIONS, (unit.value, period.since, brands, period.since, period.until))
    _sum(db, brands, unit, period)


def year(db: Transaction, brands: str, period: Window, months: Sequence[int], sources: Sequence[int]) -> None:
    """Write what authors said in a year, of what is written of its months (their first seconds)."""
    for source in sources:
        db.run(_OF_MONTHS, (Unit.YEAR.value, period.since, json.dumps(list(months)), source))
    _sum(db, brands, Unit.YEAR, period)


def _sum(db: Transaction, brands: str, unit: Unit, period: Window) -> None:
    db.run(_TOTALS, (unit.value, period.since))
    db.run(_ANONYMOUS, (unit.value, period.since, brands, period.since, period.until))
    db.run(_PAIRS, (unit.value, period.since))
    db.run(_STANDINGS, (period.since, period.until, unit.value, period.since))


def firsts(db: Transaction) -> None:
    """Write when each author first spoke of each brand: before any period is filled."""
    db.run(_FIRSTS)
