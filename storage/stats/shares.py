"""The true share of a tone, estimated from what an engine said and what people corrected, with a 95 % interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storage.stats import student
from storage.stats.expected import TARGETS, Known, Reading, Stratum, Target

LEAST_SAMPLED = 30
"""Corrections drawn by chance that an engine needs of which nothing was measured."""

STEADY = 0.9
"""Correlation of how far a topic strays from the line in one period and in the next.

Measured with VADER on five brands in five periods each: standard deviation .03 to .08 over time, .18 between topics.
"""

# What the engine's own measurement weighs, in cases, where the spread of residuals is taken from a small sample.
_CASES = 8
# Degrees of freedom of a spread that rests on hardly any topics of its own language.
_FEW_TOPICS = 8.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share (net: -1 to 1), and the ends of its 95 % interval, which is cut where no share can lie.

    `error` is its standard error, and `lasting` the part of it that is the same for these mentions and others on the
    same topic: how far the topic strays from what was measured of the engine.
    """

    value: float
    low: float
    high: float
    error: float = 0.0
    lasting: float = 0.0


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
    if not carries(strata, known):
        return None
    positive, negative, net = (_estimate(what, strata, known, clustering) for what in TARGETS)
    return _consistent(positive, negative, net)


def carries(strata: Sequence[Stratum], known: Sequence[Known]) -> bool:
    """Whether there is what `estimate` needs."""
    sampled = sum(one.sampled and one.stratum is not None for one in known)
    said = Counter(one.stratum for one in known)
    unmeasured = any(one.sums.n > said[place] for place, one in enumerate(strata) if one.measured is None)
    if unmeasured and sampled < LEAST_SAMPLED:
        return False
    return any(one.sums.n for one in strata) or bool(known)


def growth(
    now: Estimate, before: Estimate, mentions: int, mentions_before: int
) -> tuple[float, float] | None:
    """The 95 % interval of (p - p_before) / p_before, where p = share * mentions; None where either share is 0.

    By the delta method on log(p / p_before). What lasts of the two errors mostly falls out of the ratio.
    """
    if min(now.value, before.value, mentions, mentions_before) <= 0:
        return None
    first, second = now.error / now.value, before.error / before.value
    shared = STEADY * now.lasting * before.lasting / (now.value * before.value)
    reach = student.quantile(math.inf) * math.sqrt(max(0.0, first**2 + second**2 - 2 * shared))
    ratio = now.value * mentions / (before.value * mentions_before)
    # No ratio of counts needs more: it keeps the ends finite.
    reach = min(reach, 20.0)
    return ratio * math.exp(-reach) - 1, ratio * math.exp(reach) - 1


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
    return Shares(
        good, bad, replace(net, value=difference, low=min(low, difference), high=max(high, difference))
    )


@dataclass(frozen=True, slots=True)
class _Residual:
    """The mean residual of the mentions that are not set aside: its weight, mean, variance, degrees of freedom.

    `lasting` is the part of the variance that others on the same topic share.
    """

    weight: float
    mean: float
    variance: float
    df: float
    lasting: float = 0.0


def _estimate(
    target: Target, strata: Sequence[Stratum], known: Sequence[Known], clustering: float
) -> Estimate:
    readings = [Reading(target, one) if one.sums.n else None for one in strata]
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
    error = math.sqrt(left.variance) * open_ / mentions
    reach = student.quantile(left.df) * error
    lasting = math.sqrt(left.lasting) * open_ / mentions
    return Estimate(value, max(low, value - reach), min(high, value + reach), error, lasting)


def _residual(
    readings: Sequence[Reading | None], weights: Sequence[int], sampled: Sequence[float], clustering: float
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
        return _Residual(0.0, 0.0, prior, df, spread**2)
    mean = sum(sampled) / n
    variance = (sum((one - mean) ** 2 for one in sampled) + _CASES * noise) / (n - 1 + _CASES)
    error = variance * (1 / n - 1 / open_)
    weight = 1.0 if math.isinf(prior) else prior / (prior + error)
    df_both = 1 / ((1 - weight) ** 2 / df + weight**2 / (n - 1 + _CASES))
    lasting = (1 - weight) * spread**2 if weight < 1 else 0.0
    return _Residual(weight, mean, weight * error, df_both, lasting)
