"""Clicks, visits, conversions and leads: which of the things that bear one name is meant, each trap, each reason."""

from __future__ import annotations

import pytest
from bringing import WEEK, Row, all_told, at, bring, lead, row, told

from storage.calendar import Window
from storage.sqlite import SqliteStore


def ga4(metric: str, value: float, item: str = "Direct", day: str = "2026-11-03", **more: str) -> Row:
    return row("ga4", metric, value, day, item=item, **more)  # type: ignore[arg-type]


def test_three_things_are_called_conversion_rate_and_each_has_its_name(store: SqliteStore) -> None:
    bring(store, row("ads", "conversions", 5), row("ads", "clicks", 100))
    bring(
        store,
        ga4("key_events", 30, "Organic Social"),
        ga4("key_events", 70),
        ga4("sessions", 300, "Organic Social"),
    )
    bring(store, lead(1, "sql"), lead(2, "sql"), lead(3, "sql"), lead(4, "customer"))
    names = (
        "conversion_rate.clicks",
        "conversion_rate.sessions",
        "conversion_share.social",
        "lead_conversion_rate",
    )
    assert [told(store, name).value for name in names] == [0.05, 0.1, 0.3, 0.25]


def test_key_events_that_are_told_by_name_are_not_counted_again(store: SqliteStore) -> None:
    bring(store, ga4("key_events", 30, "Paid Social"), ga4("key_events", 70))
    bring(store, ga4("key_events", 60, "key_event:sign_up"), ga4("key_event", 40, "key_event:form"))
    found = told(store, "conversion_share.social")
    assert (found.value, found.n) == (0.3, 100)
    assert told(store, "non_revenue_conversions").more["events"] == {"form": 40, "sign_up": 60}


@pytest.mark.parametrize("name", ["purchase", "in_app_purchase", "Purchase", "app_store_subscription_renew"])
def test_a_sale_is_no_conversion_without_revenue(store: SqliteStore, name: str) -> None:
    bring(store, ga4("key_event", 9, f"key_event:{name}"), ga4("key_event", 2, "key_event:sign_up"))
    assert told(store, "non_revenue_conversions").value == 2


def test_without_names_nobody_knows_which_key_events_are_sales(store: SqliteStore) -> None:
    bring(store, ga4("key_events", 30))
    assert (
        told(store, "non_revenue_conversions").reason == "no key events by name in what was imported of ga4"
    )


def test_no_key_events_and_no_sessions_give_no_share(store: SqliteStore) -> None:
    bring(store, ga4("key_events", 0), ga4("sessions", 5))
    assert told(store, "conversion_share.social").reason == "no key events"
    assert told(store, "conversion_rate.sessions").reason == "no sessions from social media"


def test_the_two_bounce_rates_never_mix_though_both_files_tell_sessions(store: SqliteStore) -> None:
    bring(store, ga4("sessions", 100), ga4("engaged_sessions", 60))
    bring(store, ga4("sessions", 900, day="2026-11-04"), ga4("bounced_sessions_ua", 90, day="2026-11-04"))
    ga4_rate, ua = told(store, "bounce_rate.ga4"), told(store, "bounce_rate.ua")
    assert (ga4_rate.value, ga4_rate.n) == (0.4, 100)
    assert (ua.value, ua.n) == (0.1, 900)


def test_a_bounce_rate_of_social_media_stands_beside_that_of_all(store: SqliteStore) -> None:
    bring(store, ga4("sessions", 60), ga4("engaged_sessions", 50))
    bring(store, ga4("sessions", 40, "Paid Social"), ga4("engaged_sessions", 10, "Paid Social"))
    found = told(store, "bounce_rate.ga4")
    assert (found.value, found.more["social"]) == (0.4, 0.75)
    found = told(store, "bounce_rate.ga4", Window(at("2026-11-03"), at("2026-11-04")))
    assert found.more["social"] == 0.75


def test_a_bounce_rate_without_sessions_or_of_the_other_kind_is_null(store: SqliteStore) -> None:
    bring(store, ga4("sessions", 0), ga4("engaged_sessions", 0))
    assert told(store, "bounce_rate.ga4").reason == "no sessions"
    assert told(store, "bounce_rate.ua").reason == "no bounced_sessions_ua in what was imported of ga4"


def test_revenue_of_social_names_its_attribution_and_each_source_is_a_variant(store: SqliteStore) -> None:
    bring(store, ga4("revenue", 10, "Paid Social", unit="EUR"), ga4("revenue", 90, unit="EUR"))
    bring(store, lead(1, "customer", revenue=20, currency="EUR"), lead(2, "sql", revenue=500, currency="EUR"))
    bring(store, row("shop", "revenue", 30, network="x", item="product:mug", unit="EUR"))
    values = [told(store, f"social_revenue{variant}") for variant in ("", ".crm", ".shop")]
    assert [one.value for one in values] == [10, 20, 30]
    assert all(one.more["attribution"] for one in values)


def test_sales_whose_network_nobody_knows_are_not_from_social(store: SqliteStore) -> None:
    bring(store, row("shop", "revenue", 30, item="product:mug", unit="EUR"), lead(1, "customer", network=""))
    for kpi in ("social_revenue.shop", "best_selling_products"):
        assert told(store, kpi).reason == "no networks in what was imported of shop"
    for kpi in ("leads", "social_revenue.crm"):
        assert told(store, kpi).reason == "no networks in what was imported of crm"


