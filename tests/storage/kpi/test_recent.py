"""Counts at hand are those of the facts, whatever came since; and what is changed is counted anew."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pages import ACME, BRANDS, HACKERNEWS, page, post

from storage.base import Row
from storage.calendar import Window
from storage.kpi import KPIS, Ask, Gathered, KpiValue, compute
from storage.kpi.recent import REACH, Recent
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_017
HOUR = 3600
NAMES = ("mentions", "share_of_voice", "negative_share", "net_sentiment")


class Counting:
    """A store that writes down what is asked of it."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Any = ()) -> list[Row]:
        self.asked.append(sql)
        return self._store.rows(sql, parameters)

    def counted(self, after: int = 0) -> int:
        """How often mentions were counted."""
        return sum("FROM mentions" in sql and "count(*)" in sql for sql in self.asked[after:])


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    store.register(BRANDS, [HACKERNEWS])
    rng = random.Random(3)
    labels = ("negative", "neutral", "positive")
    posts = [
        post(
            f"p{n}",
            NOW - rng.randrange(2 * HOUR),
            rng.choice(labels),
            brands=rng.choice(([ACME.name], [BRANDS[1].name])),
        )
        for n in range(200)
    ]
    store.commit(page(posts, (NOW - 4 * HOUR, NOW)))
    return store


def values(store: Any, now: int, recent: Recent | None, live_only: bool = False) -> list[KpiValue]:
    gathered = Gathered(store, 8, recent, now - REACH)
    ask = Ask(Window(now - HOUR, now), now, UTC, BRANDS, strict=True, live_only=live_only)
    return compute(store, [KPIS[name] for name in NAMES], ask, gathered)


@pytest.mark.parametrize("live_only", [False, True])
def test_a_window_that_slides_over_what_comes_is_that_of_the_facts(
    filled: SqliteStore, live_only: bool
) -> None:
    recent = Recent()
    rng = random.Random(4)
    for step in range(12):
        now = NOW + 97 * step
        # One that comes late, one that is of this moment, and one that no rule may fire by.
        late = post(f"l{step}", now - rng.randrange(HOUR), "negative")
        history = replace(page([post(f"h{step}", now - 30, "positive")], None), live=False)
        filled.commit(page([late, post(f"n{step}", now - 1)], (NOW, now)))
        filled.commit(history)
        assert values(filled, now, recent, live_only) == values(filled, now, None, live_only)


def test_the_minutes_are_counted_once_however_often_is_asked(filled: SqliteStore) -> None:
    recent, counting = Recent(), Counting(filled)
    values(counting, NOW, recent)
    first, asked = counting.counted(), len(counting.asked)
    filled.commit(page([post("new", NOW)], (NOW, NOW + 1)))
    values(counting, NOW + 1, recent)
    whole = [sql for sql in counting.asked[asked:] if "published_at / 60" in sql and "post_id > ?" not in sql]
    assert first > 0
    assert whole == [], "only what is new, and the seconds beside the minutes"


def test_what_was_edited_is_counted_anew_when_it_is_to_forget(filled: SqliteStore) -> None:
    recent = Recent()
    before = values(filled, NOW, recent)
    with filled.writing() as db:
        assert db.run("UPDATE mentions SET label = -1, p_negative = 0.9, p_positive = 0.05") == 200
    # This is why whoever changes what is kept must say so.
    assert values(filled, NOW, recent)[0] == before[0]
    recent.forget()
    after = values(filled, NOW, recent)
    assert after == values(filled, NOW, None)
    assert after[2] != before[2]


def test_what_is_changed_while_it_is_counted_is_counted_again(filled: SqliteStore) -> None:
    recent = Recent()

    class Changing(Counting):
        def rows(self, sql: str, parameters: Any = ()) -> list[Row]:
            found = super().rows(sql, parameters)
            if "published_at / 60" in sql and not changed:
                changed.append(True)
                with filled.writing() as db:
                    db.run("UPDATE mentions SET label = -1")
                recent.forget()
            return found

    changed: list[bool] = []
    values(Changing(filled), NOW, recent)
    assert changed
    assert values(filled, NOW, recent) == values(filled, NOW, None)


def test_what_comes_while_the_past_is_counted_is_counted_once(filled: SqliteStore) -> None:
    recent = Recent()

    class Coming(Counting):
        def rows(self, sql: str, parameters: Any = ()) -> list[Row]:
            if "published_at / 60" in sql and not came:
                came.append(True)
                filled.commit(page([post("meanwhile", NOW - 300)], (NOW, NOW + 1)))
            return super().rows(sql, parameters)

    came: list[bool] = []
    values(Coming(filled), NOW, recent)
    assert came
    assert values(filled, NOW, recent) == values(filled, NOW, None)


def test_a_window_of_long_ago_is_not_kept_at_hand(filled: SqliteStore) -> None:
    recent, counting = Recent(), Counting(filled)
    gathered = Gathered(counting, 8, recent, NOW - REACH)
    old = Window(NOW - 7 * 24 * HOUR, NOW - 7 * 24 * HOUR + HOUR)
    compute(counting, [KPIS["mentions"]], Ask(old, NOW, UTC, BRANDS), gathered)
    assert not any("published_at / 60" in sql for sql in counting.asked)


def test_brands_asked_one_by_one_are_counted_together(filled: SqliteStore) -> None:
    counting = Counting(filled)
    gathered = Gathered(counting)
    for brand in BRANDS:
        ask = Ask(Window(NOW - HOUR, NOW), NOW, UTC, BRANDS, (brand.name,))
        compute(counting, [KPIS["mentions"]], ask, gathered)
    assert counting.counted() == 1
