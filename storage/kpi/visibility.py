"""How much is said: mentions, and the share of voice in the market."""

from __future__ import annotations

from storage.kpi.declaration import Kpi
from storage.kpi.market import mentions_of, share
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, Reading


def mentions(scope: Scope) -> Reading:
    """Count mentions; 0 when sources were heard and nothing came."""
    count = scope.counts().mentions
    return Reading(count, count) if scope.sources else Reading(None, 0, NO_SOURCE)


def share_of_voice(scope: Scope) -> Reading:
    """Mentions of the brand / mentions of all brands of its market; n is the denominator."""
    return share(scope, mentions_of, reason="nothing in the market")


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
