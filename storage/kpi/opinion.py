"""What is thought: positive messages and their growth, the shares of tones, the net sentiment."""

from __future__ import annotations

from storage.kpi.declaration import Kpi
from storage.kpi.scope import Scope
from storage.kpi.tally import Counts
from storage.kpi.value import NO_SOURCE, Reading

_ENGINE_CHANGED = "the tone engine changed"


def _broken(scope: Scope, counts: Counts) -> bool:
    """Whether a rule would look across a change of engine: a marked break until history is judged again."""
    return scope.strict and len(counts.engines) > 1


def _raw(value: float | None) -> dict[str, object]:
    """How an estimate was made. Every value is raw: counted as the engine judged, not corrected for its errors."""
    return {"method": "raw", "raw_value": value}


def positive_mentions(scope: Scope) -> Reading:
    """Count mentions judged positive; n is all that were judged."""
    counts = scope.counts()
    more = {"unjudged": counts.unjudged}
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, more | _raw(None))
    if _broken(scope, counts):
        return Reading(None, counts.judged, _ENGINE_CHANGED, more | _raw(None))
    return Reading(counts.positive, counts.judged, None, more | _raw(counts.positive))


def positive_growth(scope: Scope) -> Reading:
    """(p - p_before) / p_before over sources heard in both periods; `change` = p - p_before is always given.

    Only where nothing was heard at all is there no change to give either.
    """
    before, current = scope.change_counts(scope.comparable or scope.sources)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, {"change": None} | _raw(None))
    more = {
        "change": current.positive - before.positive,
        "positive": current.positive,
        "positive_before": before.positive,
    }
    if not before.positive:
        return Reading(None, 0, "none in the period before", more | _raw(None))
    if not scope.comparable:
        return Reading(None, before.positive, "no source heard for 90 % of both periods", more | _raw(None))
    if len(before.engines | current.engines) > 1:
        return Reading(None, before.positive, _ENGINE_CHANGED, more | _raw(None))
    value = more["change"] / before.positive
    return Reading(value, before.positive, None, more | _raw(value))


def _share(scope: Scope, part: int, counts: Counts) -> Reading:
    more = {"unjudged": counts.unjudged}
    if not counts.judged:
        return Reading(None, 0, "none judged" if scope.sources else NO_SOURCE, more | _raw(None))
    if _broken(scope, counts):
        return Reading(None, counts.judged, _ENGINE_CHANGED, more | _raw(None))
    value = part / counts.judged
    return Reading(value, counts.judged, None, more | _raw(value))


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
