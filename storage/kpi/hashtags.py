"""Hashtags in mentions: how many, which ones most, and how fast they grow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from storage.base import Row
from storage.calendar import Window
from storage.kpi.compare import NO_CHANGE
from storage.kpi.declaration import Example, Kpi
from storage.kpi.evidence import Evidence
from storage.kpi.facts import chosen, cut, spans
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, NOT_COMPARABLE, Reading
from storage.rollups.hashtags import ANY
from storage.rollups.periods import Unit
from storage.stats.wilson import wilson

TOP = 20
"""Hashtags that are listed."""
LEAST = 20
"""Mentions in the period before that a growth needs."""

_TOO_MANY = "too many mentions in this window for their hashtags to be read one by one"
_ROLLUP = """SELECT source_id, NULL, hashtag_id, sum(mentions) FROM rollup_hashtags
    WHERE unit = ? AND brand_id = ? AND start >= ? AND start < ? GROUP BY source_id, hashtag_id"""
_FACTS = f"""SELECT m.source_id, {{spoken}} AS spoken, h.hashtag_id, count(*) FROM mentions m
    CROSS JOIN post_hashtags h WHERE {{where}} AND h.post_id = m.post_id GROUP BY m.source_id, spoken, h.hashtag_id
    UNION ALL SELECT m.source_id, {{spoken}} AS spoken, {ANY}, count(*) FROM mentions m
    WHERE {{where}} AND EXISTS (SELECT 1 FROM post_hashtags h WHERE h.post_id = m.post_id)
    GROUP BY m.source_id, spoken"""
_NAMES = "SELECT id, tag FROM hashtags WHERE id IN (SELECT value FROM json_each(?))"


class Used(NamedTuple):
    """`bearing`: mentions with at least one hashtag. `uses`: mentions by hashtag (its number)."""

    bearing: int
    uses: dict[int, int]


def used(evidence: Evidence, scope: Scope, sources: frozenset[int]) -> Used | None:
    """What is said with hashtags in a window; None where it is too long to look at each mention."""
    number = scope.brand.number
    rows = evidence.once(("hashtags", number), lambda: _fetch(evidence, number))
    if rows is None:
        return None
    uses: dict[int, int] = {}
    for _, hashtag, mentions in chosen(scope, rows, sources):
        uses[hashtag] = uses.get(hashtag, 0) + mentions
    return Used(uses.pop(ANY, 0), uses)


def _fetch(evidence: Evidence, brand: int) -> Sequence[Row] | None:
    parts = spans(evidence, brand)
    if parts is None:
        return None
    rows: list[Row] = []
    for span in parts:
        if span.unit == Unit.FACTS:
            asked = cut(evidence, brand, Window(span.since, span.until))
            sql = _FACTS.format(where=asked.where, spoken=asked.spoken)
            rows += evidence.store.rows(sql, (*asked.parameters, *asked.parameters))
        else:
            rows += evidence.store.rows(_ROLLUP, (span.unit.value, brand, span.since, span.until))
    return rows


def names(evidence: Evidence, numbers: Iterable[int]) -> dict[int, str]:
    """What hashtags are called, without their sign."""
    return dict(evidence.store.rows(_NAMES, (json.dumps(list(numbers)),)))


def hashtags(scope: Scope) -> Reading:
    """Count distinct hashtags in mentions; n: mentions that bear one. `top` lists those that most mentions bear."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    found = used(scope.evidence, scope, scope.sources)
    if found is None:
        return Reading(None, 0, _TOO_MANY)
    most = sorted(found.uses, key=lambda number: (-found.uses[number], number))[:TOP]
    called = names(scope.evidence, most)
    top = [{"hashtag": called[number], "mentions": found.uses[number]} for number in most]
    top.sort(key=lambda one: (-int(str(one["mentions"])), str(one["hashtag"])))
    more = {"hashtags": len(found.uses), "uses": sum(found.uses.values()), "top": top}
    return Reading(len(found.uses), found.bearing, None, more)


