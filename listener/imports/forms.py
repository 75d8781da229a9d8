"""Which export a file is: its headings against those that programs write, whatever stands above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alerts.render import clean_lines, shorten
from listener.imports.headings import Columns, columns_of
from listener.imports.row import Row
from listener.imports.sheet import DELIMITERS, Record, Sheet
from storage.measures import Counted

_LOOKED_AT = 200
"""Rows in which the headings are looked for."""


@dataclass(frozen=True, slots=True)
class Form:
    """One export of one program.

    `headings`: by our field, the names that the program gives the column, in the order in which they are preferred.
    `needed`: fields without which it is another export; "a|b" is one of them. `scope`: columns of what is kept that
    one file tells whole, so that a newer file replaces. `networks`: those that replace one another in that.
    `of_whole`: fields of which one is empty in a row of totals, where the table has it. `by_map`: may be what --map
    alone makes of a file; of several programs' exports of a kind, that can be none in particular.
    """

    name: str
    headings: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    read: Callable[[Row], Iterable[Counted]]
    scope: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    of_whole: tuple[str, ...] = ()
    by_map: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One table of a form: its columns, the lines above it, its rows."""

    form: Form
    columns: Columns
    above: tuple[str, ...]
    rows: tuple[Record, ...]


class Unfit(Exception):
    """No form of this kind is in the file, or it cannot be read as asked; the message says what to do."""


def find(sheet: Sheet, forms: Sequence[Form], mapped: Mapping[str, str]) -> list[Section]:
    """The tables of a sheet that a form knows; empty where there is none.

    The delimiter and the form are those that know the most of the headings: what rows say cannot mislead that.
    """
    best: tuple[int, str, Form] | None = None
    for delimiter in [sheet.delimiter] if sheet.delimiter else DELIMITERS:
        for record in sheet.records(delimiter, _LOOKED_AT):
            for form in forms:
                columns = _columns(record, form, mapped)
                if columns is not None and (best is None or len(columns.places) > best[0]):
                    best = (len(columns.places), delimiter, form)
    if best is None:
        return []
    return list(_sections(sheet.records(best[1]), best[2], mapped))


def missing(found: Sequence[Sheet], forms: Sequence[Form]) -> str:
    """What a file lacks to be one of these, and the headings that it has."""
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


def _columns(record: Record, form: Form, mapped: Mapping[str, str]) -> Columns | None:
    return columns_of(record, form.headings, form.needed, mapped, by_map=form.by_map)


def _sections(records: Iterable[Record], form: Form, mapped: Mapping[str, str]) -> Iterator[Section]:
    """Cut a file at its rows of headings. An empty line ends a table only where what follows has another shape."""
    columns: Columns | None = None
    above: list[str] = []
    rows: list[Record] = []
    gap = False
    for record in records:
        if record.blank:
            gap = True
            continue
        fresh = _columns(record, form, mapped) if columns is None or gap else None
        if fresh is not None or (gap and columns is not None and len(record.cells) != columns.width):
            if columns is not None:
                yield Section(form, columns, tuple(above), tuple(rows))
                above, rows = [], []
            columns = fresh
        elif columns is not None:
            rows.append(record)
        if columns is None:
            above.append(" ".join(cell.strip() for cell in record.cells if cell.strip()))
        gap = False
    if columns is not None:
        yield Section(form, columns, tuple(above), tuple(rows))
