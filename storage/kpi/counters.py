"""The counters of mentioned posts as they are now, or as they were when the posts were of one age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from storage.base import Row
from storage.calendar import Window
from storage.kpi.evidence import Evidence
from storage.kpi.facts import chosen, cut, too_many
from storage.kpi.scope import Numbered, Scope

KINDS: Mapping[str, tuple[str, ...]] = {
    "likes": ("likes", "favourites", "favorites", "reactions", "upvotes", "points", "score"),
    "shares": ("reposts", "shares", "retweets", "reblogs", "boosts", "quotes"),
    "comments": ("replies", "comments", "answers"),
    "saves": ("saves", "bookmarks"),
}
"""What networks call their counters. Hacker News counts points and comments; Mastodon likes, reposts, quotes, replies;
whoever sends to /ingest may use any of these names. Views are no interaction."""
KIND_OF: Mapping[str, str] = {name: kind for kind, names in KINDS.items() for name in names}

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
_UP_TO = "\n    AND later.at <= m.published_at + ?"


class Counter(NamedTuple):
    """What one counter of one source comes to, over so many posts."""

    source: int
    name: str
    value: int
    posts: int


def counters(scope: Scope, brand: Numbered | None = None) -> list[Counter] | None:
    """The newest readings of a brand's mentions, summed; None where there are too many to look at."""
    number = (brand or scope.brand).number
    rows = _rows(scope.evidence, number, _BY_COUNTER)
    return None if rows is None else [Counter(*row) for row in chosen(scope, rows)]


def posts(evidence: Evidence, scope: Scope) -> list[int] | None:
    """Interactions of each mentioned post whose counters are known, in a window; None where there are too many."""
    rows = _rows(evidence, scope.brand.number, _BY_POST)
    return None if rows is None else [row[1] for row in chosen(scope, rows)]


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


def _rows(evidence: Evidence, brand: int, form: str) -> list[Row] | None:
    if not _counted(evidence):
        return []
    if too_many(evidence, brand):
        return None
    asked = cut(evidence, brand)
    sql = form.format(where=asked.where, spoken=asked.spoken, until="")
    return evidence.once(("counters", form, brand), lambda: evidence.store.rows(sql, asked.parameters))
