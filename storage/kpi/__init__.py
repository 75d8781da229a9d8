"""The numbers of the field: each declared once, each with its n, its window, and NULL with a reason."""

from storage.base import Rows
from storage.kpi import (
    audience,
    authors,
    awareness,
    care,
    casework,
    conversion,
    customers,
    engagement,
    exposure,
    following,
    hashtags,
    interactions,
    leads,
    money,
    opinion,
    reach,
    sales,
    sampled,
    satisfaction,
    stories,
    visibility,
    voice,
)
from storage.kpi.compute import Gathered, compute
from storage.kpi.custom import custom_kpis
from storage.kpi.declaration import Kpi
from storage.kpi.value import DIMENSIONS, Ask, KpiValue

_FAMILIES = (
    *(
        visibility.KPIS,
        voice.KPIS,
        stories.KPIS,
        following.KPIS,
        authors.KPIS,
        hashtags.KPIS,
        reach.KPIS,
        audience.KPIS,
        exposure.KPIS,
        awareness.KPIS,
    ),
    *(interactions.KPIS, engagement.KPIS),
    *(conversion.KPIS, leads.KPIS, sales.KPIS),
    *(money.KPIS, customers.KPIS),
    *(care.KPIS, casework.KPIS),
    *(opinion.KPIS, satisfaction.KPIS),
    sampled.KPIS,
)

KPIS: dict[str, Kpi] = {kpi.name: kpi for kpis in _FAMILIES for kpi in kpis}

CARD: tuple[str, ...] = (
    "mentions",
    "share_of_voice",
    "positive_mentions",
    "positive_growth",
    "positive_share",
    "negative_share",
    "net_sentiment",
    "first_response_time",
)
"""The KPIs that are shown where nobody says which: on the status page, in the letter, and by `listener kpi`."""


def kpis_of(store: Rows) -> dict[str, Kpi]:
    """All KPIs by name: those of the field, and the custom ones that imported files name."""
    return {**KPIS, **custom_kpis(store)}


__all__ = ["CARD", "DIMENSIONS", "KPIS", "Ask", "Gathered", "Kpi", "KpiValue", "compute", "kpis_of"]
