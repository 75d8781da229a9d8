"""What it costs and what it brings: return on investment, costs per click and lead, a customer's value, margins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from storage.calendar import cut, unit_of
from storage.kpi import own
from storage.kpi.conversion import LAST_CLICK
from storage.kpi.declaration import Example, Input, Kpi
from storage.kpi.imported import NOT_ADDED, Imported, Missing, added, imported_kpi, ratio, social
from storage.kpi.measured import Cell
from storage.kpi.value import Reading

_NOTHING_SPENT = "nothing was spent"
_PEOPLE = frozenset(("customers_start", "customers_active"))


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
    """Spend / leads of the CRM that came from a network; n is their number."""
    found = [lead for lead in numbers.leads() if lead.network]
    numbers.more["leads"] = len(found)
    return ratio(numbers.money("ads", "spend"), len(found), "no leads")


def cac(numbers: Imported) -> Reading:
    """All that acquiring customers cost / new customers; n is their number."""
    cost, new = _money(numbers, "cost_acquisition"), _count(numbers, "customers_new")
    return ratio(cost, new, "no new customers")


def cac_ads(numbers: Imported) -> Reading:
    """Spend on ads / new customers; n is their number. Other costs of acquiring them are not in it."""
    spend, new = numbers.money("ads", "spend"), _count(numbers, "customers_new")
    return ratio(spend, new, "no new customers")


def customer_acquisition_rate(numbers: Imported) -> Reading:
    """New customers / customers at the start; n is the latter."""
    started = _by_day(numbers, "customers_start")
    numbers.more["customers_start"] = started[0]
    return ratio(_count(numbers, "customers_new"), started[0], "no customers at the start")


def arpu(numbers: Imported) -> Reading:
    """Revenue / active customers, these averaged over the days that tell them; n is the count of customers."""
    customers = _mean(numbers, "customers_active")
    return ratio(_money(numbers, "revenue"), customers, "no active customers")


def revenue_per_follower(numbers: Imported) -> Reading:
    """Revenue / followers at the end of the window, of one network; n is the count of followers."""
    return _per_follower(numbers, _money(numbers, "revenue"))


def revenue_per_follower_social(numbers: Imported) -> Reading:
    """Revenue of sessions from social media / followers at the end, of one network; n is the count of followers."""
    return _per_follower(numbers, numbers.money("ga4", "revenue", social))


def _per_follower(numbers: Imported, revenue: float) -> Reading:
    found = own.level(numbers)
    if len({network for network, _ in found.accounts}) > 1:
        del numbers.more["followers"]
        raise Missing(NOT_ADDED)
    return ratio(revenue, found.end, "no followers")


def clv_profit(numbers: Imported) -> Reading:
    """ARPU of a month x gross margin x months that a customer stays; n is the count of active customers."""
    months, customers = _customer(numbers)
    margin = _margin(numbers)
    value = _money(numbers, "revenue") / months / customers * margin * _lifetime(numbers)
    return Reading(value, round(customers))


def clv_revenue(numbers: Imported) -> Reading:
    """ARPU of a month x months that a customer stays; n is the count of active customers."""
    months, customers = _customer(numbers)
    value = _money(numbers, "revenue") / months / customers * _lifetime(numbers)
    return Reading(value, round(customers))


def _customer(numbers: Imported) -> tuple[int, float]:
    """Months of the window and active customers. What is earned in a month is only known of whole months."""
    window, zone = numbers.scope.window, numbers.scope.zone
    parts = cut(window, "month", zone)
    if parts[0] != unit_of(window.since, "month", zone) or parts[-1] != unit_of(
        window.until - 1, "month", zone
    ):
        raise Missing("a customer's value is reckoned of whole calendar months: ask for those, or by month")
    told = {cell.day[:7] for cell in _company(numbers.cells("business", "revenue"))}
    if len(told) < len(parts):
        raise Missing(f"revenue of {len(told)} of {len(parts)} months")
    customers = _mean(numbers, "customers_active")
    if not customers:
        raise Missing("no active customers")
    numbers.more["months"] = len(parts)
    return len(parts), customers


def _lifetime(numbers: Imported) -> float:
    """Months that a customer stays: as told, else 1 / the share that leaves in a month."""
    if "lifetime_months" in numbers.kept("business"):
        return _mean(numbers, "lifetime_months")
    if "churn" not in numbers.kept("business"):
        raise Missing("no lifetime_months or churn in what was imported of business")
    churn = _mean(numbers, "churn")
    if not churn:
        raise Missing("nobody leaves: the lifetime has no end")
    numbers.more["lifetime_months"] = 1 / churn
    return 1 / churn


def _margin(numbers: Imported) -> float:
    """The gross margin: as told, else of gross profit and revenue."""
    if "gross_margin" in numbers.kept("business"):
        return _mean(numbers, "gross_margin")
    revenue = _money(numbers, "revenue")
    if not revenue:
        raise Missing("no revenue")
    margin = _profit(numbers) / revenue
    numbers.more["gross_margin"] = margin
    return margin


def gross_profit(numbers: Imported) -> Reading:
    """Gross profit as told, else revenue - cost of sales; n is the count of days with numbers."""
    profit = _profit(numbers)
    return Reading(profit, numbers.days("business"))


def _profit(numbers: Imported) -> float:
    if "gross_profit" in numbers.kept("business"):
        return _money(numbers, "gross_profit")
    profit = _money(numbers, "revenue") - _money(numbers, "cost_of_sales")
    numbers.more["gross_profit"] = profit
    return profit


def net_profit(numbers: Imported) -> Reading:
    """Net profit as told; n is the count of days with numbers."""
    profit = _money(numbers, "net_profit")
    return Reading(profit, numbers.days("business"))


def gross_margin(numbers: Imported) -> Reading:
    """Gross profit / revenue; n is the count of days with numbers."""
    profit, revenue = _profit(numbers), _money(numbers, "revenue")
    return ratio(profit, revenue, "no revenue", numbers.days("business"))


def net_margin(numbers: Imported) -> Reading:
    """Net profit / revenue; n is the count of days with numbers."""
    profit, revenue = _money(numbers, "net_profit"), _money(numbers, "revenue")
    return ratio(profit, revenue, "no revenue", numbers.days("business"))


def _money(numbers: Imported, metric: str) -> float:
    return numbers.money("business", metric, _company)


def _count(numbers: Imported, metric: str) -> float:
    return numbers.total("business", metric, _company)


def _company(cells: Sequence[Cell]) -> Sequence[Cell]:
    """What is told of the whole business, of which networks are parts; where only these are told, these."""
    return [cell for cell in cells if not cell.network] or cells


def _mean(numbers: Imported, metric: str) -> float:
    """A level, averaged over the days that tell it."""
    of_days = _by_day(numbers, metric)
    numbers.more[metric] = mean = sum(of_days) / len(of_days)
    return mean


def _by_day(numbers: Imported, metric: str) -> list[float]:
    """A level by day, in order. Raises Missing where networks have each their own and it is no count of people."""
    days: dict[str, list[Cell]] = defaultdict(list)
    for cell in _company(numbers.cells("business", metric)):
        days[cell.day].append(cell)
    if metric not in _PEOPLE and any(len(cells) > 1 for cells in days.values()):
        raise Missing(f"{metric} of several networks is not averaged: ask by source")
    return [added(cells) for cells in days.values()]


def _kpi(
    name: str,
    unit: str,
    formula: str,
    of: Callable[[Imported], Reading],
    inputs: tuple[Input, ...],
    row: str,
    worked: str,
    example: Example,
    better: str = "up",
    source: str = "standard business arithmetic",
    additive: bool = True,
) -> Kpi:
    return imported_kpi(
        name,
        unit,
        formula,
        of,
        inputs,
        additive=additive,
        family="money",
        rows=(row,),
        worked=worked,
        example=example,
        better=better,
        kind=("quantitative", "financial", "lagging"),
        source=source,
    )


_DETERM = "Determ, social media KPIs"

KPIS = (
    _kpi(
        "roi",
        "ratio",
        "(revenue of ads - spend) / spend",
        roi,
        ("ads",),
        "47",
        "({revenue} - {spend}) / {spend}",
        Example({"revenue": 900, "spend": 600}, 0.5),
    ),
    _kpi(
        "roi.social",
        "ratio",
        "(revenue of sessions from social media - spend on ads) / spend on ads",
        roi_social,
        ("ads", "ga4"),
        "47",
        "({revenue} - {spend}) / {spend}",
        Example({"revenue": 1500, "spend": 600}, 1.5),
    ),
    _kpi(
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
    _kpi(
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
    _kpi(
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
    _kpi(
        "cost_per_lead.crm",
        "currency",
        "spend / leads of the CRM that came from a network",
        cost_per_lead_crm,
        ("ads", "crm"),
        "50",
        "{spend} / {leads}",
        Example({"spend": 600, "leads": 5}, 120),
        "down",
        "Sprout Social, cost per lead",
    ),
    _kpi(
        "cac",
        "currency",
        "cost of acquiring customers / new customers, of each platform apart where the file tells them",
        cac,
        ("business",),
        "51",
        "{cost_acquisition} / {customers_new}",
        Example({"cost_acquisition": 2000, "customers_new": 50}, 40),
        "down",
        _DETERM,
    ),
    _kpi(
        "cac.ads",
        "currency",
        "spend on ads / new customers",
        cac_ads,
        ("ads", "business"),
        "51",
        "{spend} / {customers_new}",
        Example({"spend": 600, "customers_new": 50}, 12),
        "down",
        _DETERM,
    ),
    _kpi(
        "clv.profit",
        "currency",
        "revenue of a month / active customers x gross margin x months that a customer stays",
        clv_profit,
        ("business",),
        "52",
        "{revenue} / {months} / {customers_active} * {gross_margin} * {lifetime_months}",
        Example(
            {
                "revenue": 10000,
                "months": 1,
                "customers_active": 500,
                "gross_margin": 0.4,
                "lifetime_months": 20,
            },
            160,
            "5 of 100 customers leave in a month: a customer stays for 20",
        ),
        source=f"{_DETERM}: the contribution to net profit",
    ),
    _kpi(
        "clv.revenue",
        "currency",
        "revenue of a month / active customers x months that a customer stays",
        clv_revenue,
        ("business",),
        "52",
        "{revenue} / {months} / {customers_active} * {lifetime_months}",
        Example({"revenue": 10000, "months": 1, "customers_active": 500, "lifetime_months": 20}, 400),
        source=f"{_DETERM}: all revenue of the relationship",
    ),
    _kpi(
        "arpu",
        "currency",
        "revenue / active customers",
        arpu,
        ("business",),
        "53",
        "{revenue} / {customers_active}",
        Example({"revenue": 10000, "customers_active": 500}, 20),
        source=_DETERM,
    ),
    _kpi(
        "revenue_per_follower",
        "currency",
        "revenue / followers of one network",
        revenue_per_follower,
        ("business", "native"),
        "53",
        "{revenue} / {followers}",
        Example({"revenue": 10000, "followers": 1000}, 10),
        source=f"{_DETERM}: what each follower spends",
        additive=False,
    ),
    _kpi(
        "revenue_per_follower.social",
        "currency",
        "revenue of sessions from social media / followers of one network",
        revenue_per_follower_social,
        ("ga4", "native"),
        "53",
        "{revenue} / {followers}",
        Example({"revenue": 1500, "followers": 1000}, 1.5),
        source=f"{_DETERM}: what each follower spends",
        additive=False,
    ),
    _kpi(
        "customer_acquisition_rate",
        "ratio",
        "new customers / customers at the start",
        customer_acquisition_rate,
        ("business",),
        "53a",
        "{customers_new} / {customers_start}",
        Example({"customers_new": 50, "customers_start": 400}, 0.125),
        source=_DETERM,
    ),
    _kpi(
        "gross_profit",
        "currency",
        "revenue - cost of sales",
        gross_profit,
        ("business",),
        "54",
        "{gross_profit}",
        Example({"gross_profit": 4000}, 4000, "revenue of 10 000, cost of sales of 6 000"),
    ),
    _kpi(
        "net_profit",
        "currency",
        "net profit as the books tell it",
        net_profit,
        ("business",),
        "54",
        "{net_profit}",
        Example({"net_profit": 1000}, 1000),
    ),
    _kpi(
        "gross_margin",
        "ratio",
        "gross profit / revenue",
        gross_margin,
        ("business",),
        "54",
        "{gross_profit} / {revenue}",
        Example({"gross_profit": 4000, "revenue": 10000}, 0.4),
    ),
    _kpi(
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
