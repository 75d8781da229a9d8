"""How much is said: mentions, and the share of voice in the market."""

from __future__ import annotations

from storage.kpi.declaration import Example, Kpi
from storage.kpi.market import mentions_of, share
from storage.kpi.scope import Scope
from storage.kpi.sureness import of_mentions, of_voice
from storage.kpi.value import NO_SOURCE, Reading


def mentions(scope: Scope) -> Reading:
    """Count mentions; 0 when sources were heard and nothing came."""
    count = scope.counts().mentions
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    return Reading(count, count, None, {"mentions": count})


def share_of_voice(scope: Scope) -> Reading:
    """Mentions of the brand / mentions of all brands of its market; n is the denominator.

    `interval` is what chance alone makes of who spoke, clustered by author (95 %).
    """
    reading = share(scope, mentions_of, reason="nothing in the market")
    # A rule asks once a minute, and looks at the value alone.
    ends = None if scope.strict or reading.value is None else of_voice(scope)
    return Reading(
        reading.value, reading.n, reading.reason, {**reading.more, "interval": ends and list(ends)}
    )


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
        chance=of_mentions,
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
