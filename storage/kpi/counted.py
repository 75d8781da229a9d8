"""What services counted of a brand, with the parts of it that were read and what stood in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from storage.base import Row
from storage.kpi.scope import Numbered, Scope
from storage.stats.stratified import Cluster, Sample, Stratum

ALL_ALIKE = "what a service counts is not told by language, by tag, or live"
_COUNTED = """SELECT source_id, since, until, posts FROM counted_spans
    WHERE brand_id = ? AND since < ? AND until > ? ORDER BY source_id, since"""
_READ = """SELECT s.source_id, s.since, s.until, s.posts, count(m.post_id),
    coalesce(sum(CASE WHEN m.label = 1 THEN 1 ELSE 0 END), 0),
    coalesce(sum(CASE WHEN m.label = -1 THEN 1 ELSE 0 END), 0),
    coalesce(sum(CASE WHEN m.label = 0 THEN 1 ELSE 0 END), 0)
    FROM sampled_spans s LEFT JOIN mentions m ON m.brand_id = s.brand_id AND m.source_id = s.source_id
        AND m.published_at >= s.since AND m.published_at < s.until
    WHERE s.brand_id = ? AND s.since >= ? AND s.since < ?
    GROUP BY s.source_id, s.since, s.until, s.posts ORDER BY s.source_id, s.since"""


def cut_otherwise(scope: Scope) -> bool:
    """Whether mentions are asked for by what counts do not tell."""
    evidence = scope.evidence
    return scope.by_language or evidence.live_only or evidence.tag is not None


def samples(scope: Scope, brand: Numbered) -> Mapping[int, Sample]:
    """The sample of a brand in each source that counts, by the source's number."""
    found: Mapping[int, Sample] = scope.evidence.once(
        ("samples", brand.number), lambda: _samples(scope, brand.number)
    )
    return {source: one for source, one in found.items() if source in scope.sources}


def _samples(scope: Scope, brand: int) -> dict[int, Sample]:
    evidence, window = scope.evidence, scope.evidence.window
    asked = (brand, window.since, window.until)
    spans: defaultdict[int, list[Row]] = defaultdict(list)
    for source, *span in evidence.store.rows(_COUNTED, (brand, window.until, window.since)):
        spans[source].append(tuple(span))
    read: defaultdict[int, list[Row]] = defaultdict(list)
    if spans:
        for source, *one in evidence.store.rows(_READ, asked):
            read[source].append(tuple(one))
    return {source: Sample(_strata(found, read[source], *asked[1:])) for source, found in spans.items()}


def _strata(spans: list[Row], read: list[Row], since: int, until: int) -> list[Stratum]:
    """Both in the order of time. Of a span that reaches out of the window the part within counts."""
    strata: list[Stratum] = []
    place = 0
    for start, end, posts in spans:
        first, last = max(start, since), min(end, until)
        clusters: list[Cluster] = []
        while place < len(read) and read[place][0] < end:
            begin, stop, *counts = read[place]
            place += 1
            if begin >= first:
                clusters.append(Cluster((stop - begin) / (last - first), *counts))
        strata.append(Stratum(posts * (last - first) / (end - start), clusters))
    return strata
