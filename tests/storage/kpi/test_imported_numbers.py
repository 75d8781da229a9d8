"""What holds for every KPI of imported numbers: days, brands, networks, currencies, and one query for all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest
from bringing import BRANDS, MONTH, WEEK, all_told, answer, at, bring, lead, row, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, HOUR, NEWS, UTC, keep, names, post

from storage.base import Row
from storage.calendar import Window, cut, days_begun
from storage.kpi import KPIS, Ask, compute
from storage.kpi.imported import Measured
from storage.kpi.measured import known_networks
from storage.sqlite import SqliteStore

IMPORTED = [kpi for kpi in KPIS.values() if isinstance(kpi.read, Measured)]
NOTHING = "nothing imported of ads for these days: listener import --kind ads FILE"


def spend(
    value: float, day: str, network: str = "meta", currency: str = "EUR", **more: str
) -> tuple[object, ...]:
    return row("ads", "spend", value, day, network=network, unit=currency, **more)  # type: ignore[arg-type]


def clicks(value: float, day: str = "2026-11-03", network: str = "meta", **more: str) -> tuple[object, ...]:
    return row("ads", "clicks", value, day, network=network, **more)  # type: ignore[arg-type]


# Days


def test_a_day_counts_where_its_start_lies_in_the_half_open_window(store: SqliteStore) -> None:
    bring(store, *(clicks(10**n, f"2026-11-0{day}") for n, day in enumerate((1, 2, 8, 9))))
    assert told(store, "link_clicks.ads").value == 110
    # An hour later the 2nd has begun before the window, and the 9th begins inside.
    assert told(store, "link_clicks.ads", Window(WEEK.since + HOUR, WEEK.until + HOUR)).value == 1100


def test_a_day_begins_where_the_zone_says_also_when_clocks_change(store: SqliteStore) -> None:
    bring(store, clicks(1, "2026-10-24"), clicks(10, "2026-10-25"), clicks(100, "2026-10-26"))
    madrid = ZoneInfo("Europe/Madrid")
    # The 25th has 25 hours there: it begins at 22:00 UTC and the 26th at 23:00.
    since, until = at("2026-10-24") + 22 * HOUR, at("2026-10-25") + 23 * HOUR
    assert told(store, "link_clicks.ads", Window(since, until), zone=madrid).value == 10
    assert told(store, "link_clicks.ads", Window(since + 1, until + 1), zone=madrid).value == 100
    assert told(store, "link_clicks.ads", Window(since, until), zone=UTC).value == 10


@given(
    st.integers(0, 400 * DAY),
    st.integers(1, 40 * DAY),
    st.sampled_from(["UTC", "Europe/Madrid", "America/Sao_Paulo", "Asia/Kathmandu"]),
)
def test_each_day_belongs_to_one_of_two_windows_that_meet(since: int, length: int, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    start = at("2026-01-01") + since
    first, end = days_begun(Window(start, start + length), zone)
    assert days_begun(Window(start + length, start + length + DAY), zone)[0] == end
    assert (end - first).days == sum(
        part.since >= start
        and cut(Window(part.since - 1, part.since + 1), "day", zone)[-1].since == part.since
        for part in cut(Window(start, start + length), "day", zone)
    )


def test_where_no_day_begins_there_is_no_value(store: SqliteStore) -> None:
    bring(store, clicks(5))
    found = told(store, "link_clicks.ads", Window(at("2026-11-03") + 1, at("2026-11-03") + HOUR))
    assert (found.value, found.reason) == (None, "no day begins in this window")
    bring(store, answer("nps", 9, 5, scale=10))
    found = told(store, "nps", Window(at("2026-11-03") + 1, at("2026-11-03") + HOUR))
    assert found.reason == "no day begins in this window"


def test_days_with_numbers_of_days_asked_stand_beside_the_value(store: SqliteStore) -> None:
    bring(store, clicks(3, "2026-11-03"), clicks(4, "2026-11-05"), spend(2, "2026-11-04"))
    assert told(store, "link_clicks.ads").more["days"] == {"ads": 3}
    assert told(store, "link_clicks.ads").more["days_asked"] == 7
    bring(store, row("ga4", "revenue", 9, item="Paid Social", unit="EUR"))
    assert told(store, "roi.social").more["days"] == {"ads": 3, "ga4": 1}


def test_by_day_a_day_without_numbers_is_null_and_not_zero(store: SqliteStore) -> None:
    bring(store, clicks(3, "2026-11-03"), clicks(0, "2026-11-05"))
    window = Window(at("2026-11-03"), at("2026-11-06"))
    found = all_told(store, "link_clicks.ads", window, by=("day",))
    assert [(one.value, one.reason) for one in found] == [(3, None), (None, NOTHING), (0, None)]


# Null is not zero


def test_a_metric_that_the_file_does_not_tell_is_null(store: SqliteStore) -> None:
    bring(store, clicks(300))
    found = told(store, "cpc")
    assert (found.value, found.reason, found.unit) == (
        None,
        "no spend in what was imported of ads",
        "currency",
    )
    assert found.more["days"] == {"ads": 1}


def test_a_cost_of_zero_is_a_cost(store: SqliteStore) -> None:
    bring(store, clicks(300), spend(0, "2026-11-03"))
    found = told(store, "cpc")
    assert (found.value, found.unit) == (0, "EUR")


@pytest.mark.parametrize(
    ("kpi", "rows", "reason"),
    [
        ("cpc", [spend(5, "2026-11-03"), clicks(0)], "no clicks"),
        ("conversion_rate.clicks", [row("ads", "conversions", 1), row("ads", "clicks", 0)], "no clicks"),
        ("ctr", [clicks(0), row("ads", "impressions", 0, network="meta")], "no impressions"),
        ("roi", [spend(0, "2026-11-03"), row("ads", "revenue", 5, unit="EUR")], "nothing was spent"),
    ],
)
def test_a_ratio_of_nothing_is_null(
    store: SqliteStore, kpi: str, rows: Sequence[tuple[object, ...]], reason: str
) -> None:
    bring(store, *rows)
    found = told(store, kpi)
    assert (found.value, found.reason) == (None, reason)


# Currencies


def test_two_currencies_are_never_mixed(store: SqliteStore) -> None:
    bring(store, spend(5, "2026-11-03"), spend(6, "2026-11-04", currency="USD"), clicks(2))
    found = told(store, "cpc")
    assert (found.value, found.reason) == (None, "amounts in EUR and USD are not added up")
    assert "currency" not in found.more
    assert told(store, "cpc", Window(WEEK.since, at("2026-11-04"))).value == 2.5


def test_revenue_in_one_currency_and_cost_in_another_give_no_return(store: SqliteStore) -> None:
    bring(store, spend(5, "2026-11-03"), row("ads", "revenue", 9, network="meta", unit="USD"))
    found = told(store, "roi")
    assert (found.value, found.reason) == (None, "amounts in EUR and USD are not added up")


def test_networks_with_each_their_currency_have_parts_and_no_total(store: SqliteStore) -> None:
    bring(store, spend(5, "2026-11-03"), clicks(5), clicks(2, network="x"))
    bring(store, spend(6, "2026-11-03", "x", "USD"))
    found = told(store, "cpc")
    assert (found.value, found.more["parts"]) == (None, {"meta": 1, "x": 3})
    by_network = {one.source: (one.value, one.unit) for one in all_told(store, "cpc", by=("source",))}
    assert by_network == {"meta": (1, "EUR"), "x": (3, "USD")}


def test_an_amount_without_a_currency_stays_without_one(store: SqliteStore) -> None:
    bring(store, row("ads", "spend", 5), row("ads", "clicks", 2))
    assert (told(store, "cpc").value, told(store, "cpc").unit) == (2.5, "currency")
    bring(store, spend(6, "2026-11-04"))
    assert told(store, "cpc").reason == "amounts in EUR and an unnamed currency are not added up"


# Brands, campaigns and networks


def test_numbers_of_another_brand_are_not_in_it(store: SqliteStore) -> None:
    bring(store, clicks(3))
    bring(store, clicks(50), brand="Bolt")
    assert [told(store, "link_clicks.ads", brand=name).value for name in ("Acme", "Bolt")] == [3, 50]


def test_campaigns_accounts_and_networks_are_added_up_where_they_are_no_audience(store: SqliteStore) -> None:
    bring(
        store,
        clicks(1, campaign="a"),
        clicks(2, campaign="b"),
        clicks(4, account="es"),
        clicks(8, network="x"),
    )
    found = told(store, "link_clicks.ads")
    assert (found.value, found.more["parts"]) == (15, {"meta": 7, "x": 8})


def test_items_are_parts_of_a_whole_and_count_where_no_whole_is_told(store: SqliteStore) -> None:
    bring(store, clicks(10), clicks(4, item="a"), clicks(6, item="b"))
    assert told(store, "link_clicks.ads").value == 10
    bring(store, clicks(3, "2026-11-04", item="a"), clicks(2, network="x", item="a"))
    assert told(store, "link_clicks.ads").value == 15


AUDIENCES = {
    "followers": ("native", "followers"),
    "impressions": ("native", "impressions"),
    "reach": ("native", "reach"),
    "search_impressions": ("gsc", "search_impressions"),
}


@pytest.mark.parametrize("kpi", AUDIENCES)
def test_an_audience_is_never_added_up_over_networks(store: SqliteStore, kpi: str) -> None:
    kind, metric = AUDIENCES[kpi]
    bring(store, row(kind, metric, 100, network="instagram"))
    assert told(store, kpi).value == 100
    bring(store, row(kind, metric, 30, network="x"))
    found = told(store, kpi)
    assert (found.value, found.n) == (None, 0)
    assert found.reason == "audiences of several networks are not added up: ask by source"
    assert found.more["parts"] == {"instagram": 100, "x": 30}
    assert not KPIS[kpi].additive


def test_whatever_is_made_of_an_audience_has_no_total_either() -> None:
    made = {kpi.name for kpi in IMPORTED if re.search("followers|impressions|reach", kpi.formula)}
    assert {"ctr", "cpm", "virality_rate", "audience_growth", "revenue_per_follower"} <= made
    assert [name for name in made if KPIS[name].additive] == []


def test_the_only_network_that_tells_it_is_the_value(store: SqliteStore) -> None:
    bring(store, row("native", "reach", 100, network="instagram"), row("native", "likes", 3, network="x"))
    found = told(store, "reach")
    assert (found.value, found.more["parts"]) == (100, {"instagram": 100, "x": None})


def test_two_networks_that_each_lack_one_number_do_not_make_a_ratio(store: SqliteStore) -> None:
    bring(store, clicks(5, network="x"), row("ads", "impressions", 100, network="meta"))
    found = told(store, "ctr")
    assert (found.value, found.reason) == (None, "no clicks in what was imported of ads")


# By source and language


def heard(store: SqliteStore) -> None:
    keep(store, [post("1", WEEK.since, names("Acme"))], heard=(WEEK.since, WEEK.until))


def test_by_source_networks_have_rows_of_what_is_imported_and_sources_of_what_is_heard(
    store: SqliteStore,
) -> None:
    bring(store, clicks(3), clicks(2, network="x"), clicks(1, network=""))
    store.register(BRANDS, [NEWS])
    heard(store)
    ask = Ask(WEEK, WEEK.until, UTC, BRANDS, ("Acme",), by=("source",))
    found = compute(store, [KPIS["mentions"], KPIS["link_clicks.ads"]], ask)
    assert [(one.source, one.kpi, one.value) for one in found] == [
        ("news", "mentions", 1),
        ("meta", "link_clicks.ads", 3),
        ("x", "link_clicks.ads", 2),
    ]
    assert [bool(one.heard) for one in found] == [True, False, False]


def test_a_network_that_is_also_listened_to_has_one_row_of_each(store: SqliteStore) -> None:
    bring(store, clicks(3, network="news"))
    store.register(BRANDS, [NEWS])
    heard(store)
    ask = Ask(WEEK, WEEK.until, UTC, BRANDS, ("Acme",), by=("source",))
    found = compute(store, [KPIS["mentions"], KPIS["link_clicks.ads"]], ask)
    assert [(one.source, one.kpi, one.value) for one in found] == [
        ("news", "mentions", 1),
        ("news", "link_clicks.ads", 3),
    ]


def test_by_source_a_network_has_rows_only_of_kpis_that_its_files_are_of(store: SqliteStore) -> None:
    bring(store, clicks(3), answer("csat", 5, 4, network="shop"), lead(1, network="linkedin"))
    ask = Ask(WEEK, WEEK.until, UTC, BRANDS, ("Acme",), by=("source",))
    found = compute(store, [KPIS[name] for name in ("link_clicks.ads", "csat", "leads")], ask)
    assert {(one.source, one.kpi) for one in found} == {
        ("meta", "link_clicks.ads"),
        ("shop", "csat"),
        ("linkedin", "leads"),
    }


def test_imported_numbers_narrow_to_the_networks_that_are_asked_for(store: SqliteStore) -> None:
    bring(store, clicks(3), clicks(2, network="x"), lead(1), lead(2, network="x"))
    bring(store, answer("csat", 5, 1), answer("csat", 5, 7, network="x"))
    for kpi, n in (("link_clicks.ads", 2), ("leads", 1), ("csat", 7)):
        assert told(store, kpi, sources=("x",)).n == n
        assert [one.source for one in all_told(store, kpi, sources=("x",), by=("source",))] == ["x"]
    assert told(store, "link_clicks.ads", sources=("news",)).reason == NOTHING


def test_a_total_says_nothing_of_what_was_heard(store: SqliteStore) -> None:
    store.register(BRANDS, [NEWS])
    heard(store)
    bring(store, clicks(3))
    found = told(store, "link_clicks.ads")
    assert (found.heard, found.left_out, found.query_changes) == ((), (), ())


def test_imported_numbers_are_not_told_by_language(store: SqliteStore) -> None:
    store.register(BRANDS, [NEWS])
    heard(store)
    bring(store, clicks(3))
    found = told(store, "link_clicks.ads", by=("language",))
    assert (found.value, found.reason) == (None, "what is imported is of all languages together")


def test_the_networks_that_files_tell_of_are_known(store: SqliteStore) -> None:
    bring(
        store,
        clicks(3),
        clicks(1, network=""),
        lead(1, network="linkedin"),
        answer("nps", 9, 1, network="app"),
    )
    assert known_networks(store) == ["app", "linkedin", "meta"]


# Beside the period before


def test_imported_numbers_stand_beside_those_of_the_period_before(store: SqliteStore) -> None:
    bring(store, clicks(30), clicks(20, "2026-10-27"), clicks(10, "2025-11-03"))
    found = told(store, "link_clicks.ads", compare=True)
    before, year_before = found.before, found.year_before
    assert before is not None
    assert year_before is not None
    assert (before.value, before.then, before.change, before.growth, before.note) == (30, 20, 10, 0.5, None)
    assert (year_before.then, year_before.change, year_before.left_out) == (10, 20, ())
    earlier = told(store, "link_clicks.ads", Window(at("2026-10-26"), WEEK.since), compare=True).before
    assert earlier is not None
    assert (earlier.value, earlier.reason) == (20, f"then: {NOTHING}")


def test_a_period_with_numbers_of_other_days_is_marked(store: SqliteStore) -> None:
    bring(store, clicks(30), clicks(5, "2026-11-04"), clicks(20, "2026-10-27"))
    before = told(store, "link_clicks.ads", compare=True).before
    assert before is not None
    assert before.note == "ads: 2 of 7 days, then 1 of 7"


def test_amounts_in_two_currencies_are_not_compared(store: SqliteStore) -> None:
    bring(
        store,
        spend(30, "2026-11-03"),
        clicks(3),
        spend(20, "2026-10-27", currency="USD"),
        clicks(5, "2026-10-27"),
    )
    before = told(store, "cpc", compare=True).before
    assert before is not None
    assert (before.change, before.reason) == (None, "amounts in EUR and USD are not compared")


def test_answers_are_compared_with_what_chance_makes_of_them(store: SqliteStore) -> None:
    bring(store, answer("csat", 5, 9), answer("csat", 1, 1), answer("csat", 5, 8, day="2026-10-27"))
    bring(store, answer("csat", 1, 2, day="2026-10-27"))
    before = told(store, "csat", compare=True).before
    assert before is not None
    assert (before.change, before.note) == (pytest.approx(0.1), "no change that can be told from chance")
    assert before.interval is not None


# Once a window


class Counting:
    """A store that counts its queries by the table that they read first."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.asked: Counter[str] = Counter()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        for table in ("FROM measures", "FROM leads", "FROM survey_answers"):
            self.asked[table] += table in sql
        return self.store.rows(sql, parameters)


