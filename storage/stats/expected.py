"""What an engine's probabilities let expect of a share: each stratum read off the line that was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sentiment.calibration import Line, Measured

# A share that rounds to 0 or 1 has noise all the same: two cases each way, as Agresti and Coull (1998) add them.
_ADDED = 2
# Of the noise of single labels, an engine's probabilities explain half at most: more is mostly luck in a few cases.
_UNEXPLAINED = 0.5

_UNMEASURED = Line(0.0, slope=1.0, text_slope=1.0, spread=math.inf, mean=0.0, between=1.0, within=0.0)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of an engine's probabilities over `n` mentions: of positive and negative, their squares and product."""

    n: int = 0
    positive: float = 0.0
    negative: float = 0.0
    positive2: float = 0.0
    negative2: float = 0.0
    product: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.n + other.n,
            self.positive + other.positive,
            self.negative + other.negative,
            self.positive2 + other.positive2,
            self.negative2 + other.negative2,
            self.product + other.product,
        )


@dataclass(frozen=True, slots=True)
class Stratum:
    """The mentions that one engine judged in one language; `measured` is None where nothing is known of the two."""

    sums: Sums
    measured: Measured | None


@dataclass(frozen=True, slots=True)
class Known:
    """A mention whose tone a person said: `label` -1, 0 or 1.

    `stratum` is the place of the one that it stands in, None where the engine left it open: then it is in no sum.
    `sampled`: chance drew it. `at`: when it was said.
    """

    label: int
    stratum: int | None
    p_negative: float
    p_positive: float
    sampled: bool
    at: int


@dataclass(frozen=True, slots=True)
class Target:
    """What is estimated: what a positive and what a negative mention count, and the least that a mention can."""

    good: int
    bad: int

    @property
    def least(self) -> int:
        return min(self.good, self.bad, 0)

    def of(self, label: int) -> int:
        return self.good if label > 0 else self.bad if label < 0 else 0

    def spread(self, measured: Measured | None) -> float:
        if measured is None:
            return math.inf
        if self.good and self.bad:
            return measured.spread_net
        return measured.positive.spread if self.good else measured.negative.spread


TARGETS = (Target(1, 0), Target(0, 1), Target(1, -1))


@dataclass(frozen=True, slots=True)
class _Read:
    """A label's share in a stratum, read off its line: `level`, at the mean probability `mean` of its mentions."""

    level: float
    mean: float
    text_slope: float
    variance: float

    def at(self, p: float) -> float:
        """How probable the label is of a mention to which the engine gave `p`."""
        return self.level + self.text_slope * (p - self.mean)


def _read(line: Line, total: float, n: int) -> _Read:
    """Read the share off the line, where `total` is the sum of the probabilities of `n` mentions.

    The mean over a few mentions says little about the topic, so as much of it as chance explains is read off the
    shallower line of single texts: otherwise three happy posts would be a happy topic. `variance` is what that leaves
    open about the topic.
    """
    mean = total / n
    told = line.between**2 / (line.between**2 + line.within**2 / n)
    topic = line.mean + told * (mean - line.mean)
    level = line.intercept + line.slope * topic + line.text_slope * (mean - topic)
    variance = ((line.slope - line.text_slope) * line.between) ** 2 * (1 - told)
    return _Read(min(1.0, max(0.0, level)), mean, line.text_slope, variance)


class Reading:
    """One stratum, read for one target."""

    def __init__(self, target: Target, stratum: Stratum) -> None:
        sums, measured = stratum.sums, stratum.measured
        self.n = sums.n
        self._target = target
        self._good = _read(measured.positive if measured else _UNMEASURED, sums.positive, sums.n)
        self._bad = _read(measured.negative if measured else _UNMEASURED, sums.negative, sums.n)
        self.level = target.good * self._good.level + target.bad * self._bad.level
        more = abs(target.good) * self._good.variance + abs(target.bad) * self._bad.variance
        self.spread = math.sqrt(target.spread(measured) ** 2 + more)
        self.noise = self._noise(sums)
        self.topics = measured.topics if measured else 0

    def at(self, one: Known) -> float:
        """What the engine's probabilities let expect of a mention."""
        return self._target.good * self._good.at(one.p_positive) + self._target.bad * self._bad.at(
            one.p_negative
        )

    def _noise(self, sums: Sums) -> float:
        """The variance of a single label around what is expected of it, as a mean over the stratum."""
        n, target = sums.n, self._target
        good, bad = ((n * one.level + _ADDED) / (n + 2 * _ADDED) for one in (self._good, self._bad))
        scale = max(1.0, good + bad)
        good, bad = abs(target.good) * good / scale, abs(target.bad) * bad / scale
        whole = good + bad - (target.good * good + target.bad * bad) ** 2
        slope, other = target.good * self._good.text_slope, target.bad * self._bad.text_slope
        explained = (
            slope**2 * (sums.positive2 / n - self._good.mean**2)
            + other**2 * (sums.negative2 / n - self._bad.mean**2)
            + 2 * slope * other * (sums.product / n - self._good.mean * self._bad.mean)
        )
        return max(whole - max(0.0, explained), _UNEXPLAINED * whole)
