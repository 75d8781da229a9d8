"""Which export a table is: its headings against those that programs write, whatever stands above them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from listener.imports.sheet import DELIMITERS, Record, Sheet
from storage.measures import Counted

if TYPE_CHECKING:
    from listener.imports.row import Row

_LOOKED_AT = 200
"""Rows in which the headings are looked for."""
_CODE = re.compile(r"\s*\(([A-Z]{3})\)$")
_NO_MONEY = frozenset({"UTC", "GMT"})


@dataclass(frozen=True, slots=True)
class Form:
    """One export of one program.

    `headings`: by our field, the names that the program gives the column, in the order in which they are preferred.
    `needed`: fields without which it is another export; "a|b" is one of them. `scope`: columns of what is kept that
    one file tells whole, so that a newer file replaces. `networks`: those that replace one another in that.
    """

    name: str
    headings: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    read: Callable[[Row], Iterable[Counted]]
    scope: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    of_whole: tuple[str, ...] = ()
    """Fields of which one is empty in a row of totals, where the table has it."""
    by_map: bool = False
    """May be what --map alone makes of a file. Of several programs' exports of a kind, that can be none in particular."""


@dataclass(frozen=True, slots=True)
class Match:
    """A form found in a row of headings: where each field stands, which currency its heading names, what is left."""

    form: Form
    columns: Mapping[str, int]
    currencies: Mapping[str, str]
    ignored: tuple[str, ...]
    width: int


@dataclass(frozen=True, slots=True)
class Section:
    """One table: its headings as matched, the lines above it, its rows."""

    match: Match
    above: tuple[str, ...]
    rows: tuple[Record, ...]


class Unfit(Exception):
    """No form of this kind is in the file, or it cannot be read as asked; the message says what to do."""


def folded(heading: str) -> str:
    """A heading as it is compared: case, underscores, spaces, a currency in brackets and marks around it left aside."""
    plain = _CODE.sub(lambda code: code[0] if code[1] in _NO_MONEY else "", heading.strip("\ufeff \t\"'"))
    return " ".join(plain.replace("_", " ").casefold().split())


def find(sheet: Sheet, forms: Sequence[Form], mapped: Mapping[str, str]) -> list[Section]:
    """The tables of a sheet that a form knows; empty where there is none.

    The delimiter and the form are those that know the most of the headings: what rows say cannot mislead that.
    """
    best: tuple[int, str, Form] | None = None
    for delimiter in [sheet.delimiter] if sheet.delimiter else DELIMITERS:
        for record in sheet.records(delimiter, _LOOKED_AT):
            for form in forms:
                match = _match(record, form, mapped)
                if match is not None and (best is None or len(match.columns) > best[0]):
                    best = (len(match.columns), delimiter, form)
    if best is None:
        return []
    return list(_sections(sheet.records(best[1]), best[2], mapped))


def missing(found: Sequence[Sheet], forms: Sequence[Form], mapped: Mapping[str, str]) -> str:
    """What a file lacks to be one of these, and the headings that it has."""
    from alerts.render import clean_lines, shorten

    first = max(
        (record for sheet in found for sign in DELIMITERS for record in sheet.records(sign, 20)),
        key=lambda record: sum(bool(cell.strip()) for cell in record.cells),
        default=Record(0, ()),
    )
    # Whoever wrote the file wrote these names; cleaned, or they could steer the terminal.
    there = ", ".join(
        repr(clean_lines(shorten(cell.strip(), 40))) for cell in first.cells[:20] if cell.strip()
    )
    wanted = "; ".join(f"{form.name}: {_names(form)}" for form in forms)
    return (
        f"holds none of the tables that this kind knows. It names {there}. Needed are, for {wanted}. "
        "Another heading is read with --map FIELD=COLUMN"
    )


def _names(form: Form) -> str:
    return ", ".join(
        " or ".join(f"{form.headings[name][0]!r}" for name in needed.split("|")) for needed in form.needed
    )


def _match(record: Record, form: Form, mapped: Mapping[str, str]) -> Match | None:
    names = [folded(cell) for cell in record.cells]
    first: dict[str, int] = {}
    for at, name in enumerate(names):
        if name:
            first.setdefault(name, at)
    if not form.by_map and not any(set(form.headings[name]) & first.keys() for name in _fields(form.needed, mapped)):
        return None
    wanted = {**form.headings, **{field: (folded(column),) for field, column in mapped.items()}}
    columns = {
        field: first[preferred]
        for field, headings in wanted.items()
        for preferred in [heading for heading in headings if heading in first][:1]
    }
    if mapped.keys() - form.headings.keys() or not all(
        any(field in columns for field in needed.split("|")) for needed in form.needed
    ):
        return None
    currencies = {
        field: code[1]
        for field, at in columns.items()
        if (code := _CODE.search(record.cells[at].strip())) and code[1] not in _NO_MONEY
    }
    used = set(columns.values())
    ignored = tuple(cell.strip() for at, cell in enumerate(record.cells) if at not in used and cell.strip())
    return Match(form, columns, currencies, ignored, len(record.cells))


def _fields(needed: Iterable[str], mapped: Mapping[str, str]) -> list[str]:
    return [field for one in needed for field in one.split("|") if field not in mapped]


def _sections(records: Iterable[Record], form: Form, mapped: Mapping[str, str]) -> Iterator[Section]:
    """Cut a file at its rows of headings. An empty line ends a table only where what follows has another shape."""
    match: Match | None = None
    above: list[str] = []
    rows: list[Record] = []
    gap = False
    for record in records:
        if record.blank:
            gap = True
            continue
        fresh = _match(record, form, mapped) if match is None or gap else None
        if fresh is not None or (gap and match is not None and len(record.cells) != match.width):
            if match is not None:
                yield Section(match, tuple(above), tuple(rows))
                above, rows, match = [], [], None
            match = fresh
        elif match is not None:
            rows.append(record)
        if match is None:
            above.append(" ".join(cell.strip() for cell in record.cells if cell.strip()))
        gap = False
    if match is not None:
        yield Section(match, tuple(above), tuple(rows))
