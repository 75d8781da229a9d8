"""Wilson's interval against its definition and published values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.stats.wilson import wilson

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe (1998), "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=0.00006)


@given(counts, st.floats(0.5, 4))
def test_at_each_end_the_count_lies_z_standard_errors_away(count: tuple[int, int], z: float) -> None:
    successes, n = count
    share = successes / n
    for end in wilson(successes, n, z):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(z * math.sqrt(end * (1 - end) / n), rel=1e-6)


@given(counts)
def test_it_holds_the_share_and_stays_a_share(count: tuple[int, int]) -> None:
    successes, n = count
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert low < high
    assert (low == 0) is (successes == 0)
    assert (high == 1) is (successes == n)


@given(counts)
def test_successes_and_failures_mirror_each_other(count: tuple[int, int]) -> None:
    successes, n = count
    low, high = wilson(n - successes, n)
    assert wilson(successes, n) == pytest.approx((1 - high, 1 - low))


def test_of_no_case_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("count", [(-1, 3), (4, 3), (0, -1), (1, 0)])
def test_what_is_no_share_is_refused(count: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(*count)
