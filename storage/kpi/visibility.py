"""How much is said: mentions, and the share of voice in the market."""

from __future__ import annotations

from storage.kpi.declaration import Example, Kpi
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, Reading


def mentions(scope: Scope) -> Reading:
    """Count mentions; 0 when sources were heard and nothing came."""
    count = scope.counts().mentions
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    return Reading(count, count, None, {"mentions": count})


def share_of_voice(scope: Scope) -> Reading:
    """Mentions of the brand / mentions of all brands of its market; n is the denominator."""
    own, total = scope.counts().mentions, sum(scope.counts(brand).mentions for brand in scope.market)
    more = {"own": own, "market": total}
    if len(scope.market) < 2:
        return Reading(None, total, "a market of one brand", more)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if not total:
        return Reading(None, 0, "nothing in the market", more)
    return Reading(own / total, total, None, more)


KPIS = (
    Kpi(
        "mentions",
        "mentions",
        "number of posts that match the brand, its own posts left out",
        mentions,
        family="visibility",
        kind=("quantitative", "leading"),
        source="standard",
        rows=("13",),
        worked="{mentions}",
        example=Example({"mentions": 7}, 7, "seven posts name the brand, its own two left out"),
        vanity=True,
    ),
    Kpi(
        "share_of_voice",
        "ratio",
        "mentions of the brand / mentions of all brands of its market",
        share_of_voice,
        market_wide=True,
        family="visibility",
        kind=("quantitative", "lagging"),
        better="up",
        source="MutualMind (2013), Sprout Social",
        rows=("9",),
        worked="{own} / {market}",
        example=Example(
            {"own": 7, "market": 10}, 0.7, "seven mentions of the brand, three of its competitor"
        ),
    ),
)