def test_each_kind_is_read_once_a_window_and_brand_for_all_kpis_and_networks(store: SqliteStore) -> None:
    bring(store, clicks(3), clicks(2, network="x"), lead(1), answer("nps", 9, 1, scale=10))
    bring(store, clicks(3), lead(2), brand="Bolt")
    for brands, number in ((("Acme",), 1), (("Acme", "Bolt"), 2)):
        counting = Counting(store)
        compute(counting, IMPORTED, Ask(MONTH, MONTH.until, UTC, BRANDS, brands, by=("source",)))
        # Seven kinds are kept as measures; of the period before follower_quality reads one again, where there is any.
        assert counting.asked["FROM measures"] <= 8 * number
        # In this period and the one before, with from when to when there are leads at all.
        assert counting.asked["FROM leads"] <= 4 * number
        assert counting.asked["FROM survey_answers"] == number


def test_years_of_other_days_are_not_read(store: SqliteStore) -> None:
    bring(store, clicks(3))
    plans = [
        " ".join(str(step[-1]) for step in store.rows(f"EXPLAIN QUERY PLAN {sql}", parameters))
        for sql, parameters in _queries(store)
        if "FROM measures" in sql
    ]
    assert plans
    seeks = "SEARCH measures USING PRIMARY KEY (brand_id=? AND kind=? AND metric=? AND day>? AND day<?)"
    assert all(seeks in plan for plan in plans)


