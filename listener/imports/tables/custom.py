"""Numbers of your own that fit no other kind: each name becomes a KPI with the unit that is given."""

from __future__ import annotations

from collections.abc import Iterator

from listener.imports import numbers
from listener.imports.forms import Form
from listener.imports.row import BadRow, Row
from storage.measures import Measure

_PERCENT = frozenset({"%", "percent", "percentage"})
_SHARES = _PERCENT | {"ratio", "share"}


def _number(row: Row) -> Iterator[Measure]:
    name, unit = row.label("name"), row.label("unit")
    if not name:
        raise BadRow("has no name")
    value = _value(row, unit)
    if value is None:
        raise BadRow("has no value")
    unit = "ratio" if unit.casefold() in _SHARES else unit
    where = {"network": row.network(), "account": row.account()}
    yield Measure("custom", name, row.day(month=True), value, unit or None, **where)


def _value(row: Row, unit: str) -> float | None:
    """A share is a ratio here as everywhere: "40%", or 40 of the unit "%", is 0.4; it may be over 1 or negative."""
    if row.raw("value").endswith("%"):
        if unit.casefold() not in _SHARES:
            raise BadRow(f"value is {row.raw('value')[:20]!r}, but unit is not %")
        try:
            return numbers.number(row.raw("value")[:-1], row.writing.decimal) / 100
        except ValueError as error:
            raise BadRow(f"value: {error}") from None
    value = row.amount("value")
    return value / 100 if value is not None and unit.casefold() in _PERCENT else value


FORMS = (
    Form(
        "a table of your own numbers",
        {
            "name": ("name",),
            "unit": ("unit",),
            "date": ("date", "month"),
            "value": ("value",),
            "network": ("network",),
            "account": ("account",),
        },
        ("name", "date", "value"),
        _number,
        by_map=True,
    ),
)
