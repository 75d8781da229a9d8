"""Views for SQL tools: the numbers of `listener kpi`, days cut alike, made anew when they change, no secret in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FILE, FORUM, HOUR, MADRID, NEWS, T0, keep, names, post, tone

from storage import rollups, views
from storage.calendar import Window, cut, iso, local_day
from storage.desk import corrections, tokens
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.mention import Brand, Kept, Mention
from storage.sqlite import Reader, SqliteStore

BRANDS = (Brand("Acme", own=True), Brand("Bolt"), Brand("Lone", market="elsewhere"))
COUNTED = (
    "mentions",
    "share_of_voice",
    "positive_mentions",
    "positive_share",
    "negative_share",
    "net_sentiment",
)


@pytest.fixture
def here(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "madrid.db", zone=MADRID)
    store.register(BRANDS, [NEWS, FORUM])
    return store


def kpis(store: SqliteStore, window: Window, *by: str) -> dict[tuple[str, ...], dict[str, KpiValue]]:
    """What `listener kpi --by day` says, by day, brand and, where it is cut by it, source."""
    asked = Ask(window, window.until + 99 * DAY, MADRID, BRANDS, by=("day", *by))
    found: dict[tuple[str, ...], dict[str, KpiValue]] = {}
    for value in compute(store, [KPIS[name] for name in COUNTED], asked):
        key = (
            local_day(value.since, MADRID).isoformat(),
            value.brand,
            *([value.source] if value.source else []),
        )
        found.setdefault(key, {})[value.kpi] = value
    return found


def rows(store: SqliteStore, sql: str) -> list[dict[str, object]]:
    connection = sqlite3.connect(store.path)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(sql)]
    finally:
        connection.close()


def compare(row: dict[str, object], said: dict[str, KpiValue]) -> None:
    assert row["mentions"] == said["mentions"].value
    assert row["share_of_voice"] == (
        pytest.approx(said["share_of_voice"].value) if said["share_of_voice"].value is not None else None
    )
    if row["mentions"] is None:
        return
    assert row["positive"] == said["positive_mentions"].value
    for kpi in ("positive_share", "negative_share", "net_sentiment"):
        value, counted = said[kpi], row[f"{kpi}_counted"]
        assert row["judged"] == value.n
        assert row["unjudged"] == value.more["unjudged"]
        if value.more["method"] == "raw":
            assert counted == (None if value.value is None else pytest.approx(value.value))
        else:
            positive, negative = value.more["positive"], value.more["negative"]
            part = {
                "positive_share": positive,
                "negative_share": negative,
                "net_sentiment": positive - negative,
            }  # type: ignore[operator]
            assert counted == pytest.approx(part[kpi] / value.n)  # type: ignore[operator]


def agree(store: SqliteStore, window: Window) -> int:
    """Hold each row of both views against the numbers of the KPIs; return how many were."""
    total, by_source = kpis(store, window), kpis(store, window, "source")
    whole = rows(store, "SELECT * FROM v_kpi_daily")
    parts = rows(store, "SELECT * FROM v_kpi_daily_by_source")
    for row in whole:
        compare(row, total[str(row["day"]), str(row["brand"])])
    for row in parts:
        said = by_source[str(row["day"]), str(row["brand"]), str(row["source"])]
        compare(row, said)
        (heard,) = said["mentions"].heard
        assert row["hours_heard"] == pytest.approx(heard.heard / 3600)
        assert row["hours_asked"] == pytest.approx(heard.asked / 3600)
    return len(whole)


# The last Sunday of October 2023 in Madrid has 25 hours; T0 is in November, so weeks before it.
OCTOBER = T0 - 17 * DAY - 2 * HOUR

when = st.integers(OCTOBER - 2 * DAY, OCTOBER + 3 * DAY)
heard = st.lists(st.tuples(st.sampled_from([NEWS, FORUM, FILE]), when, st.integers(1, 2 * DAY)), max_size=4)
said = st.lists(
    st.tuples(
        st.sampled_from(["Acme", "Bolt", "Lone"]),
        when,
        st.sampled_from([NEWS, FORUM, FILE]),
        st.sampled_from(["positive", "neutral", "negative", None, ""]),
        st.sampled_from(["vader-3.3.2", "other-1"]),
        st.sampled_from([None, None, "positive", "negative"]),
    ),
    max_size=14,
)


@given(heard, said)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_daily_numbers_are_those_of_kpi(
    here: SqliteStore, heard: Sequence[object], said: Sequence[object]
) -> None:
    with here.writing() as db:
        for table in ("corrections", "mentions", "turns", "posts", "coverage"):
            db.run(f"DELETE FROM {table}")
        rollups.rebuild(db, MADRID)
    for source, since, length in heard:  # type: ignore[attr-defined]
        keep(here, [], source, heard=(since, since + length), live=source is not FILE)
    for n, (brand, at, source, label, engine, correction) in enumerate(said):  # type: ignore[attr-defined,misc]
        judged = tone(label or None, engine=engine) if label != "" else None
        keep(here, [post(f"{n}", at, Mention(brand, tone=judged))], source)
        if correction:
            (number,) = here.rows("SELECT id FROM posts WHERE native_id = ?", (f"{n}",))[0]
            with here.writing() as db:
                corrections.record(db, brand, number, correction, sampled=False, by=None, now=at)
    agree(here, Window(*cut_days(OCTOBER - 4 * DAY, OCTOBER + 8 * DAY)))


def cut_days(since: int, until: int) -> tuple[int, int]:
    parts = cut(Window(since, until), "day", MADRID)
    return parts[1].since, parts[-2].until


def test_a_day_that_nobody_heard_has_no_number_and_one_without_mentions_has_zero(here: SqliteStore) -> None:
    keep(here, [post("1", T0, names("Acme"))], heard=(T0 - HOUR, T0 + HOUR))
    keep(here, [], heard=(T0 + 2 * DAY, T0 + 2 * DAY + HOUR))
    told = {row["day"]: row for row in rows(here, "SELECT * FROM v_kpi_daily WHERE brand = 'Acme'")}
    assert (told["2023-11-15"]["mentions"], told["2023-11-15"]["share_of_voice"]) == (1, 1.0)
    assert (told["2023-11-16"]["mentions"], told["2023-11-16"]["reason"]) == (None, "no source heard")
    assert (told["2023-11-17"]["mentions"], told["2023-11-17"]["reason"]) == (0, None)
    (lone,) = rows(here, "SELECT * FROM v_kpi_daily WHERE brand = 'Lone' AND day = '2023-11-15'")
    assert lone["share_of_voice"] is None
    assert agree(here, Window(*cut_days(T0 - 3 * DAY, T0 + 5 * DAY))) == 9


def test_an_import_speaks_for_the_day_that_it_ends_at_the_start_of(here: SqliteStore) -> None:
    (since, until) = cut_days(T0, T0 + 4 * DAY)
    keep(here, [], FILE, heard=(since - HOUR, since), live=False)
    keep(here, [], heard=(since - HOUR, until))
    days = rows(here, "SELECT day FROM v_heard_daily WHERE source = 'file' ORDER BY 1")
    assert [row["day"] for row in days] == ["2023-11-15", "2023-11-16"]
    agree(here, Window(since - DAY, until + DAY))


@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Europe/Madrid",
        "Asia/Beirut",
        "America/Asuncion",
        "Africa/Cairo",
        "America/Havana",
        "Pacific/Apia",
        "Asia/Kathmandu",
    ],
)
def test_days_are_cut_as_the_calendar_cuts_them(tmp_path: Path, zone: str) -> None:
    # Some of these set their clocks at midnight, and Apia once left out a day.
    place = ZoneInfo(zone)
    store = SqliteStore(tmp_path / "zone.db", zone=place)
    window = Window(1_230_768_000, 1_735_689_600)  # 2009 to 2024
    keep(store, [], heard=(window.since, window.until))
    days = {row["since"]: row["day"] for row in rows(store, "SELECT * FROM v_days WHERE since < until")}
    parts = cut(window, "day", place)
    assert all(days[part.since] == local_day(part.since, place).isoformat() for part in parts[1:])
    store.close()


def test_mentions_are_told_in_words(here: SqliteStore) -> None:
    at = T0 - HOUR - 1  # in Madrid an hour ahead: the last second of the 14th
    keep(
        here,
        [post("1", at, names("Acme", "negative"), text="hello", author="ada", language="en")],
        heard=(T0 - DAY, T0),
    )
    (number,) = here.rows("SELECT id FROM posts")[0]
    with here.writing() as db:
        corrections.record(db, "Acme", number, "positive", sampled=False, by="eve", now=at)
    (row,) = rows(here, "SELECT * FROM v_mentions")
    assert (row["brand"], row["source"], row["tone"], row["engine_tone"]) == (
        "Acme",
        "news",
        "positive",
        "negative",
    )
    assert (row["published_at"], row["day"], row["text"]) == ("2023-11-14T22:59:59Z", "2023-11-14", "hello")
    assert (row["corrected"], row["erased"], row["live"], row["engine"]) == (1, 0, 1, "vader-3.3.2")


def test_what_was_taken_back_is_not_in_them(here: SqliteStore) -> None:
    keep(here, [post("1", T0, names("Acme"), text="secret", author="ada")])
    here.commit(Kept(NEWS, [], deleted=["1"], at=T0 + 5))
    (row,) = rows(here, "SELECT * FROM v_mentions")
    assert (row["text"], row["author"], row["url"], row["erased"]) == (None, None, None, 1)


def test_sources_coverage_gaps_and_queries(here: SqliteStore) -> None:
    keep(here, [], heard=(T0, T0 + 90 * 60))
    with here.writing() as db:
        db.run(
            "INSERT INTO gaps VALUES ((SELECT id FROM sources WHERE name = 'news'), ?, ?, 'lost')",
            (T0, T0 + 1800),
        )
        db.run("INSERT INTO query_versions (brand_id, at, definition) VALUES (1, ?, 'acme')", (T0,))
    told = {row["source"]: row for row in rows(here, "SELECT * FROM v_sources")}
    assert (told["news"]["heard_since"], told["news"]["heard_through"]) == (iso(T0), iso(T0 + 5400))
    assert (told["forum"]["active"], told["forum"]["heard_since"]) == (1, None)
    assert rows(here, "SELECT hours FROM v_coverage") == [{"hours": 1.5}]
    assert rows(here, "SELECT source, hours, reason FROM v_gaps") == [
        {"source": "news", "hours": 0.5, "reason": "lost"}
    ]
    assert rows(here, "SELECT brand, since FROM v_queries") == [{"brand": "Acme", "since": iso(T0)}]
    brands = rows(here, "SELECT brand, market FROM v_brands ORDER BY 1")
    assert [tuple(row.values()) for row in brands] == [
        ("Acme", "default"),
        ("Bolt", "default"),
        ("Lone", "elsewhere"),
    ]


def test_no_secret_is_in_any_of_them(here: SqliteStore) -> None:
    with here.writing() as db:
        token = tokens.add(db, "grafana", T0)
        db.run("INSERT INTO config_versions (at, sha256, text) VALUES (0, 'x', 'secret-of-config')")
    for name, definition in views.views(MADRID).items():
        for hidden in ("tokens", "config_versions", "heads", "outbox", "quarantine", "unmatched"):
            assert hidden not in definition, name
        assert token not in str(rows(here, f"SELECT * FROM {name}"))


def test_every_view_can_be_read_in_an_empty_store(store: SqliteStore) -> None:
    for name in views.views(ZoneInfo("UTC")):
        assert rows(store, f"SELECT * FROM {name}") == []


def test_views_are_made_anew_for_another_zone_and_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(zone: ZoneInfo | None) -> dict[str, str]:
        SqliteStore(tmp_path / "x.db", zone=zone).close()
        reader = Reader(tmp_path / "x.db")
        found = dict(reader.rows("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
        reader.close()
        return found

    assert made(MADRID) == views.views(MADRID)
    assert made(None) == views.views(MADRID)
    assert made(ZoneInfo("Asia/Tokyo")) == views.views(ZoneInfo("Asia/Tokyo")) != views.views(MADRID)
    views.views.cache_clear()
    monkeypatch.setattr(views, "_TEMPLATES", {"v_new": "SELECT 1 AS one"})
    assert made(None) == {"v_new": "CREATE VIEW v_new AS SELECT 1 AS one"}
    views.views.cache_clear()


def test_a_store_whose_views_are_current_is_not_written_to(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "x.db").close()
    reader = sqlite3.connect(tmp_path / "x.db")
    before = reader.execute("PRAGMA schema_version").fetchone()
    SqliteStore(tmp_path / "x.db").close()
    assert reader.execute("PRAGMA schema_version").fetchone() == before
    reader.close()


def test_somebody_elses_view_is_left_alone(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "x.db").close()
    mine = sqlite3.connect(tmp_path / "x.db")
    mine.execute("CREATE VIEW mine AS SELECT 1")
    mine.close()
    SqliteStore(tmp_path / "x.db", zone=MADRID).close()
    mine = sqlite3.connect(tmp_path / "x.db")
    assert mine.execute("SELECT * FROM mine").fetchall() == [(1,)]
    mine.close()
