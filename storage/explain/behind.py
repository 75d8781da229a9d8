"""What stands behind a number: engines with their counts, versions of queries, corrections, posts, imported files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sentiment.calibration import card
from sentiment.tone import LABELS, Label
from storage.base import Rows
from storage.calendar import Window
from storage.desk.corrections import STANDING
from storage.explain.explanation import (
    Behind,
    Corrections,
    File,
    Judging,
    Posts,
    QueryVersion,
    Stratum,
)
from storage.kpi.declaration import FILES, Kpi
from storage.mention import LABEL_NUMBERS
from storage.rollups.counted import SCALE, whole
from storage.stats import expected
from storage.stats.expected import TARGETS, Sums

_LABELS: dict[int, Label] = {LABEL_NUMBERS[label]: label for label in LABELS}

_IN = """m.brand_id = ? AND m.published_at >= ? AND m.published_at < ?
    AND m.source_id IN (SELECT value FROM json_each(?))"""
_ENGINES = f"""SELECT e.name, sum(m.label = -1), sum(m.label = 0), sum(m.label = 1), sum(m.label IS NULL)
    FROM mentions m LEFT JOIN engines e ON e.id = m.engine_id WHERE {_IN} GROUP BY e.name ORDER BY count(*) DESC, 1"""
_GOOD, _BAD = whole("m.p_positive"), whole("m.p_negative")
_STRATA = f"""SELECT e.name, m.language, count(*), sum({_GOOD}), sum({_BAD}), sum({_GOOD} * {_GOOD}),
    sum({_BAD} * {_BAD}), sum({_GOOD} * {_BAD})
    FROM mentions m JOIN engines e ON e.id = m.engine_id WHERE {_IN} AND m.label IS NOT NULL
    GROUP BY e.name, m.language ORDER BY count(*) DESC, 1, 2"""
# In force is what found a mention, and the newest version that was written before the window ended.
_QUERIES = f"""SELECT q.id, coalesce(q.rematched_since, q.at), q.definition, found.mentions
    FROM (SELECT m.query_id AS version, count(*) AS mentions FROM mentions m WHERE {_IN} GROUP BY m.query_id) AS found
    LEFT JOIN query_versions q ON q.id = found.version
    UNION SELECT q.id, coalesce(q.rematched_since, q.at), q.definition, 0 FROM query_versions q
    WHERE q.id = (SELECT max(id) FROM query_versions WHERE brand_id = ? AND at < ?)
    AND NOT EXISTS (SELECT 1 FROM mentions m WHERE {_IN} AND m.query_id = q.id)
    ORDER BY 1"""
_CORRECTIONS = f"""SELECT m.label, c.label, c.sampled, count(*)
    FROM corrections c JOIN mentions m ON m.brand_id = c.brand_id AND m.post_id = c.post_id
    JOIN posts p ON p.id = c.post_id
    WHERE {_IN} AND {STANDING} GROUP BY m.label, c.label, c.sampled ORDER BY 1, 2, 3"""
_COLUMNS = f"""p.id, s.name, p.native_id, p.url, m.published_at, coalesce(c.label, m.label), c.label IS NOT NULL,
    p.erased_at IS NOT NULL, p.text FROM {{mentions}} m JOIN posts p ON p.id = m.post_id
    JOIN sources s ON s.id = p.source_id
    LEFT JOIN corrections c ON c.brand_id = m.brand_id AND c.post_id = m.post_id AND {STANDING}"""
# What was taken back is little: it is looked for among itself.
_TAKEN_BACK = f"""SELECT count(*) FROM posts p CROSS JOIN mentions m WHERE p.erased_at IS NOT NULL AND p.expired = 0
    AND p.published_at >= ? AND p.published_at < ? AND m.post_id = p.id AND {_IN}"""
# A post that addresses the brand, and for what it is counted: when it was published.
_TURNS = """(SELECT t.brand_id, t.post_id, t.at AS published_at, o.source_id, n.label
    FROM turns t JOIN posts o ON o.id = t.post_id
    LEFT JOIN mentions n ON n.brand_id = t.brand_id AND n.post_id = t.post_id WHERE t.role = 0)"""
_AFTER = """AND (m.published_at, m.post_id) < (SELECT a.published_at, a.id FROM posts a WHERE a.id = ?)"""


@dataclass(frozen=True, slots=True)
class Facts:
    """The mentions that a number is made of: of one brand (its number), in a window, in these sources."""

    brand: int
    window: Window
    sources: tuple[int, ...]

    @property
    def asked(self) -> tuple[object, ...]:
        """The parameters of the condition on mentions `m`."""
        return (self.brand, self.window.since, self.window.until, json.dumps(sorted(self.sources)))


def judgings(store: Rows, facts: Facts) -> list[Judging]:
    """What each engine said, the most used first."""
    found = []
    for name, negative, neutral, positive, unjudged in store.rows(_ENGINES, facts.asked):
        measured = card(name) if name else None
        on = measured.measured_on if measured else None
        found.append(Judging(name, negative or 0, neutral or 0, positive or 0, unjudged, on))
    return found


def strata(store: Rows, facts: Facts) -> list[Stratum]:
    """By engine and language what its measured line makes of its probabilities."""
    found = []
    for engine, language, n, *whole_sums in store.rows(_STRATA, facts.asked):
        known = card(engine)
        measured = known.of(language) if known else None
        positive, negative = (total / SCALE for total in whole_sums[:2])
        squares = (total / SCALE**2 for total in whole_sums[2:])
        read = expected.Stratum(Sums(n, positive, negative, *squares), measured)
        levels = [expected.Reading(target, read).level if measured else None for target in TARGETS[:2]]
        found.append(Stratum(engine, language, n, positive / n, negative / n, *levels))
    return found


def queries(store: Rows, name: str, facts: Facts) -> list[QueryVersion]:
    """The versions of a brand's query that found its mentions, oldest first."""
    asked = (*facts.asked, facts.brand, facts.window.until, *facts.asked)
    return [QueryVersion(name, *row) for row in store.rows(_QUERIES, asked)]


