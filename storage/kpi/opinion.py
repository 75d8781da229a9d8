"""What is thought: positive messages and their growth, the shares of tones, the net sentiment."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from storage.kpi import sureness
from storage.kpi.compare import NO_CHANGE
from storage.kpi.declaration import Example, Kpi
from storage.kpi.judged import Judged
from storage.kpi.scope import Scope
from storage.kpi.tally import Counts
from storage.kpi.value import ENGINE_CHANGED, NO_SOURCE, NOT_COMPARABLE, Reading
from storage.stats import shares
from storage.stats.shares import Estimate, Shares


def _broken(scope: Scope, counts: Counts) -> bool:
    """Whether a rule would look across a change of engine: a marked break until history is judged again."""
    return scope.strict and len(counts.engines) > 1


def _raw(
    raw_value: float | None, corrections: int, interval: Sequence[float] | None = None
) -> dict[str, object]:
    """How a value that is counted was made: `raw_value` is what the engine alone would have made of it."""
    return {"method": "raw", "raw_value": raw_value, "interval": interval, "corrections": corrections}


def _mentions(
    scope: Scope, name: str, part: Callable[[Counts], int], of: Callable[[Shares], Estimate]
) -> Reading:
    judged = scope.judged()
    counts, corrections = judged.counts, len(judged.corrected)
    more: dict[str, object] = {name: part(counts), "unjudged": counts.unjudged, "estimate": None}
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, more | _raw(None, 0))
    if _broken(scope, counts):
        return Reading(None, counts.judged, ENGINE_CHANGED, more | _raw(None, corrections))
    interval = None
    if judged.shares is not None:
        share, n = of(judged.shares), counts.judged
        more["estimate"] = round(share.value * n, 1)
        # Rounded first: 3 of 5 is 3.0000000000000004 of 5, of which the ceiling would be 4.
        interval = [math.floor(round(share.low * n, 6)), math.ceil(round(share.high * n, 6))]
    return Reading(part(counts), counts.judged, None, more | _raw(part(judged.said), corrections, interval))


def positive_mentions(scope: Scope) -> Reading:
    """Count mentions judged positive, by a person where one corrected the engine; n is all that were judged."""
    return _mentions(scope, "positive", lambda counts: counts.positive, lambda found: found.positive)


def negative_mentions(scope: Scope) -> Reading:
    """Count mentions judged negative, by a person where one corrected the engine; n is all that were judged."""
    return _mentions(scope, "negative", lambda counts: counts.negative, lambda found: found.negative)


def _growth_of(
    scope: Scope, name: str, part: Callable[[Counts], int], of: Callable[[Shares], Estimate]
) -> Reading:
    compared = scope.comparable or scope.sources
    before, now = scope.judged_before(compared), scope.judged(compared)
    corrections = len(before.corrected) + len(now.corrected)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, {"change": None} | _raw(None, 0))
    p, p_before = part(now.counts), part(before.counts)
    more: dict[str, object] = {"change": p - p_before, name: p, f"{name}_before": p_before}
    if not p_before:
        return Reading(None, 0, "none in the period before", more | _raw(None, corrections))
    if not scope.comparable:
        return Reading(None, p_before, NOT_COMPARABLE, more | _raw(None, corrections))
    if len(before.said.engines | now.said.engines) > 1:
        return Reading(None, p_before, ENGINE_CHANGED, more | _raw(None, corrections))
    said = part(before.said)
    raw = (part(now.said) - said) / said if said else None
    interval = _growth(now, before, of)
    if interval is not None and interval[0] <= 0 <= interval[1]:
        more["note"] = NO_CHANGE
    return Reading((p - p_before) / p_before, p_before, None, more | _raw(raw, corrections, interval))


def positive_growth(scope: Scope) -> Reading:
    """(p - p_before) / p_before over sources heard in both periods; `change` = p - p_before is always given.

    Only where nothing was heard at all is there no change to give either.
    """
    return _growth_of(scope, "positive", lambda counts: counts.positive, lambda found: found.positive)


def negative_growth(scope: Scope) -> Reading:
    """(c - c_before) / c_before of negative mentions, over sources heard in both periods; `change` is always given.

    Only where nothing was heard at all is there no change to give either.
    """
    return _growth_of(scope, "negative", lambda counts: counts.negative, lambda found: found.negative)


def _growth(now: Judged, before: Judged, of: Callable[[Shares], Estimate]) -> list[float] | None:
    """The interval of the growth of what is truly so, where both periods can be estimated."""
    if now.shares is None or before.shares is None:
        return None
    found = shares.growth(of(now.shares), of(before.shares), now.counts.judged, before.counts.judged)
    return list(found) if found else None


def _share(scope: Scope, part: Callable[[Counts], int], of: Callable[[Shares], Estimate]) -> Reading:
    judged = scope.judged()
    counts, corrections = judged.counts, len(judged.corrected)
    more = {
        "positive": counts.positive,
        "negative": counts.negative,
        "judged": counts.judged,
        "unjudged": counts.unjudged,
    }
    if not counts.judged:
        reason = "none judged" if scope.sources else NO_SOURCE
        return Reading(None, 0, reason, more | _raw(None, corrections))
    if _broken(scope, counts):
        return Reading(None, counts.judged, ENGINE_CHANGED, more | _raw(None, corrections))
    raw = part(judged.said) / judged.said.judged if judged.said.judged else None
    # For a rule, the thirtieth correction must not turn a count into an estimate: it would fire by that.
    if judged.shares is None or (scope.strict and not judged.measured):
        return Reading(part(counts) / counts.judged, counts.judged, None, more | _raw(raw, corrections))
    found = of(judged.shares)
    how = _raw(raw, corrections, [found.low, found.high]) | {"method": "adjusted"}
    return Reading(found.value, counts.judged, None, more | how)


def positive_share(scope: Scope) -> Reading:
    """Positive / judged, corrected for the engine's measured error where that is known."""
    return _share(scope, lambda counts: counts.positive, lambda found: found.positive)


