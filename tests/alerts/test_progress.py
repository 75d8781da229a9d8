"""How far a goal has come: the share of the way in either direction, the pace, the newest window, due reviews."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.goals import Goal
from alerts.progress import REVIEW, latest, measure, progress, review_due, wrong_way
from storage.calendar import Window, parse_time, start_of
from storage.desk import reviews
from storage.kpi import KPIS
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
MADRID = ZoneInfo("Europe/Madrid")
DAY = 86_400
# 100 days from the end of the baseline to the deadline.
GOAL = Goal("more", "mentions", "Acme", 200.0, date(2027, 2, 8), "ana", date(2026, 10, 1), date(2026, 11, 1))
START = start_of(date(2026, 11, 1), "day", UTC)


def stand(target: float, baseline: float | None, current: float | None, day: int = 50, better: str = "up"):  # type: ignore[no-untyped-def]
    return progress(replace(GOAL, target=target), better, baseline, current, START + day * DAY, UTC)


@pytest.mark.parametrize(
    ("target", "baseline", "current", "day", "way", "pace"),
    [
        (200, 100, 150, 50, 0.5, "on pace"),
        (200, 100, 149, 50, 0.49, "behind"),
        (200, 100, 90, 50, -0.1, "behind"),
        (200, 100, 200, 50, 1.0, "reached"),
        (200, 100, 260, 50, 1.6, "reached"),
        (200, 100, 199, 100, 0.99, "missed"),
        # Better is less: from 40 % to 20 %.
        (0.2, 0.4, 0.3, 50, 0.5, "on pace"),
        (0.2, 0.4, 0.35, 50, 0.25, "behind"),
        (0.2, 0.4, 0.5, 50, -0.5, "behind"),
        (0.2, 0.4, 0.2, 50, 1.0, "reached"),
        (0.2, 0.4, 0.1, 50, 1.5, "reached"),
    ],
)
def test_the_way_runs_from_baseline_to_target_whichever_is_greater(
    target: float, baseline: float, current: float, day: int, way: float, pace: str
) -> None:
    found = stand(target, baseline, current, day)
    assert found.way == pytest.approx(way)
    assert found.pace == pace
    assert found.elapsed == pytest.approx(day / 100)


def test_what_is_to_be_held_has_no_way_and_is_reached_or_not() -> None:
    for better, current, pace in (("up", 101, "reached"), ("up", 99, "behind"), ("down", 99, "reached")):
        found = stand(100, 100, current, better=better)
        assert (found.way, found.pace) == (None, pace)
    assert stand(100, 100, 101, better="down").pace == "behind"


def test_without_a_value_there_is_no_way() -> None:
    for baseline, current in ((None, 5), (5, None)):
        found = stand(10, baseline, current)
        assert (found.way, found.expected, found.pace) == (None, None, "no value")


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(0, 1), st.integers(0, 99))
def test_turning_up_and_down_round_changes_nothing(a: float, b: float, part: float, day: int) -> None:
    if abs(a - b) < 1e-3:
        return
    current = a + part * (b - a)
    one, other = stand(b, a, current, day), stand(-b, -a, -current, day)
    assert one.way == pytest.approx(other.way)
    assert one.pace == other.pace
    assert one.expected == pytest.approx(-other.expected)


def test_a_target_that_makes_it_worse_is_seen() -> None:
    up, down = (replace(KPIS["mentions"], better=better) for better in ("up", "down"))
    assert wrong_way(up, 5, 10) and not wrong_way(up, 15, 10)
    assert wrong_way(down, 15, 10) and not wrong_way(down, 5, 10)
    assert not wrong_way(replace(up, better="neither"), 5, 10)


@pytest.mark.parametrize(
    ("since", "until", "now", "first", "end"),
    [
        # A month: the last whole one, of another length.
        (date(2026, 1, 1), date(2026, 2, 1), "2026-03-15T12:00", date(2026, 2, 1), date(2026, 3, 1)),
        (date(2026, 11, 2), date(2026, 11, 9), "2026-11-25T12:00", date(2026, 11, 16), date(2026, 11, 23)),
        # Ten days, over the end of summer time.
        (date(2026, 10, 1), date(2026, 10, 11), "2026-10-30T12:00", date(2026, 10, 20), date(2026, 10, 30)),
        (date(2026, 10, 1), date(2026, 10, 11), "2026-10-30T00:00", date(2026, 10, 20), date(2026, 10, 30)),
    ],
)
def test_now_is_the_newest_window_that_compares(
    since: date, until: date, now: str, first: date, end: date
) -> None:
    baseline = Window(start_of(since, "day", MADRID), start_of(until, "day", MADRID))
    found = latest(baseline, parse_time(now, MADRID), MADRID)
    assert found == Window(start_of(first, "day", MADRID), start_of(end, "day", MADRID))


def test_a_review_is_due_at_half_time_at_the_end_and_after_half_a_year() -> None:
    half, end = START + 50 * DAY, START + 100 * DAY
    assert review_due(GOAL, None, half - 1, UTC) is None
    assert review_due(GOAL, None, half, UTC) == "half of its time is over"
    assert review_due(GOAL, half, half + DAY, UTC) is None
    assert review_due(GOAL, half, end, UTC) == "its deadline has passed"
    assert review_due(GOAL, end, end + DAY, UTC) is None
    assert review_due(GOAL, end, end + REVIEW, UTC) == "nobody has reviewed it for half a year"
    long = replace(GOAL, by=date(2030, 1, 1))
    assert review_due(long, None, START + REVIEW - 1, UTC) is None
    assert review_due(long, None, START + REVIEW, UTC) == "nobody has reviewed it for half a year"


def heard(store: SqliteStore, name: str, since: int, until: int, days: dict[int, int]) -> None:
    posts = [
        KeptPost(f"{name}{day}-{n}", "acme", START + day * DAY + n, START, mentions=(Mention("Acme"),))
        for day, count in days.items()
        for n in range(count)
    ]
    store.commit(Kept(Source(name, "feeds"), posts, None, Heard(since, until), True))


def test_a_goal_is_measured_on_the_store(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "listener.db")
    heard(store, "news", START - 31 * DAY, START + 40 * DAY, {-10: 4, 10: 7, 35: 1})
    # Heard only in the baseline.
    heard(store, "gone", START - 31 * DAY, START, {-5: 6})
    brands = (Brand("Acme"),)
    goal = replace(GOAL, target=30.0)
    (found,) = measure(store, [goal], brands, START + 33 * DAY, UTC)
    assert (found.baseline.value, found.current and found.current.value) == (10, 7)
    assert found.progress.way == pytest.approx(-3 / 20)
    assert found.unlike == ("gone",)
    assert found.review is None and found.due is None
    # One source alone, which was heard throughout.
    (alone,) = measure(store, [replace(goal, source="news")], brands, START + 33 * DAY, UTC)
    assert (alone.baseline.value, alone.current and alone.current.value, alone.unlike) == (4, 7, ())
    # In the month after the baseline, no month has ended since.
    (early,) = measure(store, [goal], brands, START + 5 * DAY, UTC)
    assert (early.current, early.progress.pace) == (None, "too early")
    with store.writing() as db:
        reviews.record(db, "more", by="ana", note="keep it", now=START + 60 * DAY)
    (reviewed,) = measure(store, [goal], brands, START + 70 * DAY, UTC)
    assert reviewed.review == reviews.Review(START + 60 * DAY, "ana", "keep it")
    assert reviewed.due is None
    assert reviewed.to_json(UTC)["reviewed_at"] == "2026-12-31T00:00:00Z"
    store.close()