def corrections(store: Rows, facts: Facts) -> Corrections:
    """What people said of these mentions."""
    changed: Counter[tuple[str | None, str]] = Counter()
    sampled = 0
    for said, label, drawn, count in store.rows(_CORRECTIONS, facts.asked):
        changed[_label(said), _LABELS[label]] += count
        sampled += count * drawn
    return Corrections(changed.total(), sampled, dict(changed))


def taken_back(store: Rows, facts: Facts) -> int:
    """How many of these mentions were taken back by now: they are counted all the same."""
    window = facts.window
    return int(store.rows(_TAKEN_BACK, (window.since, window.until, *facts.asked))[0][0])


def posts(
    store: Rows, kpi: Kpi, facts: Facts, limit: int, after: int | None, label: str | None
) -> Posts | None:
    """One page of the posts; None where the KPI is made of imported numbers only.

    Of a KPI of conversations they are the posts that address the brand. `after`: the number of the last post of the
    page before. `label` narrows them to one tone.
    """
    if kpi.imported:
        return None
    turns = "mentions" not in kpi.inputs and not {"conversations", "cases"}.isdisjoint(kpi.inputs)
    mentions = _TURNS if turns else "mentions"
    columns, where, asked = _COLUMNS.format(mentions=mentions), f"WHERE {_IN}", list(facts.asked)
    # Without a tone to look at, they are counted from an index alone.
    counted = f"{mentions} m {where}"
    if label is not None:
        where, asked = f"{where} AND coalesce(c.label, m.label) = ?", [*asked, LABEL_NUMBERS[label]]
        counted = f"(SELECT {columns} {where}) AS found"
    (total,) = store.rows(f"SELECT count(*) FROM {counted}", asked)[0]
    if after is not None:
        where, asked = f"{where} {_AFTER}", [*asked, after]
    rows = store.rows(
        f"SELECT {columns} {where} ORDER BY m.published_at DESC, m.post_id DESC LIMIT ?", [*asked, limit + 1]
    )
    shown = tuple(_behind(*row) for row in rows[:limit])
    return Posts(shown, total, shown[-1].id if len(rows) > limit and shown else None)


def _behind(
    id_: int,
    source: str,
    native_id: str,
    url: str | None,
    at: int,
    label: int | None,
    corrected: int,
    erased: int,
    text: str,
) -> Behind:
    return Behind(id_, source, native_id, url, at, _label(label), bool(corrected), bool(erased), text)


def files(store: Rows, kpi: Kpi) -> list[File]:
    """The files imported of the kinds that a KPI is made of, newest first."""
    asked = (json.dumps(sorted(FILES.intersection(kpi.inputs))),)
    rows = store.rows(
        """SELECT kind, name, sha256, at, rows FROM imports
        WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY at DESC, id DESC""",
        asked,
    )
    return [File(*row) for row in rows]


def numbers(store: Rows, names: Iterable[str]) -> dict[str, int]:
    """The numbers in the store of these sources."""
    known: dict[str, int] = dict(store.rows("SELECT name, id FROM sources"))
    return {name: known[name] for name in names if name in known}


def brand_number(store: Rows, name: str) -> int:
    """The number of a brand; 0 where the store has never seen it."""
    rows = store.rows("SELECT id FROM brands WHERE name = ?", (name,))
    return int(rows[0][0]) if rows else 0


def _label(number: int | None) -> str | None:
    return None if number is None else _LABELS[number]