def negative_share(scope: Scope) -> Reading:
    """Negative / judged, corrected for the engine's measured error where that is known."""
    return _share(scope, lambda counts: counts.negative, lambda found: found.negative)


def net_sentiment(scope: Scope) -> Reading:
    """(positive - negative) / judged, from -1 to 1, corrected for the engine's measured error where that is known."""
    return _share(scope, lambda counts: counts.positive - counts.negative, lambda found: found.net)


_ESTIMATED = "counted by the engine, estimated after Saerens et al. (2002) and Angelopoulos et al. (2023)"

KPIS = (
    Kpi(
        "positive_mentions",
        "mentions",
        "number of mentions judged positive",
        positive_mentions,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="up",
        source="standard",
        inputs=("mentions", "tone"),
        rows=("56",),
        worked="{positive}",
        example=Example({"positive": 3}, 3, "three of seven mentions were judged positive"),
        chance=sureness.of_positive,
    ),
    Kpi(
        "positive_growth",
        "ratio",
        "(positive mentions - those of the period before) / those of the period before",
        positive_growth,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="up",
        source="standard",
        inputs=("mentions", "tone"),
        rows=("57",),
        worked="({positive} - {positive_before}) / {positive_before}",
        example=Example({"positive": 3, "positive_before": 2}, 0.5, "three positive mentions after two"),
    ),
    Kpi(
        "positive_share",
        "ratio",
        "positive mentions / judged mentions, estimated",
        positive_share,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="up",
        source=_ESTIMATED,
        inputs=("mentions", "tone"),
        rows=("55",),
        worked="{positive} / {judged}",
        example=Example({"positive": 3, "judged": 6}, 0.5, "three positive of six judged, as counted"),
        chance=sureness.of_positive_share,
    ),
    Kpi(
        "negative_share",
        "ratio",
        "negative mentions / judged mentions, estimated",
        negative_share,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="down",
        source=_ESTIMATED,
        inputs=("mentions", "tone"),
        rows=("58",),
        worked="{negative} / {judged}",
        example=Example({"negative": 2, "judged": 6}, 1 / 3, "two negative of six judged, as counted"),
        chance=sureness.of_negative_share,
    ),
    Kpi(
        "net_sentiment",
        "ratio",
        "(positive - negative mentions) / judged mentions, estimated",
        net_sentiment,
        family="opinion",
        kind=("quantitative", "lagging"),
        better="up",
        source=_ESTIMATED,
        inputs=("mentions", "tone"),
        rows=("55",),
        worked="({positive} - {negative}) / {judged}",
        example=Example(
            {"positive": 3, "negative": 2, "judged": 6},
            1 / 6,
            "three positive and two negative of six judged",
        ),
        chance=sureness.of_net,
    ),
    Kpi(
        "negative_mentions",
        "mentions",
        "number of mentions judged negative: critical messages",
        negative_mentions,
        family="opinion",
        kind=("quantitative", "lagging", "actionable"),
        better="down",
        source="Sprout Social",
        inputs=("mentions", "tone"),
        rows=("58",),
        worked="{negative}",
        example=Example({"negative": 2}, 2, "of 5 mentions 2 negative, 1 positive, 1 neutral, 1 not judged"),
        chance=sureness.of_negative,
    ),
    Kpi(
        "negative_growth",
        "ratio",
        "(negative mentions - those of the period before) / those of the period before",
        negative_growth,
        family="opinion",
        kind=("quantitative", "lagging", "directional"),
        better="down",
        source="Sinnaps (of positive messages)",
        inputs=("mentions", "tone"),
        rows=("58",),
        worked="({negative} - {negative_before}) / {negative_before}",
        example=Example({"negative": 3, "negative_before": 2}, 0.5, "2 negative before, 3 now"),
    ),
)
