"""CSV after RFC 4180, safe to open in a spreadsheet: no cell that a stranger wrote is run as a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from listener.exports.columns import COLUMNS, Cell, record
from storage.exporting import Exported

_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With these a cell begins that a spreadsheet runs, or takes for something else than text (OWASP, CSV injection)."""
_FIRST = frozenset({*_FORMULA, "'"})


def written(rows: Iterable[Exported], *, raw: bool = False) -> Iterator[bytes]:
    """The file in pieces in UTF-8, its first line the names of the columns.

    A text that a spreadsheet would run gets a ' before it, and its row `guarded`, by which `listener import` takes
    that away again. Not where it is `raw`.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([*COLUMNS, "guarded"])
    for number, one in enumerate(rows, 1):
        cells = [_cell(value) for value in record(one).values()]
        safe = cells if raw else [guard(cell) for cell in cells]
        writer.writerow([*safe, "true" if safe != cells else ""])
        if number % _AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def guard(cell: str | int | float) -> str | int | float:
    """Put a ' before a text that a spreadsheet would run, and before one that looks guarded already.

    So that nothing is lost by taking one ' away again. Numbers are no strangers' words.
    """
    if isinstance(cell, str) and cell[:1] in _FIRST and cell.lstrip("'").startswith(_FORMULA):
        return "'" + cell
    return cell


def unguarded(cell: str) -> str:
    """What stood there before `guard`."""
    return cell[1:] if cell.startswith("'") and guard(cell) != cell else cell


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return value
    return json.dumps(value, ensure_ascii=False) if value else ""


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8")
