"""Orders, what only the business knows, stars, and numbers of one's own."""

from __future__ import annotations

import pytest
from brought import CONFIG, bring, brought, figures, kept
from commandline import CommandLine


@pytest.fixture(autouse=True)
def _configured(line: CommandLine) -> None:
    line.configure(CONFIG)


SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Source,Lineitem discount\n"
    "#1001,a@b.example,paid,2026-11-01 10:00:00 +0100,fulfilled,EUR,140.00,0,0,140.00,0,2026-11-01 09:59:00 +0100,2,"
    "Kettle,60.00,K,instagram,0.00\n"
    "#1001,a@b.example,,,,,,,,,,,1,Pot,25.00,P,,5.00\n"
    "#1002,c@d.example,refunded,2026-11-01 11:00:00 +0100,,EUR,60,0,0,60,0,2026-11-01 11:00:00 +0100,1,Kettle,60.00,K,"
    "web,0\n"
    "#1002,c@d.example,,,,,,,,,,,1,Pot,25.00,P,,0\n"
    "#1003,e@f.example,paid,,,EUR,60,0,0,60,0,2026-11-01 23:30:00 -0500,1,Kettle,60.00,K,web,0\n"
)


def test_shopify_orders_by_product_and_channel(line: CommandLine) -> None:
    ran = brought(line, "shop", SHOPIFY)
    assert figures(line, "metric", "day", "network", "item") == {
        ("revenue", "2026-11-01", "instagram", "product:Kettle"): 120,
        ("revenue", "2026-11-01", "instagram", "product:Pot"): 20,
        ("orders", "2026-11-01", "instagram", ""): 1,
        # What was refunded is told, and counts nothing.
        ("revenue", "2026-11-01", "web", "product:Kettle"): 0,
        ("revenue", "2026-11-01", "web", "product:Pot"): 0,
        ("orders", "2026-11-01", "web", ""): 0,
        # The evening in New York is the next day in Madrid.
        ("revenue", "2026-11-02", "web", "product:Kettle"): 60,
        ("orders", "2026-11-02", "web", ""): 1,
    }
    assert kept(line, "SELECT DISTINCT unit FROM measures WHERE metric = 'revenue'") == [("EUR",)]
    assert "2 lines of orders that were refunded count nothing" in ran.out
    assert b"a@b.example" not in (line.folder / "data" / "listener.db").read_bytes()


def test_an_order_that_is_taken_back_later_counts_no_more(line: CommandLine) -> None:
    brought(line, "shop", SHOPIFY)
    brought(line, "shop", SHOPIFY.replace("#1001,a@b.example,paid", "#1001,a@b.example,refunded"))
    found = figures(line, "metric", "day", "network", "item")
    assert {value for key, value in found.items() if key[1] == "2026-11-01"} == {0}
    assert found["revenue", "2026-11-02", "web", "product:Kettle"] == 60


def test_an_order_whose_first_line_is_broken_is_refused_whole(line: CommandLine) -> None:
    ran = bring(line, "shop", SHOPIFY.replace("2026-11-01 09:59:00 +0100", "soon"))
    assert "line 2: date: 'soon' is no date" in ran.err
    assert "line 3: has no date" in ran.err
    assert not {key for key in figures(line, "network", "metric", "day", "item") if key[0] == "instagram"}


def test_a_table_of_orders(line: CommandLine) -> None:
    content = (
        "date,order_id,product,channel,revenue,currency,customer\n"
        "2026-11-01,1,Kettle,facebook,60,EUR,c1\n2026-11-01,1,Pot,facebook,25.50,EUR,c1\n"
        "2026-11-01,2,Kettle,Facebook,-60,EUR,c2\n"
    )
    ran = brought(line, "shop", content)
    assert figures(line, "metric", "network", "item") == {
        # What was given back is taken off.
        ("revenue", "facebook", "product:Kettle"): 0,
        ("revenue", "facebook", "product:Pot"): 25.5,
        ("orders", "facebook", ""): 2,
    }
    assert "columns not read: 'customer'" in ran.out


