"""Quiet hours by the clock on the wall: over both changes of the clock, odd zones, leap days and holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.routing.quiet import LONGEST, QuietHours, loud_from, parse_time
from storage import public_holidays

MADRID = ZoneInfo("Europe/Madrid")
ZONES = [
    MADRID,
    ZoneInfo("UTC"),
    ZoneInfo("Asia/Kolkata"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("America/Havana"),
    ZoneInfo("Asia/Tehran"),
    ZoneInfo("Asia/Kathmandu"),
]
NIGHT = QuietHours(MADRID, 22 * 3600, 8 * 3600)


def at(text: str, zone: ZoneInfo = MADRID, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp())


def is_quiet(quiet: list[QuietHours], severity: str, moment: int) -> bool:
    return loud_from(quiet, severity, moment) > moment


def plainly_quiet(one: QuietHours, moment: int) -> bool:
    """The same said in another way: what the clock on the wall and the calendar beside it show."""
    wall = datetime.fromtimestamp(moment, one.zone)
    second, day = wall.hour * 3600 + wall.minute * 60 + wall.second, wall.date()
    if one.holidays is not None and public_holidays.is_holiday(one.holidays, day):
        return True
    today, yesterday = day.weekday() in one.days, (day.weekday() - 1) % 7 in one.days
    if one.since < one.until:
        return today and one.since <= second < one.until
    return (today and second >= one.since) or (yesterday and second < one.until)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-27T21:59:59", "2026-11-27T21:59:59"),
        ("2026-11-27T22:00:00", "2026-11-28T08:00:00"),
        ("2026-11-28T07:59:59", "2026-11-28T08:00:00"),
        ("2026-11-28T08:00:00", "2026-11-28T08:00:00"),
        # The night in which the clock is set back lasts an hour longer, that in spring an hour less.
        ("2026-10-24T22:00:00", "2026-10-25T08:00:00"),
        ("2027-03-27T22:00:00", "2027-03-28T08:00:00"),
        ("2028-02-28T23:00:00", "2028-02-29T08:00:00"),
        ("2028-02-29T23:00:00", "2028-03-01T08:00:00"),
    ],
)
def test_what_waits_is_told_when_the_night_is_over(now: str, then: str) -> None:
    assert loud_from([NIGHT], "warning", at(now)) == at(then)
    assert loud_from([NIGHT], "critical", at(now)) == at(now)


def test_nights_over_a_change_of_the_clock_last_as_long_as_they_do() -> None:
    nights = [at(f"{day}T22:00:00") for day in ("2026-10-24", "2027-03-27", "2026-11-02")]
    assert [loud_from([NIGHT], "info", night) - night for night in nights] == [11 * 3600, 9 * 3600, 10 * 3600]


def test_an_hour_that_is_shown_twice_is_quiet_twice() -> None:
    early = QuietHours(MADRID, 2 * 3600, 3 * 3600)
    first, second = at("2026-10-25T02:30:00"), at("2026-10-25T02:30:00", fold=1)
    assert second - first == 3600
    assert (
        loud_from([early], "info", first) == loud_from([early], "info", second) == at("2026-10-25T03:00:00")
    )
    # In spring that hour is not there at all.
    assert not is_quiet([early], "info", at("2027-03-28T03:00:00"))


def test_holidays_are_quiet_all_day_and_join_the_nights_around_them() -> None:
    spanish = QuietHours(MADRID, 22 * 3600, 8 * 3600, holidays="ES")
    # Epiphany falls on a Wednesday.
    assert loud_from([spanish], "info", at("2027-01-06T12:00:00")) == at("2027-01-07T08:00:00")
    assert loud_from([spanish], "critical", at("2027-01-06T12:00:00")) == at("2027-01-06T12:00:00")
    assert not is_quiet([NIGHT], "info", at("2027-01-06T12:00:00"))


def test_weekends_beside_nights() -> None:
    weekend = QuietHours(MADRID, 0, 86_400, frozenset([5, 6]))
    friday, monday = at("2026-11-27T23:00:00"), at("2026-11-30T08:00:00")
    assert loud_from([NIGHT, weekend], "warning", friday) == monday


def test_without_an_end_it_is_told_all_the_same() -> None:
    always = QuietHours(MADRID, 0, 86_400)
    assert loud_from([always], "info", 1_790_000_000) == 1_790_000_000 + LONGEST


@given(
    zone=st.sampled_from(ZONES),
    since=st.integers(0, 95),
    until=st.integers(0, 96),
    days=st.frozensets(st.integers(0, 6), min_size=1, max_size=5),
    holidays=st.sampled_from([None, "ES", "IR"]),
    moment=st.integers(at("2026-01-01T00:00:00"), at("2029-01-01T00:00:00")),
)
def test_it_is_the_first_moment_that_is_not_quiet(
    zone: ZoneInfo, since: int, until: int, days: frozenset[int], holidays: str | None, moment: int
) -> None:
    if since == until:
        return
    one = QuietHours(zone, since * 900, until * 900, days, holidays)
    then = loud_from([one], "info", moment)
    assert not plainly_quiet(one, then)
    assert then == moment or plainly_quiet(one, moment)
    # All of these zones set their clock at a multiple of five minutes.
    steps = [moment, *range(moment - moment % 300 + 300, then, 300), then - 1]
    assert all(plainly_quiet(one, step) for step in steps if moment <= step < then)


@given(
    moment=st.sampled_from([date(2026, 10, 25), date(2027, 3, 28), date(2027, 4, 4), date(2026, 10, 4)]),
    zone=st.sampled_from(ZONES),
    minutes=st.integers(-1440, 1440),
    since=st.integers(0, 1439),
    until=st.integers(0, 1439),
)
def test_around_the_changes_of_the_clock_to_the_minute(
    moment: date, zone: ZoneInfo, minutes: int, since: int, until: int
) -> None:
    if since == until:
        return
    one = QuietHours(zone, since * 60, until * 60)
    noon = datetime(moment.year, moment.month, moment.day, 12, tzinfo=zone)
    now = int((noon + timedelta(minutes=minutes)).timestamp())
    then = loud_from([one], "info", now)
    assert not plainly_quiet(one, then)
    assert all(plainly_quiet(one, step) for step in range(now, then, 60))


def test_times_of_day() -> None:
    assert [parse_time(text) for text in ("0:00", "22:30", "24:00")] == [0, 81_000, 86_400]
    for wrong in ("24:01", "8", "08:60", "noon", ""):
        with pytest.raises(ValueError, match="hours and minutes"):
            parse_time(wrong)
