"""The true share of a tone, estimated from what an engine said and what people corrected, with a 95 % interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sentiment.calibration import Line, Measured
from storage.stats import student

LEAST_SAMPLED = 30
"""Corrections drawn by chance that an engine needs of which nothing was measured."""

# What the engine's own measurement weighs, in cases, where the spread of residuals is taken from a small sample.
_CASES = 8
# Degrees of freedom of a spread that rests on hardly any topics of its own language.
_FEW_TOPICS = 8.0
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
class Estimate:
    """A share (net: -1 to 1), and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shares:
    """`net` is positive minus negative."""

    positive: Estimate
    negative: Estimate
    net: Estimate


def estimate(strata: Sequence[Stratum], known: Sequence[Known], clustering: float = 1.0) -> Shares | None:
    """Estimate the shares among the mentions in `strata` and those in `known` that the engine left open.

    `clustering` is by how much the noise of single labels grows because an author's mentions may all be misread alike:
    the sum over authors of mentions², by all mentions; 1 where each has an author of its own. None where nothing
    carries an estimate: there is no mention, or an engine of which nothing was measured has fewer than LEAST_SAMPLED
    corrections that chance drew.

    *The engine.* A stratum's share is read off the line that was measured (`sentiment.calibration.Line`): the adjusted
    count of Saerens et al. (2002), Neural Computation 14:21-41, and Forman (2008), Data Mining and Knowledge Discovery
    17:164-206, with probabilities for counts. The mean residual R of these mentions from that line is N(0, T²): T² is
    the spread between topics, alike in all strata, and the noise of single labels.

    *Corrections.* A mention that a person labelled counts as that. Those that chance drew measure R as well: with
    their mean residual r over n of N and variance v, R becomes w r, w = T² / (T² + v (1/n - 1/N)), with what is left
    of T². With none it is the engine's measured error; with many, or where nothing was measured and T is infinite, it
    is prediction-powered inference, Angelopoulos et al. (2023), Science 382:669-674. Those picked by hand measure
    nothing, because people pick what is wrong: they only replace a label, and so much the less the more is measured.
    """
    sampled = sum(one.sampled and one.stratum is not None for one in known)
    said = Counter(one.stratum for one in known)
    unmeasured = any(one.sums.n > said[place] for place, one in enumerate(strata) if one.measured is None)
    if unmeasured and sampled < LEAST_SAMPLED:
        return None
    if not any(one.sums.n for one in strata) and not known:
        return None
    positive, negative, net = (_estimate(what, strata, known, clustering) for what in _TARGETS)
    return _consistent(positive, negative, net)


def clustering(mentions: int, squares: int) -> float:
    """By how much noise grows: `squares` is the sum over authors of mentions². Kish's design effect at its worst."""
    return squares / mentions if mentions else 1.0


def _consistent(positive: Estimate, negative: Estimate, net: Estimate) -> Shares:
    """Make the three agree: each was estimated by itself, but they are shown side by side."""
    over = max(1.0, positive.value + negative.value)
    good, bad = (
        replace(one, value=one.value / over, low=min(one.low, one.value / over))
        for one in (positive, negative)
    )
    difference = good.value - bad.value
    shift = difference - net.value
    low, high = max(-1.0, net.low + shift), min(1.0, net.high + shift)
    return Shares(good, bad, Estimate(difference, min(low, difference), max(high, difference)))


@dataclass(frozen=True, slots=True)
class _Target:
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


_TARGETS = (_Target(1, 0), _Target(0, 1), _Target(1, -1))


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


class _Reading:
    """One stratum, read for one target."""

    def __init__(self, target: _Target, stratum: Stratum) -> None:
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


@dataclass(frozen=True, slots=True)
class _Residual:
    """The mean residual of the mentions that are not set aside: its weight, mean, variance, degrees of freedom."""

    weight: float
    mean: float
    variance: float
    df: float


def _estimate(
    target: _Target, strata: Sequence[Stratum], known: Sequence[Known], clustering: float
) -> Estimate:
    readings = [_Reading(target, one) if one.sums.n else None for one in strata]
    drawn_at = min((one.at for one in known if one.sampled and one.stratum is not None), default=math.inf)
    # What was corrected by hand before anything was drawn is out of what chance could draw; what was corrected after
    # it is among what the sample measured, and to add its residuals to that would count the same mistakes twice.
    aside = [one for one in known if one.stratum is None or (not one.sampled and one.at < drawn_at)]
    among = [one for one in known if one.stratum is not None and (one.sampled or one.at >= drawn_at)]

    def expected(one: Known) -> float:
        reading = readings[one.stratum] if one.stratum is not None else None
        return reading.at(one) if reading else 0.0

    weights = [reading.n if reading else 0 for reading in readings]
    total = sum(reading.n * reading.level for reading in readings if reading)
    for one in aside:
        if one.stratum is not None:
            weights[one.stratum] -= 1
        total += target.of(one.label) - expected(one)
    open_ = sum(weights)
    mentions = sum(reading.n for reading in readings if reading) + sum(one.stratum is None for one in known)
    residuals = [target.of(one.label) - expected(one) for one in among if one.sampled]
    by_hand = sum(target.of(one.label) - expected(one) for one in among if not one.sampled)
    left = (
        _residual(readings, weights, residuals, clustering) if open_ else _Residual(1.0, 0.0, 0.0, math.inf)
    )
    total += open_ * left.weight * left.mean + (1 - left.weight) * by_hand
    # Whatever the model says, the known ones are known, and the others are at least `least` and at most 1 each.
    certain, unseen = sum(target.of(one.label) for one in known), open_ - len(among)
    low, high = (certain + target.least * unseen) / mentions, (certain + unseen) / mentions
    value = min(high, max(low, total / mentions))
    reach = student.quantile(left.df) * math.sqrt(left.variance) * open_ / mentions
    return Estimate(value, max(low, value - reach), min(high, value + reach))


def _residual(
    readings: Sequence[_Reading | None], weights: Sequence[int], sampled: Sequence[float], clustering: float
) -> _Residual:
    """What is known of R: by the engine's measurement, and by the residuals of what chance drew."""
    n, open_ = len(sampled), sum(weights)
    parts = [(weight / open_, one) for weight, one in zip(weights, readings, strict=True) if one and weight]
    spread = sum(weight * one.spread for weight, one in parts)
    noise = sum(weight * one.noise for weight, one in parts)
    topics = min(one.topics for _, one in parts)
    prior = spread**2 + noise * clustering / open_
    # Only the spread between topics was estimated from few cases: Satterthwaite's degrees of freedom.
    df = max(topics - 2.0, _FEW_TOPICS) * (prior / spread**2) ** 2 if math.isfinite(spread) else math.inf
    if not n:
        return _Residual(0.0, 0.0, prior, df)
    mean = sum(sampled) / n
    variance = (sum((one - mean) ** 2 for one in sampled) + _CASES * noise) / (n - 1 + _CASES)
    error = variance * (1 / n - 1 / open_)
    weight = 1.0 if math.isinf(prior) else prior / (prior + error)
    df_both = 1 / ((1 - weight) ** 2 / df + weight**2 / (n - 1 + _CASES))
    return _Residual(weight, mean, weight * error, df_both)
