"""Reads what an import of numbers has kept, for the tests of its kinds."""

from __future__ import annotations

from typing import Any

from commandline import CommandLine, Ran

CONFIG = """timezone: Europe/Madrid
brands:
  - {name: Acme, own: true}
  - {name: Bolt}
"""
Figures = dict[tuple[str, ...], float]


def bring(line: CommandLine, kind: str, content: str | bytes, *more: str, name: str = "numbers.csv") -> Ran:
    """Run `listener import --kind KIND` on a file with this content."""
    return line("import", line.file(name, content), "--kind", kind, *more)


def brought(line: CommandLine, kind: str, content: str | bytes, *more: str, name: str = "numbers.csv") -> Ran:
    """The same, of which every row must be understood."""
    ran = bring(line, kind, content, *more, name=name)
    assert ran.code == 0, ran
    assert "bad row" not in ran.err, ran.err
    return ran


def kept(line: CommandLine, sql: str) -> list[tuple[Any, ...]]:
    from storage.sqlite import Reader

    reader = Reader(line.folder / "data" / "listener.db")
    try:
        return reader.rows(sql)
    finally:
        reader.close()


def figures(line: CommandLine, *columns: str) -> Figures:
    """The value of every measure, by these columns."""
    rows = kept(line, f"SELECT {', '.join(columns)}, value FROM measures ORDER BY 1")
    found = {tuple(row[:-1]): row[-1] for row in rows}
    assert len(found) == len(rows), "these columns do not tell the measures apart"
    return found
