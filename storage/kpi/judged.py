"""What is known of the tone of some mentions: counted by the engine, by people where they spoke, and estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from storage.kpi.evidence import Corrected, Evidence
from storage.kpi.tally import Counts
from storage.stats import shares
from storage.stats.expected import Known, Stratum
from storage.stats.shares import Shares


@dataclass(frozen=True)
class Judged:
    """One brand's mentions in some sources, and in one language where the evidence is cut by language.

    `said` counts the engine's labels, `counts` a person's where there is one. `rough`: of the estimate only its values
    are wanted, and its intervals may be those of mentions that each have an author of their own.
    """

    evidence: Evidence
    brand: int
    sources: frozenset[int]
    language: str | None
    rough: bool = False

    @cached_property
    def said(self) -> Counts:
        return self.evidence.tally.counts(self.brand, self.sources, self.language, self.evidence.by_language)

    @cached_property
    def corrected(self) -> Sequence[Corrected]:
        return self.evidence.corrected(self.brand, self.sources, self.language)

    @cached_property
    def counts(self) -> Counts:
        """With people's labels instead of the engine's; what the engine left open counts as judged where they spoke."""
        said = self.said
        numbers = {-1: said.negative, 0: said.neutral, 1: said.positive, None: said.unjudged}
        for one in self.corrected:
            numbers[one.said] -= 1
            numbers[one.label] += 1
        return Counts(numbers[-1], numbers[0], numbers[1], numbers[None], said.engines)

    @cached_property
    def shares(self) -> Shares | None:
        """The estimate, None where nothing carries one."""
        places = {key: place for place, key in enumerate(self._strata)}
        strata = list(self._strata.values())
        known = [said for one in self.corrected if (said := _known(one, places))]
        # Authors are only looked up where there is an estimate to make less sure.
        if not shares.carries(strata, known):
            return None
        # What was drawn by chance is weighed by how sure the engine is; without it no value depends on the authors.
        plain = self.rough and not any(one.sampled for one in known)
        clustering = 1.0 if plain else self.evidence.clustering(self.brand, self.sources, self.language)
        return shares.estimate(strata, known, clustering)

    @cached_property
    def measured(self) -> bool:
        """Whether a card measures every engine that judged here, in its language: then no correction is needed."""
        return all(stratum.measured for stratum in self._strata.values())

    @cached_property
    def _strata(self) -> Mapping[tuple[int, str | None], Stratum]:
        """By engine and language: sums of probabilities, and what was measured of that engine."""
        found = self.evidence.tally.strata(self.brand, self.sources, self.language, self.evidence.by_language)
        return {key: Stratum(sums, self.evidence.measured(*key)) for key, sums in found.items()}


def _known(one: Corrected, places: dict[tuple[int, str | None], int]) -> Known | None:
    """What is known of one mention; None where it was judged anew between the two queries, and is counted elsewhere."""
    if one.said is None or one.engine is None or one.p_negative is None or one.p_positive is None:
        return Known(one.label, None, 0.0, 0.0, one.sampled, one.at)
    place = places.get((one.engine, one.language))
    if place is None:
        return None
    return Known(one.label, place, one.p_negative, one.p_positive, one.sampled, one.at)
