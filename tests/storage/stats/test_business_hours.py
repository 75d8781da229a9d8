"""Business hours against the clock on the wall, minute by minute; hours that are skipped and doubled; holidays."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.stats.business_hours import (
    BusinessHours,
    OpenTime,
    open_seconds,
    open_spans,
    parse_days,
    parse_hours,
    parse_week,
)

HOUR = 3600
MADRID = ZoneInfo("Europe/Madrid")
ZONES = [
    "Europe/Madrid",
    "UTC",
    "Asia/Kathmandu",  # three quarters of an hour off
    "Australia/Lord_Howe",  # sets its clock by half an hour
    "America/Havana",  # sets it at midnight
    "America/Santiago",
    "Pacific/Apia",  # skipped the whole of 30 December 2011
]
OFFICE = {"mon-fri": "09:00-18:00"}


def plan(week: dict[str, str], zone: str = "Europe/Madrid") -> BusinessHours:
    return BusinessHours(ZoneInfo(zone), parse_week(week))


def never(_: date) -> bool:
    return False


def at(text: str, zone: str = "Europe/Madrid", fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def between(week: dict[str, str], since: str, until: str, zone: str = "Europe/Madrid") -> int:
    return open_seconds(plan(week, zone), at(since, zone), at(until, zone), never)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-11-20T17:30", "2026-11-23T09:30", HOUR),  # Friday evening to Monday morning
        ("2026-11-23T10:00", "2026-11-23T10:00", 0),
        ("2026-11-23T10:00", "2026-11-23T10:00:01", 1),
        ("2026-11-23T08:00", "2026-11-23T19:00", 9 * HOUR),
        ("2026-11-21T09:00", "2026-11-22T18:00", 0),  # a weekend
        ("2026-11-23T18:00", "2026-11-24T09:00", 0),  # the end is not open any more
        ("2026-11-23T17:59:59", "2026-11-24T09:00:01", 2),
        ("2026-11-24T10:00", "2026-11-23T10:00", 0),  # turned round
        ("2026-11-02T00:00", "2026-12-07T00:00", 25 * 9 * HOUR),
    ],
)
def test_by_hand(since: str, until: str, expected: int) -> None:
    assert between(OFFICE, since, until) == expected


def test_a_break_at_noon_is_closed() -> None:
    week = {"mon": "16:00-19:00, 09:00-14:00"}
    assert between(week, "2026-11-23T13:00", "2026-11-23T17:00") == 2 * HOUR
    assert between(week, "2026-11-23T00:00", "2026-11-24T00:00") == 8 * HOUR


@pytest.mark.parametrize(
    ("day", "hours", "expected"),
    [
        ("2026-03-29", "00:00-24:00", 23 * HOUR),  # 02:00 to 03:00 is skipped
        ("2026-10-25", "00:00-24:00", 25 * HOUR),  # and comes twice
        ("2026-03-29", "01:00-04:00", 2 * HOUR),
        ("2026-10-25", "01:00-04:00", 4 * HOUR),
        ("2026-03-29", "02:15-02:45", 0),
        ("2026-10-25", "02:15-02:45", HOUR),
        ("2026-03-29", "09:00-18:00", 9 * HOUR),
        ("2026-10-25", "09:00-18:00", 9 * HOUR),
    ],
)
def test_when_the_clock_is_set_the_time_that_really_passes_counts(
    day: str, hours: str, expected: int
) -> None:
    begin = at(f"{day}T00:00")
    assert open_seconds(plan({"sun": hours}), begin - HOUR, begin + 26 * HOUR, never) == expected


def test_of_a_doubled_hour_both_are_open_and_told_apart() -> None:
    week, first, second = {"sun": "02:00-03:00"}, at("2026-10-25T02:30"), at("2026-10-25T02:30", fold=1)
    assert second - first == HOUR
    assert open_seconds(plan(week), first, second, never) == HOUR
    assert [*open_spans(plan(week), first, second, never)] == [(first, first + 1800), (first + 1800, second)]


def test_a_day_that_a_zone_left_out_is_not_open() -> None:
    assert between({"fri": "00:00-24:00"}, "2011-12-29T00:00", "2012-01-01T00:00", "Pacific/Apia") == 0
    assert (
        between({"thu": "00:00-24:00"}, "2011-12-29T00:00", "2012-01-01T00:00", "Pacific/Apia") == 24 * HOUR
    )


def test_the_zone_of_the_plan_decides_not_that_of_the_question() -> None:
    tokyo = plan(OFFICE, "Asia/Tokyo")
    assert (
        open_seconds(tokyo, at("2026-11-23T00:00", "UTC"), at("2026-11-23T10:00", "UTC"), never) == 9 * HOUR
    )


def test_a_holiday_is_closed_by_its_local_day() -> None:
    def closed(day: date) -> bool:
        return day == date(2026, 11, 24)

    office = plan(OFFICE)
    since, until = at("2026-11-23T17:00"), at("2026-11-25T10:00")
    assert open_seconds(office, since, until, closed) == 2 * HOUR
    assert open_seconds(office, since, until, never) == 11 * HOUR
    # Half past midnight in Madrid is still the day before in UTC.
    night = plan({"mon-sun": "00:00-24:00"})
    assert open_seconds(night, at("2026-11-24T00:30"), at("2026-11-24T23:30"), closed) == 0
    assert open_seconds(night, at("2026-11-23T23:30"), at("2026-11-25T00:30"), closed) == HOUR


# Against the clock on the wall

MINUTES = st.integers(0, 4 * 24 * 60)
CHANGES = [  # a day before a clock is set, in each zone at least once
    "2026-03-28T00:00+00:00",
    "2026-10-24T00:00+00:00",
    "2026-04-04T00:00+00:00",
    "2026-10-03T00:00+00:00",
    "2026-03-07T00:00+00:00",
    "2026-10-31T00:00+00:00",
    "2026-09-05T00:00+00:00",
    "2011-12-29T00:00+00:00",
    "2026-06-10T00:00+00:00",
]


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, str]:
    week = {}
    for day in draw(
        st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, unique=True)
    ):
        edges = sorted(draw(st.lists(st.integers(0, 24 * 60), min_size=2, max_size=4, unique=True)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        week[day] = ",".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs)
    return week


def by_the_wall(hours: BusinessHours, since: int, until: int, holiday: date) -> int:
    found = 0
    for moment in range(since, until, 60):
        local = datetime.fromtimestamp(moment, hours.zone)
        of_day = local.hour * 3600 + local.minute * 60
        open_ = any(begin <= of_day < end for begin, end in hours.week[local.weekday()])
        found += 60 * (open_ and local.date() != holiday)
    return found


@given(weeks(), st.sampled_from(ZONES), st.sampled_from(CHANGES), MINUTES, MINUTES)
def test_it_equals_a_look_at_the_wall_every_minute(
    week: dict[str, str], zone: str, start: str, one: int, other: int
) -> None:
    hours, base = plan(week, zone), int(datetime.fromisoformat(start).timestamp())
    since, until = base + 60 * min(one, other), base + 60 * max(one, other)
    holiday = date(2026, 10, 26)
    expected = by_the_wall(hours, since, until, holiday)
    assert open_seconds(hours, since, until, lambda day: day == holiday) == expected
    added = OpenTime(hours, base, base + 5 * 24 * HOUR, lambda day: day == holiday)
    assert added.between(since, until) == expected


@given(
    weeks(),
    st.sampled_from(ZONES),
    st.sampled_from(CHANGES),
    st.lists(st.integers(0, 9 * 24 * HOUR), min_size=3, max_size=3),
)
def test_adjacent_stretches_add_up_and_none_is_longer_than_it_lasts(
    week: dict[str, str], zone: str, start: str, seconds: list[int]
) -> None:
    hours, base = plan(week, zone), int(datetime.fromisoformat(start).timestamp())
    a, b, c = (base + s for s in sorted(seconds))
    parts = [open_seconds(hours, *ends, never) for ends in ((a, b), (b, c), (a, c), (b, b))]
    assert parts[0] + parts[1] == parts[2]
    assert parts[3] == 0
    assert 0 <= parts[2] <= c - a
    added = OpenTime(hours, a, c, never)
    assert [added.between(a, b), added.between(b, c), added.between(b, b)] == [parts[0], parts[1], 0]


def test_spans_are_in_order_and_apart() -> None:
    found = [
        *open_spans(
            plan({"mon-sun": "00:00-12:00,12:00-24:00"}),
            at("2026-03-27T05:00"),
            at("2026-10-27T05:00"),
            never,
        )
    ]
    assert found == sorted(found)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(found))


# Reading a plan


def test_days_and_hours_as_people_write_them() -> None:
    assert parse_days("mon-fri") == [0, 1, 2, 3, 4]
    assert parse_days("Sat-Mon") == [5, 6, 0]
    assert parse_days("mon, wed , sun") == [0, 2, 6]
    assert parse_days("tue-tue") == [1]
    assert parse_hours("9:00 - 18:30") == ((9 * HOUR, 18 * HOUR + 1800),)
    assert parse_hours("00:00-24:00") == ((0, 24 * HOUR),)
    assert parse_week({"sat": "10:00-14:00"}) == ((), (), (), (), (), ((10 * HOUR, 14 * HOUR),), ())


@pytest.mark.parametrize(
    ("week", "says"),
    [
        ({"lunes": "09:00-18:00"}, "there is no day 'lunes'; days are mon, tue, wed"),
        ({"mon-": "09:00-18:00"}, "there is no day ''"),
        ({"mon": "9-18"}, "'9-18' is no time of opening; write hours and minutes, as in 09:00-18:00"),
        ({"mon": "09:00-25:00"}, "the last one is 24:00"),
        ({"mon": "24:00-24:30"}, "the last one is 24:00"),
        ({"mon": "09:60-18:00"}, "is no time of a day"),
        ({"mon": "18:00-09:00"}, "ends before it begins; hours over midnight stand on both days"),
        ({"mon": "09:00-09:00"}, "ends before it begins"),
        ({"mon": "09:00-14:00, 13:00-18:00"}, "overlaps itself"),
        ({"mon": ""}, "is no time of opening"),
        ({"mon-fri": "09:00-18:00", "wed": "10:00-12:00"}, "wed: stands twice"),
        ({}, "is never open"),
    ],
)
def test_a_wrong_plan_says_what_to_write(week: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_week(week)


def test_all_mistakes_of_a_plan_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"lunes.*; .*9-18"):
        parse_week({"lunes": "09:00-18:00", "tue": "9-18"})
