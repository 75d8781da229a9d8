"""Benjamini and Hochberg's own example, p of an interval, and how often pure chance is told."""

from __future__ import annotations

import random
from statistics import NormalDist

import pytest

from storage.stats.false_discovery import discoveries, p_value

# Benjamini and Hochberg (1995), section 4.1: fifteen tests of the thrombolysis trial; four are discoveries.
PUBLISHED = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)


def test_the_published_example() -> None:
    shuffled = random.Random(1).sample(PUBLISHED, len(PUBLISHED))
    told = [p for p, yes in zip(shuffled, discoveries(shuffled), strict=True) if yes]
    assert sorted(told) == [0.0001, 0.0004, 0.0019, 0.0095]
    assert discoveries([]) == []


def test_a_later_p_carries_the_earlier_ones() -> None:
    assert discoveries([0.04, 0.05]) == [True, True]
    assert discoveries([0.04, 0.06]) == [False, False]


@pytest.mark.parametrize(
    ("change", "interval", "p"),
    [
        (1.96, (0.0, 3.92), 0.05),
        (-1.96, (-9.0, 0.0), 0.05),
        (2.576, (0.616, 9.0), 0.01),
        (0.0, (-1.0, 1.0), 1.0),
    ],
)
def test_p_of_an_interval(change: float, interval: tuple[float, float], p: float) -> None:
    assert p_value(change, interval) == pytest.approx(p, abs=2e-4)


def test_a_change_outside_of_its_interval_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        p_value(3.0, (0.0, 2.0))


def test_where_nothing_happens_a_letter_in_twenty_tells_something() -> None:
    rng, normal = random.Random(7), NormalDist()
    weeks = 4_000
    told = sum(
        any(discoveries([2 * normal.cdf(-abs(rng.gauss(0, 1))) for _ in range(9)])) for _ in range(weeks)
    )
    assert 0.04 < told / weeks < 0.06
