"""What advertising cost, as Meta, Google and LinkedIn export it."""

from __future__ import annotations

import pytest
from brought import CONFIG, bring, brought, figures, kept
from commandline import CommandLine

META = (
    "Reporting starts,Reporting ends,Campaign name,Campaign delivery,Results,Result indicator,Reach,Impressions,"
    "Cost per results,Amount spent (GBP),Link clicks,Clicks (all),CPC (cost per link click) (GBP),"
    "Purchases conversion value,Ends\n"
    "2026-11-01,2026-11-01,,,,,,3000,,30.75,60,90,,,\n"
    "2026-11-01,2026-11-01,Autumn,active,5,actions:offsite_conversion.fb_pixel_lead,900,1000,2.05,10.25,20,30,0.51,,Ongoing\n"
    "2026-11-01,2026-11-01,Winter,active,2,actions:offsite_conversion.fb_pixel_purchase,1500,2000,10.25,20.50,40,60,0.51,"
    "99.90,Ongoing\n"
)


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def test_meta_without_a_breakdown_by_platform(line: CommandLine) -> None:
    ran = brought(line, "ads", META)
    assert "Meta Ads Manager" in ran.out
    assert "1 row of totals left out" in ran.out
    found = figures(line, "metric", "campaign")
    assert found == {
        ("spend", "Autumn"): 10.25,
        ("spend", "Winter"): 20.5,
        ("impressions", "Autumn"): 1000,
        ("impressions", "Winter"): 2000,
        # Clicks on the link, where both are told.
        ("clicks", "Autumn"): 20,
        ("clicks", "Winter"): 40,
        ("leads", "Autumn"): 5,
        ("conversions", "Winter"): 2,
        ("revenue", "Winter"): 99.9,
    }
    assert kept(line, "SELECT DISTINCT network, unit FROM measures WHERE unit IS NOT NULL") == [
        ("meta", "GBP")
    ]


def test_meta_by_platform_takes_the_place_of_the_sum(line: CommandLine) -> None:
    brought(line, "ads", META)
    by_platform = (
        "Day,Platform,Campaign name,Amount spent (GBP),Impressions,Link clicks,Reporting starts,Reporting ends\n"
        "2026-11-01,facebook,Autumn,6.25,600,12,2026-11-01,2026-11-30\n"
        "2026-11-01,instagram,Autumn,4.00,400,8,2026-11-01,2026-11-30\n"
    )
    brought(line, "ads", by_platform)
    assert {
        key: value
        for key, value in figures(line, "metric", "network", "campaign").items()
        if key[0] == "spend"
    } == {
        ("spend", "facebook", "Autumn"): 6.25,
        ("spend", "instagram", "Autumn"): 4.0,
    }


def test_meta_in_spanish(line: CommandLine) -> None:
    content = (
        "Día,Nombre de la campaña,Importe gastado (EUR),Impresiones,Clics en el enlace,Compras\n"
        ',Resultados totales,"26,62",,,\n'
        '2026-11-01,Otoño,"1.211,52","1.204",35,2\n2026-11-02,Otoño,"3,10",310,4,\n'
    )
    ran = brought(line, "ads", content)
    assert "with a decimal comma" in ran.out
    assert figures(line, "metric", "day") == {
        ("spend", "2026-11-01"): 1211.52,
        ("spend", "2026-11-02"): 3.1,
        ("impressions", "2026-11-01"): 1204,
        ("impressions", "2026-11-02"): 310,
        ("clicks", "2026-11-01"): 35,
        ("clicks", "2026-11-02"): 4,
        ("conversions", "2026-11-01"): 2,
    }


def test_a_month_of_meta_in_one_row_is_refused_row_by_row(line: CommandLine) -> None:
    content = META.replace("2026-11-01,2026-11-01", "2026-10-01,2026-10-31")
    ran = bring(line, "ads", content)
    assert ran.code == 1
    assert "lines 3, 4: is one sum of 2026-10-01 to 2026-10-31" in ran.err
    brought(line, "ads", content, "--whole-periods")
    assert kept(line, "SELECT DISTINCT day FROM measures") == [("2026-10-31",)]