def _queries(store: SqliteStore) -> list[tuple[str, Sequence[object]]]:
    said: list[tuple[str, Sequence[object]]] = []

    class Noting:
        def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
            said.append((sql, parameters))
            return store.rows(sql, parameters)

    compute(Noting(), [KPIS["cpc"]], Ask(WEEK, WEEK.until, UTC, BRANDS))
    return said


# Against plain Python

DAYS = st.integers(1, 20).map(lambda day: f"2026-11-{day:02}")
SPENT = st.tuples(
    DAYS, st.sampled_from(["", "meta", "x"]), st.sampled_from(["spend", "clicks"]), st.integers(0, 500)
)


@given(st.lists(SPENT, max_size=30, unique_by=lambda one: one[:3]), st.integers(1, 15), st.integers(1, 10))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cost_per_click_equals_plain_python(
    store: SqliteStore, said: list[tuple[str, str, str, int]], first: int, days: int
) -> None:
    with store.writing() as db:
        db.run("DELETE FROM measures")
    bring(
        store, *(row("ads", metric, n, day, network=network, unit="EUR") for day, network, metric, n in said)
    )
    window = Window(at(f"2026-11-{first:02}"), at(f"2026-11-{first:02}") + days * DAY)
    inside = [one for one in said if first <= int(one[0][-2:]) < first + days]
    spent, clicked = ([one[3] for one in inside if one[2] == metric] for metric in ("spend", "clicks"))
    expected = sum(spent) / sum(clicked) if spent and sum(clicked) else None
    assert told(store, "cpc", window).value == expected
