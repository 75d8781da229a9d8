"""Beside a value: the period before and the same period a year before, over what was heard in both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, UTC, keep, names, post, tone

from storage.calendar import Window, year_before
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.kpi.compare import NO_CHANGE, compared
from storage.kpi.value import OVERLAPPING, Reading
from storage.mention import Brand, Mention
from storage.sqlite import SqliteStore

MONDAY = T0 - 2 * DAY
WEEK = Window(MONDAY, MONDAY + 7 * DAY)
LAST = Window(MONDAY - 7 * DAY, MONDAY)
YEAR = year_before(WEEK, UTC)
BRANDS = (Brand("Acme"), Brand("Bolt"))


def asked(store: SqliteStore, kpi: str, *by: str) -> KpiValue:
    ask = Ask(WEEK, WEEK.until, UTC, BRANDS, only=("Acme",), by=by, compare=True)
    return compute(store, [KPIS[kpi]], ask)[0]


def say(store: SqliteStore, window: Window, number: int, source: object = NEWS) -> None:
    posts = [post(f"{window.since}-{n}", window.since + n, names("Acme")) for n in range(number)]
    keep(store, posts, source, heard=(window.since, window.until))  # type: ignore[arg-type]


def test_a_count_beside_the_week_before_and_the_week_a_year_before(store: SqliteStore) -> None:
    for window, number in ((WEEK, 6), (LAST, 4), (YEAR, 0)):
        say(store, window, number)
    found = asked(store, "mentions")
    assert found.before is not None and found.year_before is not None
    assert (found.before.since, found.before.until) == (LAST.since, LAST.until)
    assert (found.before.value, found.before.then, found.before.change, found.before.growth) == (6, 4, 2, 0.5)
    # From nothing there is a change and no growth.
    then = found.year_before
    assert (then.since, then.then, then.change, then.growth, then.reason) == (YEAR.since, 0, 6, None, None)
    told = found.to_json(UTC)
    assert told["before"]["change"] == 2  # type: ignore[index]
    assert told["before"]["since"] == "2023-11-06T00:00:00Z"  # type: ignore[index]


def test_only_sources_heard_in_both_periods_are_compared(store: SqliteStore) -> None:
    say(store, WEEK, 6)
    say(store, LAST, 4)
    say(store, WEEK, 50, FORUM)
    found = asked(store, "mentions")
    assert found.value == 56
    assert found.before is not None
    assert (found.before.value, found.before.then, found.before.left_out) == (6, 4, ("forum",))


def test_nothing_is_compared_with_a_time_that_nobody_heard(store: SqliteStore) -> None:
    say(store, WEEK, 6)
    found = asked(store, "mentions")
    assert found.before is not None
    assert (found.before.change, found.before.reason) == (None, "no source heard for 90 % of both periods")


def test_tones_of_two_engines_are_not_compared(store: SqliteStore) -> None:
    for window, engine in ((WEEK, "new-2"), (LAST, "old-1")):
        mention = Mention("Acme", tone=tone("positive", engine=engine))
        keep(store, [post(str(window.since), window.since, mention)], heard=(window.since, window.until))
    found = asked(store, "positive_share")
    assert found.before is not None
    assert (found.before.change, found.before.reason) == (None, "the tone engine changed")
    mentions = asked(store, "mentions")
    assert mentions.before is not None
    assert mentions.before.change == 0


def test_without_being_asked_nothing_is_compared(store: SqliteStore) -> None:
    say(store, WEEK, 1)
    ask = Ask(WEEK, WEEK.until, UTC, BRANDS)
    found = compute(store, [KPIS["mentions"]], ask)[0]
    assert found.before is None
    assert "before" not in found.to_json()


def test_by_source_each_is_compared_by_itself(store: SqliteStore) -> None:
    say(store, WEEK, 6)
    say(store, LAST, 3)
    found = asked(store, "mentions", "source")
    assert found.before is not None
    assert (found.source, found.before.change) == ("news", 3)


# How sure a change is


def reading(value: float | None, *ends: float, n: int = 10) -> Reading:
    return Reading(value, n, None if value is not None else "none judged", {"interval": list(ends) or None})


def test_a_change_by_hand() -> None:
    found = compared(reading(0.5, 0.4, 0.6), reading(0.3, 0.25, 0.42), Window(0, HOUR), ())
    assert found.change == pytest.approx(0.2)
    assert found.growth == pytest.approx(0.2 / 0.3)
    # 0.2 - √(0.1² + 0.12²) and 0.2 + √(0.1² + 0.05²)
    assert found.interval == pytest.approx((0.0437950, 0.3118034))
    assert found.note is None


def test_a_change_that_chance_makes_too_says_so() -> None:
    found = compared(reading(0.5, 0.4, 0.6), reading(0.45, 0.3, 0.6), Window(0, HOUR), ())
    assert found.note == NO_CHANGE


def test_what_is_counted_exactly_has_no_interval_of_its_change() -> None:
    found = compared(Reading(5, 5), Reading(3, 3), Window(0, HOUR), ())
    assert (found.change, found.interval, found.note) == (2, None, None)


def test_what_cannot_be_told_is_not_compared() -> None:
    assert compared(reading(None), reading(0.3), Window(0, 1), ()).reason == "none judged"
    assert compared(reading(0.3), reading(None), Window(0, 1), ()).reason == "then: none judged"


shares = st.floats(0, 1)


@given(shares, shares, st.tuples(shares, shares, shares, shares))
def test_a_change_lies_inside_of_its_interval(a: float, b: float, ends: tuple[float, ...]) -> None:
    low, high, low_then, high_then = ends
    now = reading(a, min(a, low), max(a, high))
    then = reading(b, min(b, low_then), max(b, high_then))
    found = compared(now, then, Window(0, 1), ())
    assert found.interval is not None
    assert found.interval[0] <= a - b <= found.interval[1]
    assert (found.note == NO_CHANGE) == (found.interval[0] <= 0 <= found.interval[1])


def test_a_window_longer_than_a_year_is_not_compared_with_itself(store: SqliteStore) -> None:
    window = Window(T0 - 400 * DAY, T0)
    say(store, window, 6)
    found = compute(
        store, [KPIS["mentions"]], Ask(window, T0, UTC, BRANDS, only=("Acme",), by=(), compare=True)
    )[0]
    assert found.value == 6
    assert found.year_before is not None
    assert (found.year_before.then, found.year_before.change) == (None, None)
    assert found.year_before.reason == OVERLAPPING
    assert found.before is not None and found.before.reason != OVERLAPPING
