"""The numbers of the field: each declared once, each with its n, its window, and NULL with a reason."""

from storage.kpi import care, opinion, visibility
from storage.kpi.compute import compute
from storage.kpi.declaration import Kpi
from storage.kpi.value import DIMENSIONS, Ask, KpiValue

KPIS: dict[str, Kpi] = {kpi.name: kpi for kpi in (*visibility.KPIS, *opinion.KPIS, *care.KPIS)}

__all__ = ["DIMENSIONS", "KPIS", "Ask", "Kpi", "KpiValue", "compute"]
