"""What it costs and brings: levels and sums of a business, whole months, two values of a customer, each reason."""

from __future__ import annotations

import pytest
from bringing import MONTH, WEEK, Row, all_told, at, bring, lead, row, told
from keeping import MADRID

from storage.calendar import Window
from storage.sqlite import SqliteStore

OCTOBER = Window(at("2026-10-01"), at("2026-11-01"))
BOTH = Window(OCTOBER.since, MONTH.until)


def book(metric: str, value: float, day: str = "2026-11-01", network: str = "", currency: str = "EUR") -> Row:
    money = metric in ("revenue", "cost_of_sales", "gross_profit", "net_profit", "cost_acquisition")
    return row("business", metric, value, day, network=network, unit=currency if money else None)


def books(day: str = "2026-11-01", **metrics: float) -> list[Row]:
    return [book(metric, value, day) for metric, value in metrics.items()]


def ad(metric: str, value: float, network: str = "meta") -> Row:
    return row("ads", metric, value, network=network, unit="EUR" if metric in ("spend", "revenue") else None)


# Advertising


def test_a_loss_is_a_negative_return(store: SqliteStore) -> None:
    bring(store, ad("spend", 100), ad("revenue", 25))
    assert told(store, "roi").value == -0.75


def test_a_return_names_its_attribution_and_its_variants_differ(store: SqliteStore) -> None:
    bring(store, ad("spend", 100), ad("revenue", 25))
    bring(store, row("ga4", "revenue", 300, item="Organic Social", unit="EUR"))
    found = [told(store, name) for name in ("roi", "roi.social")]
    assert [one.value for one in found] == [-0.75, 2.0]
    assert found[0].more["attribution"] != found[1].more["attribution"]
    assert [one.more["profit"] for one in found] == [-75, 200]


def test_a_missing_cost_is_null_and_not_a_cost_of_zero(store: SqliteStore) -> None:
    bring(store, ad("revenue", 25), ad("clicks", 5), ad("leads", 5), ad("impressions", 5), lead(1))
    for kpi in ("roi", "cpc", "cpm", "cost_per_lead", "cost_per_lead.crm"):
        found = told(store, kpi)
        assert (found.value, found.reason) == (None, "no spend in what was imported of ads")
    bring(store, book("customers_new", 5))
    assert told(store, "cac", MONTH).reason == "no cost_acquisition in what was imported of business"


def test_costs_of_each_network_stand_beside_the_total_of_what_is_no_audience(store: SqliteStore) -> None:
    for network, spend, clicks, shown in (("meta", 60, 30, 1000), ("x", 40, 10, 500)):
        bring(
            store,
            ad("spend", spend, network),
            ad("clicks", clicks, network),
            ad("impressions", shown, network),
        )
    assert (told(store, "cpc").value, told(store, "cpc").more["parts"]) == (2.5, {"meta": 2, "x": 4})
    assert (told(store, "cpm").value, told(store, "cpm").more["parts"]) == (None, {"meta": 60, "x": 80})


@pytest.mark.parametrize(
    ("kpi", "metric", "reason"),
    [("cpm", "impressions", "no impressions"), ("cost_per_lead", "leads", "no leads")],
)
def test_a_cost_of_nothing_is_null(store: SqliteStore, kpi: str, metric: str, reason: str) -> None:
    bring(store, ad("spend", 5), ad(metric, 0))
    assert (told(store, kpi).value, told(store, kpi).reason) == (None, reason)


def test_a_cost_by_lead_of_the_crm_knows_networks_only(store: SqliteStore) -> None:
    bring(store, ad("spend", 100), lead(1, network="meta"), lead(2, network=""))
    assert told(store, "cost_per_lead.crm").value == 100
    bring(store, ad("spend", 7, "x"))
    by_network = {one.source: one.value for one in all_told(store, "cost_per_lead.crm", by=("source",))}
    assert by_network == {"meta": 100, "x": None}


def test_no_lead_from_a_network_gives_no_cost_by_lead(store: SqliteStore) -> None:
    bring(store, ad("spend", 100), lead(1, network=""))
    assert told(store, "cost_per_lead.crm").reason == "no networks in what was imported of crm"
    bring(store, lead(2, network="google"))
    assert told(store, "cost_per_lead.crm").reason == "no leads"


