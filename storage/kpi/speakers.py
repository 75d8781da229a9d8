"""Who speaks: distinct authors of a window, from their roll-up where it is a calendar period, else counted exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from storage.base import Row
from storage.calendar import unit_of
from storage.kpi.crowd import calendar_period
from storage.kpi.evidence import Evidence
from storage.kpi.facts import chosen, cut, too_many
from storage.kpi.scope import Numbered, Scope
from storage.rollups import zone_of
from storage.rollups.periods import Unit, cover
from storage.rollups.standings import REPEAT, UNKNOWN, rounded_sql

NOBODY = "no author is known"
TOO_LONG = "authors of so long a window that is no calendar week, month or year are not counted"
_FACTS = """SELECT source_id, spoken, count(author_id), coalesce(sum(CASE WHEN author_id IS NULL THEN said END), 0),
    count(CASE WHEN author_id IS NOT NULL AND positive > 0 THEN 1 END),
    coalesce(sum(CASE WHEN author_id IS NOT NULL THEN followers END), 0),
    count(CASE WHEN author_id IS NOT NULL THEN followers END) FROM (
    SELECT m.source_id AS source_id, {spoken} AS spoken, m.author_id AS author_id, count(*) AS said,
        count(CASE WHEN {label} = 1 THEN 1 END) AS positive, {followers} AS followers
        FROM mentions m {posts} WHERE {where} GROUP BY m.source_id, spoken, m.author_id) AS each
    GROUP BY source_id, spoken"""
# Authors who are alike, of the roll-up; or of the mentions themselves.
_KEPT = f"""SELECT source_id, NULL AS spoken, nullif(followers, {UNKNOWN}), repeats, is_new, authors
    FROM author_standings WHERE unit = ? AND start = ? AND brand_id = ?"""
_EACH = f"""SELECT e.source_id, e.spoken, nullif({rounded_sql("e.followers")}, {UNKNOWN}) AS told,
    e.positive >= {REPEAT} AS repeats, f.first_at >= ? AND f.first_at < ? AS is_new, count(*)
    FROM (SELECT m.source_id AS source_id, {{spoken}} AS spoken, m.author_id AS author_id,
        count(CASE WHEN {{label}} = 1 THEN 1 END) AS positive, max(p.followers) AS followers
        FROM mentions m JOIN posts p ON p.id = m.post_id WHERE {{where}} AND m.author_id IS NOT NULL
        GROUP BY m.source_id, spoken, m.author_id) AS e
    JOIN author_firsts f ON f.brand_id = ? AND f.author_id = e.author_id
    GROUP BY e.source_id, e.spoken, told, repeats, is_new"""
_NEW = """SELECT a.source_id, NULL, count(*) FROM author_firsts f CROSS JOIN authors a
    WHERE f.brand_id = ? AND f.first_at >= ? AND f.first_at < ? AND a.id = f.author_id GROUP BY a.source_id"""
# Who is new in a month is new in no other one: months add up.
_NEW_KEPT = """SELECT source_id, NULL, sum(authors) FROM author_standings
    WHERE unit = ? AND start >= ? AND start < ? AND brand_id = ? AND is_new = 1 GROUP BY source_id"""
_NEW_FACTS = """SELECT m.source_id, {spoken} AS spoken, count(DISTINCT m.author_id) FROM mentions m
    JOIN author_firsts f ON f.author_id = m.author_id
    WHERE {where} AND f.brand_id = ? AND f.first_at >= ? AND f.first_at < ? GROUP BY m.source_id, spoken"""
_MONTHS = """SELECT source_id, start, authors FROM author_totals
    WHERE unit = ? AND brand_id = ? AND start >= ? AND start < ?"""


class Voices(NamedTuple):
    """Authors of mentions in one source, and mentions whose author nobody knows (`anonymous`).

    `positive` have said something positive; `followers` is summed over the `followed`, whose followers are known, each
    with the most that was told in the window.
    """

    authors: int
    anonymous: int
    positive: int
    followers: int
    followed: int


class Standing(NamedTuple):
    """So many authors of one source who are alike: followers, whether they repeat praise, whether they are new.

    Followers from 100 on are known by their first digit: 4,711 as 4,000.
    """

    source: int
    followers: int | None
    repeats: int
    is_new: int
    authors: int


def voices(
    scope: Scope, brand: Numbered | None = None, *, followers: bool = False
) -> Mapping[int, Voices] | None:
    """Authors by source; None where the window is too long to count them. `followers` are looked up only if asked."""
    number = (brand or scope.brand).number
    rows = scope.evidence.once(
        ("voices", number, followers), lambda: _voices(scope.evidence, number, followers=followers)
    )
    return None if rows is None else {source: Voices(*sums) for source, *sums in chosen(scope, rows)}


def standings(scope: Scope, brand: Numbered | None = None) -> list[Standing] | None:
    """Authors by what their tier hangs on; None where the window is too long to look at each."""
    number, evidence = (brand or scope.brand).number, scope.evidence

    def fetch() -> list[Standing] | None:
        rows = evidence.once(("standings", number), lambda: _standings(evidence, number))
        return None if rows is None else [Standing(*row) for row in chosen(scope, rows)]

    return evidence.once(("standings", number, scope.sources, scope.language), fetch)


def newcomers(scope: Scope) -> int | None:
    """How many authors those are: of a window of any length, but for a language, a tag, or what was heard live."""
    number = scope.brand.number
    rows = scope.evidence.once(("newcomers", number), lambda: _newcomers(scope.evidence, number))
    return None if rows is None else sum(row[1] for row in chosen(scope, rows))


def bounds(scope: Scope) -> list[int]:
    """Between which numbers the authors lie of a window that is too long to count them.

    At least as many as in the month of the window that has most, at most as in all months that it touches. Of a
    language, a tag, or what was heard live, no month tells how many there are at least.
    """
    number = scope.brand.number
    zone, window = zone_of(scope.evidence.store), scope.window
    first = unit_of(window.since, "month", zone)
    rows = scope.evidence.store.rows(_MONTHS, (Unit.MONTH.value, number, first.since, window.until))
    months: dict[int, int] = {}
    for source, start, authors in rows:
        if source in scope.sources:
            months[start] = months.get(start, 0) + authors
    whole = [
        authors
        for start, authors in months.items()
        if start >= window.since and unit_of(start, "month", zone).until <= window.until
    ]
    least = max(whole, default=0) if _plain(scope.evidence) else 0
    return [least, min(sum(months.values()), scope.counts().mentions)]


def _plain(evidence: Evidence) -> bool:
    """Whether roll-ups of authors can tell: they know no language, no tag, and not what was heard live."""
    return not evidence.by_language and not evidence.live_only and evidence.tag is None


def _voices(evidence: Evidence, brand: int, *, followers: bool) -> Sequence[Row] | None:
    if _plain(evidence):
        crowd = evidence.followed_crowd if followers else evidence.crowd
        if not crowd.exact:
            return None
        totals = {source: sums for (source, about), sums in crowd.totals.items() if about == brand}
        return [
            (source, None, one.authors, one.anonymous, one.positive_authors, one.followers, one.followed)
            for source, one in totals.items()
        ]
    if too_many(evidence, brand):
        return None
    asked = cut(evidence, brand)
    sql = _FACTS.format(
        where=asked.where,
        spoken=asked.spoken,
        label=asked.label,
        followers="max(p.followers)" if followers else "NULL",
        posts="JOIN posts p ON p.id = m.post_id" if followers else "",
    )
    return evidence.store.rows(sql, asked.parameters)


def _period(evidence: Evidence) -> tuple[Unit, int] | None:
    return calendar_period(evidence.store, evidence.brands, evidence.window) if _plain(evidence) else None


def _standings(evidence: Evidence, brand: int) -> Sequence[Row] | None:
    window, period = evidence.window, _period(evidence)
    if period is not None:
        return evidence.store.rows(_KEPT, (*period, brand))
    if too_many(evidence, brand):
        return None
    asked = cut(evidence, brand)
    sql = _EACH.format(where=asked.where, spoken=asked.spoken, label=asked.label)
    return evidence.store.rows(sql, (window.since, window.until, *asked.parameters, brand))


def _newcomers(evidence: Evidence, brand: int) -> Sequence[Row] | None:
    first = (brand, evidence.window.since, evidence.window.until)
    if _plain(evidence):
        return _plain_newcomers(evidence, brand)
    if too_many(evidence, brand):
        return None
    asked = cut(evidence, brand)
    sql = _NEW_FACTS.format(where=asked.where, spoken=asked.spoken)
    return evidence.store.rows(sql, (*asked.parameters, *first))


def _plain_newcomers(evidence: Evidence, brand: int) -> list[Row]:
    store, period = evidence.store, _period(evidence)
    if period is not None:
        unit, start = period
        return store.rows(_NEW_KEPT, (unit.value, start, start + 1, brand))
    rows: list[Row] = []
    for span in cover(evidence.window, zone_of(store)):
        asked = (span.since, span.until, brand)
        if span.unit == Unit.MONTH:
            rows += store.rows(_NEW_KEPT, (Unit.MONTH.value, *asked))
        else:
            rows += store.rows(_NEW, (brand, span.since, span.until))
    return rows
