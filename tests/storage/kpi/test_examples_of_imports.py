"""Every KPI of imported numbers by hand: its declared example, put into a store, comes out of it."""

from __future__ import annotations

import pytest
from bringing import MONTH, WEEK, Row, answer, bring, lead, row, told

from storage.calendar import Window
from storage.kpi import KPIS, Kpi
from storage.kpi.declaration import FILES
from storage.kpi.imported import Measured
from storage.sqlite import SqliteStore

IMPORTED = [kpi for kpi in KPIS.values() if isinstance(kpi.read, Measured)]
INSTAGRAM = "instagram"


def native(metric: str, *values: float, item: str = "") -> list[Row]:
    """A metric of the Instagram account, on days one after the other from the 3rd."""
    return [
        row("native", metric, value, f"2026-11-{3 + n:02}", network=INSTAGRAM, item=item)
        for n, value in enumerate(values)
    ]


def posts(**metrics: tuple[float, ...]) -> list[Row]:
    """Posts of the Instagram account: the nth has the nth of each metric."""
    return [
        row("native", metric, value, network=INSTAGRAM, item=f"post:{n}")
        for metric, values in metrics.items()
        for n, value in enumerate(values)
    ]


def ads(**metrics: tuple[float, ...]) -> list[Row]:
    return [
        row("ads", metric, value, f"2026-11-{3 + n:02}", network="meta", unit=_unit(metric))
        for metric, values in metrics.items()
        for n, value in enumerate(values)
    ]


def ga4(metric: str, *, unit: str | None = None, **channels: float) -> list[Row]:
    return [
        row("ga4", metric, value, item=channel.replace("_", " "), unit=unit)
        for channel, value in channels.items()
    ]


def books(**metrics: float) -> list[Row]:
    return [
        row("business", metric, value, "2026-11-01", unit=_unit(metric)) for metric, value in metrics.items()
    ]


def _unit(metric: str) -> str | None:
    money = ("spend", "revenue", "cost_acquisition", "cost_of_sales", "gross_profit", "net_profit")
    return "EUR" if metric in money else None


FOLLOWERS = [
    row("native", "followers", 1000, "2026-11-01", network=INSTAGRAM),
    row("native", "followers", 1040, "2026-11-08", network=INSTAGRAM),
]
THOUSAND = native("followers", 1000)
LEADS = [
    *(lead(1), lead(2, "sql"), lead(3, "opportunity"), lead(4, "sql", network="linkedin")),
    lead(5, "customer", network="linkedin", revenue=900, currency="EUR"),
    lead(6, "customer", network=""),
]
SPEND = ads(spend=(200, 400))
TRAFFIC = ga4("sessions", Organic_Social=120, Paid_Social=40, Direct=240)
EVENTS = ga4("key_events", Organic_Social=5, Paid_Social=3, Direct=32)
REVENUE = ga4("revenue", unit="EUR", Organic_Social=1000, Paid_Social=500, Direct=7000)
SOLD = [
    row("shop", "revenue", 100, network=INSTAGRAM, item="product:mug", unit="EUR"),
    row("shop", "revenue", 200, "2026-11-04", network="facebook", item="product:mug", unit="EUR"),
    row("shop", "revenue", 250, network=INSTAGRAM, item="product:shirt", unit="EUR"),
    row("shop", "revenue", 900, item="product:shirt", unit="EUR"),
]
STARS = [row("reviews", "stars", 5, network="trustpilot", item=star) for star in ("4", "5")]
CUSTOMERS = books(
    revenue=10000, customers_active=500, customers_start=400, customers_new=50, gross_margin=0.4
)

