"""What each author says of each brand in a calendar week, month and year, and the sums over authors."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from storage.base import Rows, Transaction
from storage.calendar import Window
from storage.rollups.counted import Counted
from storage.rollups.periods import Calendar, Unit

UNITS = (Unit.WEEK, Unit.MONTH, Unit.YEAR)

_BEFORE = """SELECT author_id, brand_id, mentions, judged, positive, negative, followers FROM author_periods
    WHERE unit = ? AND start = ? AND source_id = ? AND author_id IN (SELECT value FROM json_each(?))"""
_WRITE = """INSERT INTO author_periods (unit, start, source_id, author_id, brand_id, mentions, judged, positive,
    negative, followers) VALUES (?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (unit, start, source_id, author_id, brand_id) DO UPDATE SET mentions = excluded.mentions,
    judged = excluded.judged, positive = excluded.positive, negative = excluded.negative,
    followers = excluded.followers"""
_DROP = """DELETE FROM author_periods
    WHERE unit = ? AND start = ? AND source_id = ? AND author_id = ? AND brand_id = ?"""
_MOST_FOLLOWERS = """SELECT max(p.followers) FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.author_id = ? AND m.brand_id = ? AND m.published_at >= ? AND m.published_at < ?"""
_FIRST = """INSERT INTO author_firsts (brand_id, author_id, first_at) VALUES (?, ?, ?)
    ON CONFLICT (brand_id, author_id) DO UPDATE SET first_at = min(author_firsts.first_at, excluded.first_at)"""
_FIRST_AGAIN = "SELECT min(published_at) FROM mentions WHERE author_id = ? AND brand_id = ?"
_NO_FIRST = "DELETE FROM author_firsts WHERE brand_id = ? AND author_id = ?"


class Said(NamedTuple):
    """What one author said of one brand in one period. `followers`: the most that a post of it told, or None."""

    mentions: int = 0
    judged: int = 0
    positive: int = 0
    negative: int = 0
    followers: int | None = None


class Totals(NamedTuple):
    """Sums over authors. Mentions of unknown ones are no `authors` but `anonymous`, each alone in the squares."""

    authors: int = 0
    anonymous: int = 0
    positive_authors: int = 0
    followers: int = 0
    followed: int = 0
    mentions2: int = 0
    judged2: int = 0
    positive2: int = 0
    negative2: int = 0
    judged_positive: int = 0
    judged_negative: int = 0
    positive_negative: int = 0

    def plus(self, other: Totals, sign: int = 1) -> Totals:
        """Add the sums of other authors, or (sign -1) take them away."""
        return Totals(*(mine + sign * theirs for mine, theirs in zip(self, other, strict=True)))


_NONE = Totals()
_COLUMNS = ", ".join(Totals._fields)
_ADD_TOTALS = f"""INSERT INTO author_totals (unit, start, source_id, brand_id, {_COLUMNS})
    VALUES ({", ".join("?" * (4 + len(Totals._fields)))}) ON CONFLICT (unit, start, source_id, brand_id) DO UPDATE SET
    {", ".join(f"{name} = author_totals.{name} + excluded.{name}" for name in Totals._fields)}"""
_DROP_TOTALS = """DELETE FROM author_totals WHERE unit = ? AND start = ? AND source_id = ? AND brand_id = ?
    AND authors = 0 AND anonymous = 0"""
_ADD_PAIR = """INSERT INTO author_pairs (unit, start, source_id, brand_id, other_id, product) VALUES (?,?,?,?,?,?)
    ON CONFLICT (unit, start, source_id, brand_id, other_id)
    DO UPDATE SET product = author_pairs.product + excluded.product"""
_DROP_PAIR = """DELETE FROM author_pairs
    WHERE unit = ? AND start = ? AND source_id = ? AND brand_id = ? AND other_id = ? AND product = 0"""

Period = tuple[int, int, int]
"""Unit, start, number of the source."""
_NOBODY = Said()
_Deltas = dict[Period, dict[int, dict[int, list[int]]]]


def totals_of(said: Said) -> Totals:
    """What one known author adds to the sums."""
    n, judged, positive, negative, followers = said
    if not n:
        return Totals()
    return Totals(
        1,
        0,
        int(positive > 0),
        followers or 0,
        int(followers is not None),
        n * n,
        judged * judged,
        positive * positive,
        negative * negative,
        judged * positive,
        judged * negative,
        positive * negative,
    )


def alone(label: int | None) -> Totals:
    """What a mention of an unknown author adds to the sums."""
    judged, good, bad = int(label is not None), int(label == 1), int(label == -1)
    return Totals(0, 1, 0, 0, 0, 1, judged, good, bad, good, bad, 0)


def change(db: Transaction, calendar: Calendar, new: Sequence[Counted], gone: Sequence[Counted] = ()) -> None:
    """Add mentions to what their authors said, and take others away."""
    sums = _Sums()
    deltas, peaks = _deltas(calendar, new, gone, sums)
    rows: list[tuple[object, ...]] = []
    dropped: list[tuple[object, ...]] = []
    fallen = _followed(calendar, gone)
    for period, authors in deltas.items():
        before = _before(db, period, authors)
        for author, brands in authors.items():
            had = before.get(author, {})
            has = dict(had)
            for brand, delta in brands.items():
                key = (period, author, brand)
                followers = _followers(db, calendar, key, had.get(brand, _NOBODY), peaks, fallen)
                n, judged, positive, negative, _ = had.get(brand, _NOBODY)
                now = Said(
                    n + delta[0], judged + delta[1], positive + delta[2], negative + delta[3], followers
                )
                has[brand] = now
                place = (*period, author, brand)
                if now.mentions:
                    rows.append((*place, *now))
                else:
                    dropped.append(place)
            sums.move(period, brands, had, has)
    db.run_many(_WRITE, rows)
    db.run_many(_DROP, dropped)
    sums.write(db, shrinking=bool(gone))
    _change_firsts(db, new, gone)


def _deltas(
    calendar: Calendar, new: Iterable[Counted], gone: Iterable[Counted], sums: _Sums
) -> tuple[_Deltas, dict[tuple[Period, int, int], int]]:
    """By period, author, brand: mentions, judged, positive, negative more than before; and the most followers told."""
    deltas: _Deltas = defaultdict(dict)
    peaks: dict[tuple[Period, int, int], int] = {}
    for sign, rows in ((1, new), (-1, gone)):
        for row in rows:
            starts = calendar.starts(row.at)
            label, author, brand, source = row.label, row.author, row.brand, row.source
            for period in (
                (Unit.WEEK.value, starts.week, source),
                (Unit.MONTH.value, starts.month, source),
                (Unit.YEAR.value, starts.year, source),
            ):
                if author is None:
                    sums.alone(period, brand, label, sign)
                    continue
                delta = deltas[period].setdefault(author, {}).setdefault(brand, [0, 0, 0, 0])
                delta[0] += sign
                if label is not None:
                    delta[1] += sign
                    if label:
                        delta[2 if label > 0 else 3] += sign
                if sign > 0 and row.followers is not None:
                    key = (period, author, brand)
                    peaks[key] = max(row.followers, peaks.get(key, row.followers))
    return deltas, peaks


def _followed(calendar: Calendar, gone: Iterable[Counted]) -> set[tuple[Period, int, int]]:
    """Where the post that told the most followers may be gone."""
    found: set[tuple[Period, int, int]] = set()
    for row in gone:
        if row.author is not None and row.followers is not None:
            starts = calendar.starts(row.at)
            for unit, start in zip(UNITS, (starts.week, starts.month, starts.year), strict=True):
                found.add(((unit.value, start, row.source), row.author, row.brand))
    return found


def _followers(
    db: Transaction,
    calendar: Calendar,
    key: tuple[Period, int, int],
    had: Said,
    peaks: Mapping[tuple[Period, int, int], int],
    fallen: set[tuple[Period, int, int]],
) -> int | None:
    if key in fallen:
        (unit, start, _), author, brand = key
        asked = (author, brand, start, calendar.until(Unit(unit), start))
        found: int | None = db.rows(_MOST_FOLLOWERS, asked)[0][0]
        return found
    known = [number for number in (had.followers, peaks.get(key)) if number is not None]
    return max(known, default=None)


class _Sums:
    """The sums over authors that a change moves."""

    def __init__(self) -> None:
        self._totals: dict[tuple[Period, int], Totals] = {}
        self._pairs: dict[tuple[Period, int, int], int] = defaultdict(int)

    def alone(self, period: Period, brand: int, label: int | None, sign: int) -> None:
        """A mention of an unknown author comes or goes."""
        self._add(period, brand, alone(label), sign)

    def move(
        self, period: Period, brands: Iterable[int], had: Mapping[int, Said], has: Mapping[int, Said]
    ) -> None:
        """What an author said of these brands is another thing now; of others it stays."""
        for brand in brands:
            if brand in had:
                self._add(period, brand, totals_of(had[brand]), -1)
            self._add(period, brand, totals_of(has[brand]), 1)
        if len(has) > 1:
            for one, other in combinations(sorted(has), 2):
                before = had[one].mentions * had[other].mentions if one in had and other in had else 0
                moved = has[one].mentions * has[other].mentions - before
                if moved:
                    self._pairs[period, one, other] += moved

    def _add(self, period: Period, brand: int, totals: Totals, sign: int) -> None:
        found = self._totals.get((period, brand), _NONE)
        self._totals[period, brand] = found.plus(totals, sign)

    def write(self, db: Transaction, *, shrinking: bool) -> None:
        """Write what has moved; `shrinking`: sums may have come to nothing."""
        db.run_many(_ADD_TOTALS, [(*period, brand, *sums) for (period, brand), sums in self._totals.items()])
        db.run_many(_ADD_PAIR, [(*period, *pair, moved) for (period, *pair), moved in self._pairs.items()])
        if shrinking:
            db.run_many(_DROP_TOTALS, [(*period, brand) for period, brand in self._totals])
            db.run_many(_DROP_PAIR, [(*period, *pair) for period, *pair in self._pairs])


def _before(db: Transaction, period: Period, authors: Iterable[int]) -> dict[int, dict[int, Said]]:
    found: dict[int, dict[int, Said]] = defaultdict(dict)
    for author, brand, *said in db.rows(_BEFORE, (*period, json.dumps(list(authors)))):
        found[author][brand] = Said(*said)
    return found


def _change_firsts(db: Transaction, new: Iterable[Counted], gone: Iterable[Counted]) -> None:
    firsts: dict[tuple[int, int], int] = {}
    for row in new:
        if row.author is not None:
            key = (row.brand, row.author)
            firsts[key] = min(row.at, firsts.get(key, row.at))
    left = {(row.brand, row.author) for row in gone if row.author is not None}
    db.run_many(_NO_FIRST, list(left))
    for brand, author in left:
        first = db.rows(_FIRST_AGAIN, (author, brand))[0][0]
        if first is not None:
            firsts[brand, author] = first
    db.run_many(_FIRST, [(*key, at) for key, at in firsts.items()])


_COUNT = """SELECT m.source_id, m.author_id, m.brand_id, count(*), count(m.label),
    count(CASE WHEN m.label = 1 THEN 1 END), count(CASE WHEN m.label = -1 THEN 1 END), {followers}
    FROM mentions m {posts}
    WHERE m.brand_id IN (SELECT value FROM json_each(?)) AND m.published_at >= ? AND m.published_at < ? {where}
    GROUP BY m.source_id, m.author_id, m.brand_id"""


Counts = list[tuple[int, int | None, int, Said]]
"""Source, author (None: all unknown ones together), brand, and what that author said."""


def counted(
    db: Rows,
    brands: str,
    window: Window,
    *,
    source: int | None = None,
    followers: bool = True,
    live_only: bool = False,
) -> Counts:
    """Count mentions by author. `brands` is a JSON list of numbers; `followers` costs a look at each post."""
    sql = _COUNT.format(
        followers="max(p.followers)" if followers else "NULL",
        posts="JOIN posts p ON p.id = m.post_id" if followers else "",
        where=("AND m.live = 1 " if live_only else "") + ("" if source is None else "AND m.source_id = ?"),
    )
    asked = (brands, window.since, window.until, *(() if source is None else (source,)))
    return [(of, author, brand, Said(*said)) for of, author, brand, *said in db.rows(sql, asked)]


def write(db: Transaction, unit: Unit, start: int, found: Counts) -> None:
    """Write what authors said in a period of which nothing is written yet."""
    db.run_many(
        _WRITE,
        [(unit.value, start, s, author, b, *said) for s, author, b, said in found if author is not None],
    )
    totals, pairs = summed(found)
    db.run_many(_ADD_TOTALS, [(unit.value, start, *key, *sums) for key, sums in totals.items()])
    db.run_many(_ADD_PAIR, [(unit.value, start, *key, product) for key, product in pairs.items()])


def summed(rows: Counts) -> tuple[dict[tuple[int, int], Totals], dict[tuple[int, int, int], int]]:
    """Sums over authors by (source, brand), and of products by (source, brand, other brand)."""
    totals: dict[tuple[int, int], Totals] = {}
    by_author: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for source, author, brand, said in rows:
        if author is None:
            n, judged, positive, negative, _ = said
            added = Totals(0, n, 0, 0, 0, n, judged, positive, negative, positive, negative, 0)
        else:
            added = totals_of(said)
            by_author[source, author][brand] = said.mentions
        totals[source, brand] = totals.get((source, brand), _NONE).plus(added)
    pairs: dict[tuple[int, int, int], int] = defaultdict(int)
    for (source, _), brands in by_author.items():
        if len(brands) > 1:
            for one, other in combinations(sorted(brands), 2):
                pairs[source, one, other] += brands[one] * brands[other]
    return totals, dict(pairs)
