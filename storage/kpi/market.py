"""A brand's part of its market: in the total, in each source, and by the mean over sources that the mix cannot turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from storage.kpi.facts import source_names, tones_said
from storage.kpi.scope import Numbered, Scope
from storage.kpi.value import NO_SOURCE, Reading

Parts = Mapping[int, float]
"""An indicator of one brand, by source (its number)."""


def share(scope: Scope, of: Callable[[Scope, Numbered], Parts], reason: str) -> Reading:
    """An indicator of the brand / that of all brands of its market; `reason`: why there is none where all are 0.

    `source_mean` is the mean of the shares in each source, every source weighing the same: a brand may rise in each
    network and fall in the total because the networks grew differently (Simpson's paradox); this mean does not.
    """
    if len(scope.market) < 2:
        return Reading(None, 0, "a market of one brand")
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    parts = {brand.number: of(scope, brand) for brand in scope.market}
    own = parts[scope.brand.number]
    totals: dict[int, float] = {}
    for found in parts.values():
        for source, number in found.items():
            totals[source] = totals.get(source, 0) + number
    shares = {source: own.get(source, 0) / total for source, total in totals.items() if total}
    names = source_names(scope.evidence)
    more: dict[str, object] = {
        "own": sum(own.values()),
        "market": sum(totals.values()),
        "by_source": {names[source]: shares[source] for source in sorted(shares)},
        "source_mean": sum(shares.values()) / len(shares) if shares else None,
    }
    total = sum(totals.values())
    n = round(total)
    return Reading(sum(own.values()) / total, n, None, more) if total else Reading(None, 0, reason, more)


def mentions_of(scope: Scope, brand: Numbered) -> Parts:
    """Mentions of a brand by source."""
    return {source: counts.mentions for source, counts in tones_said(scope, brand).items()}