NUMBERS: dict[str, list[Row]] = {
    "followers": FOLLOWERS,
    "audience_growth": FOLLOWERS,
    "audience_growth.total": FOLLOWERS,
    "follower_quality": FOLLOWERS + posts(likes=(30, 30, 20), comments=(10, 10, 5), saves=(5, 5, 5)),
    "demographics.age": native("audience", 0.6, item="age:25-34") + native("audience", 0.4, item="age:35-44"),
    "impressions": native("impressions", 5000, 4000),
    "search_impressions": [
        row("gsc", "search_impressions", 300, network="google"),
        row("gsc", "search_impressions", 400, "2026-11-04", network="google"),
    ],
    "search_clicks": [
        row("gsc", "search_clicks", 15, network="google"),
        row("gsc", "search_clicks", 20, "2026-11-04", network="google"),
    ],
    "reach": native("reach", 2500),
    "post_reach": posts(reach=(200, 300, 400)),
    "post_reach_rate": THOUSAND + posts(reach=(200, 300, 400)),
    "sessions_from_social": TRAFFIC,
    "link_clicks": native("link_clicks", 40, 10),
    "link_clicks.ads": ads(clicks=(100, 200)),
    "saves": native("saves", 10, 10),
    "profile_visits": native("profile_visits", 70, 10),
    "amplification_rate.followers": FOLLOWERS + native("shares", 20, 6),
    "amplification_rate.posts": native("shares", 20, 6) + native("posts", 3, 1),
    "applause_rate.followers": FOLLOWERS + native("likes", 90) + native("saves", 14),
    "applause_rate.posts": native("likes", 90) + native("posts", 4),
    "engagement_rate.followers": THOUSAND + posts(likes=(10, 20, 30), comments=(5, 5, 5), saves=(5, 5, 5)),
    "engagement_rate.reach": posts(likes=(10, 20, 30), comments=(5, 5, 5), saves=(5, 5, 5))
    + posts(reach=(1000, 1000, 1000)),
    "engagement_rate.impressions": posts(likes=(10, 20, 30), comments=(10, 10, 10))
    + posts(impressions=(1000, 1000, 1000)),
    "conversation_rate.followers": FOLLOWERS + native("comments", 50, 2),
    "conversation_rate.posts": posts(comments=(13, 13, 13, 13)),
    "virality_rate": native("shares", 26) + native("impressions", 10400),
    "ctr": ads(clicks=(100, 200), impressions=(15000, 5000)),
    "ctr.native": native("link_clicks", 50) + native("impressions", 10000),
    "ctr.search": [row("gsc", "search_clicks", 35), row("gsc", "search_impressions", 700)],
    "conversion_rate.clicks": ads(conversions=(4, 8), clicks=(100, 200)),
    "conversion_rate.sessions": TRAFFIC + EVENTS,
    "conversion_share.social": EVENTS,
    "bounce_rate.ga4": TRAFFIC + ga4("engaged_sessions", Organic_Social=90, Paid_Social=30, Direct=180),
    "bounce_rate.ua": TRAFFIC + ga4("bounced_sessions_ua", Organic_Social=60, Paid_Social=20, Direct=100),
    "leads": LEADS,
    "leads.ads": ads(leads=(8, 12)),
    "leads_growth": LEADS + [lead(n, day="2026-10-27") for n in range(11, 15)],
    "qualified_lead_rate": LEADS,
    "lead_conversion_rate": LEADS,
    "non_revenue_conversions": [
        row("ga4", "key_event", 20, item="key_event:sign_up"),
        row("ga4", "key_event", 5, item="key_event:file_download"),
        row("ga4", "key_event", 9, item="key_event:purchase"),
    ],
    "social_revenue": REVENUE,
    "social_revenue.crm": LEADS,
    "social_revenue.shop": SOLD,
    "best_selling_products": SOLD,
    "roi": SPEND + ads(revenue=(300, 600)),
    "roi.social": SPEND + REVENUE,
    "cpc": SPEND + ads(clicks=(100, 200)),
    "cpm": SPEND + ads(impressions=(15000, 5000)),
    "cost_per_lead": SPEND + ads(leads=(8, 12)),
    "cost_per_lead.crm": SPEND + LEADS,
    "cac": books(cost_acquisition=2000, customers_new=50),
    "cac.ads": SPEND + books(customers_new=50),
    "clv.profit": CUSTOMERS + books(churn=0.05),
    "clv.revenue": CUSTOMERS + books(lifetime_months=20),
    "arpu": CUSTOMERS,
    "revenue_per_follower": CUSTOMERS + THOUSAND,
    "revenue_per_follower.social": REVENUE + THOUSAND,
    "customer_acquisition_rate": CUSTOMERS,
    "gross_profit": books(revenue=10000, cost_of_sales=6000),
    "net_profit": books(net_profit=1000),
    "gross_margin": books(revenue=10000, cost_of_sales=6000),
    "net_margin": books(net_profit=1000, revenue=10000),
    "csat": [answer("csat", 5, 18), answer("csat", 4, 12), answer("csat", 3, 7), answer("csat", 1, 3)],
    "csat.mean": [answer("csat", 3, 10)],
    "nps": [answer("nps", score, n, scale=10) for score, n in ((10, 30), (9, 20), (8, 30), (6, 15), (0, 5))],
    "awareness.page_views": [
        row("snapshot", "page_views", 900, network="wikipedia", item="en:Acme"),
        row("snapshot", "page_views", 600, "2026-11-04", network="wikipedia", item="en:Acme"),
    ],
    "share_of_news": [
        row("snapshot", metric, value, day, network="gdelt")
        for day, matching, monitored in (("2026-11-03", 10, 20_000), ("2026-11-04", 20, 40_000))
        for metric, value in (("articles_matching", matching), ("articles_monitored", monitored))
    ],
    "star_rating": STARS,
    "star_rating.bayesian": STARS,
}
for name in ("gender", "country", "city", "interest"):
    NUMBERS[f"demographics.{name}"] = [
        row("native", "audience", 60, network=INSTAGRAM, item=f"{name}:a"),
        row("native", "audience", 40, network=INSTAGRAM, item=f"{name}:b"),
    ]


