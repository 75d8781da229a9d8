"""Where the lines of a chart's axes stand: round numbers, and the first seconds of days, weeks and months. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

_NOTHING = 1e-9
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TIMES = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800)


def ticks(low: float, high: float, *, unit: str = "", most: int = 4) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, at most about `most` steps, 0 among them.

    Times (`unit` "seconds") are cut at minutes, hours and days; what is counted, at whole numbers.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _NOTHING:
        low, high = 0.0, 1.0
    step = _step((high - low) / most, unit)
    first, last = math.floor(round(low / step, 9)), math.ceil(round(high / step, 9))
    return [round(number * step, 12) for number in range(first, last + 1)]


def _step(least: float, unit: str) -> float:
    if unit == "seconds":
        fitting = [step for step in _TIMES if step >= least]
        return float(fitting[0]) if fitting else math.ceil(least / 604_800) * 604_800.0
    magnitude: float = 10.0 ** math.floor(math.log10(least))
    step = next(factor * magnitude for factor in _STEPS if factor * magnitude >= least * (1 - 1e-9))
    return step if unit == "ratio" else max(1.0, math.ceil(step))


def dates(starts: Sequence[int], most: int) -> list[int]:
    """Which of these periods are named under the axis: evenly many of them, the first among them."""
    every = max(1, math.ceil(len(starts) / most))
    return list(range(0, len(starts), every))
