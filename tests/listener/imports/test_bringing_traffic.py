"""Google Analytics and Search Console, in the forms in which they export."""

from __future__ import annotations

import io
import zipfile

import pytest
from brought import CONFIG, bring, brought, figures, kept
from commandline import CommandLine

from listener.imports.networks import channel_of, network_of

RULE = "# ----------------------------------------\n"
COLUMNS = (
    "Sessions,Engaged sessions,Engagement rate,Average engagement time per session,Events per session,Event count,"
    "Key events,Session key event rate,Total revenue\n"
)


def acquisition(since: str, until: str) -> str:
    """Reports > Acquisition > Traffic acquisition, shared as CSV."""
    return (
        f"{RULE}# Traffic acquisition: Session primary channel group (Default Channel Group)\n# Account: Acme\n"
        f"# Property: Acme - GA4\n{RULE}# \n# All Users\n# Start date: {since}\n# End date: {until}\n"
        f"Session primary channel group (Default Channel Group),{COLUMNS}"
        ",1500,1050,0.7,41.5,9.1,13650,9,0.006,120.5\n"
        "Organic Search,1200,850,0.708333,48.27,9.12,10900,5,0.004166,100.5\n"
        "Organic Social,300,200,0.666667,33.1,8.9,2750,4,0.013333,20\n"
    )


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


def test_traffic_acquisition_of_one_day(line: CommandLine) -> None:
    ran = brought(line, "ga4", acquisition("20261103", "20261103"), "--currency", "EUR")
    assert figures(line, "metric", "item") == {
        ("sessions", "Organic Search"): 1200,
        ("sessions", "Organic Social"): 300,
        ("engaged_sessions", "Organic Search"): 850,
        ("engaged_sessions", "Organic Social"): 200,
        ("key_events", "Organic Search"): 5,
        ("key_events", "Organic Social"): 4,
        ("revenue", "Organic Search"): 100.5,
        ("revenue", "Organic Social"): 20,
    }
    assert kept(line, "SELECT DISTINCT day, kind, network FROM measures") == [("2026-11-03", "ga4", "")]
    assert "1 row of totals left out" in ran.out
    assert "'Engagement rate'" in ran.out


def test_a_sum_of_many_days_is_no_day(line: CommandLine) -> None:
    ran = bring(line, "ga4", acquisition("20261001", "20261031"), "--currency", "EUR")
    assert ran.code == 1
    assert (
        "lines 12, 13: is one sum of 2026-10-01 to 2026-10-31; export it by day, or add --whole-periods"
        in ran.err
    )
    brought(line, "ga4", acquisition("20261001", "20261031"), "--currency", "EUR", "--whole-periods")
    assert kept(line, "SELECT DISTINCT day FROM measures") == [("2026-10-31",)]


FREE_FORM = (
    f"{RULE}# Acme\n# Free form-Free form 1\n# 20261101-20261102\n{RULE}\n"
    "Date,Session source / medium,Session campaign,Sessions,Engaged sessions,Key events\n"
    ",,,10,6,1,Grand total\n"
    "20261101,t.co / referral,(not set),4,3,0.5\n"
    "20261101,l.facebook.com / referral,(referral),2,1,0\n"
    "20261102,instagram / paid_social,autumn,3,2,0.5\n"
    "20261102,(direct) / (none),(direct),1,0,0\n"
)


def test_an_exploration_by_date_and_source(line: CommandLine) -> None:
    ran = brought(line, "ga4", FREE_FORM)
    assert "1 row of totals left out" in ran.out
    found = figures(line, "metric", "day", "network", "campaign", "item")
    assert {key[1:]: value for key, value in found.items() if key[0] == "sessions"} == {
        ("2026-11-01", "x", "", "Organic Social"): 4,
        ("2026-11-01", "facebook", "", "Organic Social"): 2,
        ("2026-11-02", "instagram", "autumn", "Paid Social"): 3,
        ("2026-11-02", "", "", "Direct"): 1,
    }
    # Attribution by data gives parts of a key event to a channel.
    assert found["key_events", "2026-11-01", "x", "", "Organic Social"] == 0.5


