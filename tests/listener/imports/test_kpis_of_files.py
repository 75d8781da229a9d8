"""From an exported file to a KPI at the terminal: with a file of each kind, no KPI of files is without value."""

from __future__ import annotations

from typing import Any

import pytest
from brought import CONFIG, brought
from commandline import CommandLine

from listener.imports.tables import KINDS
from storage.kpi import KPIS

FILES = {
    "ga4": (
        "Date,Session source / medium,Session default channel group,"
        "Sessions,Engaged sessions,Key events,Total revenue\n"
        "20261010,l.facebook.com / referral,Organic Social,60,45,6,120.00\n"
        "20261010,google / organic,Organic Search,140,105,4,80.00\n"
    ),
    "gsc": "Date,Clicks,Impressions,CTR,Position\n2026-10-10,12,1000,1.2%,8.4\n",
    "ads": (
        "date,network,campaign,spend,impressions,clicks,leads,conversions,revenue,currency\n"
        "2026-10-10,facebook,Autumn,50.00,20000,400,10,20,150.00,EUR\n"
    ),
    "crm": (
        "lead_id,created,source,stage,stage_at,revenue,currency\n"
        "L0,2026-09-20,facebook,lead,,,\nL1,2026-10-10,facebook,customer,2026-10-20,90.00,EUR\n"
        "L2,2026-10-11,facebook,sql,2026-10-12,,\nL3,2026-10-11,(direct),lead,,,\n"
    ),
    "survey": (
        "date,kind,score,n,scale\n2026-10-10,nps,10,30,\n2026-10-10,nps,2,10,\n"
        "2026-10-10,csat,5,8,5\n2026-10-10,csat,2,2,5\n"
    ),
    "native": (
        "date,network,account,metric,value,item\n"
        "2026-10-09,facebook,acme,followers,1000,\n2026-10-10,facebook,acme,followers,1050,\n"
        "2026-10-10,facebook,acme,impressions,8000,\n2026-10-10,facebook,acme,reach,5000,\n"
        "2026-10-10,facebook,acme,saves,7,\n2026-10-10,facebook,acme,profile_visits,90,\n"
        "2026-10-10,facebook,acme,link_clicks,40,\n2026-10-10,facebook,acme,shares,20,\n"
        "2026-10-10,facebook,acme,likes,210,\n2026-10-10,facebook,acme,comments,21,\n"
        "2026-10-10,facebook,acme,posts,1,post:1\n2026-10-10,facebook,acme,reach,500,post:1\n"
        "2026-10-10,facebook,acme,impressions,800,post:1\n2026-10-10,facebook,acme,likes,40,post:1\n"
        "2026-10-10,facebook,acme,comments,8,post:1\n2026-10-10,facebook,acme,shares,4,post:1\n"
        "2026-10-10,facebook,acme,saves,2,post:1\n2026-10-10,facebook,acme,audience,60%,age:25-34\n"
        "2026-10-10,facebook,acme,audience,55%,gender:female\n2026-10-10,facebook,acme,audience,70%,country:ES\n"
        "2026-10-10,facebook,acme,audience,30%,city:Girona\n2026-10-10,facebook,acme,audience,20%,interest:tea\n"
    ),
    "shop": (
        "date,order_id,product,network,revenue,currency\n"
        "2026-10-10,1,Kettle,facebook,60.00,EUR\n2026-10-10,2,Pot,,25.00,EUR\n"
    ),
    "business": (
        "date,metric,value,unit,network\n"
        "2026-10-01,customers_start,1000,,\n2026-10-01,customers_new,50,,\n2026-10-01,customers_active,1000,,\n"
        "2026-10-01,customers_new,20,,facebook\n"
        "2026-10-01,cost_acquisition,900,EUR,\n2026-10-01,revenue,20000,EUR,\n2026-10-01,cost_of_sales,8000,EUR,\n"
        "2026-10-01,net_profit,3000,EUR,\n2026-10-01,churn,4%,,\n"
    ),
    "reviews": "date,network,stars,count\n2026-10-10,google,5,40\n2026-10-10,google,3,10\n",
    "custom": "name,unit,date,value\nNewsletter readers,people,2026-10-10,1200\n",
}
UNIVERSAL = (
    "# 20261008-20261008\nDefault Channel Grouping,Sessions,Bounce Rate\n"
    "Social,200,45.5%\nOrganic Search,100,30%\n"
)
EVENTS = "# 20261010-20261010\nEvent name,Key events\nnewsletter_sign_up,9\npurchase,4\n"
OF_FILES = [name for name, kpi in KPIS.items() if set(kpi.inputs) & set(KINDS)]


@pytest.fixture
def values(line: CommandLine) -> dict[str, dict[str, Any]]:
    line.configure(CONFIG)
    assert set(FILES) == set(KINDS)
    for kind, content in FILES.items():
        brought(line, kind, content, *(["--currency", "EUR"] if kind == "ga4" else []))
    brought(line, "ga4", UNIVERSAL)
    brought(line, "ga4", EVENTS)
    month = ("--brand", "Acme", "--since", "2026-10-01", "--until", "2026-11-01", "--json")
    return {value["kpi"]: value for value in line.good("kpi", *OF_FILES, *month).json()}


def test_no_kpi_of_files_is_without_value(values: dict[str, dict[str, Any]]) -> None:
    assert len(OF_FILES) > 50
    assert {name: value["reason"] for name, value in values.items() if value["value"] is None} == {}


SHOWN = {
    "cpc": 50 / 400,
    "cpm": 50 / 20000 * 1000,
    "ctr": 400 / 20000,
    "conversion_rate.clicks": 20 / 400,
    "bounce_rate.ga4": 1 - 150 / 200,
    "bounce_rate.ua": (91 + 30) / 300,
    "sessions_from_social": 60,
    "social_revenue": 120,
    "search_impressions": 1000,
    "ctr.search": 12 / 1000,
    "non_revenue_conversions": 9,
    "leads": 2,
    "qualified_lead_rate": 1.0,
    "lead_conversion_rate": 1 / 2,
    "nps": (30 - 10) / 40,
    "csat": 8 / 10,
    "star_rating": (40 * 5 + 10 * 3) / 50,
    "audience_growth": 50 / 1000,
    "social_revenue.shop": 60,
    "net_margin": 3000 / 20000,
}


def test_what_was_exported_is_what_is_shown(values: dict[str, dict[str, Any]]) -> None:
    assert {name: values[name]["value"] for name in SHOWN} == pytest.approx(SHOWN)
