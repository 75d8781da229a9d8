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
from storage.rollups.standings import Standings, standing
from storage.rollups.sums import NOBODY, Figures, Moves, Period, Said, Totals, anonymous, totals_of

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
_FIRSTS = """SELECT f.author_id, f.brand_id, f.first_at FROM json_each(?) named CROSS JOIN author_firsts f
    WHERE f.author_id = json_extract(named.value, '$[0]') AND f.brand_id = json_extract(named.value, '$[1]')"""
_FIRST = """INSERT INTO author_firsts (author_id, brand_id, first_at) VALUES (?, ?, ?)
    ON CONFLICT (brand_id, author_id) DO UPDATE SET first_at = excluded.first_at"""
_FIRST_AGAIN = "SELECT min(published_at) FROM mentions WHERE author_id = ? AND brand_id = ?"
_NO_FIRST = "DELETE FROM author_firsts WHERE author_id = ? AND brand_id = ?"

_Who = tuple[int, int]
"""Numbers of an author and of a brand; author 0 stands for all who are unknown."""
_Deltas = dict[_Who, list[int]]
"""Mentions, judged, positive, negative more than before; and the most followers that a new mention told."""
_UNTOLD = -(2**63)


class _First(NamedTuple):
    """When an author of a source first spoke of a brand, as it was before a change and as it is after it."""

    source: int
    had: int | None
    has: int | None


def change(db: Transaction, calendar: Calendar, new: Sequence[Counted], gone: Sequence[Counted] = ()) -> None:
    """Add mentions to what their authors said, and take others away."""
    fallen = _fallen(calendar, gone)
    firsts = _move_firsts(db, new, gone)
    for period, deltas in _by_period(calendar, new, gone, firsts).items():
        unit, since, _ = period
        until = calendar.until(Unit(unit), since)
        moves, standings = Moves(period), Standings(period)
        before = _before(db, period, {author for author, _ in deltas if author})
        by_author = _by_author(before)
        rows: list[tuple[object, ...]] = []
        dropped: list[tuple[object, ...]] = []
        # In the order of the table, so that neighbours are written together.
        for who in sorted(deltas):
            author, brand = who
            if not author:
                moves.anonymous(brand, _added(NOBODY, deltas[who]))
                continue
            had = before.get(who, NOBODY)
            has = _added(had, deltas[who])
            if fallen and (period, who) in fallen:
                has = (*has[:4], _most_followers(db, calendar, period, who))
            moves.author(brand, had, has)
            moves.pairs(brand, has[0] - had[0], by_author.setdefault(author, {}))
            first = firsts[who]
            standings.move(
                brand, standing(had, first.had, since, until), standing(has, first.has, since, until)
            )
            if has[0]:
                rows.append((*period, author, brand, *has))
            else:
                dropped.append((*period, author, brand))
        db.run_many(_WRITE, rows)
        db.run_many(_DROP, dropped)
        moves.write(db, shrinking=bool(gone))
        standings.write(db)


def _by_period(
    calendar: Calendar, new: Iterable[Counted], gone: Iterable[Counted], firsts: Mapping[_Who, _First]
) -> dict[Period, _Deltas]:
    """What is to be added: most pages lie in one week and month, and are added up once for all units.

    Where an author was new, or is now, nothing may be added; but there it counts as another thing than before.
    """
    groups: dict[tuple[int, int, int, int], _Deltas] = defaultdict(dict)
    for sign, rows in ((1, new), (-1, gone)):
        for row in rows:
            _, week, month, year = calendar.starts(row.at)
            deltas = groups[week, month, year, row.source]
            who = (row.author or 0, row.brand)
            delta = deltas.get(who)
            if delta is None:
                delta = deltas[who] = [0, 0, 0, 0, _UNTOLD]
            delta[0] += sign
            if row.label is not None:
                delta[1] += sign
                if row.label:
                    delta[2 if row.label > 0 else 3] += sign
            if sign > 0 and row.followers is not None and row.followers > delta[4]:
                delta[4] = row.followers
    for who, first in firsts.items():
        if first.had != first.has:
            for at in (first.had, first.has):
                if at is not None:
                    _, week, month, year = calendar.starts(at)
                    groups[week, month, year, first.source].setdefault(who, [0, 0, 0, 0, _UNTOLD])
    periods: dict[Period, list[_Deltas]] = defaultdict(list)
    for (week, month, year, source), deltas in groups.items():
        for unit, start in zip(UNITS, (week, month, year), strict=True):
            periods[unit.value, start, source].append(deltas)
    return {period: _together(parts) for period, parts in periods.items()}


