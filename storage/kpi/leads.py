"""What becomes of leads: how many came from social networks, how many were qualified, how many bought."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from storage.kpi.declaration import Example, Kpi
from storage.kpi.imported import Imported, Missing, imported_kpi, ratio
from storage.kpi.measured import Lead
from storage.kpi.value import Reading

SOLD = frozenset(("customer",))
QUALIFIED = SOLD | frozenset(("sql", "opportunity"))
"""Stages of a lead that sales took over, those that came after it included; who was lost may have been one before."""


def leads(numbers: Imported) -> Reading:
    """Leads created in the window that came from social networks; `elsewhere` is the count of the others."""
    count = len(from_social(numbers))
    return Reading(count, count, None, {"leads": count, "elsewhere": len(numbers.leads()) - count})


def from_social(numbers: Imported) -> list[Lead]:
    """The leads that came from social networks. Raises Missing."""
    return numbers.of_social("crm", numbers.leads())


def leads_growth(numbers: Imported) -> Reading:
    """(leads - those of the period before) / those of the period before; n is the latter. `change` is always given."""
    now = len(from_social(numbers))
    try:
        before = len(from_social(numbers.before()))
    except Missing:
        raise Missing("no leads imported of the period before", {"leads": now}) from None
    more = {"leads": now, "leads_before": before, "change": now - before}
    if not before:
        raise Missing("none in the period before", more)
    return Reading((now - before) / before, before, None, more)


def qualified_lead_rate(numbers: Imported) -> Reading:
    """Qualified leads / leads, of those created in the window; n is the count of leads."""
    found = from_social(numbers)
    qualified = _at(found, QUALIFIED)
    numbers.more.update({"qualified": qualified, "leads": len(found)})
    return ratio(qualified, len(found), "no leads")


def lead_conversion_rate(numbers: Imported) -> Reading:
    """Leads that bought / qualified leads, of those created in the window; n is the count of qualified leads."""
    found = from_social(numbers)
    sales, qualified = _at(found, SOLD), _at(found, QUALIFIED)
    numbers.more.update({"sales": sales, "qualified": qualified})
    return ratio(sales, qualified, "no qualified leads")


def _at(found: Iterable[Lead], stages: frozenset[str]) -> int:
    return sum(lead.stage in stages for lead in found)


def social_revenue_crm(numbers: Imported) -> Reading:
    """Revenue of leads that came from social networks and bought, by when the lead was created; n is their number."""
    sold = [lead for lead in from_social(numbers) if _at([lead], SOLD) and lead.revenue is not None]
    if not sold:
        raise Missing("no sale with its revenue among the leads")
    numbers.one_currency(lead.currency for lead in sold)
    revenue = sum(lead.revenue or 0 for lead in sold)
    more = {"revenue": revenue, "attribution": "the network that the CRM names for the lead"}
    return Reading(revenue, len(sold), None, more)


def _kpi(
    name: str,
    unit: str,
    formula: str,
    of: Callable[[Imported], Reading],
    row: str,
    worked: str,
    example: Example,
    source: str,
    **more: Any,
) -> Kpi:
    fields = {"better": "up", "kind": ("quantitative", "lagging", "actionable"), **more}
    return imported_kpi(
        name,
        unit,
        formula,
        of,
        ("crm",),
        family="conversion",
        rows=(row,),
        worked=worked,
        example=example,
        source=source,
        **fields,
    )


_STANDARD = "standard business arithmetic"

KPIS = (
    _kpi(
        "leads",
        "leads",
        "leads of the CRM that came from social networks, by when they were created",
        leads,
        "40",
        "{leads}",
        Example({"leads": 5}, 5, "3 from instagram, 2 from linkedin"),
        _STANDARD,
    ),
    _kpi(
        "leads_growth",
        "ratio",
        "(leads from social networks - those of the period before) / those of the period before",
        leads_growth,
        "41",
        "{change} / {leads_before}",
        Example({"change": 1, "leads_before": 4}, 0.25, "4 leads, then 5"),
        _STANDARD,
        kind=("quantitative", "lagging", "directional"),
    ),
    _kpi(
        "qualified_lead_rate",
        "ratio",
        "qualified leads / leads, of those created in the window that came from social networks",
        qualified_lead_rate,
        "42",
        "{qualified} / {leads}",
        Example({"qualified": 4, "leads": 5}, 0.8),
        _STANDARD,
    ),
    _kpi(
        "lead_conversion_rate",
        "ratio",
        "leads that bought / qualified leads, of those created in the window that came from social networks",
        lead_conversion_rate,
        "43",
        "{sales} / {qualified}",
        Example({"sales": 1, "qualified": 4}, 0.25),
        "Sprout Social, lead conversion rate",
    ),
    _kpi(
        "social_revenue.crm",
        "currency",
        "revenue of leads that came from social networks and bought",
        social_revenue_crm,
        "45",
        "{revenue}",
        Example({"revenue": 900}, 900, "one sale of 900"),
        "CRM, the network of the lead",
        kind=("quantitative", "lagging", "financial"),
    ),
)
