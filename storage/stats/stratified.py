"""What a random sample says of everything that was counted: totals and shares with their error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from storage.stats import student
from storage.stats.wilson import wilson

_ENOUGH = 4
"""Clusters that are compared with one another at least: of two alone it is a matter of luck how much they differ."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A part of a stratum that was read whole: `size` is its part of the stratum's time, `posts` what was in it.

    `mentions` are those of the posts that the query is true of, the others are counts of their labels.
    """

    size: float
    posts: int
    mentions: int = 0
    positive: int = 0
    negative: int = 0
    neutral: int = 0

    @property
    def judged(self) -> int:
        """Mentions that have a label."""
        return self.positive + self.negative + self.neutral


@dataclass(frozen=True, slots=True)
class Stratum:
    """An hour of a brand in one source: `posts` were counted, and of its `clusters` every post was read."""

    posts: float
    clusters: Sequence[Cluster] = ()

    @property
    def read(self) -> float:
        """The part of its time that was read."""
        return min(1.0, sum(one.size for one in self.clusters))


@dataclass(frozen=True, slots=True)
class Total:
    """An estimated total, its variance, and the degrees of freedom of that."""

    value: float
    variance: float
    df: float


@dataclass
class _Group:
    """Neighbouring strata whose clusters are compared with one another, because one alone has too few of them."""

    strata: list[Stratum] = field(default_factory=list)
    unread: float = 0.0

    def add(self, stratum: Stratum) -> None:
        if any(one.posts for one in stratum.clusters):
            self.strata.append(stratum)
        else:
            self.unread += stratum.posts

    @property
    def clusters(self) -> list[Cluster]:
        return [one for stratum in self.strata for one in stratum.clusters if one.posts]

    def total(self, of: Callable[[Cluster], float]) -> Total:
        """The total of something, each stratum's by the ratio to what was counted of it.

        Strata differ in size, so that not their totals are compared but their clusters: the noise of a cluster is taken
        to grow with its posts. What was not read is shared out among what was, by how much that was.
        """
        clusters = self.clusters
        base = sum(one.posts for one in clusters)
        if not base:
            return Total(0.0, 0.0, math.inf)
        m, mean = len(clusters), sum(of(one) for one in clusters) / base
        # The variance of one post drawn by itself that would make clusters differ as they do; of one cluster alone
        # nobody knows, and that of a tossed coin is as large as that of a share can be.
        noise = (
            sum((of(one) - mean * one.posts) ** 2 / one.posts for one in clusters) / (m - 1)
            if m > 1
            else 0.25
        )
        value = variance = 0.0
        for stratum in self.strata:
            read = sum(one.posts for one in stratum.clusters)
            posts = stratum.posts + self.unread * read / base
            value += posts * sum(of(one) for one in stratum.clusters) / read
            variance += posts * max(0.0, posts - read) * noise / read
        return Total(value, variance, max(1.0, m - 1.0))


class Sample:
    """A stratified sample of clusters of whole posts.

    Cochran, *Sampling Techniques* (3rd ed. 1977): totals by the ratio to what was counted (6.4, 6.10), clusters (9),
    finite population (2.6), strata with few clusters taken together with their neighbours, which makes the error
    too large rather than too small (5A.12). Hours of which nothing was read are taken to be like their neighbours.
    """

    def __init__(self, strata: Sequence[Stratum]) -> None:
        """`strata` in the order of their times."""
        self._groups = _collapsed(strata)
        self.counted = sum(one.posts for one in strata)
        self.read = sum(cluster.posts for one in strata for cluster in one.clusters)
        self.unread = sum(1 for one in strata if one.posts and not one.clusters)

    def __bool__(self) -> bool:
        """Whether anything was read."""
        return self.read > 0

    @property
    def part(self) -> float:
        """The part of what was counted that was read."""
        return min(1.0, self.read / self.counted) if self.counted else 1.0

    def total(self, of: Callable[[Cluster], float]) -> Total:
        """The total of something over all that was counted."""
        return summed([group.total(of) for group in self._groups])

    def interval(self, of: Callable[[Cluster], float]) -> tuple[float, float]:
        """The 95 % interval of a total: not below what was read, not above what was counted."""
        found = self.total(of)
        least = sum(of(one) for group in self._groups for one in group.clusters)
        reach = student.quantile(found.df) * math.sqrt(found.variance)
        low, high = max(least, found.value - reach), min(self.counted, found.value + reach)
        return min(found.value, low), max(found.value, high)


def summed(totals: Sequence[Total]) -> Total:
    """The sum of independent totals; degrees of freedom after Satterthwaite (Cochran 5.4)."""
    variance = sum(one.variance for one in totals)
    spread = sum(one.variance**2 / one.df for one in totals)
    df = variance**2 / spread if spread else math.inf
    return Total(sum(one.value for one in totals), variance, max(1.0, df))


def _collapsed(strata: Sequence[Stratum]) -> list[_Group]:
    groups: list[_Group] = []
    open_ = _Group()
    for stratum in strata:
        if stratum.read >= 1:
            groups.append(_Group())
            groups[-1].add(stratum)
            continue
        open_.add(stratum)
        if len(open_.clusters) >= _ENOUGH:
            groups.append(open_)
            open_ = _Group()
    # What is left over at the end joins the last group that was sampled, or else the last of all.
    at = next((one for one in reversed(groups) if one.strata and one.strata[-1].read < 1), None)
    at = at or (groups[-1] if groups else None)
    if at is None:
        return [open_]
    at.strata += open_.strata
    at.unread += open_.unread
    return groups


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval. `error` is the standard error that sampling alone makes."""

    value: float
    low: float
    high: float
    error: float


def share(
    samples: Sequence[Sample],
    certain: tuple[int, int],
    part: Callable[[Cluster], float],
    shift: float = 0.0,
    judge: float = 0.0,
) -> Share | None:
    """The share of `part` among judged mentions, over samples and what is known whole; None where nothing was judged.

    `certain` are the part and all judged ones of sources that are read whole. `shift` and `judge` are by how much the
    engine's labels must be corrected and the standard error of that. The combined ratio estimator (Cochran 6.11) with
    Wilson's interval for so many posts as, drawn one by one, would be as sure (Korn and Graubard 1998, Survey
    Methodology 24:193-201).
    """
    y = summed([one.total(part) for one in samples]).value + certain[0]
    x = summed([one.total(lambda c: c.judged) for one in samples]).value + certain[1]
    if x <= 0:
        return None
    ratio = min(1.0, max(0.0, y / x))
    found = summed([one.total(lambda c: part(c) - ratio * c.judged) for one in samples])
    variance = found.variance / x**2
    value, both = min(1.0, max(0.0, ratio + shift)), variance + judge**2
    if all(one.part >= 1 for one in samples):
        # Nothing was left to chance: only the engine may be wrong.
        reach = student.quantile(math.inf) * judge
        return Share(value, max(0.0, value - reach), min(1.0, value + reach), 0.0)
    most = sum(one.read / max(1e-9, 1 - one.part) for one in samples) + certain[1]
    n = max(1.0, min(most, value * (1 - value) / both)) if both and 0 < value < 1 else most
    low, high = wilson(value * n, n, student.quantile(found.df))
    return Share(value, min(low, value), max(high, value), math.sqrt(variance))
