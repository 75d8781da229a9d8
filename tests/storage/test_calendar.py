"""Days, weeks and months where clocks change, and the period before."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, HOUR, MADRID

from storage.calendar import UNITS, Window, before, cut, iso, parse_time, unit_of, year_before

ZONES = ("Europe/Madrid", "UTC", "Asia/Kathmandu", "America/Havana", "Pacific/Apia", "America/Sao_Paulo")


def madrid(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=MADRID).timestamp())


def span(since: str, until: str) -> Window:
    return Window(madrid(since), madrid(until))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24), ("2026-10-26", 24)]
)
def test_a_day_is_as_long_as_it_is_there(day: str, hours: int) -> None:
    found = unit_of(madrid(f"{day}T12:00"), "day", MADRID)
    assert found.since == madrid(day)
    assert found.until - found.since == hours * HOUR


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    at = madrid("2026-03-29T23:59:59")
    assert unit_of(at, "week", MADRID) == span("2026-03-23", "2026-03-30")
    assert unit_of(at, "month", MADRID) == span("2026-03-01", "2026-04-01")
    assert unit_of(madrid("2026-12-31"), "month", MADRID) == span("2026-12-01", "2027-01-01")
    assert unit_of(madrid("2027-01-01"), "week", MADRID) == span("2026-12-28", "2027-01-04")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (span("2026-03-30", "2026-03-31"), span("2026-03-29", "2026-03-30")),
        (span("2026-03-30", "2026-04-06"), span("2026-03-23", "2026-03-30")),
        (span("2026-03-01", "2026-04-01"), span("2026-02-01", "2026-03-01")),
        (span("2026-01-01", "2026-02-01"), span("2025-12-01", "2026-01-01")),
        # No whole day, week or month: of equal length, whatever clocks did.
        (span("2026-03-29T12:00", "2026-03-29T18:00"), span("2026-03-29T06:00", "2026-03-29T12:00")),
        (span("2026-03-29T06:00", "2026-03-30T06:00"), span("2026-03-28T05:00", "2026-03-29T06:00")),
        (span("2026-03-24", "2026-03-31"), span("2026-03-17T01:00", "2026-03-24")),
    ],
)
def test_the_period_before(window: Window, expected: Window) -> None:
    assert before(window, MADRID) == expected


def test_half_open_windows_are_cut_at_borders_and_their_ends_kept() -> None:
    window = span("2026-03-28T12:00", "2026-03-30T12:00")
    assert cut(window, "day", MADRID) == [
        span("2026-03-28T12:00", "2026-03-29"),
        span("2026-03-29", "2026-03-30"),
        span("2026-03-30", "2026-03-30T12:00"),
    ]
    assert cut(Window(5, 5), "day", MADRID) == []


@given(
    st.integers(0, 2_000_000_000), st.integers(1, 70 * DAY), st.sampled_from(UNITS), st.sampled_from(ZONES)
)
def test_parts_join_without_gap_or_overlap_and_begin_at_midnight(
    since: int, length: int, unit: str, zone: str
) -> None:
    window, place = Window(since, since + length), ZoneInfo(zone)
    parts = cut(window, unit, place)  # type: ignore[arg-type]
    assert [parts[0].since, *(part.until for part in parts)] == [
        *(part.since for part in parts),
        window.until,
    ]
    for part in parts[1:]:
        local, earlier = (datetime.fromtimestamp(at, place) for at in (part.since, part.since - 1))
        assert local.date() > earlier.date()


def test_times_are_read_in_the_zone_unless_they_bear_an_offset() -> None:
    assert parse_time("2026-07-01", MADRID) == madrid("2026-07-01")
    assert parse_time("2026-07-01T00:00:00Z", MADRID) == madrid("2026-07-01T02:00")
    assert parse_time(" 1700000000 ", MADRID) == 1_700_000_000
    with pytest.raises(ValueError, match="is no time; write 2026-11-21"):
        parse_time("yesterday", MADRID)


def test_times_are_written_in_iso_8601() -> None:
    at = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
    assert iso(at) == "2026-07-01T00:00:00Z"
    assert iso(at, MADRID) == "2026-07-01T02:00:00+02:00"


# A year before


def local(text: str, zone: ZoneInfo = MADRID) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("since", "until", "then"),
    [
        ("2026-11-16", "2026-11-17", ("2025-11-16", "2025-11-17")),
        # ISO weeks by number: week 47, whichever dates it has.
        ("2026-11-16", "2026-11-23", ("2025-11-17", "2025-11-24")),
        # 2026 has a 53rd week, 2025 has not.
        ("2026-12-28", "2027-01-04", ("2025-12-22", "2025-12-29")),
        ("2024-02-01", "2024-03-01", ("2023-02-01", "2023-03-01")),
        ("2024-01-01", "2025-01-01", ("2023-01-01", "2024-01-01")),
        ("2024-02-29", "2024-03-01", ("2023-02-28", "2023-03-01")),
        ("2026-11-16T10:30", "2026-11-18T12:00", ("2025-11-16T10:30", "2025-11-18T12:00")),
        # What only ends on leap day is as long as now, what lies in it is of the day before.
        ("2024-02-28T13:00", "2024-02-29T12:00", ("2023-02-28T13:00", "2023-03-01T12:00")),
        ("2024-02-22", "2024-02-29", ("2023-02-22", "2023-03-01")),
        ("2024-02-29T01:00", "2024-02-29T02:00", ("2023-02-28T01:00", "2023-02-28T02:00")),
    ],
)
def test_the_same_period_a_year_before(since: str, until: str, then: tuple[str, str]) -> None:
    found = year_before(Window(local(since), local(until)), MADRID)
    assert found == Window(local(then[0]), local(then[1]))


def test_an_hour_that_the_clock_showed_twice_is_an_hour_a_year_before() -> None:
    twice = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp())
    then = local("2025-10-25T02:30")
    assert year_before(Window(twice, twice + 3600), MADRID) == Window(then, then + 3600)


def test_the_period_before_a_year_is_the_year_before_leap_day_or_not() -> None:
    found = before(Window(local("2025-01-01"), local("2026-01-01")), MADRID)
    assert found == Window(local("2024-01-01"), local("2025-01-01"))