def window_of(kpi: Kpi) -> Window:
    """Followers grow from the eve of a week on; what a business counts, it counts by the month."""
    return MONTH if "business" in kpi.inputs else Window(WEEK.since, WEEK.until)


def test_every_kpi_has_its_example_here() -> None:
    assert set(NUMBERS) == {kpi.name for kpi in IMPORTED}


@pytest.mark.parametrize("kpi", IMPORTED, ids=lambda kpi: kpi.name)
def test_the_example_comes_out_of_the_store_as_by_hand(store: SqliteStore, kpi: Kpi) -> None:
    bring(store, *NUMBERS[kpi.name])
    found = told(store, kpi.name, window_of(kpi))
    assert kpi.example is not None
    assert found.reason is None
    assert found.value == pytest.approx(kpi.example.value)
    assert {name: found.more[name] for name in kpi.example.numbers} == pytest.approx(
        dict(kpi.example.numbers)
    )
    assert found.n > 0


@pytest.mark.parametrize("kpi", IMPORTED, ids=lambda kpi: kpi.name)
def test_the_formula_with_the_numbers_put_in_gives_the_value(store: SqliteStore, kpi: Kpi) -> None:
    assert kpi.example is not None
    assert eval(kpi.worked.format(**kpi.example.numbers)) == pytest.approx(kpi.example.value)
    bring(store, *NUMBERS[kpi.name])
    found = told(store, kpi.name, window_of(kpi))
    assert eval(kpi.worked.format(**found.more)) == pytest.approx(found.value)


def _nothing(kind: str) -> str:
    if kind == "snapshot":
        return "no source told figures of these days"
    return f"nothing imported of {kind} for these days: listener import --kind {kind} FILE"


@pytest.mark.parametrize("kpi", IMPORTED, ids=lambda kpi: kpi.name)
def test_without_a_file_there_is_no_value_and_the_reason_says_which_to_import(
    store: SqliteStore, kpi: Kpi
) -> None:
    bring(store)
    found = told(store, kpi.name, window_of(kpi))
    assert (found.value, found.n) == (None, 0)
    assert found.reason in {_nothing(kind) for kind in kpi.inputs}


@pytest.mark.parametrize("kpi", IMPORTED, ids=lambda kpi: kpi.name)
def test_numbers_of_other_days_are_not_in_it(store: SqliteStore, kpi: Kpi) -> None:
    bring(store, *NUMBERS[kpi.name])
    later = Window(MONTH.until, MONTH.until + (MONTH.until - MONTH.since) + 86400)
    found = told(store, kpi.name, later)
    assert found.value is None
    assert found.reason is not None
    assert found.reason.startswith(("nothing imported of ", "no source told "))


@pytest.mark.parametrize("kpi", IMPORTED, ids=lambda kpi: kpi.name)
def test_what_is_told_beside_a_value_hides_none_of_its_fields(store: SqliteStore, kpi: Kpi) -> None:
    bring(store, *NUMBERS[kpi.name])
    found = told(store, kpi.name, window_of(kpi))
    fields = set(found.to_json()) - set(found.more)
    assert {"kpi", "brand", "source", "since", "until", "value", "unit", "n", "reason", "heard"} <= fields


@pytest.mark.parametrize("kpi", IMPORTED, ids=lambda kpi: kpi.name)
def test_a_declaration_is_whole(kpi: Kpi) -> None:
    assert kpi.family in ("visibility", "engagement", "conversion", "money", "opinion")
    assert kpi.rows
    assert kpi.source
    assert kpi.formula
    assert FILES.issuperset(kpi.inputs)
    assert kpi.imported
    assert (kpi.unit == "currency") == (_unit(kpi.name) is not None or kpi.name in MONEY)


MONEY = {
    *("social_revenue", "social_revenue.crm", "social_revenue.shop", "best_selling_products", "cpc", "cpm"),
    *("cost_per_lead", "cost_per_lead.crm", "cac", "cac.ads", "clv.profit", "clv.revenue", "arpu"),
    *("revenue_per_follower", "revenue_per_follower.social"),
}


@pytest.mark.parametrize("kpi", [kpi for kpi in IMPORTED if kpi.unit == "currency"], ids=lambda kpi: kpi.name)
def test_an_amount_is_told_in_its_currency(store: SqliteStore, kpi: Kpi) -> None:
    bring(store, *NUMBERS[kpi.name])
    found = told(store, kpi.name, window_of(kpi))
    assert (found.unit, found.more["currency"]) == ("EUR", "EUR")
