"""What the books of a business tell: amounts and counts of the whole of it, levels by day, profit and margin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from storage.kpi.cell import Cell
from storage.kpi.declaration import Example, Input, Kpi
from storage.kpi.imported import Imported, Missing, added, imported_kpi
from storage.kpi.value import Reading

_PEOPLE = frozenset(("customers_start", "customers_active"))


def money(numbers: Imported, metric: str) -> float:
    """The sum of an amount over the days of the window. Raises Missing."""
    return numbers.money("business", metric, company)


def count(numbers: Imported, metric: str) -> float:
    """The sum of a count over the days of the window. Raises Missing."""
    return numbers.total("business", metric, company)


def company(cells: Sequence[Cell]) -> Sequence[Cell]:
    """What is told of the whole business, of which networks are parts; of days of which only these are told, these."""
    told = {cell.day for cell in cells if not cell.network}
    return [cell for cell in cells if not cell.network or cell.day not in told]


def mean(numbers: Imported, metric: str) -> float:
    """A level, averaged over the days that tell it."""
    of_days = by_day(numbers, metric)
    numbers.more[metric] = mean = sum(of_days) / len(of_days)
    return mean


def by_day(numbers: Imported, metric: str) -> list[float]:
    """A level by day, in order. Raises Missing where networks have each their own and it is no count of people."""
    days: dict[str, list[Cell]] = defaultdict(list)
    for cell in company(numbers.cells("business", metric)):
        days[cell.day].append(cell)
    if metric not in _PEOPLE and any(len(cells) > 1 for cells in days.values()):
        raise Missing(f"{metric} of several networks is not averaged: ask by source")
    return [added(cells) for cells in days.values()]


def profit(numbers: Imported) -> float:
    """Gross profit: as told, else revenue - cost of sales. Raises Missing."""
    if "gross_profit" in numbers.kept("business"):
        return money(numbers, "gross_profit")
    left = money(numbers, "revenue") - money(numbers, "cost_of_sales")
    numbers.more["gross_profit"] = left
    return left


def margin(numbers: Imported) -> float:
    """The gross margin: as told, else of gross profit and revenue."""
    if "gross_margin" in numbers.kept("business"):
        return mean(numbers, "gross_margin")
    revenue = money(numbers, "revenue")
    if not revenue:
        raise Missing("no revenue")
    share = profit(numbers) / revenue
    numbers.more["gross_margin"] = share
    return share


def money_kpi(
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
    apart: bool | None = None,
) -> Kpi:
    """Declare a KPI of money; `apart` as of `imported_kpi`."""
    return imported_kpi(
        name,
        unit,
        formula,
        of,
        inputs,
        additive=additive,
        apart=apart,
        family="money",
        rows=(row,),
        worked=worked,
        example=example,
        better=better,
        kind=("quantitative", "financial", "lagging"),
        source=source,
    )
