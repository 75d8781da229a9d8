"""What a service counted of a brand, and the parts of it that were read: the ground under estimates from a sample."""

from __future__ import annotations

from collections.abc import Sequence

from storage.base import Transaction
from storage.mention import Counted, Sampled

_WRITE = """INSERT INTO {table} (source_id, brand_id, since, until, posts)
    SELECT ?, id, ?, ?, ? FROM brands WHERE name = ?
    ON CONFLICT (source_id, brand_id, since) DO UPDATE SET until = excluded.until, posts = excluded.posts"""


def add(db: Transaction, source: int, counted: Sequence[Counted], sampled: Sequence[Sampled]) -> None:
    """Write what was counted and what was read; of a span that is told again the newer word counts.

    Spans of one brand and source must not overlap otherwise.
    """
    for table, spans in (("counted_spans", counted), ("sampled_spans", sampled)):
        rows = [(source, one.since, one.until, one.posts, one.brand) for one in spans]
        if rows:
            db.run_many(_WRITE.format(table=table), rows)
