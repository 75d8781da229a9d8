"""How a KPI is declared: once, with its unit, its formula in words and by an example, and one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from storage.kpi.scope import Scope
from storage.kpi.value import Reading

Family = Literal["visibility", "engagement", "conversion", "money", "care", "opinion"]
Better = Literal["up", "down", "neither"]
Kind = Literal[
    "quantitative",
    "qualitative",
    "leading",
    "lagging",
    "input",
    "process",
    "output",
    "practical",
    "directional",
    "actionable",
    "financial",
]
Input = Literal[
    "mentions",
    "tone",
    "authors",
    "followers",
    "hashtags",
    "counters",
    "conversations",
    "cases",
    "stories",
    "native",
    "ga4",
    "gsc",
    "ads",
    "crm",
    "shop",
    "survey",
    "reviews",
    "business",
    "custom",
    "snapshot",
]
"""What a KPI is made of: of what is heard, of what people decide at the desk, of a kind of file that is imported, or of
what sources count by the day."""
FILES: frozenset[Input] = frozenset(
    ("native", "ga4", "gsc", "ads", "crm", "shop", "survey", "reviews", "business", "custom", "snapshot")
)
"""The kinds of numbers of days, all but one of files: what is made of them alone has networks, others have sources."""

HEARD: frozenset[Input] = frozenset(
    {"mentions", "tone", "authors", "followers", "hashtags", "counters", "conversations", "stories"}
)
"""Inputs that a source which was not heard leaves out."""


@dataclass(frozen=True, slots=True)
class Example:
    """A hand-computed example: what `worked` is given, what comes of it, and in words where the numbers come from."""

    numbers: Mapping[str, float]
    value: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Kpi:
    """`unit` is mentions, ratio, seconds, people, posts or another thing counted, or `currency`. `read` is pure but
    for what its scope fetches.

    `formula` says in words what is computed, `worked` as arithmetic over names that stand in `Reading.more`, and
    `source` whose formula it is. `rows` are its rows in the catalogue of the field. `least`: below this n there is no
    value. `market_wide`: it changes with what is said about the other brands of the market. `vanity`: it may rise while
    nothing improves, and is shown beside an outcome. `additive`: False for audience numbers, which are never summed
    over networks: the total is NULL. `chance` says of what is counted exactly how far chance alone moves it (95 %), for
    comparing it with another period.
    """

    name: str
    unit: str
    formula: str
    read: Callable[[Scope], Reading]
    market_wide: bool = False
    family: Family = "visibility"
    kind: tuple[Kind, ...] = ("quantitative",)
    better: Better = "neither"
    source: str = ""
    inputs: tuple[Input, ...] = ("mentions",)
    rows: tuple[str, ...] = ()
    least: int = 0
    worked: str = ""
    example: Example | None = field(default=None, compare=False)
    vanity: bool = False
    additive: bool = True
    chance: Callable[[Scope], tuple[float, float] | None] | None = None

    @property
    def imported(self) -> bool:
        """Whether all of it comes in files."""
        return FILES.issuperset(self.inputs)

    @property
    def of_sources(self) -> bool:
        """Whether it is made of what sources said, so that a deaf one makes it less."""
        return bool(HEARD.intersection(self.inputs))