def _together(parts: Sequence[_Deltas]) -> _Deltas:
    if len(parts) == 1:
        return parts[0]
    found: _Deltas = {}
    for part in parts:
        for who, delta in part.items():
            have = found.get(who)
            if have is None:
                found[who] = delta
            else:
                added = [mine + theirs for mine, theirs in zip(have, delta, strict=True)]
                found[who] = [*added[:4], max(have[4], delta[4])]
    return found


def _added(had: Figures, delta: Sequence[int]) -> Figures:
    n, judged, positive, negative, followers = had
    more, more_judged, more_positive, more_negative, told = delta
    if told != _UNTOLD and (followers is None or told > followers):
        followers = told
    return n + more, judged + more_judged, positive + more_positive, negative + more_negative, followers


def _by_author(before: Mapping[_Who, Figures]) -> dict[int, dict[int, int]]:
    """Mentions by brand of each author."""
    found: dict[int, dict[int, int]] = {}
    for (author, brand), said in before.items():
        brands = found.get(author)
        if brands is None:
            found[author] = {brand: said[0]}
        else:
            brands[brand] = said[0]
    return found


def _fallen(calendar: Calendar, gone: Iterable[Counted]) -> set[tuple[Period, _Who]]:
    """Where the post that told the most followers may be gone."""
    found: set[tuple[Period, _Who]] = set()
    for row in gone:
        if row.author is not None and row.followers is not None:
            for unit, start in zip(UNITS, calendar.starts(row.at)[1:], strict=True):
                found.add(((unit.value, start, row.source), (row.author, row.brand)))
    return found


def _most_followers(db: Transaction, calendar: Calendar, period: Period, who: _Who) -> int | None:
    unit, start, _ = period
    asked = (*who, start, calendar.until(Unit(unit), start))
    found: int | None = db.rows(_MOST_FOLLOWERS, asked)[0][0]
    return found


def _before(db: Transaction, period: Period, authors: Iterable[int]) -> dict[_Who, Figures]:
    rows = db.rows(_BEFORE, (*period, json.dumps(sorted(authors))))
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5], row[6]) for row in rows}


def _move_firsts(db: Transaction, new: Iterable[Counted], gone: Iterable[Counted]) -> dict[_Who, _First]:
    """Write when authors first spoke of brands, where that has changed; return it as it was and as it is."""
    sources: dict[_Who, int] = {}
    earliest: dict[_Who, int] = {}
    for row in new:
        if row.author is not None:
            who = (row.author, row.brand)
            sources[who] = row.source
            earliest[who] = min(row.at, earliest.get(who, row.at))
    left = {(row.author, row.brand): row.source for row in gone if row.author is not None}
    sources.update(left)
    asked = json.dumps(sorted(sources))
    before: dict[_Who, int] = {(author, brand): at for author, brand, at in db.rows(_FIRSTS, (asked,))}
    firsts: dict[_Who, _First] = {}
    for who, source in sources.items():
        had = before.get(who)
        if who in left:
            has: int | None = db.rows(_FIRST_AGAIN, who)[0][0]
        else:
            has = earliest[who] if had is None else min(had, earliest[who])
        firsts[who] = _First(source, had, has)
    changed = [(who, first) for who, first in firsts.items() if first.had != first.has]
    db.run_many(_NO_FIRST, [who for who, first in changed if first.has is None])
    db.run_many(_FIRST, [(*who, first.has) for who, first in changed if first.has is not None])
    return firsts


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


def summed(rows: Counts) -> tuple[dict[tuple[int, int], Totals], dict[tuple[int, int, int], int]]:
    """Sums over authors by (source, brand), and of products by (source, brand, other brand)."""
    totals: dict[tuple[int, int], Totals] = {}
    by_author: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for source, author, brand, said in rows:
        if author is None:
            added = anonymous(said)
        else:
            added = totals_of(said)
            by_author[source, author][brand] = said.mentions
        totals[source, brand] = totals.get((source, brand), Totals()).plus(added)
    pairs: dict[tuple[int, int, int], int] = defaultdict(int)
    for (source, _), brands in by_author.items():
        if len(brands) > 1:
            for one, other in combinations(sorted(brands), 2):
                pairs[source, one, other] += brands[one] * brands[other]
    return totals, dict(pairs)
