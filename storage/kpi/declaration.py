"""How a KPI is declared: once, with its unit, its formula in words, and one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from storage.kpi.scope import Scope
from storage.kpi.value import Reading


@dataclass(frozen=True, slots=True)
class Kpi:
    """`unit` is one of mentions, ratio, seconds. `read` is pure but for what its scope fetches.

    `market_wide`: it changes with what is said about the other brands of the market.
    """

    name: str
    unit: str
    formula: str
    read: Callable[[Scope], Reading]
    market_wide: bool = False