def test_sales_from_elsewhere_are_not_from_social_media(store: SqliteStore) -> None:
    bring(store, row("shop", "revenue", 30, network="web", item="product:mug", unit="EUR"))
    bring(
        store, lead(1, "customer", network="google", revenue=9, currency="EUR"), lead(2, network="newsletter")
    )
    found = told(store, "social_revenue.shop")
    assert (found.value, found.unit) == (0, "EUR")
    assert told(store, "best_selling_products").reason == "no product sold through a social network"
    assert (told(store, "leads").value, told(store, "leads").more["elsewhere"]) == (0, 2)
    assert told(store, "social_revenue.crm").reason == "no sale with its revenue among the leads"
    found = told(store, "leads", sources=("google",))
    assert (found.value, found.reason) == (None, "no social network")


def test_no_sale_through_social_media_is_zero_in_the_currency_of_the_others(store: SqliteStore) -> None:
    bring(store, ga4("revenue", 90, unit="EUR"))
    assert (told(store, "social_revenue").value, told(store, "social_revenue").unit) == (0, "EUR")


def test_parts_of_a_key_event_add_up(store: SqliteStore) -> None:
    bring(
        store,
        *(ga4("key_event", 0.5, "key_event:form", day) for day in ("2026-11-03", "2026-11-04", "2026-11-05")),
    )
    assert told(store, "non_revenue_conversions").value == 1.5


def test_products_are_told_by_revenue_and_by_network(store: SqliteStore) -> None:
    for network, product, revenue in (("x", "mug", 30), ("x", "pen", 50), ("meta", "mug", 40)):
        bring(store, row("shop", "revenue", revenue, network=network, item=f"product:{product}", unit="EUR"))
    found = told(store, "best_selling_products")
    assert (found.value, found.more["best"], found.more["products"]) == (70, "mug", {"mug": 70, "pen": 50})
    best = {one.source: one.more["best"] for one in all_told(store, "best_selling_products", by=("source",))}
    assert best == {"meta": "mug", "x": "pen"}


# Leads


def test_leads_count_where_they_were_created_to_the_second(store: SqliteStore) -> None:
    bring(store, lead(1, day="2026-11-02"), lead(2, day="2026-11-09"), lead(3, day="2026-11-01"))
    assert told(store, "leads").value == 1
    assert told(store, "leads", Window(WEEK.since, WEEK.until + 1)).value == 2
    assert told(store, "leads", Window(WEEK.since + 1, WEEK.since + 60)).value == 0


def test_leads_of_no_network_stand_beside_the_count(store: SqliteStore) -> None:
    bring(store, lead(1), lead(2, network="x"), lead(3, network=""))
    found = told(store, "leads")
    assert (found.value, found.more["elsewhere"]) == (2, 1)
    assert found.more["parts"] == {"unknown": None, "instagram": 1, "x": 1}


def test_a_window_without_leads_is_zero_inside_of_what_was_imported_and_null_outside(
    store: SqliteStore,
) -> None:
    bring(store, lead(1, day="2026-10-01"), lead(2, day="2026-11-20"))
    assert (told(store, "leads").value, told(store, "leads").reason) == (0, None)
    for since, until in (("2026-09-01", "2026-10-01"), ("2026-11-21", "2026-11-28")):
        found = told(store, "leads", Window(at(since), at(until)))
        assert (found.value, found.reason) == (
            None,
            "nothing imported of crm for these days: listener import --kind crm FILE",
        )


def test_a_stage_that_was_reached_later_shows_that_the_file_reaches_that_far(store: SqliteStore) -> None:
    late = ("lead-1", at("2026-10-01"), "x", "", "customer", at("2026-11-20"), None, None)
    bring(store, late)
    assert told(store, "leads").value == 0


def test_growth_of_leads_tells_its_change_where_it_is_undefined(store: SqliteStore) -> None:
    bring(store, lead(1), lead(2), lead(3, day="2026-10-20"))
    found = told(store, "leads_growth")
    assert (found.value, found.reason, found.more["change"]) == (None, "none in the period before", 2)
    bring(store, lead(4, day="2026-10-27"))
    found = told(store, "leads_growth")
    assert (found.value, found.n, found.more["change"]) == (1.0, 1, 1)


def test_growth_over_the_edge_of_what_was_imported_is_null(store: SqliteStore) -> None:
    bring(store, lead(1), lead(2))
    found = told(store, "leads_growth")
    assert (found.value, found.reason) == (None, "no leads imported of the period before")
    assert found.more["leads"] == 2


def test_leads_of_no_stage_that_sales_knows_are_not_qualified(store: SqliteStore) -> None:
    bring(store, lead(1, "mql"), lead(2, "lost"), lead(3, "something else"))
    assert told(store, "qualified_lead_rate").value == 0
    assert told(store, "lead_conversion_rate").reason == "no qualified leads"


def test_a_rate_of_no_leads_is_null(store: SqliteStore) -> None:
    bring(store, lead(1, day="2026-10-01"), lead(2, day="2026-11-20"))
    assert told(store, "qualified_lead_rate").reason == "no leads"