# Customers


def test_the_cost_of_a_customer_is_told_by_platform(store: SqliteStore) -> None:
    for network, cost, new in (("meta", 300, 10), ("x", 500, 5)):
        bring(
            store,
            book("cost_acquisition", cost, network=network),
            book("customers_new", new, network=network),
        )
    found = told(store, "cac", MONTH)
    assert (found.value, found.n) == (pytest.approx(800 / 15), 15)
    assert found.more["parts"] == {"meta": 30, "x": 100}


def test_what_is_told_of_the_whole_business_holds_its_networks_already(store: SqliteStore) -> None:
    bring(store, *books(cost_acquisition=1000, customers_new=20))
    bring(store, book("cost_acquisition", 300, network="meta"), book("customers_new", 10, network="meta"))
    found = told(store, "cac", MONTH)
    assert (found.value, found.more["parts"]) == (50, {"unknown": 50, "meta": 30})


def test_of_a_month_of_which_only_networks_are_told_they_count(store: SqliteStore) -> None:
    bring(store, *books("2026-10-01", cost_acquisition=1000, customers_new=20))
    bring(store, book("cost_acquisition", 300, network="meta"), book("customers_new", 6, network="meta"))
    assert told(store, "cac", BOTH).value == 50


@pytest.mark.parametrize(
    ("kpi", "numbers", "reason"),
    [
        ("cac", {"cost_acquisition": 5, "customers_new": 0}, "no new customers"),
        (
            "customer_acquisition_rate",
            {"customers_start": 0, "customers_new": 5},
            "no customers at the start",
        ),
        ("arpu", {"revenue": 5, "customers_active": 0}, "no active customers"),
        ("clv.revenue", {"revenue": 5, "customers_active": 0, "lifetime_months": 5}, "no active customers"),
        ("gross_margin", {"revenue": 0, "gross_profit": 5}, "no revenue"),
        ("net_margin", {"revenue": 0, "net_profit": 5}, "no revenue"),
        (
            "clv.revenue",
            {"revenue": 5, "customers_active": 5, "churn": 0},
            "nobody leaves: the lifetime has no end",
        ),
        (
            "clv.revenue",
            {"revenue": 5, "customers_active": 5},
            "no lifetime_months or churn in what was imported of business",
        ),
        (
            "clv.profit",
            {"revenue": 5, "customers_active": 5, "churn": 0.5},
            "no cost_of_sales in what was imported of business",
        ),
        ("gross_profit", {"revenue": 5}, "no cost_of_sales in what was imported of business"),
    ],
)
def test_what_lacks_a_number_or_divides_by_nothing_is_null(
    store: SqliteStore, kpi: str, numbers: dict[str, float], reason: str
) -> None:
    bring(store, *books(**numbers))
    found = told(store, kpi, MONTH)
    assert (found.value, found.reason) == (None, reason)


def test_new_customers_are_added_up_and_those_at_the_start_are_the_first(store: SqliteStore) -> None:
    bring(store, *books("2026-10-01", customers_start=100, customers_new=10))
    bring(store, *books("2026-11-01", customers_start=110, customers_new=20))
    found = told(store, "customer_acquisition_rate", BOTH)
    assert (found.value, found.n) == (0.3, 100)


def test_active_customers_are_averaged_and_revenue_is_added_up(store: SqliteStore) -> None:
    bring(store, *books("2026-10-01", customers_active=100, revenue=1000))
    bring(store, *books("2026-11-01", customers_active=300, revenue=3000))
    assert told(store, "arpu", BOTH).value == 20


def test_revenue_of_a_customer_and_of_a_follower_are_two_things(store: SqliteStore) -> None:
    bring(store, *books(customers_active=100, revenue=1000), row("native", "followers", 4000, network="x"))
    assert (told(store, "arpu", MONTH).value, told(store, "revenue_per_follower", MONTH).value) == (10, 0.25)


