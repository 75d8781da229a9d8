"""Which changes a letter tells: all that could be are tested together, so that chance is rarely among them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from alerts.digest.facts import BrandFacts, DigestFacts, KpiFact
from storage.stats.false_discovery import RATE, discoveries, p_value

MIN_N = 20
"""A share of fewer cases is not told, and so no change of it."""
TESTED = ("mentions", "share_of_voice", "positive_share", "negative_share", "first_response_time")
"""Of our brands; net sentiment is what the two shares make of it."""
TESTED_OF_RIVALS = ("mentions", "share_of_voice")


@dataclass(frozen=True, slots=True)
class Finding:
    """A change that was tested. `p` is its own; `sure`: it is told, given all that were tested beside it."""

    brand: str
    own: bool
    kpi: str
    now: float
    before: float
    p: float
    sure: bool

    @property
    def rise(self) -> bool:
        """Whether the value is greater than before."""
        return self.now > self.before


@dataclass(frozen=True, slots=True)
class Findings:
    """All changes that were tested, in the order of the brands."""

    tested: tuple[Finding, ...] = ()

    @property
    def sure(self) -> tuple[Finding, ...]:
        """Those that are told."""
        return tuple(one for one in self.tested if one.sure)

    def of(self, brand: str, kpi: str) -> Finding | None:
        """The finding on a KPI of a brand, None where it was not tested."""
        return next((one for one in self.tested if (one.brand, one.kpi) == (brand, kpi)), None)

    def moved(self, brand: str, kpi: str) -> bool:
        """Whether a KPI of a brand moved for sure."""
        found = self.of(brand, kpi)
        return found is not None and found.sure


def findings(facts: DigestFacts, rate: float = RATE) -> Findings:
    """Test every change of our brands and of their rivals at one rate of false discoveries."""
    if not facts.comparable:
        return Findings()
    markets = {brand.market for brand in facts.brands if brand.own}
    asked = [
        (brand, kpi)
        for brand in facts.brands
        if brand.own or (brand.market in markets and not brand.topic)
        for kpi in (TESTED if brand.own else TESTED_OF_RIVALS)
    ]
    found = [(brand, kpi, moved) for brand, kpi in asked if (moved := _moved(brand.kpi(kpi), kpi))]
    ps = [p_value(now - before, _around(now - before, ends)) for _, _, (now, before, ends) in found]
    told = discoveries(ps, rate)
    return Findings(
        tuple(
            Finding(brand.name, brand.own, kpi, now, before, p, sure)
            for (brand, kpi, (now, before, _)), p, sure in zip(found, ps, told, strict=True)
        )
    )


def _moved(fact: KpiFact, kpi: str) -> tuple[float, float, tuple[float, float]] | None:
    """The two values that are compared, and how far their change may be from what it is."""
    now, before = fact.compared, fact.before
    if kpi == "first_response_time":
        now, before = fact.beside.get("within_like"), fact.beside.get("within_before")
    if now is None or before is None or fact.change_interval is None:
        return None
    if kpi != "mentions" and fact.compared_n < MIN_N:
        return None
    return now, before, fact.change_interval


def _around(change: float, ends: tuple[float, float]) -> tuple[float, float]:
    """The interval, with the change in it: an estimate may lie a hair outside of its own."""
    return min(ends[0], change), max(ends[1], change)


def leaders(market: tuple[BrandFacts, ...]) -> list[BrandFacts]:
    """The brands of a market of which a share of voice is known, the loudest first."""
    known = [one for one in market if one.kpi("share_of_voice").value is not None]
    return sorted(known, key=lambda one: -cast(float, one.kpi("share_of_voice").value))
