"""Outcomes after bursts: nothing is found where nothing is, but as often as promised; what is there is found."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.stats import placebo

DAYS = 238
WORLDS = 300


def week(day: int) -> float:
    """Mondays high, weekends low."""
    return 1.6 if day % 7 == 0 else 0.6 if day % 7 > 4 else 1.0


def mentions(rng: random.Random, starts: Sequence[int], days: int = DAYS) -> list[float | None]:
    """Counts with the rhythm of a week and bursts of one to three days."""
    lift = {start + after: rng.uniform(3, 6) for start in starts for after in range(rng.choice([1, 1, 2, 3]))}
    means = [20 * week(day) * lift.get(day, 1.0) for day in range(days)]
    return [float(max(0, round(rng.gauss(mean, 1.2 * math.sqrt(mean))))) for mean in means]


def outcome(
    rng: random.Random, effect: float = 0.0, after: Sequence[int] = (), phi: float = 0.6
) -> list[float]:
    """Sessions with the rhythm of a week, a trend, and noise that hangs together from day to day (AR(1))."""
    noise, found = 0.0, []
    for day in range(DAYS):
        noise = phi * noise + rng.gauss(0, 10)
        found.append(100 * week(day) + 0.1 * day + noise)
    for start in after:
        for day in range(start, min(DAYS, start + 3)):
            found[day] += effect
    return found


def apart(rng: random.Random, number: int, of: Sequence[int]) -> list[int]:
    """Days of which none is near another."""
    chosen: list[int] = []
    for day in rng.sample(list(of), len(of)):
        if len(chosen) < number and all(abs(day - other) > 6 for other in chosen):
            chosen.append(day)
    return sorted(chosen)


def worlds(count: int, effect: float, of: Sequence[int]) -> list[placebo.Effect]:
    found = []
    for seed in range(count):
        rng = random.Random(seed)
        starts = apart(rng, 9, of)
        series = mentions(rng, starts)
        found.append(placebo.test(outcome(rng, effect, starts), placebo.bursts(series)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "of",
    [range(5, DAYS - 5), [day for day in range(DAYS) if day % 7 == 0]],
    ids=["on any day", "always on Mondays, when sessions are high anyway"],
)
def test_independent_series_are_told_from_chance_as_rarely_as_promised(of: Sequence[int]) -> None:
    found = worlds(WORLDS, 0.0, of)
    assert all(one.p is not None for one in found)
    wrong = sum(one.verdict in ("more", "less") for one in found)
    # Five in a hundred, within three standard errors of so many worlds.
    margin = 3 * math.sqrt(WORLDS * placebo.LEVEL * (1 - placebo.LEVEL))
    assert abs(wrong - WORLDS * placebo.LEVEL) <= margin, wrong / WORLDS
    held = sum(one.low is not None and one.high is not None and one.low <= 0 <= one.high for one in found)
    assert held / WORLDS >= 0.91


def test_what_was_planted_is_found_and_its_interval_holds_it() -> None:
    found = worlds(60, 25.0, range(5, DAYS - 5))
    assert sum(one.verdict == "more" for one in found) >= 54
    assert not any(one.verdict == "less" for one in found)
    held = sum(one.low is not None and one.high is not None and one.low <= 25 <= one.high for one in found)
    assert held >= 51
    mean = sum(one.effect or 0 for one in found) / len(found)
    assert mean == pytest.approx(25, abs=2)


def test_less_is_told_as_less() -> None:
    rng = random.Random(4)
    starts = apart(rng, 9, range(5, DAYS - 5))
    found = placebo.test(outcome(rng, -60.0, starts), starts)
    assert found.verdict == "less"
    assert found.high is not None and found.high < 0


def test_a_day_that_is_explained_otherwise_is_left_out() -> None:
    rng = random.Random(8)
    starts = apart(rng, 9, range(5, DAYS - 5))
    series = outcome(rng)
    # One burst fell on the day of an advertisement on television, which brought ten times as many.
    for day in range(starts[4], starts[4] + 3):
        series[day] *= 10
    fooled = placebo.test(series, starts)
    told = placebo.test(series, starts, set(range(starts[4], starts[4] + 3)))
    assert fooled.effect is not None and fooled.effect > 50
    assert told.effect is not None and abs(told.effect) < 15
    assert starts[4] not in told.bursts and len(told.bursts) == 8
    assert told.verdict == "no detectable effect"


def test_a_burst_stands_out_from_its_weekday_not_from_the_week() -> None:
    # Mondays have three times as many: no burst. One Saturday has what a Monday has: a burst.
    series: list[float | None] = [60.0 if day % 7 == 0 else 20.0 for day in range(140)]
    assert placebo.bursts(series) == []
    series[75] = 60.0
    assert 75 % 7 == 5
    assert placebo.bursts(series) == [75]


def test_days_of_one_burst_begin_once() -> None:
    series: list[float | None] = [20.0] * 140
    for day in (70, 71, 73, 76, 80):
        series[day] = 90.0
    # The third day after is still the same burst; the fourth is another.
    assert placebo.bursts(series) == [70, 80]
    assert placebo.bursts(series, {70}) == [71, 80]
    assert placebo.bursts(series, days=1) == [70, 73, 76, 80]


def test_days_that_were_not_heard_are_neither_bursts_nor_quiet() -> None:
    series: list[float | None] = [20.0] * 140
    series[70] = None
    series[77] = 90.0
    assert placebo.bursts(series) == [77]
    assert placebo.bursts([None] * 140) == []


def test_days_of_much_that_are_rare_are_no_effect() -> None:
    # Nine days of ten without a lead, one with ten: the mean lies above the median of every weekday.
    series = [10.0 if (day * 7) % 10 == 0 else 0.0 for day in range(DAYS)]
    found = placebo.test(series, [30, 52, 77, 101, 126, 153, 180, 201])
    assert found.verdict == "no detectable effect"
    assert found.effect is not None and abs(found.effect) < 0.5
    assert found.expected is not None and 0.5 < found.expected < 1.5


def test_with_too_little_it_says_so() -> None:
    few = placebo.test([10.0] * 200, [50, 80, 110, 140])
    assert (few.verdict, few.p, few.effect) == ("not enough data", None, None)
    assert "5 bursts" in few.why and "there are 4" in few.why
    short: list[float | None] = [10.0] * 59 + [None] * 100
    thin = placebo.test(short, [22, 26, 30, 34, 38])
    assert thin.verdict == "not enough data" and "60 days" in thin.why
    assert placebo.test([], []).verdict == "not enough data"


def test_a_series_that_never_moves_has_no_effect() -> None:
    found = placebo.test([10.0] * 200, [40, 70, 100, 130, 160])
    assert (found.verdict, found.effect, found.low, found.high, found.p) == (
        "no detectable effect", 0, 0, 0, 1.0,
    )  # fmt: skip


def test_what_to_expect_of_a_day_is_the_median_of_its_weekday_around_it() -> None:
    series: list[float | None] = [float(day % 7) for day in range(100)]
    series[50] = 1_000.0
    assert placebo.expected(series, 50) == 1.0
    assert placebo.expected(series, 57) == 1.0
    # Three of the same weekday are needed.
    assert placebo.expected(series, 50, {22, 29, 36, 43, 64}) == 1.0
    assert placebo.expected(series, 50, {22, 29, 36, 43, 64, 57}) is None


def test_p_values_of_tests_made_together() -> None:
    # Holm by hand: 3 x 0.01, 2 x 0.02, then no less than the one before.
    assert placebo.holm([0.02, 0.01, 0.03]) == pytest.approx([0.04, 0.03, 0.04])
    assert placebo.holm([0.9, 0.8]) == [1.0, 1.0]
    assert placebo.holm([]) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e3, 1e3), st.floats(0.1, 50))
def test_what_is_counted_in_other_units_has_the_same_verdict(seed: int, shift: float, scale: float) -> None:
    rng = random.Random(seed)
    starts = apart(rng, 6, range(5, DAYS - 5))
    series = outcome(rng, 15.0, starts)
    one = placebo.test(series, starts)
    other = placebo.test([shift + scale * value for value in series], starts)
    assert other.effect == pytest.approx(scale * (one.effect or 0), rel=1e-6, abs=1e-6)
    assert other.p == pytest.approx(one.p, abs=2 / DAYS)
