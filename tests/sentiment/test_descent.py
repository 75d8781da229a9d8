"""The minimum of a convex function: known ones are found, and the search always ends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from sentiment.descent import minimum


def bowl(x: Sequence[float]) -> tuple[float, list[float]]:
    """A quadratic a thousand times as steep one way as the other, with its minimum at (1, -2, 3)."""
    away = [x[0] - 1, x[1] + 2, x[2] - 3]
    steep = [1.0, 30.0, 1000.0]
    return sum(s * d * d for s, d in zip(steep, away, strict=True)) / 2, [
        s * d for s, d in zip(steep, away, strict=True)
    ]


def test_it_finds_the_bottom_of_a_narrow_valley() -> None:
    assert minimum(bowl, [50.0, 50.0, 50.0]) == pytest.approx([1, -2, 3], abs=0.01)
    evaluations = 0

    def counted(x: Sequence[float]) -> tuple[float, list[float]]:
        nonlocal evaluations
        evaluations += 1
        return bowl(x)

    minimum(counted, [50.0, 50.0, 50.0])
    # Plain steps downhill would need some thousand.
    assert evaluations < 40


def test_it_finds_the_minimum_of_what_is_no_quadratic() -> None:
    def function(x: Sequence[float]) -> tuple[float, list[float]]:
        return math.exp(x[0]) - 2 * x[0] + x[1] ** 4, [math.exp(x[0]) - 2, 4 * x[1] ** 3]

    x, y = minimum(function, [3.0, 2.0])
    assert x == pytest.approx(math.log(2), abs=0.01)
    assert abs(y) < 0.2


def test_it_stays_where_nothing_is_lower_and_ends_where_the_gradient_lies() -> None:
    assert minimum(bowl, [1.0, -2.0, 3.0]) == [1.0, -2.0, 3.0]
    assert minimum(lambda x: (0.0, []), []) == []
    # A gradient that points the wrong way: no step goes down, and that must not loop for ever.
    assert minimum(lambda x: (x[0], [-1.0]), [4.0]) == [4.0]
