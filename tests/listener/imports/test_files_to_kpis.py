"""A file of each kind in, and the KPIs that rest on it out: none of them stays without a value."""

from __future__ import annotations

import pytest
from brought import CONFIG, brought
from commandline import CommandLine

from listener.imports.networks import SOCIAL
from storage.kpi import KPIS
from storage.kpi.imported import SOCIAL_NETWORKS

POSTS = "".join(
    f"2026-11-03,instagram,acme,{metric},{value},post:{number}\n"
    for number in (1, 2)
    for metric, value in (
        ("likes", 40),
        ("comments", 20),
        ("saves", 10),
        ("reach", 500),
        ("impressions", 1000),
    )
)
GROUPS = "".join(
    f"2026-11-03,instagram,acme,audience,60%,{group}:a\n"
    for group in ("age", "gender", "country", "city", "interest")
)
FILES = {
    "ads": "date,network,campaign,currency,spend,impressions,clicks,leads,conversions,revenue\n"
    "2026-11-03,instagram,a,EUR,200,15000,100,8,4,300\n2026-11-04,instagram,a,EUR,400,5000,200,12,8,600\n",
    "native": "date,network,account,metric,value,item\n"
    "2026-11-01,instagram,acme,followers,1000,\n2026-11-08,instagram,acme,followers,1040,\n"
    "2026-11-03,instagram,acme,impressions,10000,\n2026-11-03,instagram,acme,reach,2500,\n"
    "2026-11-03,instagram,acme,link_clicks,50,\n2026-11-03,instagram,acme,saves,20,\n"
    "2026-11-03,instagram,acme,profile_visits,80,\n2026-11-03,instagram,acme,likes,90,\n"
    "2026-11-03,instagram,acme,shares,26,\n2026-11-03,instagram,acme,comments,52,\n"
    "2026-11-03,instagram,acme,posts,2,\n" + POSTS + GROUPS,
    "ga4": "date,session source,session medium,sessions,engaged sessions,key events,total revenue\n"
    "2026-11-03,instagram,social,120,90,5,1000\n2026-11-03,(direct),(none),240,180,32,7000\n",
    "gsc": "Date,Clicks,Impressions,CTR,Position\n2026-11-03,35,700,5%,3\n",
    "crm": "lead_id,created,source,stage,stage_at,revenue,currency\nL0,2026-10-27,instagram,lead,,,\n"
    "L1,2026-11-03,instagram,sql,,,\nL2,2026-11-04,instagram,Closed Won,,900,EUR\n",
    "shop": "date,order_id,product,channel,revenue,currency\n2026-11-03,1,Mug,instagram,60,EUR\n",
    "business": "month,metric,value,unit\n2026-11,customers_start,400,\n2026-11,customers_new,50,\n"
    "2026-11,customers_active,500,\n2026-11,cost_acquisition,2000,EUR\n2026-11,churn,5%,\n"
    "2026-11,revenue,10000,EUR\n2026-11,cost_of_sales,6000,EUR\n2026-11,net_profit,1000,EUR\n",
    "survey": "date,kind,score,n,scale\n2026-11-03,nps,10,50,\n2026-11-03,nps,3,20,\n2026-11-03,nps,8,30,\n"
    "2026-11-03,csat,5,30,5\n2026-11-03,csat,2,10,5\n",
    "reviews": "date,network,stars,count\n2026-11-03,trustpilot,5,5\n2026-11-03,trustpilot,4,5\n",
    "custom": "name,unit,date,value\nstores,shops,2026-11-03,12\n",
}
# Events by name take the place of traffic, and the bounces of Universal Analytics are of another file.
ALONE = {
    "bounce_rate.ua": "Day,Default Channel Grouping,Sessions,Bounce Rate\n2026-11-03,Social,400,45%\n",
    "non_revenue_conversions": "date,Event name,Key events\n2026-11-03,sign_up,20\n2026-11-03,purchase,9\n",
}
OF_SOURCES = {"awareness.page_views", "share_of_news"}
"""What Wikipedia and GDELT tell, and no file."""
SOME = {
    "followers": 1040,
    "audience_growth": 0.04,
    "engagement_rate.reach": 0.14,
    "demographics.age": 0.6,
    "ctr.search": 0.05,
    "bounce_rate.ga4": 0.25,
    "sessions_from_social": 120,
    "lead_conversion_rate": 0.5,
    "social_revenue": 1000,
    "social_revenue.crm": 900,
    "best_selling_products": 60,
    "roi": 0.5,
    "cpc": 2,
    "clv.profit": 160,
    "csat": 0.75,
    "nps": 0.3,
    "star_rating": 4.5,
    "custom.stores": 12,
}
NOVEMBER = ("--since", "2026-11-01", "--until", "2026-12-01", "--brand", "Acme", "--json")


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def test_each_kpi_of_imported_numbers_has_a_value_once_its_file_is_there(line: CommandLine) -> None:
    for kind, content in FILES.items():
        brought(line, kind, content, "--brand", "Acme", *(("--currency", "EUR") if kind == "ga4" else ()))
    # A share of the followers of a market needs those of every brand.
    others = "date,network,account,metric,value\n2026-11-08,instagram,bolt,followers,1040\n"
    brought(line, "native", others, "--brand", "Bolt", name="bolt.csv")
    names = [name for name, kpi in KPIS.items() if kpi.imported and name not in ALONE.keys() | OF_SOURCES]
    values = line.good("kpi", *names, "custom.stores", *NOVEMBER).json()
    assert {value["kpi"]: value["reason"] for value in values if value["value"] is None} == {}
    found = {value["kpi"]: value["value"] for value in values}
    assert {name: found[name] for name in SOME} == pytest.approx(SOME)


@pytest.mark.parametrize(("kpi", "expected"), [("bounce_rate.ua", 0.45), ("non_revenue_conversions", 20)])
def test_those_of_a_file_of_another_form_too(line: CommandLine, kpi: str, expected: float) -> None:
    brought(line, "ga4", ALONE[kpi], "--brand", "Acme")
    (value,) = line.good("kpi", kpi, *NOVEMBER).json()
    assert (value["value"], value["reason"]) == (expected, None)


def test_what_is_a_social_network_is_the_same_for_who_reads_a_file_and_who_counts() -> None:
    assert SOCIAL == SOCIAL_NETWORKS