def test_revenue_is_not_spread_over_followers_of_several_networks(store: SqliteStore) -> None:
    bring(store, *books(revenue=1000), row("ga4", "revenue", 1, item="Paid Social", unit="EUR"))
    bring(store, *(row("native", "followers", 40, network=network) for network in ("x", "tiktok")))
    for kpi in ("revenue_per_follower", "revenue_per_follower.social"):
        found = told(store, kpi, MONTH)
        assert (found.value, found.reason) == (
            None,
            "audiences of several networks are not added up: ask by source",
        )


def test_revenue_by_follower_of_nobody_is_null(store: SqliteStore) -> None:
    bring(store, *books(revenue=1000), row("native", "followers", 0, network="x"))
    assert told(store, "revenue_per_follower", MONTH).reason == "no followers"


def test_a_customer_has_a_value_of_revenue_and_one_of_profit(store: SqliteStore) -> None:
    bring(store, *books(revenue=1000, cost_of_sales=750, customers_active=100, lifetime_months=10))
    assert (told(store, "clv.revenue", MONTH).value, told(store, "clv.profit", MONTH).value) == (100, 25)


def test_a_value_over_two_months_is_that_of_a_mean_month(store: SqliteStore) -> None:
    for day in ("2026-10-01", "2026-11-01"):
        bring(store, *books(day, revenue=1000, customers_active=100, lifetime_months=10))
    found = told(store, "clv.revenue", BOTH)
    assert (found.value, found.more["months"]) == (100, 2)


@pytest.mark.parametrize(
    "window",
    [
        WEEK,
        Window(MONTH.since, MONTH.until - 86400),
        Window(MONTH.since + 1, MONTH.until),
        Window(OCTOBER.since, WEEK.until),
    ],
)
def test_a_value_of_a_customer_is_told_of_whole_months_only(store: SqliteStore, window: Window) -> None:
    bring(store, *books("2026-11-03", revenue=1000, customers_active=100, lifetime_months=10))
    found = told(store, "clv.revenue", window)
    assert (found.value, found.reason) == (
        None,
        "a customer's value is reckoned of whole calendar months: ask for those, or by month",
    )


def test_a_whole_month_is_one_of_the_zone(store: SqliteStore) -> None:
    bring(store, *books(revenue=1000, customers_active=100, lifetime_months=10))
    assert told(store, "clv.revenue", MONTH, zone=MADRID).value is None
    assert (
        told(store, "clv.revenue", Window(MONTH.since - 3600, MONTH.until - 3600), zone=MADRID).value == 100
    )


def test_a_month_without_revenue_is_no_month_of_none(store: SqliteStore) -> None:
    bring(store, *books("2026-11-01", revenue=1000, customers_active=100, lifetime_months=10))
    assert told(store, "clv.revenue", BOTH).reason == "revenue of 1 of 2 months"


def test_a_level_of_several_networks_is_not_averaged(store: SqliteStore) -> None:
    for network in ("x", "meta"):
        bring(
            store,
            *(
                book(m, n, network=network)
                for m, n in (("revenue", 5), ("customers_active", 5), ("churn", 0.1))
            ),
        )
    found = told(store, "clv.revenue", MONTH)
    assert (found.value, found.reason) == (None, "churn of several networks is not averaged: ask by source")
    assert found.more["parts"] == {"meta": 10, "x": 10}
    assert told(store, "arpu", MONTH).n == 10


def test_what_the_books_tell_goes_before_what_is_reckoned(store: SqliteStore) -> None:
    bring(store, *books(revenue=1000, cost_of_sales=750, gross_profit=300, gross_margin=0.31))
    assert (told(store, "gross_profit", MONTH).value, told(store, "gross_margin", MONTH).value) == (300, 0.31)


def test_a_loss_is_a_negative_profit(store: SqliteStore) -> None:
    bring(store, *books(revenue=1000, cost_of_sales=1250, net_profit=-500))
    assert [told(store, name, MONTH).value for name in ("gross_profit", "gross_margin")] == [-250, -0.25]
    assert [told(store, name, MONTH).value for name in ("net_profit", "net_margin")] == [-500, -0.5]