def test_another_cut_of_the_same_days_replaces_and_never_counts_twice(line: CommandLine) -> None:
    brought(line, "ga4", FREE_FORM)
    by_channel = (
        "Date,Session default channel group,Sessions,Engaged sessions,Conversions\n"
        "20261101,Organic Social,6,4,0.5\n20261102,Paid Social,3,2,0.5\n20261102,Direct,1,0,0\n"
    )
    brought(line, "ga4", by_channel)
    assert kept(line, "SELECT sum(value) FROM measures WHERE metric = 'sessions'") == [(10.0,)]
    assert set(figures(line, "metric", "day", "item")) == {
        (metric, *where)
        for metric in ("sessions", "engaged_sessions", "key_events")
        for where in (
            ("2026-11-01", "Organic Social"),
            ("2026-11-02", "Paid Social"),
            ("2026-11-02", "Direct"),
        )
    }


def test_two_properties_of_a_brand_stand_side_by_side(line: CommandLine) -> None:
    brought(line, "ga4", acquisition("20261103", "20261103"), "--account", "shop")
    brought(line, "ga4", acquisition("20261103", "20261103"), "--account", "blog")
    assert kept(line, "SELECT sum(value) FROM measures WHERE metric = 'sessions'") == [(3000.0,)]


def test_in_spanish(line: CommandLine) -> None:
    content = (
        f"{RULE}# Adquisición de tráfico: Grupo de canales principal de la sesión\n# Cuenta: Acme\n"
        f"{RULE}# \n# Todos los usuarios\n# Fecha de inicio: 20261103\n# Fecha de finalización: 20261103\n"
        "Grupo de canales principal de la sesión (Grupo de canales predeterminado),Sesiones,Sesiones con interacción,"
        "Eventos clave,Total de ingresos\nOrganic Social,300,200,4,20.5\n"
    )
    brought(line, "ga4", content, "--currency", "EUR")
    assert figures(line, "metric", "day", "item") == {
        ("sessions", "2026-11-03", "Organic Social"): 300,
        ("engaged_sessions", "2026-11-03", "Organic Social"): 200,
        ("key_events", "2026-11-03", "Organic Social"): 4,
        ("revenue", "2026-11-03", "Organic Social"): 20.5,
    }


def test_key_events_by_name(line: CommandLine) -> None:
    content = (
        "# Start date: 20261103\n# End date: 20261103\nEvent name,Key events,Total users\n"
        ",12,9\nnewsletter_sign_up,9,7\nebook_download,3,3\n"
    )
    brought(line, "ga4", content)
    assert figures(line, "metric", "item") == {
        ("key_event", "key_event:newsletter_sign_up"): 9,
        ("key_event", "key_event:ebook_download"): 3,
    }


