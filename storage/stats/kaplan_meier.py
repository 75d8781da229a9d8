"""The Kaplan-Meier curve, in fractions: how long until an answer, when some have not been answered yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Step:
    """From time `at` (seconds) on, `survival` is the share still unanswered."""

    at: int
    survival: Fraction


def curve(durations: Iterable[tuple[int, bool]]) -> list[Step]:
    """Return the steps of the curve for (seconds, answered) pairs.

    The product-limit estimator of Kaplan and Meier (1958): S(t) = product over answer times t_i <= t of
    1 - d_i / n_i. Who is censored at t_i is still at risk there.
    """
    pairs = list(durations)
    answered = Counter(at for at, done in pairs if done)
    leaving = Counter(at for at, _ in pairs)
    at_risk, survival, steps = len(pairs), Fraction(1), []
    for at in sorted(leaving):
        if answered[at]:
            survival *= 1 - Fraction(answered[at], at_risk)
            steps.append(Step(at, survival))
        at_risk -= leaving[at]
    return steps


def median(steps: Sequence[Step]) -> float | None:
    """Return the median in seconds, or None where the curve does not reach 0.5.

    Where the curve lies exactly on 0.5 it is the midpoint of that stretch, so that it equals the plain
    median when all are answered; a last stretch on 0.5 has no known end, and its start is taken.
    """
    half = Fraction(1, 2)
    for index, step in enumerate(steps):
        if step.survival == half and index + 1 < len(steps):
            return (step.at + steps[index + 1].at) / 2
        if step.survival <= half:
            return float(step.at)
    return None


def quantile(steps: Sequence[Step], answered: Fraction) -> float | None:
    """Return the smallest time in seconds by which the share `answered` is reached, or None."""
    return next((float(step.at) for step in steps if step.survival <= 1 - answered), None)
