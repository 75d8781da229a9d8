"""What holds where a service counts everything and shows only a part: counted mentions, and shares of a sample."""

from __future__ import annotations

from collections.abc import Callable

from storage.kpi.counted import ALL_ALIKE, cut_otherwise, samples
from storage.kpi.declaration import Example, Kpi
from storage.kpi.facts import tones_said
from storage.kpi.market import Parts, share
from storage.kpi.scope import Numbered, Scope
from storage.kpi.tally import Counts
from storage.kpi.value import ENGINE_CHANGED, NO_SOURCE, Reading
from storage.stats import stratified
from storage.stats.shares import Estimate, Shares
from storage.stats.stratified import Cluster


def _of_mentions(one: Cluster) -> float:
    return one.mentions


def mentions(scope: Scope) -> Reading:
    """Mentions where sources that count are taken by their counts, the others as they were heard.

    A service counts posts that hold a brand's words; how many of them its query is true of is estimated from those
    that were read. `interval` is that estimate's, 95 %. n: mentions that were read.
    """
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if cut_otherwise(scope):
        return Reading(None, 0, ALL_ALIKE)
    found = samples(scope, scope.brand)
    heard = _heard(scope, scope.brand, without=frozenset(found))
    value, low, high = float(heard), float(heard), float(heard)
    for sample in found.values():
        if sample:
            total, (least, most) = sample.total(_of_mentions).value, sample.interval(_of_mentions)
        else:
            total, least, most = sample.counted, 0.0, sample.counted
        value, low, high = value + total, low + least, high + most
    more = {
        "heard": heard,
        "counted": round(value) - heard,
        "interval": [low, high] if found else None,
        "posts_counted": round(sum(one.counted for one in found.values())),
        "posts_read": sum(one.read for one in found.values()),
    }
    return Reading(round(value), scope.counts().mentions, None, more)


def share_of_voice(scope: Scope) -> Reading:
    """Counted mentions of the brand / those of all brands of its market; n is the denominator."""
    if scope.sources and cut_otherwise(scope):
        return Reading(None, 0, ALL_ALIKE)
    return share(scope, _mentions_of, reason="nothing in the market")


def _mentions_of(scope: Scope, brand: Numbered) -> Parts:
    found = samples(scope, brand)
    parts: dict[int, float] = {
        source: counts.mentions for source, counts in tones_said(scope, brand).items() if source not in found
    }
    for source, sample in found.items():
        parts[source] = sample.total(_of_mentions).value if sample else sample.counted
    return parts


def positive_share(scope: Scope) -> Reading:
    """Positive / judged among all that was counted, estimated from what was read."""
    return _share(scope, lambda one: one.positive, lambda one: one.positive, lambda found: found.positive)


def negative_share(scope: Scope) -> Reading:
    """Negative / judged among all that was counted, estimated from what was read."""
    return _share(scope, lambda one: one.negative, lambda one: one.negative, lambda found: found.negative)


def _share(
    scope: Scope,
    part: Callable[[Cluster], int],
    of_counts: Callable[[Counts], int],
    of_shares: Callable[[Shares], Estimate],
) -> Reading:
    """A share in which each mention weighs as many as it stands for.

    What corrections and the engine's measured error change of the plain share is changed here by as much, and their
    error stands in the interval beside that of sampling.
    """
    more: dict[str, object] = {"method": "raw", "raw_value": None, "interval": None}
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, more)
    if cut_otherwise(scope):
        return Reading(None, 0, ALL_ALIKE, more)
    judged = scope.judged()
    if scope.strict and len(judged.counts.engines) > 1:
        return Reading(None, judged.counts.judged, ENGINE_CHANGED, more)
    found = samples(scope, scope.brand)
    drawn = [sample for sample in found.values() if sample]
    whole = [one for source, one in tones_said(scope, scope.brand).items() if source not in found]
    certain = (sum(of_counts(one) for one in whole), sum(one.judged for one in whole))
    shift, error = 0.0, 0.0
    if judged.said.judged and judged.counts.judged:
        said = of_counts(judged.said) / judged.said.judged
        estimate = of_shares(judged.shares) if judged.shares else None
        shift = (estimate.value if estimate else of_counts(judged.counts) / judged.counts.judged) - said
        error = estimate.error if estimate else 0.0
    told = stratified.share(drawn, certain, part, shift, error)
    if told is None:
        return Reading(None, 0, "none judged", more)
    raw = stratified.share(drawn, certain, part)
    more |= {
        "method": "adjusted" if error else "raw",
        "raw_value": raw.value if raw else None,
        "interval": [told.low, told.high],
        "sampling_error": told.error,
        "part_read": min((sample.part for sample in drawn), default=1.0),
        "unread_hours": sum(sample.unread for sample in drawn),
        "share": told.value,
    }
    return Reading(told.value, judged.counts.judged, None, more)


def _heard(scope: Scope, brand: Numbered, without: frozenset[int]) -> int:
    found = tones_said(scope, brand)
    return sum(counts.mentions for source, counts in found.items() if source not in without)


_SAMPLING = "Cochran, Sampling Techniques (1977), chapters 2, 5A, 6 and 9; Korn and Graubard (1998)"

KPIS = (
    Kpi(
        "mentions.counted",
        "mentions",
        "mentions, where a service that shows only a part is taken by its own counts",
        mentions,
        kind=("quantitative", "leading"),
        source=_SAMPLING,
        rows=("13",),
        worked="{heard} + {counted}",
        example=Example(
            {"heard": 3, "counted": 80},
            83,
            "3 in feeds; X counted 100 posts with the brand's words, of 20 read the query is true of 16",
        ),
        vanity=True,
    ),
    Kpi(
        "share_of_voice.counted",
        "ratio",
        "counted mentions of the brand / counted mentions of all brands of its market",
        share_of_voice,
        market_wide=True,
        kind=("quantitative", "lagging"),
        better="up",
        source=_SAMPLING,
        rows=("9", "11"),
        worked="{own} / {market}",
        example=Example(
            {"own": 83, "market": 103},
            83 / 103,
            "Acme: 83 counted mentions; Bolt: 20 that X counted and none read",
        ),
    ),
    Kpi(
        "positive_share.sampled",
        "ratio",
        "positive / judged mentions of all that was counted, estimated from a random sample",
        positive_share,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="up",
        source=_SAMPLING,
        inputs=("mentions", "tone"),
        rows=("55",),
        worked="{share}",
        example=Example({"share": 0.5}, 0.5, "of 16 mentions that stand for 80, 8 are positive"),
    ),
    Kpi(
        "negative_share.sampled",
        "ratio",
        "negative / judged mentions of all that was counted, estimated from a random sample",
        negative_share,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="down",
        source=_SAMPLING,
        inputs=("mentions", "tone"),
        rows=("58",),
        worked="{share}",
        example=Example({"share": 0.25}, 0.25, "of 16 mentions that stand for 80, 4 are negative"),
    ),
)
