"""Likes, shares, comments, all interactions, per post and in growth at equal age: by hand, and each NULL."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, post, value, values

from storage.calendar import Window
from storage.kpi import facts
from storage.kpi.aging import equal_age, ratio_interval
from storage.kpi.compare import NO_CHANGE
from storage.kpi.interactions import percentile
from storage.mention import Brand, Kept, Reading, Source
from storage.rollups.periods import Span, Unit
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + HOUR)
MASTODON = Source("mastodon", "mastodon")
ALL = (
    "likes",
    "shares",
    "comments",
    "interactions",
    "engagement_per_post",
    "posts_above",
    "interaction_growth",
)


def hear(store: SqliteStore, *sources: Source) -> None:
    for source in sources or (NEWS,):
        keep(store, [], source, heard=(T0 - 60 * DAY, T0 + 60 * DAY))


def read(store: SqliteStore, native_id: str, at: int, source: Source = NEWS, **counters: int) -> None:
    store.commit(Kept(source, [], readings=[Reading(native_id, at, counters)]))


def liked(store: SqliteStore, native_id: str, at: int, likes: int, *, after: int = 60) -> None:
    """A mention with so many likes, read `after` seconds."""
    keep(store, [post(native_id, at, names("Acme"))])
    read(store, native_id, at + after, likes=likes)


@pytest.fixture
def three(store: SqliteStore) -> SqliteStore:
    """One mention on Mastodon with 7 + 3 + 2 + 1, one on Hacker News with 5 + 4, one that nothing is known of."""
    hear(store, MASTODON, FORUM, NEWS)
    keep(store, [post("m", T0, names("Acme"))], MASTODON)
    read(store, "m", T0 + 60, MASTODON, likes=1, reposts=1, quotes=0, replies=0)
    read(store, "m", T0 + 90, MASTODON, likes=7, reposts=3, quotes=2, replies=1, views=1000)
    keep(store, [post("h", T0, names("Acme"))], FORUM)
    read(store, "h", T0 + 60, FORUM, points=5, comments=4)
    keep(store, [post("n", T0, names("Acme"))], NEWS)
    return store


@pytest.mark.parametrize(
    ("kpi", "expected", "n"),
    [
        ("likes", 12, 2),
        ("shares", 5, 1),
        ("comments", 5, 2),
        ("interactions", 25, 3),
        ("engagement_per_post", 11.0, 2),
    ],
)
def test_the_newest_readings_are_summed(three: SqliteStore, kpi: str, expected: float, n: int) -> None:
    found = value(three, kpi, WINDOW)
    assert (found.value, found.n) == (expected, n)


def test_the_components_are_named_by_network(three: SqliteStore) -> None:
    assert value(three, "interactions", WINDOW).more["components"] == {
        "mastodon": {"likes": ["likes"], "shares": ["quotes", "reposts"], "comments": ["replies"]},
        "forum": {"likes": ["points"], "comments": ["comments"]},
    }
    parts = {v.source: v.value for v in values(three, "likes", WINDOW, by=("source",))}
    assert parts == {"mastodon": 7, "forum": 5, "news": None}
    assert value(three, "likes", WINDOW).more["by_source"] == {"mastodon": 7, "forum": 5}


def test_a_counter_that_falls_is_read_as_it_is_now(store: SqliteStore) -> None:
    hear(store)
    liked(store, "1", T0, 9)
    read(store, "1", T0 + 120, likes=4)
    assert value(store, "likes", WINDOW).value == 4


def test_only_mentions_of_the_window_and_the_brand_count(store: SqliteStore) -> None:
    hear(store)
    liked(store, "1", T0, 5)
    liked(store, "2", T0 + HOUR, 7)
    keep(store, [post("3", T0, names("Bolt"))])
    read(store, "3", T0, likes=11)
    assert value(store, "likes", WINDOW).value == 5
    assert value(store, "likes", WINDOW, "Bolt").value == 11


def test_zero_is_a_number_and_unread_is_none(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"))])
    for kpi in ALL:
        assert value(store, kpi, WINDOW).reason == "no source that is heard tells such counters"
    read(store, "1", T0, likes=0, reposts=0, replies=0, views=9)
    assert [value(store, kpi, WINDOW).value for kpi in ("likes", "shares", "comments")] == [0, 0, 0]
    assert value(store, "engagement_per_post", WINDOW).value == 0


@pytest.mark.parametrize("kpi", ALL)
def test_nothing_heard_and_too_much(store: SqliteStore, kpi: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert value(store, kpi, WINDOW).reason == "no source heard"
    hear(store)
    liked(store, "1", T0, 5)
    monkeypatch.setattr(facts, "MOST", 0)
    # Sums come from a roll-up, but for those of a language; what hangs on each post is looked up.
    one_by_one = kpi in ("posts_above", "interaction_growth")
    found = value(store, kpi, WINDOW, by=() if one_by_one else ("language",))
    assert found.reason == "too many mentions in this window for their counters to be read one by one"


@pytest.mark.parametrize("kpi", ["likes", "shares", "comments", "interactions", "engagement_per_post"])
@pytest.mark.parametrize(
    "window", [(T0 - DAY, T0 + 3 * DAY), (T0, T0 + DAY), (T0 + HOUR, T0 + 2 * DAY + HOUR)]
)
def test_a_roll_up_and_the_readings_themselves_say_the_same(
    store: SqliteStore, kpi: str, window: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(store)
    for n in range(60):
        liked(store, str(n), T0 + n * HOUR, n)
        read(store, str(n), T0 + n * HOUR, reposts=n % 3, replies=n % 2)
        read(store, str(n), T0 + n * HOUR + 1, likes=2 * n)
    summed = value(store, kpi, window)
    monkeypatch.setattr(facts, "cover", lambda window, _: [Span(Unit.FACTS, window.since, window.until)])
    counted = value(store, kpi, window)
    assert (summed.value, summed.n, summed.more) == (counted.value, counted.n, counted.more)
    assert summed.value is not None


# Posts above a threshold


def test_posts_above_the_configured_threshold(store: SqliteStore) -> None:
    hear(store)
    for n, likes in enumerate((12, 10, 9)):
        liked(store, str(n), T0, likes)
    found = value(store, "posts_above", WINDOW, brands=(Brand("Acme", interaction_threshold=10),))
    assert (found.value, found.n) == (2, 3)
    assert (found.more["threshold"], found.more["threshold_is"]) == (10, "configuration")


def test_posts_above_the_90th_percentile_of_the_period_before(store: SqliteStore) -> None:
    hear(store)
    for n in range(1, 21):
        liked(store, f"b{n}", T0 - 1, n)
    for n, likes in enumerate((17, 18, 19)):
        liked(store, str(n), T0, likes)
    found = value(store, "posts_above", WINDOW)
    assert (found.value, found.more["threshold"]) == (2, 18)
    assert found.more["threshold_is"] == "90th percentile of the period before"


def test_a_threshold_of_nothing_is_one(store: SqliteStore) -> None:
    hear(store)
    for n in range(20):
        liked(store, f"b{n}", T0 - 1, 0)
    liked(store, "1", T0, 0)
    found = value(store, "posts_above", WINDOW)
    assert (found.value, found.more["threshold"]) == (0, 1)


def test_too_few_posts_before_give_no_threshold(store: SqliteStore) -> None:
    hear(store)
    for n in range(19):
        liked(store, f"b{n}", T0 - 1, n)
    liked(store, "1", T0, 99)
    assert (
        value(store, "posts_above", WINDOW).reason == "fewer than 20 posts with counters in the period before"
    )
    assert value(store, "posts_above", (T0 + HOUR, T0 + 2 * HOUR)).reason == (
        "no source that is heard tells such counters"
    )


@given(st.lists(st.integers(0, 30), min_size=1))
def test_the_percentile_is_the_nearest_rank(numbers: list[int]) -> None:
    found = percentile(numbers, 90)
    below, at_most = sum(x < found for x in numbers), sum(x <= found for x in numbers)
    assert below * 100 < 90 * len(numbers) <= at_most * 100


# Growth at equal age


def test_new_posts_are_not_weak_because_they_are_new(store: SqliteStore) -> None:
    hear(store)
    # Both get 4 likes in their first day; the old one has had a week to get 40.
    liked(store, "old", T0 - DAY, 4, after=3600)
    read(store, "old", T0 + 5 * DAY, likes=40)
    liked(store, "new", T0, 6, after=3600)
    window = (T0, T0 + DAY)
    found = value(store, "interaction_growth", window, now=T0 + 2 * DAY + 60)
    assert (found.value, found.n, found.more["age"], found.more["change"]) == (0.5, 1, DAY, 2)
    assert value(store, "likes", (T0 - DAY, T0)).value == 40
    # A week later both are read as they were when a week old.
    assert value(store, "interaction_growth", window, now=T0 + 9 * DAY).value == 6 / 40 - 1


def test_a_window_that_goes_on_is_cut_an_hour_ago_and_the_one_before_alike(store: SqliteStore) -> None:
    hear(store)
    liked(store, "b1", T0 - DAY, 4)
    liked(store, "b2", T0 - 60, 100)
    liked(store, "n1", T0, 6)
    liked(store, "n2", T0 + 12 * HOUR - 60, 100)
    found = value(store, "interaction_growth", (T0, T0 + DAY), now=T0 + 12 * HOUR)
    assert (found.value, found.more["age"]) == (0.5, HOUR)
    too_new = value(store, "interaction_growth", (T0, T0 + DAY), now=T0 + HOUR)
    assert (too_new.value, too_new.reason) == (None, "no post of this window is an hour old")


def test_posts_that_were_read_too_late_do_not_count(store: SqliteStore) -> None:
    hear(store)
    liked(store, "b", T0 - DAY, 4)
    liked(store, "n", T0, 6)
    liked(store, "late", T0, 1000, after=8 * DAY)
    found = value(store, "interaction_growth", (T0, T0 + DAY), now=T0 + 30 * DAY)
    assert (found.value, found.more["posts"], found.more["age"]) == (0.5, 1, 7 * DAY)


def test_growth_from_nothing_is_only_a_change(store: SqliteStore) -> None:
    hear(store)
    liked(store, "n", T0, 6)
    found = value(store, "interaction_growth", (T0, T0 + DAY))
    assert (found.value, found.reason, found.more["change"]) == (None, "none in the period before", 6)
    assert value(store, "interaction_growth", (T0, T0 + DAY), sources=("forum",)).more["change"] is None


def test_growth_needs_a_source_heard_in_both_periods(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 - HOUR, T0 + DAY))
    liked(store, "b", T0 - 60, 4)
    liked(store, "n", T0, 6)
    found = value(store, "interaction_growth", (T0, T0 + DAY))
    assert (found.value, found.reason) == (None, "no source heard for 90 % of both periods")
    assert found.more["change"] == 2


def test_few_posts_show_no_change_that_can_be_told_from_chance(store: SqliteStore) -> None:
    hear(store)
    liked(store, "b", T0 - DAY, 4)
    liked(store, "n", T0, 6)
    few = value(store, "interaction_growth", (T0, T0 + DAY))
    assert few.more["note"] == NO_CHANGE
    for n in range(40):
        liked(store, f"b{n}", T0 - DAY, 4)
        liked(store, f"n{n}", T0, 12)
    many = value(store, "interaction_growth", (T0, T0 + DAY))
    low, high = many.more["interval"]  # type: ignore[misc]
    assert "note" not in many.more and 0 < low < many.value < high  # type: ignore[operator]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (8 * DAY, (0, DAY, 0, 2 * DAY, 7 * DAY)),
        (2 * DAY, (0, DAY, 0, 2 * DAY, DAY)),
        (HOUR, (0, DAY, 0, 2 * DAY, HOUR)),
        (0, (0, DAY - HOUR, 0, 2 * (DAY - HOUR), HOUR)),
        (-DAY, (0, -HOUR, 0, 0, HOUR)),
    ],
)
def test_the_age_that_both_windows_have_reached(after: int, expected: tuple[int, ...]) -> None:
    window, earlier, age = equal_age(Window(0, DAY), Window(0, 2 * DAY), DAY + after)
    assert (window.since, window.until, earlier.since, earlier.until, age) == expected


def test_the_interval_of_a_ratio_by_hand() -> None:
    # Two sums of 100 posts with one interaction each: the standard error of log(1) is sqrt(1/100 + 1/100).
    low, high = ratio_interval([1] * 100, [1] * 100)  # type: ignore[misc]
    reach = 1.959964 * math.sqrt(2 / 100)
    assert (low, high) == pytest.approx((math.exp(-reach) - 1, math.exp(reach) - 1))
    assert ratio_interval([0, 0], [1]) is None and ratio_interval([1], []) is None
