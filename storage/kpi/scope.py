"""Everything that one KPI value is computed from: a brand in its market, a window, the sources that count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from storage.calendar import Window
from storage.mention import Brand

if TYPE_CHECKING:
    from storage.kpi.evidence import Evidence
    from storage.kpi.judged import Judged
    from storage.kpi.tally import Counts


@dataclass(frozen=True, slots=True)
class Numbered:
    """A brand with its number in the store; 0 where the store has never seen it."""

    number: int
    brand: Brand


@dataclass(frozen=True, slots=True)
class Scope:
    """`sources` are the numbers of the sources that count here; empty means that nothing was heard. `asked` are all
    that are asked for, heard or not: what people decide at the desk counts either way.

    `comparable` are those heard for at least 90 % of this window and of the one before. `strict`: asked by a rule,
    which must not fire on what a change of engine makes of the same posts. `source` is the name of the one source or
    network that is asked for, None where all count together. `networks` narrows what was imported by name, None where
    all of it counts, `accounts` what is told by account. Days are cut in `zone`.
    """

    brand: Numbered
    market: tuple[Numbered, ...]
    window: Window
    sources: frozenset[int]
    asked: frozenset[int]
    comparable: frozenset[int]
    language: str | None
    by_language: bool
    evidence: Evidence
    evidence_before: Evidence
    judge: Callable[[Evidence, int, frozenset[int], str | None], Judged]
    stretch_end: Callable[[int, int], int | None]
    strict: bool
    source: str | None
    zone: ZoneInfo
    now: int
    networks: frozenset[str] | None = None
    accounts: frozenset[str] | None = None

    def counts(self, brand: Numbered | None = None) -> Counts:
        """What was counted of this brand, or of another one of its market, in this scope."""
        number = (brand or self.brand).number
        return self.evidence.tally.counts(number, self.sources, self.language, self.by_language)

    def judged(self, sources: frozenset[int] | None = None) -> Judged:
        """What is known of the tone of this brand's mentions; over other sources where some are given."""
        asked = self.sources if sources is None else sources
        return self.judge(self.evidence, self.brand.number, asked, self.language)

    def judged_before(self, sources: frozenset[int]) -> Judged:
        """The same in the period before."""
        return self.judge(self.evidence_before, self.brand.number, sources, self.language)
