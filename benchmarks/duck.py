"""The same counts by DuckDB, which scans the facts: the measure of what a roll-up is worth. No dependency of ours."""

from __future__ import annotations

import csv
import importlib.util
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from storage.base import Rows
from storage.calendar import Window
from storage.kpi.tally import tally

_FACTS = "SELECT brand_id, source_id, label, published_at FROM mentions"
_COUNT = """SELECT brand_id, source_id, label, count(*) FROM mentions
    WHERE published_at >= ? AND published_at < ? GROUP BY brand_id, source_id, label"""

Counted = Mapping[tuple[int, int], tuple[int, ...]]
"""By brand and source: negative, neutral, positive and unjudged mentions."""


def report(file: Path, reader: Rows, windows: Mapping[str, Window], repeats: int) -> list[str]:
    """One line a window: both ways to the same counts, best of several. Raises ValueError where they differ."""
    if importlib.util.find_spec("duckdb") is None:
        return [
            "  DuckDB is not installed here, so nothing is compared with it (pip install duckdb, then again)"
        ]
    import duckdb

    table = _exported(file)
    lines = []
    with closing(duckdb.connect(str(table.with_suffix(".duckdb")))) as duck:
        duck.execute(
            f"""CREATE TABLE mentions AS SELECT * FROM read_csv('{table}', header = false, columns = {{
            'brand_id': 'INTEGER', 'source_id': 'INTEGER', 'label': 'INTEGER', 'published_at': 'BIGINT'}})"""
        )
        for name, window in windows.items():
            asked = (window.since, window.until)
            scanned, theirs = _best(
                repeats, lambda asked=asked: _of_rows(duck.execute(_COUNT, asked).fetchall())
            )
            read, ours = _best(repeats, lambda window=window: _of_tally(reader, window))
            if ours != theirs:
                raise ValueError(f"{name}: DuckDB counts other numbers than the store")
            lines.append(
                f"  {name} by brand, source and label: {read * 1000:.1f} ms here, {scanned * 1000:.1f} ms by DuckDB"
                f" {duckdb.__version__} scanning the facts: {scanned / read:.1f} times as long"
            )
    return lines


def _exported(file: Path) -> Path:
    table = file.with_suffix(".csv")
    with closing(sqlite3.connect(file)) as db, table.open("w", newline="") as out:
        csv.writer(out).writerows(db.execute(_FACTS))
    return table


def _best(repeats: int, work: Callable[[], Counted]) -> tuple[float, Counted]:
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - began)
    return best, found


def _of_rows(rows: list[tuple[int, int, int | None, int]]) -> Counted:
    found: dict[tuple[int, int], Counter[int]] = {}
    for brand, source, label, count in rows:
        found.setdefault((brand, source), Counter())[3 if label is None else label + 1] = count
    return {key: tuple(labels[place] for place in range(4)) for key, labels in found.items()}


def _of_tally(reader: Rows, window: Window) -> Counted:
    brands = [row[0] for row in reader.rows("SELECT id FROM brands")]
    sources = [row[0] for row in reader.rows("SELECT id FROM sources")]
    found = tally(reader, brands, window, live_only=False)
    counted = {(b, s): found.counts(b, [s], None, False) for b in brands for s in sources}
    return {
        key: (one.negative, one.neutral, one.positive, one.unjudged)
        for key, one in counted.items()
        if one.mentions
    }
