"""The daily quota of YouTube: spread over the day, counted over restarts, anew at midnight Pacific time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.collectors.youtube.quota import Quota, day_of, spread, until_reset


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("now", "day", "hours"),
    [
        ("2026-07-01T06:59:59", "2026-06-30", 24),
        ("2026-07-01T07:00:00", "2026-07-01", 24),
        ("2026-12-01T07:59:59", "2026-11-30", 24),
        ("2026-12-01T08:00:00", "2026-12-01", 24),
        # The clocks of the Pacific go forward on 8 March 2026 and back on 1 November.
        ("2026-03-08T12:00:00", "2026-03-08", 23),
        ("2026-03-09T06:59:59", "2026-03-08", 23),
        ("2026-03-09T07:00:00", "2026-03-09", 24),
        ("2026-11-01T12:00:00", "2026-11-01", 25),
        ("2026-11-02T07:59:59", "2026-11-01", 25),
        ("2026-11-02T08:00:00", "2026-11-02", 24),
    ],
)
def test_a_day_begins_at_midnight_in_the_pacific_whatever_its_clocks_do(
    now: str, day: str, hours: int
) -> None:
    name, begins, ends = day_of(at(now))
    assert name == day and ends - begins == hours * 3_600
    assert begins <= at(now) < ends
    assert until_reset(at(now)) == ends - at(now)


@pytest.mark.parametrize(
    ("now", "may"),
    [
        ("2026-07-01T07:00:00", 5),
        ("2026-07-01T19:00:00", 55),
        ("2026-07-02T06:30:00", 100),
        ("2026-03-08T08:00:00", 5),
        ("2026-03-09T06:30:00", 100),
        ("2026-11-02T07:30:00", 100),
        ("2026-11-02T06:00:00", 96),
    ],
)
def test_searches_are_spread_over_the_day(now: str, may: int) -> None:
    assert spread(100, at(now)) == may


def test_counting_begins_anew_with_the_day_and_never_twice() -> None:
    quota = Quota()
    quota.begin(at("2026-07-01T07:00:00"))
    quota.searches, quota.units = 100, 7
    quota.begin(at("2026-07-02T06:59:59"))
    assert (quota.searches, quota.units) == (100, 7)
    quota.begin(at("2026-07-02T07:00:00"))
    assert (quota.day, quota.searches, quota.units) == ("2026-07-02", 0, 0)
    quota.searches = 3
    # A clock that is set back for an hour must not give a hundred more.
    quota.begin(at("2026-07-02T06:00:00"))
    assert (quota.day, quota.searches) == ("2026-07-02", 3)


def test_what_a_cursor_knows_is_taken_over_where_it_is_more() -> None:
    quota = Quota("2026-07-01", 5, 50)
    quota.learn(Quota("2026-06-30", 99, 99))
    quota.learn(Quota("2026-07-01", 9, 20))
    assert quota == Quota("2026-07-01", 9, 50)
    quota.learn(Quota("2026-07-02", 1, 2))
    assert quota == Quota("2026-07-02", 1, 2)
    assert Quota.from_json(quota.to_json()) == quota


@given(st.integers(1_700_000_000, 1_900_000_000), st.integers(1, 100_000))
def test_what_may_be_used_grows_with_the_day_up_to_all_of_it(now: int, most: int) -> None:
    _, begins, ends = day_of(now)
    assert 1 <= spread(most, begins) <= spread(most, now) <= spread(most, ends - 1) == most
    assert begins <= now < ends and day_of(ends)[1] == ends