def hashtag_growth(scope: Scope) -> Reading:
    """(h - h_before) / h_before, h the mentions that bear a hashtag, over sources heard in both periods; n: h_before.

    `change` is always given, the growth only from 20 mentions before on. `top` says the same of each hashtag. The
    interval takes authors into account, whose mentions bear the same hashtags.
    """
    compared = scope.comparable or scope.sources
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, {"change": None})
    now, before = used(scope.evidence, scope, compared), used(scope.evidence_before, scope, compared)
    if now is None or before is None:
        return Reading(None, 0, _TOO_MANY, {"change": None})
    h, h_before = now.bearing, before.bearing
    clustering = max(1.0, scope.evidence.clustering(scope.brand.number, compared, scope.language))
    more: dict[str, object] = {
        "change": h - h_before,
        "bearing": h,
        "bearing_before": h_before,
        "top": _grown(scope, now, before, clustering),
    }
    if not h_before:
        return Reading(None, 0, "none in the period before", more)
    if h_before < LEAST:
        return Reading(None, h_before, "fewer than 20 in the period before", more)
    if not scope.comparable:
        return Reading(None, h_before, NOT_COMPARABLE, more)
    low, high = interval(h, h_before, clustering)
    more["interval"] = [low, high]
    if low <= 0 <= high:
        more["note"] = NO_CHANGE
    return Reading((h - h_before) / h_before, h_before, None, more)


def _grown(scope: Scope, now: Used, before: Used, clustering: float) -> list[dict[str, object]]:
    """The hashtags that most mentions bear in both periods together, each with its growth where there are enough."""
    total = {
        tag: now.uses.get(tag, 0) + before.uses.get(tag, 0) for tag in now.uses.keys() | before.uses.keys()
    }
    most = sorted(total, key=lambda tag: (-total[tag], tag))[:TOP]
    called = names(scope.evidence, most)
    told: list[dict[str, object]] = []
    for tag in most:
        h, h_before = now.uses.get(tag, 0), before.uses.get(tag, 0)
        enough = h_before >= LEAST and bool(scope.comparable)
        told.append(
            {
                "hashtag": called[tag],
                "mentions": h,
                "mentions_before": h_before,
                "growth": (h - h_before) / h_before if enough else None,
                "interval": list(interval(h, h_before, clustering)) if enough else None,
            }
        )
    return told


def interval(now: int, before: int, clustering: float = 1.0) -> tuple[float, float]:
    """The 95 % interval of (now - before) / before of two counts of things that come by chance.

    Given their sum, how many came now is a share: Wilson's interval of it, turned back into a ratio (Przyborowski and
    Wilenski (1940), "Homogeneity of results in testing samples from Poisson series", Biometrika 31:313-323).
    `clustering`: by how much more counts vary because several come from one author.
    """
    low, high = wilson(now / clustering, (now + before) / clustering)
    return low / (1 - low) - 1, high / (1 - high) - 1


KPIS = (
    Kpi(
        "hashtags",
        "hashtags",
        "distinct hashtags in mentions of the brand",
        hashtags,
        family="engagement",
        kind=("quantitative", "qualitative"),
        better="neither",
        source="Sinnaps",
        inputs=("mentions", "hashtags"),
        rows=("31", "35"),
        worked="{hashtags}",
        example=Example({"hashtags": 2}, 2, "#sale twice, once as #SALE, and #new"),
    ),
    Kpi(
        "hashtag_growth",
        "ratio",
        "(mentions with a hashtag - those of the period before) / those of the period before",
        hashtag_growth,
        family="engagement",
        kind=("quantitative", "directional"),
        better="up",
        source="Sinnaps",
        inputs=("mentions", "hashtags"),
        rows=("32", "35"),
        least=LEAST,
        worked="({bearing} - {bearing_before}) / {bearing_before}",
        example=Example(
            {"bearing": 30, "bearing_before": 20}, 0.5, "20 mentions with a hashtag before, 30 now"
        ),
    ),
)
