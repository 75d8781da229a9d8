"""What is thought: positive messages and their growth, the shares of tones, the net sentiment."""

from __future__ import annotations

from storage.kpi.declaration import Kpi
from storage.kpi.scope import Scope
from storage.kpi.tally import Counts
from storage.kpi.value import NO_SOURCE, Reading


def positive_mentions(scope: Scope) -> Reading:
    """Count mentions judged positive; n is all that were judged."""
    counts = scope.counts()
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    return Reading(counts.positive, counts.judged, more={"unjudged": counts.unjudged})


def positive_growth(scope: Scope) -> Reading:
    """(p - p_before) / p_before over sources heard in both periods; `change` = p - p_before is always given."""
    before, current = scope.change_counts(scope.comparable or scope.sources)
    more = {
        "change": current.positive - before.positive,
        "positive": current.positive,
        "positive_before": before.positive,
    }
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, more)
    if not before.positive:
        return Reading(None, 0, "none in the period before", more)
    if not scope.comparable:
        return Reading(None, before.positive, "no source heard for 90 % of both periods", more)
    return Reading((current.positive - before.positive) / before.positive, before.positive, None, more)


def _share(scope: Scope, part: int, counts: Counts) -> Reading:
    more = {"unjudged": counts.unjudged, "method": "raw"}
    if not counts.judged:
        reason = "none judged" if scope.sources else NO_SOURCE
        return Reading(None, 0, reason, {**more, "raw_value": None})
    value = part / counts.judged
    return Reading(value, counts.judged, None, {**more, "raw_value": value})


def positive_share(scope: Scope) -> Reading:
    """Positive / judged."""
    counts = scope.counts()
    return _share(scope, counts.positive, counts)


def negative_share(scope: Scope) -> Reading:
    """Negative / judged."""
    counts = scope.counts()
    return _share(scope, counts.negative, counts)


def net_sentiment(scope: Scope) -> Reading:
    """(positive - negative) / judged, from -1 to 1."""
    counts = scope.counts()
    return _share(scope, counts.positive - counts.negative, counts)


KPIS = (
    Kpi("positive_mentions", "mentions", "number of mentions judged positive", positive_mentions),
    Kpi(
        "positive_growth",
        "ratio",
        "(positive mentions - those of the period before) / those of the period before",
        positive_growth,
    ),
    Kpi("positive_share", "ratio", "positive mentions / judged mentions", positive_share),
    Kpi("negative_share", "ratio", "negative mentions / judged mentions", negative_share),
    Kpi("net_sentiment", "ratio", "(positive - negative mentions) / judged mentions", net_sentiment),
)
