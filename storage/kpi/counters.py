"""The counters of mentioned posts as they are now, or as they were when the posts were of one age."""

from __future__ import annotations

from typing import NamedTuple

from storage.base import Row
from storage.calendar import Window
from storage.counting import KIND_OF
from storage.kpi.evidence import Evidence
from storage.kpi.facts import chosen, cut, spans, too_many
from storage.kpi.scope import Numbered, Scope
from storage.rollups.periods import Unit
from storage.rollups.readings import ANY

_NAMES = ",".join(f"'{name}'" for name in KIND_OF)
# A reading is written each time that a counter has changed: the last one up to an age tells the counter at that age.
_LAST = """r.at = (SELECT max(later.at) FROM readings later
    WHERE later.post_id = r.post_id AND later.counter = r.counter{until})"""
_READ = f"""FROM mentions m CROSS JOIN readings r
    WHERE {{where}} AND r.post_id = m.post_id AND r.counter IN ({_NAMES}) AND {_LAST}"""
_BY_COUNTER = f"""SELECT m.source_id, {{spoken}} AS spoken, r.counter, sum(r.value), count(*) {_READ}
    GROUP BY m.source_id, spoken, r.counter"""
_BY_POST = f"""SELECT m.source_id, {{spoken}} AS spoken, sum(r.value) {_READ}
    GROUP BY m.source_id, spoken, m.post_id"""
_TOGETHER = f"""SELECT source_id, spoken, '{ANY}', sum(shown), count(*) FROM (
    SELECT m.source_id AS source_id, {{spoken}} AS spoken, sum(r.value) AS shown {_READ}
    GROUP BY m.source_id, spoken, m.post_id) AS each GROUP BY source_id, spoken"""
_ROLLUP = """SELECT source_id, NULL, counter, value, posts FROM rollup_counters
    WHERE unit = ? AND brand_id = ? AND start >= ? AND start < ?"""
_UP_TO = "\n    AND later.at <= m.published_at + ?"


class Counter(NamedTuple):
    """What one counter of one source comes to, over so many posts."""

    source: int
    name: str
    value: int
    posts: int


def counters(scope: Scope, brand: Numbered | None = None) -> list[Counter] | None:
    """The newest readings of a brand's mentions, summed; None where there are too many to look at."""
    found = _summed(scope, brand)
    return None if found is None else [one for one in found if one.name != ANY]


def together(scope: Scope) -> tuple[int, int] | None:
    """Interactions with mentions whose counters are known, and how many these are; None where there are too many."""
    found = _summed(scope)
    if found is None:
        return None
    whole = [one for one in found if one.name == ANY]
    return sum(one.value for one in whole), sum(one.posts for one in whole)


def _summed(scope: Scope, brand: Numbered | None = None) -> list[Counter] | None:
    number = (brand or scope.brand).number
    evidence = scope.evidence
    rows = evidence.once(("counters", number), lambda: _fetch(evidence, number))
    if rows is None:
        return None
    found: dict[tuple[int, str], Counter] = {}
    for one in (Counter(*row) for row in chosen(scope, rows)):
        had = found.get((one.source, one.name), Counter(one.source, one.name, 0, 0))
        found[one.source, one.name] = one._replace(value=had.value + one.value, posts=had.posts + one.posts)
    return list(found.values())


def _fetch(evidence: Evidence, brand: int) -> list[Row] | None:
    if not _counted(evidence):
        return []
    parts = spans(evidence, brand)
    if parts is None:
        return None
    rows: list[Row] = []
    for span in parts:
        if span.unit == Unit.FACTS:
            asked = cut(evidence, brand, Window(span.since, span.until))
            for form in (_BY_COUNTER, _TOGETHER):
                sql = form.format(where=asked.where, spoken=asked.spoken, until="")
                rows += evidence.store.rows(sql, asked.parameters)
        else:
            rows += evidence.store.rows(_ROLLUP, (span.unit.value, brand, span.since, span.until))
    return rows


def posts(evidence: Evidence, scope: Scope) -> list[int] | None:
    """Interactions of each mentioned post whose counters are known, in a window; None where there are too many."""
    number = scope.brand.number
    if not _counted(evidence):
        return []
    if too_many(evidence, number):
        return None
    asked = cut(evidence, number)
    sql = _BY_POST.format(where=asked.where, spoken=asked.spoken, until="")
    rows = evidence.once(("counters by post", number), lambda: evidence.store.rows(sql, asked.parameters))
    return [row[1] for row in chosen(scope, rows)]


def at_age(
    evidence: Evidence, scope: Scope, window: Window, age: int, sources: frozenset[int]
) -> list[int] | None:
    """Interactions that each mentioned post of a window had when it was `age` seconds old, if it was read by then."""
    number = scope.brand.number
    if not _counted(evidence):
        return []
    if too_many(evidence, number):
        return None
    asked = cut(evidence, number, window)
    sql = _BY_POST.format(where=asked.where, spoken=asked.spoken, until=_UP_TO)
    rows = evidence.once(
        ("counters at age", number, window, age),
        lambda: evidence.store.rows(sql, (*asked.parameters, age)),
    )
    return [row[1] for row in chosen(scope, rows, sources)]


def _counted(evidence: Evidence) -> bool:
    """Whether anything was ever counted: otherwise every mention would be looked at in vain."""
    return evidence.once("counted", lambda: bool(evidence.store.rows("SELECT 1 FROM readings LIMIT 1")))