def test_what_the_business_knows(line: CommandLine) -> None:
    content = (
        "date,metric,value,unit,network\n"
        "2026-10,customers_start,1000,,\n2026-10,Customers new,50,,facebook\n2026-10,gross_margin,62.5%,,\n"
        "2026-10,churn,0.04,,\n2026-10,lifetime_months,25,months,\n2026-10,net_profit,-1200.50,EUR,\n"
        "2026-10-31,cost_acquisition,900,EUR,facebook\n"
    )
    brought(line, "business", content)
    assert figures(line, "metric", "day", "network") == {
        ("customers_start", "2026-10-01", ""): 1000,
        ("customers_new", "2026-10-01", "facebook"): 50,
        ("gross_margin", "2026-10-01", ""): 0.625,
        ("churn", "2026-10-01", ""): 0.04,
        ("lifetime_months", "2026-10-01", ""): 25,
        ("net_profit", "2026-10-01", ""): -1200.5,
        ("cost_acquisition", "2026-10-31", "facebook"): 900,
    }
    assert dict(kept(line, "SELECT metric, unit FROM measures")) == {
        "customers_start": None,
        "customers_new": None,
        "gross_margin": "ratio",
        "churn": "ratio",
        "lifetime_months": "months",
        "net_profit": "EUR",
        "cost_acquisition": "EUR",
    }


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-10,profits,1,EUR", "metric 'profits' is none of churn, cost_acquisition"),
        ("2026-10,churn,4,", "write 0.4 or 40%"),
        ("2026-10,customers_new,-1,", "cannot be negative"),
        ("2026-10,customers_new,1.5,", "counted in whole numbers"),
        ("2026-10,revenue,1,", "nothing says in which currency"),
        ("2026-10,cost_of_sales,-5,EUR", "cannot be negative"),
        ("2026-10,churn,,", "has no value"),
        ("2026-13,churn,0.1,", "is no day of the calendar"),
    ],
)
def test_what_no_business_can_mean(line: CommandLine, row: str, why: str) -> None:
    ran = bring(line, "business", f"date,metric,value,unit\n2026-10,churn,0.2,\n{row}\n")
    assert ran.code == 0
    assert "line 3: " in ran.err
    assert why in ran.err
    assert kept(line, "SELECT count(*) FROM measures") == [(1,)]


# Stars


def test_trustpilot(line: CommandLine) -> None:
    content = (
        "Review Id,Review Created (UTC),Review Username,Review Title,Review Content,Review Stars,"
        "Source Of Review,Domain URL\n"
        "r1,2026-11-01 10:00:00,Ana,Good,Very good,5,Organic,www.acme.example\n"
        "r2,2026-11-01 12:00:00,Ben,Fine,,5,Organic,www.acme.example\n"
        "r3,2026-11-01 23:30:00,Cai,Bad,Broken,1,Organic,www.acme.example\n"
    )
    brought(line, "reviews", content)
    assert figures(line, "network", "account", "metric", "day", "item") == {
        ("trustpilot", "www.acme.example", "stars", "2026-11-01", "5"): 2,
        ("trustpilot", "www.acme.example", "stars", "2026-11-01", "1"): 1,
    }
    # What they say is kept as mentions of the brand.
    assert kept(line, "SELECT native_id, author FROM posts ORDER BY native_id") == [
        ("r1", "Ana"),
        ("r2", "Ben"),
        ("r3", "Cai"),
    ]


def test_a_table_of_ratings(line: CommandLine) -> None:
    content = "date,network,stars,count\n2026-11-01,Google,5,40\n2026-11-01,google,4,10\n"
    brought(line, "reviews", content)
    assert figures(line, "network", "item") == {("google", "5"): 40, ("google", "4"): 10}
    brought(line, "reviews", "date,network,stars,count\n2026-11-01,google,5,41\n")
    assert figures(line, "network", "item") == {("google", "5"): 41}


@pytest.mark.parametrize("stars", ["0", "6", "4.5", "FIVE", ""])
def test_stars_that_nobody_gives(line: CommandLine, stars: str) -> None:
    ran = bring(
        line, "reviews", f"date,network,stars,count\n2026-11-01,google,5,1\n2026-11-01,google,{stars},1\n"
    )
    assert ran.code == 0
    assert "line 3: stars" in ran.err
    assert figures(line, "item") == {("5",): 1}


# Numbers of one's own


def test_numbers_of_ones_own(line: CommandLine) -> None:
    content = (
        'name,unit,date,value\nAsset ratio,%,2026-10-31,"1.25"\nNewsletter readers,people,2026-10,1200\n'
        "Temper,ratio,2026-10-31,-0.5\nOn time,percent,2026-10-31,97%\nWaste,,2026-10-31,3\n"
    )
    brought(line, "custom", content)
    assert {row[0]: row[1:] for row in kept(line, "SELECT metric, value, unit, day FROM measures")} == {
        "Asset ratio": (0.0125, "ratio", "2026-10-31"),
        "Newsletter readers": (1200.0, "people", "2026-10-01"),
        "Temper": (-0.5, "ratio", "2026-10-31"),
        "On time": (0.97, "ratio", "2026-10-31"),
        "Waste": (3.0, None, "2026-10-31"),
    }


def test_what_is_no_number_of_ones_own(line: CommandLine) -> None:
    content = (
        "name,unit,date,value\n,x,2026-10-31,1\nA,EUR,2026-10-31,5%\nB,x,2026-10-31,\n=C(1),x,2026-10-31,1\n"
        "D,x,2026-10-31,1\nD,x,2026-10-31,2\n"
    )
    ran = bring(line, "custom", content)
    for why in (
        "line 2: has no name",
        "line 3: value is '5%', but unit is not %",
        "line 4: has no value",
        "line 5: name '=C(1)' is a formula",
        "line 7: says D of 2026-10-31 again, with another number",
    ):
        assert why in ran.err
    assert figures(line, "metric") == {("D",): 1}
