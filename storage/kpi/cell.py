"""One number of one day, as KPIs are handed it."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """`network`, `account` and `item` are '' where who counted does not tell them apart."""

    day: str
    network: str
    account: str
    item: str
    value: float
    unit: str | None
