"""A post that is kept for others is no mention of one brand any more, because that brand is listened for no more."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.base import Transaction
from storage.rollups import recounted, waits

_NUMBERS = (
    """SELECT p.id FROM posts p WHERE p.source_id = ? AND p.native_id IN (SELECT value FROM json_each(?))"""
)
# What people decided of the mention goes with it; a case stays, which is of their own work.
_TABLES = ("mentions", "turns", "tags", "judgements", "corrections")


def unmention(db: Transaction, source: int, brand: str, native_ids: Sequence[str]) -> int:
    """Take posts out of what is said of a brand, by their native ids; return how many mentions that were."""
    found = db.rows("SELECT id FROM brands WHERE name = ?", (brand,))
    numbers = [row[0] for row in db.rows(_NUMBERS, (source, json.dumps(list(native_ids))))]
    if not found or not numbers:
        return 0
    asked = (found[0][0], json.dumps(numbers))
    with recounted(db, numbers):
        gone = [
            db.run(
                f"DELETE FROM {table} WHERE brand_id = ? AND post_id IN (SELECT value FROM json_each(?))",
                asked,
            )
            for table in _TABLES
        ]
    waits.follow(db, numbers)
    return gone[0]
