"""Which parts of what was counted are read: a random sample of slices of time, stratified by brand and hour. Pure.

The search shows the newest of a stretch first, and the newest are no sample of it. So each stratum is cut into slices
of time of equal length, of which chance draws some, and a drawn slice is read to its end: cluster sampling within
strata (Cochran, Sampling Techniques, 3rd ed. 1977, chapters 5 and 9).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from storage.mention import Counted

PER_SLICE = 10
"""Posts that a slice should hold: the fewest that one request may ask for."""
FEWEST, MOST = 2, 30
"""Slices drawn of one stratum that is not read whole: of one alone nobody knows how slices differ."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch [since, until) of a brand's posts to be read whole; `expected` is how many posts it should hold."""

    brand: str
    since: int
    until: int
    expected: int


def plan(strata: Sequence[Counted], posts: int) -> list[Slice]:
    """Draw slices of these strata that hold some `posts` posts together, in the order in which they are to be read.

    Each stratum gets its part by its size, and at least PER_SLICE posts. First one slice of each stratum comes, then
    the second of each: where the money ends early, no stratum was forgotten. What is drawn depends on brand and time
    alone, never on what is said.
    """
    total = sum(one.posts for one in strata)
    if not total or posts <= 0:
        return []
    share = posts / total
    drawn = [_draw(one, max(PER_SLICE, round(one.posts * share))) for one in strata if one.posts]
    rounds: list[Slice] = []
    for number in range(MOST):
        of_this = [slices[number] for slices in drawn if number < len(slices)]
        _chance("order", number, total).shuffle(of_this)
        rounds += of_this
    return rounds


def _draw(stratum: Counted, posts: int) -> list[Slice]:
    length = stratum.until - stratum.since
    whole = [Slice(stratum.brand, stratum.since, stratum.until, stratum.posts)]
    if posts >= stratum.posts:
        return whole
    count = min(MOST, max(FEWEST, round(posts / PER_SLICE)))
    each = max(1, round(length * posts / stratum.posts / count))
    cells = -(-length // each)
    if cells <= count:
        return whole
    expected = max(1, round(stratum.posts * each / length))
    starts = _chance(stratum.brand, stratum.since, stratum.until).sample(range(cells), count)
    return [
        Slice(stratum.brand, since, min(since + each, stratum.until), expected)
        for since in (stratum.since + cell * each for cell in starts)
    ]


def _chance(*parts: object) -> random.Random:
    """Chance that comes out the same for the same parts, also after the process died."""
    return random.Random(hashlib.sha256(repr(parts).encode()).digest())