GOOGLE = (
    "Campaign report\n"
    '"November 1, 2026 - November 2, 2026"\n'
    "Day,Campaign status,Campaign,Campaign type,Currency code,Clicks,Impr.,CTR,Avg. CPC,Cost,Conversions,Conv. value\n"
    '2026-11-01,Enabled,Brand,Search,EUR,"1,020","12,345",8.26%,0.50,510.00,12.33,"1,250.50"\n'
    "2026-11-02,Enabled,Brand,Search,EUR,10,100,10.00%,0.50,5.00,--,--\n"
    'Total: Account,,--,,EUR,"1,030","12,445",8.28%,0.50,515.00,12.33,"1,250.50"\n'
    'Total: Campaigns,,--,,EUR,"1,030","12,445",8.28%,0.50,515.00,12.33,"1,250.50"\n'
)


@pytest.mark.parametrize(
    "content",
    [
        GOOGLE.encode(),
        "\n".join("\t".join(row) for row in __import__("csv").reader(GOOGLE.splitlines())).encode("utf-16"),
        GOOGLE.replace("\n", "\r\n").encode("utf-8-sig"),
    ],
    ids=["csv", "excel csv: UTF-16, tabs", "with a mark"],
)
def test_google_ads_in_each_of_its_downloads(line: CommandLine, content: bytes) -> None:
    ran = brought(line, "ads", content)
    assert "2 rows of totals left out" in ran.out
    assert figures(line, "metric", "day") == {
        ("spend", "2026-11-01"): 510,
        ("spend", "2026-11-02"): 5,
        ("impressions", "2026-11-01"): 12345,
        ("impressions", "2026-11-02"): 100,
        ("clicks", "2026-11-01"): 1020,
        ("clicks", "2026-11-02"): 10,
        # Parts of a conversion, where several clicks share it; "--" is none, and no zero.
        ("conversions", "2026-11-01"): 12.33,
        ("revenue", "2026-11-01"): 1250.5,
    }
    assert kept(line, "SELECT DISTINCT network, campaign FROM measures") == [("google", "Brand")]
    assert kept(line, "SELECT DISTINCT unit FROM measures WHERE metric = 'spend'") == [("EUR",)]


def test_google_ads_without_the_segment_day(line: CommandLine) -> None:
    content = (
        GOOGLE.replace("Day,", "")
        .replace("2026-11-01,Enabled", "Enabled")
        .replace("2026-11-02,Enabled", "Enabled")
    )
    ran = bring(line, "ads", content)
    assert (ran.code, "is one sum of 2026-11-01 to 2026-11-02" in ran.err) == (1, True)
    brought(line, "ads", content, "--whole-periods")
    assert figures(line, "metric", "day")["spend", "2026-11-02"] == 515


LINKEDIN = (
    "Campaign Performance Report (in UTC)\n"
    '"Report Start: November 1, 2026, 12:00 AM"\n"Report End: November 21, 2026, 11:59 PM"\n'
    '"Date Generated: November 22, 2026, 12:40 PM"\n\n'
    "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign Name\tTotal Spent\tImpressions\tClicks\tLeads\tConversions\n"
    "11/1/2026\tAcme\tEUR\tContractors\t55.39\t3,422\t11\t2\t0\n"
    "11/21/2026\tAcme\tEUR\tContractors\t1,005.50\t9,000\t40\t3\t1\n"
)


def test_linkedin_campaign_manager(line: CommandLine) -> None:
    ran = brought(line, "ads", LINKEDIN.encode("utf-16"))
    assert "the month first in dates" in ran.out
    found = figures(line, "metric", "day", "account")
    assert found["spend", "2026-11-01", "Acme"] == 55.39
    assert found["spend", "2026-11-21", "Acme"] == 1005.5
    assert found["impressions", "2026-11-21", "Acme"] == 9000
    assert found["leads", "2026-11-01", "Acme"] == 2
    assert kept(line, "SELECT DISTINCT network, campaign FROM measures") == [("linkedin", "Contractors")]


def test_linkedin_days_that_could_be_two_are_not_guessed(line: CommandLine) -> None:
    content = LINKEDIN.replace("11/21/2026\t", "11/2/2026\t")
    ran = bring(line, "ads", content)
    assert (ran.code, "'11/1/2026' on line 7 may be two days" in ran.err) == (2, True)
    brought(line, "ads", content, "--locale", "en_US")
    assert {key[0] for key in figures(line, "day", "metric")} == {"2026-11-01", "2026-11-02"}


def test_a_network_for_rows_that_name_none(line: CommandLine) -> None:
    brought(
        line, "ads", "date,spend,currency\n2026-11-01,5,EUR\n", "--network", "Twitter", "--account", "@acme"
    )
    assert kept(line, "SELECT network, account, value FROM measures") == [("x", "acme", 5.0)]
