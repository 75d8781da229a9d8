"""The Kaplan-Meier curve, exact to the last digit: how long until an answer, when some have not been answered yet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

_CLOSE = 1e-9
"""Nearer than that to a level, floats do not tell on which side of it a product of a million factors lies."""


@dataclass(frozen=True, slots=True)
class Step:
    """At `at` seconds `answered` of the `at_risk` who still waited were answered.

    `left` is the share still unanswered from then on, in floating point; `survival` tells it exactly.
    """

    at: int
    at_risk: int
    answered: int
    left: float


def curve(durations: Iterable[tuple[int, bool]]) -> list[Step]:
    """Return the steps of the curve for (seconds, answered) pairs.

    The product-limit estimator of Kaplan and Meier (1958): S(t) = product over answer times t_i <= t of
    1 - d_i / n_i. Who is censored at t_i is still at risk there.
    """
    pairs = list(durations)
    answered = Counter(at for at, done in pairs if done)
    leaving = Counter(at for at, _ in pairs)
    at_risk, left, steps = len(pairs), 1.0, []
    for at in sorted(leaving):
        if done := answered[at]:
            left *= (at_risk - done) / at_risk
            steps.append(Step(at, at_risk, done, left))
        at_risk -= leaving[at]
    return steps


def survival(steps: Sequence[Step]) -> Fraction:
    """The share still unanswered after the last of these steps, exactly: 1 where there is none."""
    return Fraction(*_product(steps))


def _product(steps: Sequence[Step]) -> tuple[int, int]:
    """Numerator and denominator, not reduced: fractions that are reduced at each step take minutes for 100,000."""
    above, below = [1], [1]
    waiting = None
    for step in steps:
        # Where nobody was censored since the step before, what it left over cancels.
        if step.at_risk == waiting:
            above.pop()
        else:
            below.append(step.at_risk)
        waiting = step.at_risk - step.answered
        above.append(waiting)
    return math.prod(above), math.prod(below)


def median(steps: Sequence[Step]) -> float | None:
    """Return the median in seconds, the middle of `half`, or None where the curve does not reach 0.5."""
    found = half(steps)
    return None if found is None else (found[0] + found[1]) / 2


def half(steps: Sequence[Step]) -> tuple[int, int] | None:
    """Return between which seconds the median lies, or None where the curve does not reach 0.5.

    Where the curve lies exactly on 0.5 it is that stretch, so that its middle equals the plain median when all are
    answered; a last stretch on 0.5 has no known end, and its start is taken.
    """
    level = Fraction(1, 2)
    index = _first(steps, level)
    if index is None:
        return None
    lies_on = index + 1 < len(steps) and _compare(steps, index, level) == 0
    return steps[index].at, steps[index + lies_on].at


def quantile(steps: Sequence[Step], answered: Fraction) -> float | None:
    """Return the smallest time in seconds by which the share `answered` is reached, or None."""
    index = _first(steps, 1 - answered)
    return None if index is None else float(steps[index].at)


def reached(steps: Sequence[Step], seconds: int) -> float:
    """The share answered within so many seconds, as far as it can be told of those who were heard for so long."""
    return 1 - next((step.left for step in reversed(steps) if step.at <= seconds), 1.0)


def _first(steps: Sequence[Step], level: Fraction) -> int | None:
    """The first step at which no more than `level` is left."""
    near = float(level) + _CLOSE
    return next(
        (i for i, step in enumerate(steps) if step.left <= near and _compare(steps, i, level) <= 0), None
    )


def _compare(steps: Sequence[Step], index: int, level: Fraction) -> int:
    """-1, 0 or 1: whether what is left after a step lies below, on or above a level."""
    left = steps[index].left
    if abs(left - float(level)) > _CLOSE:
        return -1 if left < level else 1
    above, below = _product(steps[: index + 1])
    exact, meant = above * level.denominator, below * level.numerator
    return (exact > meant) - (exact < meant)
