"""The quantiles of Student's t, against the printed tables."""

from __future__ import annotations

import math

import pytest

from storage.stats.student import quantile


@pytest.mark.parametrize(
    ("df", "expected"),
    [
        (1, 12.706),
        (2, 4.303),
        (3, 3.182),
        (5, 2.571),
        (10, 2.228),
        (29, 2.045),
        (100, 1.984),
        (math.inf, 1.960),
    ],
)
def test_quantiles_as_printed(df: float, expected: float) -> None:
    assert quantile(df) == pytest.approx(expected, abs=0.005)


def test_it_falls_with_every_degree() -> None:
    steps = [quantile(1 + step / 10) for step in range(200)]
    assert steps == sorted(steps, reverse=True)


def test_less_than_one_degree_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        quantile(0.5)
