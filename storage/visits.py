"""When kept posts are looked at again: a row for each, moved on in the transaction that keeps what a look has found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction
from storage.mention import Source, Visits

_PLACES = 65_536
"""Into so many parts a stretch is divided over which posts are spread."""
# Neighbours come to lie far apart: some 0.618 of all places, so that every run of numbers is spread evenly.
_STEP = 40_503
_AHEAD = 86_400
"""Seconds by which a post may have been published after it was fetched, by its own clock."""

_INSERT = "INSERT INTO visits (source_id, due_at, post_id) VALUES (?, ?, ?)"
_FORGET = "DELETE FROM visits WHERE post_id IN (SELECT value FROM json_each(?))"
_VISITED = """SELECT v.post_id, p.published_at FROM posts p JOIN visits v ON v.post_id = p.id
    WHERE p.source_id = ? AND p.native_id IN (SELECT value FROM json_each(?))"""
_DUE = """SELECT p.native_id FROM sources s JOIN visits v ON v.source_id = s.id JOIN posts p ON p.id = v.post_id
    WHERE s.name = ? AND s.active = 1 AND v.due_at <= ? ORDER BY v.due_at, v.post_id LIMIT ?"""
# As `next_due` says it, for all posts of a source that have their text.
_PLAN_ALL = f"""INSERT INTO visits (source_id, due_at, post_id)
    SELECT source_id, due_at, id FROM (
        SELECT source_id, id, CASE WHEN age_at <= least THEN age_at
            ELSE now + 1 + within * ((id % {_PLACES}) * {_STEP} % {_PLACES}) / {_PLACES} END AS due_at
        FROM (SELECT p.source_id AS source_id, p.id AS id, t.now AS now, t.within AS within,
            coalesce(t.now + t.within, p.published_at + t.oldest) AS least,
            p.published_at + (SELECT min(a.value) FROM json_each(?) a WHERE p.published_at + a.value > t.now) AS age_at
            FROM (SELECT ? AS now, ? AS within, ? AS oldest) t CROSS JOIN posts p
            WHERE p.source_id = ? AND p.erased_at IS NULL AND p.imported = 0 AND p.fetched_at >= ?) ages) planned
    WHERE due_at IS NOT NULL"""
# Looks are planned a tenth of the duty early; what is later than that tenth has fallen behind it.
_STANDING = """SELECT s.name, json_extract(s.visits, '$.every'), count(v.post_id), min(v.due_at),
    count(CASE WHEN v.due_at < ? - json_extract(s.visits, '$.every') / 10 THEN 1 END)
    FROM sources s LEFT JOIN visits v ON v.source_id = s.id AND v.due_at <= ?
    WHERE s.active = 1 AND s.visits IS NOT NULL GROUP BY s.id, s.name, s.visits"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the looks at the posts of a source have come.

    `due` are waiting, the first of them since `oldest`; `behind` were not looked at for longer than the service wants,
    which is `every` seconds (None: it wants nothing).
    """

    every: int | None
    due: int
    oldest: int | None
    behind: int


def next_due(plan: Visits, published_at: int, now: int, place: int | None = None) -> int | None:
    """When a post is looked at next: at the first of the ages that lies ahead, and in time for the duty.

    `place` in 0..65535 is its own among many that are planned at one time, of which those without an age ahead are
    spread over all the time that the duty leaves; None where it was looked at just now. None: never again.
    """
    age_at = min((published_at + age for age in plan.ages if published_at + age > now), default=None)
    if plan.every is None:
        return age_at
    within = _within(plan.every)
    if age_at is not None and age_at <= now + within:
        return age_at
    return now + (within if place is None else 1 + within * place // _PLACES)


def place_of(post: int) -> int:
    """The place of a post, by its number, among those that are planned with it."""
    return post % _PLACES * _STEP % _PLACES


def written(plan: Visits | None) -> str | None:
    """A plan as the row of its source holds it."""
    return None if plan is None else json.dumps({"ages": sorted(plan.ages), "every": plan.every})


def plan(db: Transaction, source: int, posts: Iterable[tuple[int, int, int]]) -> None:
    """Plan the first look at new posts (number, when published, when fetched) by the plan of their source."""
    found = _plan_of(db, source)
    if found is None:
        return
    rows = [
        (source, due, number)
        for number, published_at, fetched_at in posts
        if (due := next_due(found, published_at, fetched_at, place_of(number))) is not None
    ]
    db.run_many(_INSERT, rows)


def move(db: Transaction, source: int, native_ids: Sequence[str], now: int) -> None:
    """Let posts that were looked at now wait for their next time; those that are planned no more stay so."""
    if not native_ids:
        return
    found = _plan_of(db, source)
    rows = db.rows(_VISITED, (source, json.dumps(list(native_ids))))
    forget(db, [number for number, _ in rows])
    if found is not None:
        times = [(next_due(found, published_at, now), number) for number, published_at in rows]
        db.run_many(_INSERT, [(source, due, number) for due, number in times if due is not None])


def forget(db: Transaction, posts: Sequence[int]) -> None:
    """Look at these posts (by number) no more: nothing of them is left to look after."""
    db.run(_FORGET, (json.dumps(list(posts)),))


def keep_plans(db: Transaction, sources: Sequence[Source], now: int) -> list[str]:
    """Take note of when the posts of these sources are looked at; return the names of those for which that is new.

    All their posts that have a text are planned anew, so that what was kept before is looked at as well.
    """
    known = {name: (number, told) for number, name, told in db.rows("SELECT id, name, visits FROM sources")}
    changed = [one for one in sources if known[one.name][1] != written(one.visits)]
    for one in changed:
        number = known[one.name][0]
        db.run("UPDATE sources SET visits = ? WHERE id = ?", (written(one.visits), number))
        db.run("DELETE FROM visits WHERE source_id = ?", (number,))
        if one.visits is not None:
            _plan_all(db, number, one.visits, now)
    return [one.name for one in changed]


def due(store: Rows, source: str, now: int, limit: int) -> list[str]:
    """Native ids of posts to look at, those that have waited longest first; none of a source that is not active."""
    return [row[0] for row in store.rows(_DUE, (source, now, limit))]


def standing(store: Rows, now: int) -> dict[str, Standing]:
    """By the names of the active sources whose posts are looked at again."""
    return {
        name: Standing(every, count, oldest, behind)
        for name, every, count, oldest, behind in store.rows(_STANDING, (now, now))
    }


def _within(every: int) -> int:
    """Seconds after which to look again so that it is done when `every` have passed."""
    return max(1, every * 9 // 10)


def _plan_all(db: Transaction, source: int, found: Visits, now: int) -> None:
    oldest = max(found.ages, default=0)
    within = None if found.every is None else _within(found.every)
    # Without a duty nothing is planned of what is older than the last age, and most of history is not even looked at.
    since = 0 if within is not None else now - oldest - _AHEAD
    db.run(_PLAN_ALL, (json.dumps(list(found.ages)), now, within, oldest, source, since))


def _plan_of(db: Rows, source: int) -> Visits | None:
    told = db.rows("SELECT visits FROM sources WHERE id = ?", (source,))[0][0]
    if told is None:
        return None
    parts = json.loads(told)
    return Visits(tuple(parts["ages"]), parts["every"])
