"""The curve against a brute-force one, and its median against the plain one."""

from __future__ import annotations

import math
import statistics
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.stats import kaplan_meier
from storage.stats.kaplan_meier import curve, median, quantile, reached

waits = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


def survival(pairs: list[tuple[int, bool]], at: int) -> Fraction:
    """S(at) straight from the definition, one moment after the other."""
    left = Fraction(1)
    for moment in range(at + 1):
        risk = sum(seconds >= moment for seconds, _ in pairs)
        answers = sum(seconds == moment and done for seconds, done in pairs)
        if risk:
            left *= Fraction(risk - answers, risk)
    return left


@given(waits)
def test_the_curve_equals_its_definition(pairs: list[tuple[int, bool]]) -> None:
    steps = curve(pairs)
    for at in range(32):
        told = [step for step in steps if step.at <= at]
        assert kaplan_meier.survival(told) == survival(pairs, at)
        assert (told[-1].left if told else 1) == pytest.approx(float(survival(pairs, at)))
        assert reached(steps, at) == pytest.approx(1 - float(survival(pairs, at)))


@given(waits)
def test_the_median_is_where_the_definition_crosses_one_half(pairs: list[tuple[int, bool]]) -> None:
    half = Fraction(1, 2)
    reached = [at for at in range(31) if survival(pairs, at) <= half]
    below = [at for at in range(31) if survival(pairs, at) < half]
    expected: float | None = None
    if reached:
        on_half = survival(pairs, reached[0]) == half and below
        expected = (reached[0] + below[0]) / 2 if on_half else reached[0]
    assert median(curve(pairs)) == expected


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_when_all_are_answered_it_is_the_plain_median(seconds: list[int]) -> None:
    assert median(curve([(s, True) for s in seconds])) == statistics.median(seconds)


@given(waits)
def test_p90_is_the_first_moment_at_which_a_tenth_is_left(pairs: list[tuple[int, bool]]) -> None:
    found = [at for at in range(31) if survival(pairs, at) <= Fraction(1, 10)]
    assert quantile(curve(pairs), Fraction(9, 10)) == (found[0] if found else None)


def test_exactly_one_half_is_met_in_fractions() -> None:
    # 23/24 * 22/23 * ... * 12/13 is one half; multiplied in floats it is 0.5000000000000001.
    assert math.prod(1 - 1 / left for left in range(24, 12, -1)) != 0.5
    assert median(curve([(at, True) for at in range(24)])) == 11.5


def test_floats_that_cannot_tell_are_not_believed() -> None:
    # Two factors of nine digits that differ by 1 / 10^18: floats say 0.5, which is where a median would lie between.
    big = 10**9
    for step, exactly in (((big + 1, big - 1), -1), ((big, big), 0), ((big - 1, big + 1), 1)):
        steps = [
            kaplan_meier.Step(1, 2 * big, 2 * big - step[0], step[0] / (2 * big)),
            kaplan_meier.Step(2, big, big - step[1], step[0] / (2 * big) * (step[1] / big)),
        ]
        left = kaplan_meier.survival(steps) - Fraction(1, 2)
        assert kaplan_meier._compare(steps, 1, Fraction(1, 2)) == (left > 0) - (left < 0)
        assert exactly == 0 or left == Fraction(-1, 2 * big**2)


def test_a_hundred_thousand_waits_are_a_matter_of_a_second() -> None:
    # With waits cut off all along, fractions reduced step by step took seven seconds.
    pairs = [(7 * at % 100_003, at % 3 > 0) for at in range(100_000)]
    began = time.perf_counter()
    assert median(curve(pairs)) is not None
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(5, False), (9, False)], None),
        ([(10, True), (20, False), (30, False)], None),
        ([(10, True), (20, False)], 10.0),  # on one half to its end: the end of the stretch is not known
        ([(10, True), (10, False)], 10.0),  # who is censored at ten was still waiting there
        ([(10, False), (10, True), (20, True)], 20.0),
        ([(1, False), (10, True)], 10.0),
        ([], None),
    ],
)
def test_those_who_still_wait_count_as_waiting(pairs: list[tuple[int, bool]], expected: float | None) -> None:
    assert median(curve(pairs)) == expected
