"""How much is said: mentions, and the share of voice in the market."""

from __future__ import annotations

from storage.kpi.declaration import Kpi
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, Reading


def mentions(scope: Scope) -> Reading:
    """Count mentions; 0 when sources were heard and nothing came."""
    count = scope.counts().mentions
    return Reading(count, count) if scope.sources else Reading(None, 0, NO_SOURCE)


def share_of_voice(scope: Scope) -> Reading:
    """Mentions of the brand / mentions of all brands of its market; n is the denominator."""
    total = sum(scope.counts(brand).mentions for brand in scope.market)
    if len(scope.market) < 2:
        return Reading(None, total, "a market of one brand")
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if not total:
        return Reading(None, 0, "nothing in the market")
    return Reading(scope.counts().mentions / total, total)


KPIS = (
    Kpi("mentions", "mentions", "number of posts that match the brand, its own posts left out", mentions),
    Kpi(
        "share_of_voice",
        "ratio",
        "mentions of the brand / mentions of all brands of its market",
        share_of_voice,
        market_wide=True,
    ),
)
