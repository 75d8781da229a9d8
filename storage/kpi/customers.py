"""What a customer costs and brings: acquisition, revenue of a customer or a follower, the value of one who stays."""

from __future__ import annotations

from storage.calendar import cut, unit_of
from storage.kpi import books, own
from storage.kpi.books import money_kpi
from storage.kpi.declaration import Example
from storage.kpi.imported import NOT_ADDED, Imported, Missing, ratio, social
from storage.kpi.value import Reading


def cac(numbers: Imported) -> Reading:
    """All that acquiring customers cost / new customers; n is their number."""
    cost, new = books.money(numbers, "cost_acquisition"), books.count(numbers, "customers_new")
    return ratio(cost, new, "no new customers")


def cac_ads(numbers: Imported) -> Reading:
    """Spend on ads / new customers; n is their number. Other costs of acquiring them are not in it."""
    spend, new = numbers.money("ads", "spend"), books.count(numbers, "customers_new")
    return ratio(spend, new, "no new customers")


def customer_acquisition_rate(numbers: Imported) -> Reading:
    """New customers / customers at the start; n is the latter."""
    started = books.by_day(numbers, "customers_start")
    numbers.more["customers_start"] = started[0]
    return ratio(books.count(numbers, "customers_new"), started[0], "no customers at the start")


def arpu(numbers: Imported) -> Reading:
    """Revenue / active customers, these averaged over the days that tell them; n is the count of customers."""
    customers = books.mean(numbers, "customers_active")
    return ratio(books.money(numbers, "revenue"), customers, "no active customers")


def revenue_per_follower(numbers: Imported) -> Reading:
    """Revenue / followers at the end of the window, of one network; n is the count of followers."""
    return _per_follower(numbers, books.money(numbers, "revenue"))


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
    margin = books.margin(numbers)
    value = books.money(numbers, "revenue") / months / customers * margin * _lifetime(numbers)
    return Reading(value, round(customers))


def clv_revenue(numbers: Imported) -> Reading:
    """ARPU of a month x months that a customer stays; n is the count of active customers."""
    months, customers = _customer(numbers)
    value = books.money(numbers, "revenue") / months / customers * _lifetime(numbers)
    return Reading(value, round(customers))


def _customer(numbers: Imported) -> tuple[int, float]:
    """Months of the window and active customers. What is earned in a month is only known of whole months."""
    window, zone = numbers.scope.window, numbers.scope.zone
    parts = cut(window, "month", zone)
    if parts[0] != unit_of(window.since, "month", zone) or parts[-1] != unit_of(
        window.until - 1, "month", zone
    ):
        raise Missing("a customer's value is reckoned of whole calendar months: ask for those, or by month")
    told = {cell.day[:7] for cell in books.company(numbers.cells("business", "revenue"))}
    if len(told) < len(parts):
        raise Missing(f"revenue of {len(told)} of {len(parts)} months")
    customers = books.mean(numbers, "customers_active")
    if not customers:
        raise Missing("no active customers")
    numbers.more["months"] = len(parts)
    return len(parts), customers


def _lifetime(numbers: Imported) -> float:
    """Months that a customer stays: as told, else 1 / the share that leaves in a month."""
    if "lifetime_months" in numbers.kept("business"):
        return books.mean(numbers, "lifetime_months")
    if "churn" not in numbers.kept("business"):
        raise Missing("no lifetime_months or churn in what was imported of business")
    churn = books.mean(numbers, "churn")
    if not churn:
        raise Missing("nobody leaves: the lifetime has no end")
    numbers.more["lifetime_months"] = 1 / churn
    return 1 / churn


_DETERM = "Determ, social media KPIs"

KPIS = (
    money_kpi(
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
    money_kpi(
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
    money_kpi(
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
    money_kpi(
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
    money_kpi(
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
    money_kpi(
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
        # Revenue and followers are of different files: which network a part is of, only the followers say.
        apart=False,
    ),
    money_kpi(
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
        # Revenue and followers are of different files: which network a part is of, only the followers say.
        apart=False,
    ),
    money_kpi(
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
)
