"""Beside a count that fired it is told, and drawn, how many are usual at this time of day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging, telling
from alerts.message import Message
from alerts.rules import Look, Rule, RuleOptions
from alerts.usual import SHOWN
from storage import outbox
from storage.alerting import AlertEvent
from storage.mention import KeptPost, Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
HOUR, DAY = 3600, 86_400
NOW = 1_790_000_000 // DAY * DAY + 12 * HOUR
ELSEWHERE = Source("elsewhere", "feeds")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


def said(days: int, but: tuple[int, ...] = ()) -> list[KeptPost]:
    """Two posts an hour, seven in the hour before noon; on some days ago ten more."""
    many = {NOW - HOUR - day * DAY: 10 for day in but}
    return [
        post(f"{at} {n}", at + n * 60)
        for at in range(NOW - days * DAY, NOW - HOUR, HOUR)
        for n in range((7 if at % DAY == 11 * HOUR else 2) + many.get(at, 0))
    ]


def flood() -> list[KeptPost]:
    return [post(f"flood {n}", NOW - HOUR + n * 70) for n in range(50)]


def fired(store: SqliteStore, days: int = 35, when: str = "mentions >= 30", **options: object) -> AlertEvent:
    store.commit(page([*said(days), *flood()], (NOW - days * DAY, NOW)))
    return judged(store, when, **options)


def judged(store: SqliteStore, when: str = "mentions >= 30", **options: object) -> AlertEvent:
    rule = Rule.of(RuleOptions.model_validate({"name": "busy", "when": when, **options}), "Acme")
    found = judging.look(Look(store, BRANDS, UTC, NOW), [rule])
    with store.writing() as db:
        (event,) = judging.write(db, found, NOW)
    return event


def message(store: SqliteStore) -> Message:
    with store.writing() as db:
        row = outbox.claim(db, "console", NOW)
    assert row is not None
    made = telling.to_send(row, store, UTC, None)
    assert isinstance(made, Message)
    return made


@pytest.mark.parametrize("when", ["mentions >= 30", "mentions rises by 100%"])
def test_the_message_says_what_is_usual_at_this_hour_and_draws_two_days(
    store: SqliteStore, when: str
) -> None:
    event = fired(store, when=when)
    assert event.numbers["usual"] == (7, 7)
    shown = message(store)
    assert ("Usually", "7 at this time of day") in [(one.name, one.value) for one in shown.facts]
    assert shown.chart is not None
    assert len(shown.chart.values) == SHOWN
    assert shown.chart.values[-2:] == (2, 50)
    assert shown.chart.png.startswith(b"\x89PNG")
    assert "Expected: 7" in shown.chart.alt
    assert "points" not in (shown.data or {})


def test_a_rare_day_is_not_usual_and_one_in_five_is(store: SqliteStore) -> None:
    posts = [*said(35, (3, 9)), *flood()]
    store.commit(page(posts, (NOW - 35 * DAY, NOW)))
    assert judged(store).numbers["usual"] == (7, 7)


def test_one_day_in_five_widens_it(store: SqliteStore) -> None:
    posts = [*said(35, (3, 6, 9, 12, 15, 18)), *flood()]
    store.commit(page(posts, (NOW - 35 * DAY, NOW)))
    assert judged(store).numbers["usual"] == (7, 17)


def test_a_longer_window_is_compared_with_windows_as_long(store: SqliteStore) -> None:
    assert fired(store, over="3h").numbers["usual"] == (11, 11)


@pytest.mark.parametrize(
    ("days", "options"),
    [(6, {}), (35, {"over": "10m"}), (35, {"over": "7d"})],
    ids=["too few days", "less than a quarter hour", "more than a day"],
)
def test_where_nothing_can_be_called_usual_nothing_is(
    store: SqliteStore, days: int, options: dict[str, object]
) -> None:
    event = fired(store, days, **({"when": "mentions >= 1"} | options))  # type: ignore[arg-type]
    assert "usual" not in event.numbers
    assert message(store).chart is None


def test_days_that_were_not_heard_are_no_days_without_mentions(store: SqliteStore) -> None:
    store.commit(page(said(35)[: len(said(35)) // 2], (NOW - 35 * DAY, NOW - 20 * DAY)))
    store.commit(page(flood(), (NOW - 9 * DAY, NOW)))
    # Nine days heard without a mention, and eight with some: those between count for nothing.
    low, high = judged(store).numbers["usual"]  # type: ignore[misc]
    assert (low, high) == (0, 7)


def test_a_source_that_is_new_makes_nothing_unusual(store: SqliteStore) -> None:
    store.register(BRANDS, [HACKERNEWS, ELSEWHERE])
    store.commit(page([], (NOW - DAY, NOW), source=ELSEWHERE))
    assert "usual" not in fired(store).numbers


def test_a_share_has_no_usual_count(store: SqliteStore) -> None:
    assert "usual" not in fired(store, when="positive_share < 30%", min_n=1).numbers
