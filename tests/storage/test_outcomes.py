"""Mentions and an outcome day by day: what is not known is None, what is annotated is left out of both."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

from keeping import DAY, HOUR, T0, UTC, keep, names, post

from storage import outcomes
from storage.calendar import Window
from storage.desk import annotations as notes
from storage.kpi import Ask
from storage.mention import Brand
from storage.outcomes import Daily
from storage.sqlite import SqliteStore

ASK = Ask(Window(T0 + HOUR, T0 + 6 * DAY + HOUR), T0 + 30 * DAY, UTC, (Brand("Acme"), Brand("Bolt")))


def filled(store: SqliteStore) -> None:
    posts = [post("1", T0 + DAY, names("Acme")), post("2", T0 + 2 * DAY, names("Acme"), names("Bolt"))]
    keep(store, posts, heard=(T0 - DAY, T0 + 4 * DAY))
    with store.writing() as db:
        rows = [("2023-11-16", 5.0), ("2023-11-18", 0.0), ("2023-11-21", 9.0)]
        db.run_many(
            "INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value) "
            "VALUES ((SELECT id FROM brands WHERE name = 'Acme'), 'ga4', 'sessions', ?, 'x', '', '', '', ?)",
            rows,
        )
        db.run_many(
            "INSERT INTO leads (brand_id, lead_id, created_at, network, campaign, stage, stage_at) "
            "VALUES ((SELECT id FROM brands WHERE name = 'Acme'), ?, ?, 'x', '', 'new', 0)",
            [("a", T0 + DAY), ("b", T0 + DAY + 5), ("c", T0 + 3 * DAY)],
        )


def test_days_are_whole_and_what_is_not_known_is_none(store: SqliteStore) -> None:
    filled(store)
    found = outcomes.daily(store, ASK, "Acme", "sessions")
    # The window begins an hour into the 15th: the 16th is the first whole day, the 20th the last.
    assert found.first == date(2023, 11, 16) and found.day(4) == date(2023, 11, 20)
    assert found.mentions == (1, 1, 0, None, None)
    assert found.outcome == (5.0, None, 0.0, None, None)


def test_between_the_first_and_the_last_lead_a_day_without_one_has_none(store: SqliteStore) -> None:
    filled(store)
    found = outcomes.daily(store, ASK, "Acme", "leads")
    assert found.outcome == (2.0, 0.0, 1.0, None, None)
    assert outcomes.daily(store, ASK, "Acme", "leads", ["facebook"]).outcome == (None,) * 5
    assert outcomes.daily(store, ASK, "Bolt", "leads").outcome == (None,) * 5


def test_annotations_of_the_brand_and_of_all_are_noted(store: SqliteStore) -> None:
    filled(store)
    with store.writing() as db:
        for day, brand in ((16, "Acme"), (17, "Bolt"), (18, None), (21, None)):
            notes.add(db, date(2023, 11, day), "x", brand=brand, by=None, now=1)
    assert outcomes.daily(store, ASK, "Acme", "sessions").annotated == {0, 2}


def test_a_window_without_a_whole_day_has_no_days(store: SqliteStore) -> None:
    filled(store)
    short = replace(ASK, window=Window(T0 + HOUR, T0 + 2 * HOUR))
    assert outcomes.daily(store, short, "Acme", "sessions").mentions == ()


def test_an_annotated_day_counts_neither_as_burst_nor_as_outcome() -> None:
    starts, rng = (40, 58, 83, 101, 122, 149), random.Random(2)
    mentions = tuple(90.0 if day in starts else 20.0 for day in range(180))
    # The day after each burst has a reason of its own.
    annotated = frozenset(start + 1 for start in starts)
    outcome = tuple(900.0 if day in annotated else rng.gauss(10, 1) for day in range(180))
    series = Daily(date(2026, 1, 1), mentions, outcome, annotated)
    (fooled, _), (told, adjusted) = outcomes.effects([replace(series, annotated=frozenset()), series], 3)
    assert fooled.verdict == "more" and fooled.bursts == starts
    assert told.verdict == "no detectable effect" and told.bursts == starts
    assert told.p is not None and adjusted == min(1.0, max(told.p, 2 * (fooled.p or 0)))