def test_bounces_of_universal_analytics_stand_apart(line: CommandLine) -> None:
    universal = (
        f"{RULE}# All Web Site Data\n# Acquisition Channels\n# 20230601-20230601\n{RULE}\n"
        "Default Channel Grouping,Users,New Users,Sessions,Bounce Rate,Pages / Session,Goal Completions,Revenue\n"
        'Social,"1,100","1,000","1,200",45.25%,1.7,12,$0.00\nOrganic Search,300,200,400,"30.00%",2.5,3,$0.00\n'
        ',"1,400","1,200","1,600",41.44%,1.9,15,$0.00\n'
        "\nDay Index,Users\n6/1/23,1\n6/2/23,2\n"
    )
    brought(line, "ga4", universal, "--currency", "USD")
    assert figures(line, "metric", "item") == {
        ("sessions", "Social"): 1200,
        ("bounced_sessions_ua", "Social"): 543,
        ("key_events", "Social"): 12,
        ("revenue", "Social"): 0,
        ("sessions", "Organic Search"): 400,
        ("bounced_sessions_ua", "Organic Search"): 120,
        ("key_events", "Organic Search"): 3,
        ("revenue", "Organic Search"): 0,
    }
    brought(line, "ga4", acquisition("20261103", "20261103"))
    # A day of the one and a day of the other never share a number of bounces.
    days = kept(
        line, "SELECT day, metric FROM measures WHERE metric IN ('bounced_sessions_ua', 'engaged_sessions')"
    )
    assert set(days) == {("2023-06-01", "bounced_sessions_ua"), ("2026-11-03", "engaged_sessions")}


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("t.co", "x"),
        ("twitter.com", "x"),
        ("l.facebook.com", "facebook"),
        ("lm.facebook.com", "facebook"),
        ("fb", "facebook"),
        ("l.instagram.com", "instagram"),
        ("lnkd.in", "linkedin"),
        ("es.linkedin.com", "linkedin"),
        ("https://www.youtube.com/watch?v=1", "youtube"),
        ("bsky.app", "bluesky"),
        ("Google", "google"),
        ("google.co.uk", "google"),
        ("out.reddit.com", "reddit"),
        ("(direct)", ""),
        ("(not set)", ""),
        ("", ""),
        ("Acme Newsletter", "acme newsletter"),
        ("notfacebook.com", "notfacebook.com"),
        ("facebook.com.evil.example", "facebook.com.evil.example"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_what_others_call_a_network(source: str, network: str) -> None:
    assert network_of(source) == network


@pytest.mark.parametrize(
    ("source", "medium", "channel"),
    [
        ("(direct)", "(none)", "Direct"),
        ("google", "organic", "Organic Search"),
        ("google", "cpc", "Paid Search"),
        ("t.co", "referral", "Organic Social"),
        ("facebook", "paid_social", "Paid Social"),
        ("newsletter", "social", "Organic Social"),
        ("youtube.com", "referral", "Organic Video"),
        ("youtube", "cpv", "Paid Video"),
        ("partner.example", "cpc", "Paid Other"),
        ("mail", "email", "Email"),
        ("partner.example", "referral", "Referral"),
        ("partner.example", "affiliate", "Affiliates"),
        ("partner.example", "banner", "Unassigned"),
    ],
)
def test_the_channel_of_a_source_and_medium(source: str, medium: str, channel: str) -> None:
    assert channel_of(source, medium) == channel


# Search Console

DATES = "Date,Clicks,Impressions,CTR,Position\n2026-11-02,12,1000,1.2%,8.4\n2026-11-01,7,900,0.78%,9.1\n"
QUERIES = "Top queries,Clicks,Impressions,CTR,Position\nacme,19,1500,1.27%,3.2\n"


def packed(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", " ") + ".csv", content)
    return buffer.getvalue()


SEARCH = {
    ("search_impressions", "2026-11-01"): 900,
    ("search_impressions", "2026-11-02"): 1000,
    ("search_clicks", "2026-11-01"): 7,
    ("search_clicks", "2026-11-02"): 12,
}


@pytest.mark.parametrize(
    "content",
    [
        DATES,
        DATES.replace("Date,Clicks,Impressions,CTR,Position", "Fecha,Clics,Impresiones,CTR,Posición"),
        DATES.replace("Date,Clicks,Impressions", "Datum,Klick,Visningar").replace(",CTR,Position", ",x,y"),
        packed(Queries=QUERIES, Dates=DATES, Filters="Filter,Value\nSearch type,Web\n"),
        packed(Chart=DATES, Queries=QUERIES),
    ],
    ids=["en", "es", "sv", "zip", "zip with a chart"],
)
def test_days_of_search_console(line: CommandLine, content: str | bytes) -> None:
    ran = brought(line, "gsc", content, name="performance.zip")
    assert figures(line, "metric", "day") == SEARCH
    assert kept(line, "SELECT DISTINCT network, item FROM measures") == [("google", "")]
    if isinstance(content, bytes):
        assert "other tables in the file are not read: " in ran.out
        assert "Queries.csv" in ran.out


def test_queries_alone_tell_no_days(line: CommandLine) -> None:
    ran = bring(line, "gsc", QUERIES)
    assert ran.code == 2
    assert "days (Dates.csv or Chart.csv): 'date', 'clicks', 'impressions'" in ran.err


def test_search_console_in_a_language_that_is_not_known(line: CommandLine) -> None:
    content = DATES.replace("Date,Clicks,Impressions", "Data,Clicuri,Afișări")
    maps = ["--map", "date=Data", "--map", "search_clicks=Clicuri", "--map", "search_impressions=Afișări"]
    brought(line, "gsc", content, *maps)
    assert figures(line, "metric", "day") == SEARCH
