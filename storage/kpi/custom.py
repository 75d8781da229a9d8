"""Numbers that a business has for itself: each name in an imported file is a KPI, `custom.NAME`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from storage.base import Rows
from storage.kpi.cell import Cell
from storage.kpi.declaration import Kpi
from storage.kpi.imported import Imported, Missing, added, imported_kpi, whole
from storage.kpi.value import Reading

_NAMES = """SELECT metric, min(coalesce(unit, '')), max(coalesce(unit, '')) FROM measures
    WHERE brand_id IN (SELECT id FROM brands) AND kind = 'custom' GROUP BY metric ORDER BY metric"""


@dataclass(frozen=True, slots=True)
class Named:
    """One custom metric; `unit` is "ratio", "currency" or what is counted, "number" where the files do not agree."""

    name: str
    unit: str

    def last(self, numbers: Imported) -> Reading:
        """The number of the last day in the window that has one; n is the count of days with numbers."""
        days = self._by_day(numbers)
        last = max(days)
        numbers.more.update({"last": days[last], "day": last})
        return Reading(days[last], len(days))

    def mean(self, numbers: Imported) -> Reading:
        """The mean over the days in the window that have a number; n is their count."""
        days = self._by_day(numbers)
        numbers.more.update({"sum": sum(days.values()), "count": len(days)})
        return Reading(sum(days.values()) / len(days), len(days))

    def total(self, numbers: Imported) -> Reading:
        """The sum over the days in the window; n is the count of days with numbers."""
        days = self._by_day(numbers)
        numbers.more["sum"] = sum(days.values())
        return Reading(sum(days.values()), len(days))

    def _by_day(self, numbers: Imported) -> dict[str, float]:
        cells = whole(numbers.cells("custom", self.name))
        if self.unit == "currency":
            numbers.one_currency(cell.unit for cell in cells)
        days: dict[str, list[Cell]] = defaultdict(list)
        for cell in cells:
            days[cell.day].append(cell)
        if self.unit == "ratio" and any(len(told) > 1 for told in days.values()):
            raise Missing("ratios of several networks or accounts are not added up: ask by source")
        return {day: added(told) for day, told in days.items()}


def custom_kpis(store: Rows) -> dict[str, Kpi]:
    """The KPIs that imported files name: `custom.NAME` is its last number, beside it .mean and, of no ratio, .sum."""
    kpis = [kpi for name, *units in store.rows(_NAMES) for kpi in _kpis(Named(name, _unit(*units)))]
    return {kpi.name: kpi for kpi in kpis}


def _unit(unit: str, other: str) -> str:
    """Several currencies are money still; each value says which one, or that they are not added up."""
    if all(len(code) == 3 and code.isupper() for code in (unit, other)):
        return "currency"
    return unit if unit and unit == other else "number"


def _kpis(metric: Named) -> list[Kpi]:
    readings = [
        ("", "last number", metric.last, "{last}"),
        (".mean", "mean", metric.mean, "{sum} / {count}"),
        (".sum", "sum", metric.total, "{sum}"),
    ]
    return [
        imported_kpi(
            f"custom.{metric.name}{suffix}",
            metric.unit,
            f"{how} of {metric.name!r} in the window, as imported",
            of,
            ("custom",),
            family="money",
            worked=worked,
            source="the business itself",
        )
        for suffix, how, of, worked in readings
        if suffix != ".sum" or metric.unit != "ratio"
    ]
