"""How sure the difference of two estimates is, from the interval of each."""

from __future__ import annotations

import math


def difference(
    one: float, interval: tuple[float, float], other: float, other_interval: tuple[float, float]
) -> tuple[float, float]:
    """Return the interval of `one - other` for two independent estimates with intervals of one level.

    The method of variance estimates recovery, Zou and Donner (2008), "Construction of confidence limits about effect
    measures", Statistics in Medicine 27:1693-1702. Two intervals may overlap although their difference is sure.
    """
    (low, high), (other_low, other_high) = interval, other_interval
    middle = one - other
    down = math.hypot(one - low, other_high - other)
    up = math.hypot(high - one, other - other_low)
    return middle - down, middle + up
