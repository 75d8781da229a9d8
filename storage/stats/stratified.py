"""What a random sample says of everything that was counted: totals and shares with their error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from storage.stats import student
from storage.stats.wilson import wilson

Interval = tuple[float, float]


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


@dataclass
class _Group:
    """Neighbouring strata that are estimated together, because one alone has too few clusters to differ."""

    posts: float = 0.0
    clusters: list[tuple[float, Cluster]] = field(default_factory=list)

    def add(self, stratum: Stratum) -> None:
        self.posts += stratum.posts
        self.clusters += [(1 / stratum.read, one) for one in stratum.clusters]

    def join(self, other: _Group) -> None:
        self.posts += other.posts
        self.clusters += other.clusters

    @property
    def read(self) -> float:
        """The part of its posts that was read."""
        return min(1.0, sum(one.posts for _, one in self.clusters) / self.posts) if self.posts else 1.0


class Sample:
    """A stratified sample of clusters of whole posts.

    Cochran, *Sampling Techniques* (3rd ed. 1977): totals by the ratio to what was counted (6.4, 6.10), clusters (9),
    finite population (2.6), strata with a single cluster taken together with their neighbours, which makes the error
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

    @property
    def df(self) -> float:
        """Degrees of freedom of the error: clusters less groups, where not everything was read."""
        return max(1.0, sum(len(one.clusters) - 1 for one in self._groups if one.read < 1))

    def total(self, of: Callable[[Cluster], float]) -> tuple[float, float]:
        """The total of something over all that was counted, and the variance of this estimate."""
        value = variance = 0.0
        for group in self._groups:
            base = sum(weight * one.posts for weight, one in group.clusters)
            if not base:
                continue
            mean = sum(weight * of(one) for weight, one in group.clusters) / base
            value += group.posts * mean
            m = len(group.clusters)
            if m < 2 or group.read >= 1:
                # Of one cluster alone nobody knows how they differ; its posts are then taken for drawn one by one.
                spread = max(0.0, mean * (1 - mean)) / max(1.0, sum(one.posts for _, one in group.clusters))
                variance += group.posts**2 * (1 - group.read) * spread
                continue
            residuals = sum((weight * (of(one) - mean * one.posts)) ** 2 for weight, one in group.clusters)
            variance += group.posts**2 * (1 - group.read) * m / (m - 1) * residuals / base**2
        return value, variance

    def total_interval(self, of: Callable[[Cluster], float]) -> tuple[float, Interval]:
        """A total and its 95 % interval: not below what was read, not above what was counted."""
        value, variance = self.total(of)
        least = sum(of(one) for group in self._groups for _, one in group.clusters)
        reach = student.quantile(self.df) * math.sqrt(variance)
        return value, (min(value, max(least, value - reach)), max(value, min(self.counted, value + reach)))


def _collapsed(strata: Sequence[Stratum]) -> list[_Group]:
    groups: list[_Group] = []
    open_ = _Group()
    for stratum in strata:
        if stratum.read >= 1:
            whole = _Group()
            whole.add(stratum)
            groups.append(whole)
            continue
        open_.add(stratum)
        if len(open_.clusters) > 1:
            groups.append(open_)
            open_ = _Group()
    if open_.posts:
        # What is left over at the end joins the last group that was sampled, or else the last of all.
        at = next((one for one in reversed(groups) if one.read < 1), groups[-1] if groups else None)
        if at is None:
            groups.append(open_)
        else:
            at.join(open_)
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
    y = certain[0] + sum(one.total(part)[0] for one in samples)
    x = certain[1] + sum(one.total(lambda c: c.judged)[0] for one in samples)
    if x <= 0:
        return None
    ratio = min(1.0, max(0.0, y / x))
    variance = sum(one.total(lambda c: part(c) - ratio * c.judged)[1] for one in samples) / x**2
    value = min(1.0, max(0.0, ratio + shift))
    both = variance + judge**2
    df = max(1.0, sum(one.df for one in samples if one.part < 1)) if variance else math.inf
    sampled = all(one.part >= 1 for one in samples)
    if sampled and not judge:
        return Share(value, value, value, 0.0)
    drawn = sum(one.read for one in samples) / max(1e-9, 1 - min(one.part for one in samples))
    most = math.inf if sampled else max(1.0, drawn + certain[1])
    n = min(most, value * (1 - value) / both) if both and 0 < value < 1 else most
    if math.isinf(n):
        reach = student.quantile(math.inf) * math.sqrt(both)
        return Share(value, max(0.0, value - reach), min(1.0, value + reach), math.sqrt(variance))
    low, high = wilson(value * n, n, student.quantile(df))
    return Share(value, min(low, value), max(high, value), math.sqrt(variance))
