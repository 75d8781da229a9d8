"""The row of headings of a table: which of our fields stands in which column, and in which currency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from listener.imports.sheet import Record

_CODE = re.compile(r"\s*\(([A-Z]{3})\)$")
_NO_MONEY = frozenset({"UTC", "GMT"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands, which currency its heading names, the headings that no field has, how many there are."""

    places: Mapping[str, int]
    currencies: Mapping[str, str]
    ignored: tuple[str, ...]
    width: int


def folded(heading: str) -> str:
    """A heading as it is compared: case, underscores, spaces, a currency in brackets and marks around it left aside."""
    plain = _CODE.sub(lambda code: code[0] if code[1] in _NO_MONEY else "", heading.strip("\ufeff \t\"'"))
    return " ".join(plain.replace("_", " ").casefold().split())


def columns_of(
    record: Record,
    headings: Mapping[str, tuple[str, ...]],
    needed: Iterable[str],
    mapped: Mapping[str, str],
    *,
    by_map: bool,
) -> Columns | None:
    """The columns of a row that holds these headings, None where it lacks a needed one.

    `headings` and `needed` are those of a Form. `mapped` names other headings of its fields; without `by_map` one
    needed field must bear a heading of its own.
    """
    first: dict[str, int] = {}
    for at, cell in enumerate(record.cells):
        if name := folded(cell):
            first.setdefault(name, at)
    wanted = {**headings, **{field: (folded(column),) for field, column in mapped.items()}}
    places = {
        field: first[preferred]
        for field, names in wanted.items()
        for preferred in [name for name in names if name in first][:1]
    }
    asked = [one.split("|") for one in needed]
    own = [field for fields in asked for field in fields if field in places and field not in mapped]
    if mapped.keys() - headings.keys() or not (own or by_map):
        return None
    if not all(any(field in places for field in fields) for fields in asked):
        return None
    currencies = {
        field: code[1]
        for field, at in places.items()
        if (code := _CODE.search(record.cells[at].strip())) and code[1] not in _NO_MONEY
    }
    used = set(places.values())
    ignored = tuple(cell.strip() for at, cell in enumerate(record.cells) if at not in used and cell.strip())
    return Columns(places, currencies, ignored, len(record.cells))
