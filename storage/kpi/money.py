"""What it costs and what it brings: return on investment, costs per click and lead, profits and margins."""

from __future__ import annotations

from storage.kpi import books
from storage.kpi.books import money_kpi
from storage.kpi.declaration import Example
from storage.kpi.imported import Imported, ratio, social
from storage.kpi.leads import from_social
from storage.kpi.sales import LAST_CLICK
from storage.kpi.value import Reading

_NOTHING_SPENT = "nothing was spent"


def roi(numbers: Imported) -> Reading:
    """(revenue of ads - spend) / spend; n is the count of days with numbers. Costs beside the spend are not in it."""
    return _return(numbers, numbers.money("ads", "revenue"), "the advertising platform's own")


def roi_social(numbers: Imported) -> Reading:
    """(revenue of sessions from social media - spend on ads) / spend on ads; n is the count of days with numbers."""
    return _return(numbers, numbers.money("ga4", "revenue", social), LAST_CLICK)


def _return(numbers: Imported, revenue: float, attribution: str) -> Reading:
    spend = numbers.money("ads", "spend")
    numbers.more.update({"profit": revenue - spend, "attribution": attribution})
    return ratio(revenue - spend, spend, _NOTHING_SPENT, numbers.days("ads"))


def cpc(numbers: Imported) -> Reading:
    """Spend / clicks; n is the count of clicks."""
    return ratio(numbers.money("ads", "spend"), numbers.total("ads", "clicks"), "no clicks")


def cpm(numbers: Imported) -> Reading:
    """Spend / impressions x 1,000; n is the count of impressions."""
    spend, shown = numbers.money("ads", "spend"), numbers.total("ads", "impressions")
    return ratio(1000 * spend, shown, "no impressions", shown)


def cost_per_lead(numbers: Imported) -> Reading:
    """Spend / leads that the advertising platform counts; n is their number."""
    return ratio(numbers.money("ads", "spend"), numbers.total("ads", "leads"), "no leads")


def cost_per_lead_crm(numbers: Imported) -> Reading:
    """Spend / leads of the CRM that came from social networks; n is their number."""
    found = from_social(numbers)
    numbers.more["leads"] = len(found)
    return ratio(numbers.money("ads", "spend"), len(found), "no leads")


def gross_profit(numbers: Imported) -> Reading:
    """Gross profit as told, else revenue - cost of sales; n is the count of days with numbers."""
    profit = books.profit(numbers)
    return Reading(profit, numbers.days("business"))


def net_profit(numbers: Imported) -> Reading:
    """Net profit as told; n is the count of days with numbers."""
    profit = books.money(numbers, "net_profit")
    return Reading(profit, numbers.days("business"))


def gross_margin(numbers: Imported) -> Reading:
    """Gross profit / revenue, or as told where files tell the margin itself; n is the count of days with numbers."""
    margin = books.margin(numbers)
    return Reading(margin, numbers.days("business"))


def net_margin(numbers: Imported) -> Reading:
    """Net profit / revenue; n is the count of days with numbers."""
    profit, revenue = books.money(numbers, "net_profit"), books.money(numbers, "revenue")
    return ratio(profit, revenue, "no revenue", numbers.days("business"))


KPIS = (
    money_kpi(
        "roi",
        "ratio",
        "(revenue of ads - spend) / spend",
        roi,
        ("ads",),
        "47",
        "({revenue} - {spend}) / {spend}",
        Example({"revenue": 900, "spend": 600}, 0.5),
    ),
    money_kpi(
        "roi.social",
        "ratio",
        "(revenue of sessions from social media - spend on ads) / spend on ads",
        roi_social,
        ("ads", "ga4"),
        "47",
        "({revenue} - {spend}) / {spend}",
        Example({"revenue": 1500, "spend": 600}, 1.5),
    ),
    money_kpi(
        "cpc",
        "currency",
        "spend / clicks",
        cpc,
        ("ads",),
        "48",
        "{spend} / {clicks}",
        Example({"spend": 600, "clicks": 300}, 2),
        "down",
    ),
    money_kpi(
        "cpm",
        "currency",
        "spend / impressions x 1 000",
        cpm,
        ("ads",),
        "49",
        "{spend} / {impressions} * 1000",
        Example({"spend": 600, "impressions": 20000}, 30),
        "down",
        additive=False,
    ),
    money_kpi(
        "cost_per_lead",
        "currency",
        "spend / leads that the advertising platform counts",
        cost_per_lead,
        ("ads",),
        "50",
        "{spend} / {leads}",
        Example({"spend": 600, "leads": 20}, 30),
        "down",
        "Sprout Social, cost per lead",
    ),
    money_kpi(
        "cost_per_lead.crm",
        "currency",
        "spend / leads of the CRM that came from social networks",
        cost_per_lead_crm,
        ("ads", "crm"),
        "50",
        "{spend} / {leads}",
        Example({"spend": 600, "leads": 5}, 120),
        "down",
        "Sprout Social, cost per lead",
    ),
    money_kpi(
        "gross_profit",
        "currency",
        "revenue - cost of sales",
        gross_profit,
        ("business",),
        "54",
        "{gross_profit}",
        Example({"gross_profit": 4000}, 4000, "revenue of 10 000, cost of sales of 6 000"),
    ),
    money_kpi(
        "net_profit",
        "currency",
        "net profit as the books tell it",
        net_profit,
        ("business",),
        "54",
        "{net_profit}",
        Example({"net_profit": 1000}, 1000),
    ),
    money_kpi(
        "gross_margin",
        "ratio",
        "gross profit / revenue",
        gross_margin,
        ("business",),
        "54",
        "{gross_margin}",
        Example({"gross_margin": 0.4}, 0.4, "a gross profit of 4 000 of a revenue of 10 000"),
    ),
    money_kpi(
        "net_margin",
        "ratio",
        "net profit / revenue",
        net_margin,
        ("business",),
        "54",
        "{net_profit} / {revenue}",
        Example({"net_profit": 1000, "revenue": 10000}, 0.1),
    ),
)
