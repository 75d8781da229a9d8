"""Stories and publishers: what mentions come to where copies count once, and where each voice does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from storage.base import Row
from storage.calendar import Window
from storage.kpi.declaration import Example, Kpi
from storage.kpi.evidence import Evidence
from storage.kpi.facts import chosen, cut, source_kinds, spans
from storage.kpi.market import Parts, mentions_of, share
from storage.kpi.scope import Numbered, Scope
from storage.kpi.speakers import NOBODY, TOO_LONG, voices
from storage.kpi.value import NO_SOURCE, Reading
from storage.rollups.periods import Unit

TOO_MANY = "too many mentions in this window for their stories to be read one by one"
SITES = frozenset({"feeds"})
"""Kinds of sources of which each is one publisher, whoever signs its texts."""

_ROLLUP = """SELECT source_id, NULL, story_id, sum(mentions) FROM rollup_stories
    WHERE unit = ? AND brand_id = ? AND start >= ? AND start < ? GROUP BY source_id, story_id"""
_FACTS = """SELECT m.source_id, {spoken} AS spoken, s.story_id, count(*) FROM mentions m
    CROSS JOIN story_members s WHERE {where} AND s.post_id = m.post_id GROUP BY m.source_id, spoken, s.story_id"""


def repeated(scope: Scope, brand: Numbered | None = None) -> Mapping[int, Mapping[int, int]] | None:
    """Mentions by source and story, of stories of two or more posts; None where too many would have to be looked at."""
    number = (brand or scope.brand).number
    rows = scope.evidence.once(("stories", number), lambda: _fetch(scope.evidence, number))
    if rows is None:
        return None
    found: dict[int, Counter[int]] = {}
    for source, story, mentions in chosen(scope, rows):
        found.setdefault(source, Counter())[story] += mentions
    return found


def _fetch(evidence: Evidence, brand: int) -> Sequence[Row] | None:
    parts = spans(evidence, brand)
    if parts is None:
        return None
    rows: list[Row] = []
    for span in parts:
        if span.unit == Unit.FACTS:
            asked = cut(evidence, brand, Window(span.since, span.until))
            rows += evidence.store.rows(
                _FACTS.format(where=asked.where, spoken=asked.spoken), asked.parameters
            )
        else:
            rows += evidence.store.rows(_ROLLUP, (span.unit.value, brand, span.since, span.until))
    return rows


def collapsed(scope: Scope, brand: Numbered | None = None) -> int | None:
    """How many mentions more there are than stories, over all sources together; None where that is not counted."""
    by_source = repeated(scope, brand)
    if by_source is None:
        return None
    together: Counter[int] = Counter()
    for stories in by_source.values():
        together.update(stories)
    return _more_than_one(together)


def _more_than_one(stories: Mapping[int, int]) -> int:
    return sum(mentions - 1 for mentions in stories.values())


def stories(scope: Scope) -> Reading:
    """Count stories: mentions of which copies and near-copies, in whatever source, are one; n: the mentions."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    copies, mentions = collapsed(scope), scope.counts().mentions
    if copies is None:
        return Reading(None, mentions, TOO_MANY)
    found = mentions - copies
    return Reading(found, mentions, None, {"mentions": mentions, "copies": copies, "stories": found})


def share_of_stories(scope: Scope) -> Reading:
    """Stories that name the brand / sum over the brands of its market of theirs; n is the denominator.

    A story in two sources is one in the total, and one in each of them.
    """
    if scope.sources and any(repeated(scope, brand) is None for brand in scope.market):
        return Reading(None, 0, TOO_MANY)
    found = share(scope, _stories_of, reason="nothing in the market")
    if found.value is None:
        return found
    own = _all_of(scope, scope.brand)
    market = sum(_all_of(scope, brand) for brand in scope.market)
    return Reading(own / market, market, None, {**found.more, "own": own, "market": market})


def _stories_of(scope: Scope, brand: Numbered) -> Parts:
    copies = repeated(scope, brand) or {}
    return {
        source: n - _more_than_one(copies.get(source, {})) for source, n in mentions_of(scope, brand).items()
    }


def _all_of(scope: Scope, brand: Numbered) -> int:
    return scope.counts(brand).mentions - (collapsed(scope, brand) or 0)


def publishers(scope: Scope) -> Reading:
    """Count who published mentions: each feed is one publisher, elsewhere each author is; n: the mentions.

    Mentions whose author nobody knows are `anonymous`, and are left out; where there are no others, who published
    is unknown, not 0.
    """
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    mentions = scope.counts().mentions
    spoken = voices(scope)
    if spoken is None:
        return Reading(None, mentions, TOO_LONG)
    kinds = source_kinds(scope.evidence)
    sites = sum(n > 0 for source, n in mentions_of(scope, scope.brand).items() if kinds[source] in SITES)
    others = [one for source, one in spoken.items() if kinds[source] not in SITES]
    authors = sum(one.authors for one in others)
    told = {"sites": sites, "authors": authors, "anonymous": sum(one.anonymous for one in others)}
    if told["anonymous"] and not sites + authors:
        return Reading(None, mentions, NOBODY, told)
    return Reading(sites + authors, mentions, None, told)


_kpi = partial(Kpi, source="Determ", rows=("13", "35"))
KPIS = (
    Kpi(
        "share_of_voice.stories",
        "ratio",
        "stories that name the brand / those of all brands of its market",
        share_of_stories,
        market_wide=True,
        better="up",
        source="MutualMind, Sprout Social",
        inputs=("mentions", "stories"),
        rows=("11", "35"),
        worked="{own} / {market}",
        example=Example({"own": 1, "market": 2}, 0.5, "Acme: one release in 30 papers; Bolt: one post"),
    ),
    _kpi(
        "mentions.stories",
        "stories",
        "mentions of which copies and near-copies count as one",
        stories,
        better="up",
        inputs=("mentions", "stories"),
        worked="{mentions} - {copies}",
        example=Example({"mentions": 30, "copies": 29}, 1, "one release in 30 papers"),
    ),
    _kpi(
        "mentions.publishers",
        "publishers",
        "feeds that mention the brand, and authors of its mentions elsewhere",
        publishers,
        better="up",
        inputs=("mentions", "authors"),
        worked="{sites} + {authors}",
        example=Example({"sites": 2, "authors": 1}, 3, "one release in 2 feeds, and ana about it twice"),
    ),
)
