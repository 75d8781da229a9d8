"""Which words are used more in one set of texts than in another: weighted log-odds with a prior, after Monroe et al."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

PRIOR = 1_000.0
"""How many words the prior weighs: rare words need that much more to stand out."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word with how often it was counted in either set, and by how many standard errors the first has more of it."""

    word: str
    count: int
    count_before: int
    z: float

    @property
    def p(self) -> float:
        """The two-sided p of that z."""
        return math.erfc(abs(self.z) / math.sqrt(2))


def words(now: Mapping[str, int], before: Mapping[str, int]) -> list[Word]:
    """All words of either set, those first that are most more of the first.

    Monroe, Colaresi and Quinn (2008), "Fightin' Words", Political Analysis 16:372-403, equations 15 to 22: the
    difference of the log-odds of two multinomials with a Dirichlet prior that has the words of both together, over its
    standard error. Words that are common in both cancel, so that no list of stop words is needed.
    """
    total, total_before = sum(now.values()), sum(before.values())
    if not total or not total_before:
        return []
    found = []
    for word in now.keys() | before.keys():
        here, there = now.get(word, 0), before.get(word, 0)
        prior = PRIOR * (here + there) / (total + total_before)
        odds = math.log((here + prior) / max(1e-9, total + PRIOR - here - prior))
        odds_before = math.log((there + prior) / max(1e-9, total_before + PRIOR - there - prior))
        error = math.sqrt(1 / (here + prior) + 1 / (there + prior))
        found.append(Word(word, here, there, (odds - odds_before) / error))
    return sorted(found, key=lambda one: (-one.z, one.word))
