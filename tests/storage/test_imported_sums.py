"""Sums of imported numbers: units, networks and accounts apart, levels never summed, posts not counted twice."""

from __future__ import annotations

from datetime import date

import pytest
from keeping import DAY, T0

from storage import imported_sums
from storage.calendar import Window
from storage.imported_sums import Imported
from storage.sqlite import SqliteStore

FIRST, END = date(2026, 3, 2), date(2026, 3, 4)
ROWS = [
    # kind, metric, day, network, account, campaign, item, value, unit
    ("ga4", "sessions", "2026-03-02", "facebook", "", "spring26", "Organic Social", 10.0, None),
    ("ga4", "sessions", "2026-03-02", "facebook", "", "spring26", "Paid Social", 1.0, None),
    ("ga4", "sessions", "2026-03-03", "facebook", "", "spring26", "Organic Social", 5.0, None),
    ("ga4", "sessions", "2026-03-03", "x", "", "spring26", "Organic Social", 7.0, None),
    ("ga4", "sessions", "2026-03-04", "x", "", "spring26", "Organic Social", 100.0, None),
    ("ga4", "sessions", "2026-03-03", "x", "", "autumn", "Organic Social", 1000.0, None),
    ("ads", "spend", "2026-03-03", "x", "a1", "spring26", "", 3.5, "EUR"),
    ("ads", "spend", "2026-03-03", "x", "a1", "spring26", "post:9", 3.5, "USD"),
    ("native", "impressions", "2026-03-03", "x", "a1", "", "", 400.0, None),
    ("native", "impressions", "2026-03-03", "x", "a2", "", "", 50.0, None),
    ("native", "impressions", "2026-03-03", "x", "a1", "", "post:7", 300.0, None),
    ("native", "followers", "2026-03-02", "x", "a1", "", "", 90.0, None),
    ("native", "followers", "2026-03-03", "x", "a1", "", "", 95.0, None),
    ("gsc", "position", "2026-03-03", "google", "", "", "", 0.2, "ratio"),
    ("custom", "beer", "2026-03-03", "", "", "", "", 5.0, None),
]


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    with store.writing() as db:
        db.run("INSERT INTO brands (id, name) VALUES (1, 'Acme'), (2, 'Bolt')")
        db.run_many(
            "INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value, unit) "
            "VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ROWS,
        )
    return store


def test_the_sums_of_a_campaign(filled: SqliteStore) -> None:
    assert imported_sums.sums(filled, FIRST, END, campaign="spring26") == [
        Imported("Acme", "ads", "spend", "x", "a1", "EUR", 3.5, 1),
        Imported("Acme", "ga4", "sessions", "facebook", "", "", 16.0, 2),
        Imported("Acme", "ga4", "sessions", "x", "", "", 7.0, 1),
    ]


def test_the_sums_of_accounts(filled: SqliteStore) -> None:
    assert imported_sums.sums(filled, FIRST, END, accounts=["a1"]) == [
        Imported("Acme", "ads", "spend", "x", "a1", "EUR", 3.5, 1),
        Imported("Acme", "native", "impressions", "x", "a1", "", 400.0, 1),
    ]
    assert imported_sums.sums(filled, FIRST, END, accounts=["nobody"]) == []


def test_shares_levels_and_custom_numbers_are_not_summed(filled: SqliteStore) -> None:
    metrics = {one.metric for one in imported_sums.sums(filled, FIRST, END)}
    assert metrics == {"sessions", "spend", "impressions"}


def test_of_a_level_the_last_day_counts(filled: SqliteStore) -> None:
    expected = Imported("Acme", "native", "followers", "x", "a1", "", 95.0, 1, level=True)
    assert imported_sums.levels(filled, FIRST, END) == [expected]
    (before,) = imported_sums.levels(filled, FIRST, date(2026, 3, 3))
    assert before.value == 90.0
    assert imported_sums.levels(filled, FIRST, END, accounts=["a2"]) == []
    assert imported_sums.accounts(filled) == ["a1", "a2"]


def test_a_series_has_the_days_that_are_told_alone(filled: SqliteStore) -> None:
    found = imported_sums.daily(filled, "Acme", "sessions", date(2026, 3, 1), date(2026, 3, 9))
    assert found == {date(2026, 3, 2): 11.0, date(2026, 3, 3): 1012.0, date(2026, 3, 4): 100.0}
    on_x = imported_sums.daily(filled, "Acme", "sessions", FIRST, END, ["x"])
    assert on_x == {date(2026, 3, 3): 1007.0}
    assert imported_sums.daily(filled, "Bolt", "sessions", FIRST, END) == {}


def test_where_two_kinds_tell_a_measure_it_is_not_added_up(filled: SqliteStore) -> None:
    with filled.writing() as db:
        db.run(
            "INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value) "
            "VALUES (1, 'shop', 'sessions', '2026-03-02', '', '', '', '', 12)"
        )
    assert imported_sums.daily(filled, "Acme", "sessions", FIRST, END)[FIRST] == 11.0


def test_leads_come_with_their_times(filled: SqliteStore) -> None:
    with filled.writing() as db:
        db.run_many(
            "INSERT INTO leads (brand_id, lead_id, created_at, network, campaign, stage, stage_at) "
            "VALUES (1, ?, ?, ?, '', 'new', 0)",
            [("a", T0, "x"), ("b", T0 + 5, "facebook"), ("c", T0 + DAY, "x")],
        )
    assert imported_sums.leads_at(filled, "Acme", Window(T0, T0 + DAY)) == [T0, T0 + 5]
    assert imported_sums.leads_at(filled, "Acme", Window(T0, T0 + DAY), ["x"]) == [T0]
