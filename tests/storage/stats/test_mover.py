"""The interval of a difference: a worked example, wider than either, sure where intervals only just overlap."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from storage.stats import mover


def test_two_shares_worked_by_hand() -> None:
    # 0.6 (0.5 to 0.7) against 0.4 (0.3 to 0.5): 0.2 and half a width of sqrt(0.1² + 0.1²).
    low, high = mover.difference(0.6, (0.5, 0.7), 0.4, (0.3, 0.5))
    assert (low, high) == approx((0.2 - math.sqrt(0.02), 0.2 + math.sqrt(0.02)))
    assert low > 0


def test_each_end_takes_the_side_that_faces_it() -> None:
    # Down: how far the first may be lower, and the second higher.
    assert mover.difference(5, (2, 6), 3, (3, 7)) == approx((2 - 5.0, 2 + 1.0))


@given(*[st.floats(-5, 5) for _ in range(2)], *[st.floats(0, 3) for _ in range(4)])
def test_turned_round_it_is_the_same_with_other_signs(
    one: float, other: float, a: float, b: float, c: float, d: float
) -> None:
    ends, other_ends = (one - a, one + b), (other - c, other + d)
    low, high = mover.difference(one, ends, other, other_ends)
    assert mover.difference(other, other_ends, one, ends) == approx((-high, -low))
    assert low <= one - other + 1e-9 and one - other <= high + 1e-9
