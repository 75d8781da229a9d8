"""Sees before the first row that a file cannot be imported as it is, and says what to do with it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from alerts.render import clean_lines
from listener.imports.history import Wish, delimiter_of, is_json

_SHOWN = 20
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def misfit(path: Path, wish: Wish) -> str | None:
    """Why no row of the file could be read as meant; None where it can be tried. Raises OSError.

    Without this a wrong file is thousands of bad rows, and a mistyped --map is a column that silently stays empty.
    """
    if not path.is_file():
        return "is no file that can be read twice; save it first"
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(_BYTE_ORDER_MARKS):
        return "is UTF-16; save it as UTF-8"
    if start.startswith(b"PK\x03\x04"):
        return "is a spreadsheet or an archive; save it as CSV in UTF-8"
    if b"\0" in start:
        return "is no text; CSV or JSON Lines is needed"
    if is_json(path):
        whole = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
        return "is one list; write one object a line (JSON Lines)" if whole else None
    return _missing_columns(path, wish)


def _missing_columns(path: Path, wish: Wish) -> str | None:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline()
        file.seek(0)
        try:
            names = next(csv.reader(file, delimiter=delimiter_of(first)), [])
        except csv.Error:
            return "has a first line that is no CSV; it must hold the names of the columns"
    wanted = {"text": "text", **wish.columns}
    missing = [name for name, column in wanted.items() if column not in names]
    if not names or not missing:
        return None
    # Whoever wrote the file wrote these names; cleaned, or they could steer the terminal.
    there = ", ".join(clean_lines(json.dumps(name[:40], ensure_ascii=False)) for name in names[:_SHOWN])
    return (
        f"has no column {', '.join(repr(wanted[name]) for name in missing)} in its first line, which names {there}; "
        f"say which one with --map {missing[0]}=COLUMN"
    )
