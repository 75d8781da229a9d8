"""Parquet by DuckDB (the extra `parquet`): the JSON Lines of an export with types, and what was asked inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from listener.exports import as_jsonl
from listener.exports.columns import COLUMNS, TIMES, TYPES
from storage.exporting import Exported

_TYPES: Mapping[type, str] = {
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    list: "VARCHAR[]",
    dict: "MAP(VARCHAR, BIGINT)",
}
_SETTINGS = (
    # Nothing is fetched, whatever a version of DuckDB would like to have.
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET threads = 1",
    "SET memory_limit = '256MB'",
    "SET preserve_insertion_order = true",
)
_LARGEST = 8 * 2**20
"""Bytes of one line, for which room is held several times: more than the longest text makes, escaped as it may be."""
_GROUP = 20_000
"""Rows that are held at once, and read at once by whoever reads the file."""


class NeedsDuckdb(Exception):
    """The extra is not installed; the message says how to."""


def check() -> None:
    """Raises NeedsDuckdb where Parquet cannot be written here."""
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise NeedsDuckdb("Parquet needs the extra: pip install 'listener[parquet]'") from None


def write(rows: Iterable[Exported], out: Path, told: Callable[[], Mapping[str, object]]) -> None:
    """Write the file `out`; what is `told` once all rows went by stands in its metadata, as JSON under `listener`.

    On the way there the rows lie beside it as JSON Lines: DuckDB reads a file in pieces, and rows of ours one by one.
    """
    beside = out.with_name("rows.jsonl")
    with beside.open("wb") as lines:
        for piece in as_jsonl.written(rows):
            lines.write(piece)
    import duckdb

    columns = {name: _type(name) for name in COLUMNS}
    with duckdb.connect() as duck:
        for setting in _SETTINGS:
            duck.execute(setting)
        lines_of = (
            f"format = 'newline_delimited', columns = {_struct(columns)}, maximum_object_size = {_LARGEST}"
        )
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP}"
        inside = _struct({"listener": json.dumps(told(), ensure_ascii=False)})
        # DuckDB's own words: the store is read elsewhere.
        duck.execute(
            f"COPY (FROM read_json({_text(str(beside))}, {lines_of})) "
            f"TO {_text(str(out))} ({form}, KV_METADATA {inside})"
        )


def _type(name: str) -> str:
    return "TIMESTAMPTZ" if name in TIMES else _TYPES.get(TYPES.get(name, str), "VARCHAR")


def _struct(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(value)}" for name, value in values.items()) + "}"


def _text(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
