"""Durations as people write them, and the lengths that nobody can mean."""

from __future__ import annotations

import pytest

from storage.durations import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172_800), ("1w", 604_800), ("1.5 h", 5400), (0, 0)],
)
def test_what_people_write(written: object, seconds: int) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize("written", [5, "5", "h", "-1h", "1y", "", None, True, False, 1.5, "1h, 2m"])
def test_what_nobody_can_read_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="needs a number and a unit"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["36501d", "9" * 400 + "d"])
def test_more_than_a_hundred_years_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="at most 36500d"):
        parse_duration(written)
    assert parse_duration("36500d") == LONGEST


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0s"), (42, "42s"), (3725, "1h 2m"), (3605, "1h"), (86_400 + 59, "1d")]
)
def test_the_two_largest_units_are_shown(seconds: int, written: str) -> None:
    assert format_duration(seconds) == written
