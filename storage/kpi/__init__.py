"""The numbers of the field: each declared once, each with its n, its window, and NULL with a reason."""

from storage.kpi import care, casework, opinion, visibility
from storage.kpi.compute import compute
from storage.kpi.declaration import Kpi
from storage.kpi.value import DIMENSIONS, Ask, KpiValue

KPIS: dict[str, Kpi] = {
    kpi.name: kpi for kpi in (*visibility.KPIS, *opinion.KPIS, *care.KPIS, *casework.KPIS)
}

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

__all__ = ["CARD", "DIMENSIONS", "KPIS", "Ask", "Kpi", "KpiValue", "compute"]
