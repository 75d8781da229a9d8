"""What only the business itself knows: customers, margins, lifetime, profit; a table of your own."""

from __future__ import annotations

from collections.abc import Iterator

from listener.imports.forms import Form
from listener.imports.row import BadRow, Row
from storage.measures import Measure

_COUNTS = frozenset({"customers_start", "customers_new", "customers_active"})
_SHARES = frozenset({"gross_margin", "churn"})
_COSTS = frozenset({"cost_acquisition", "cost_of_sales"})
_MONEY = _COSTS | {"revenue", "gross_profit", "net_profit"}
METRICS = _COUNTS | _SHARES | _MONEY | {"lifetime_months"}


def _metric(row: Row) -> Iterator[Measure]:
    name = "_".join(row.label("metric").casefold().replace("-", "_").split())
    if name not in METRICS:
        raise BadRow(
            f"metric {name[:40]!r} is none of {', '.join(sorted(METRICS))}; others with --kind custom"
        )
    value, unit = _value(row, name)
    if value is None:
        raise BadRow("has no value")
    day = row.day(month=True)
    yield Measure("business", name, day, value, unit, network=row.network(), account=row.account())


def _value(row: Row, name: str) -> tuple[float | None, str | None]:
    if name in _COUNTS:
        value = row.positive("value")
        if value is not None and not value.is_integer():
            raise BadRow(f"{name} is {value:g}, and is counted in whole numbers")
        return value, None
    if name in _SHARES:
        return row.ratio("value"), "ratio"
    if name == "lifetime_months":
        return row.positive("value"), "months"
    # A cost is what was spent, whatever sign the books give it.
    value = row.positive("value") if name in _COSTS else row.amount("value")
    return value, None if value is None else row.currency("value")


FORMS = (
    Form(
        "a table of the business",
        {
            "date": ("date", "month"),
            "metric": ("metric",),
            "value": ("value",),
            "currency": ("unit", "currency"),
            "network": ("network",),
            "account": ("account",),
        },
        ("date", "metric", "value"),
        _metric,
        by_map=True,
    ),
)
