"""Versions of each brand's query: a mention bears the one that found it, and a series tells when it changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction
from storage.mention import Brand

_NEWEST = """SELECT b.name, q.definition FROM brands b JOIN query_versions q ON q.brand_id = b.id
    WHERE q.id = (SELECT max(id) FROM query_versions WHERE brand_id = b.id)"""
# A version by which history was matched again breaks the series where that history begins, not when it was written.
# What was looked for from the first day on breaks nothing: there is nothing from before.
_BETWEEN = """SELECT b.name, coalesce(q.rematched_since, q.at), q.definition,
    NOT EXISTS (SELECT 1 FROM query_versions e WHERE e.brand_id = q.brand_id AND e.id < q.id)
    FROM query_versions q JOIN brands b ON b.id = q.brand_id
    WHERE b.name IN (SELECT value FROM json_each(?)) AND q.at > (SELECT min(at) FROM query_versions)
    AND coalesce(q.rematched_since, q.at) > ? AND coalesce(q.rematched_since, q.at) < ? ORDER BY 2, 1, q.id"""


@dataclass(frozen=True, slots=True)
class QueryChange:
    """From `at` on a brand is looked for in another way; `first`: it was not looked for before."""

    brand: str
    at: int
    first: bool
    definition: str


def keep_versions(db: Transaction, brands: Sequence[Brand], now: int) -> list[str]:
    """Write a version for each brand whose definition differs from its newest one; return their names.

    Back to an earlier definition is a new version too: in between, other posts were found.
    """
    changed = unwritten(db, brands)
    db.run_many(
        "INSERT INTO brands (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [(b.name,) for b in changed]
    )
    db.run_many(
        "INSERT INTO query_versions (brand_id, at, definition) SELECT id, ?, ? FROM brands WHERE name = ?",
        [(now, brand.definition, brand.name) for brand in changed],
    )
    return [brand.name for brand in changed]


def changes(store: Rows, brands: Sequence[str], since: int, until: int) -> list[QueryChange]:
    """The changes of these brands' queries inside of (since, until), oldest first: they break every series there."""
    rows = store.rows(_BETWEEN, (json.dumps(list(brands)), since, until))
    found: dict[tuple[str, int], QueryChange] = {}
    for brand, at, definition, first in rows:
        # Versions that history was matched by together are one break: from nothing, if the first is among them.
        before = found.get((brand, at))
        is_first = bool(first) or (before is not None and before.first)
        found[brand, at] = QueryChange(brand, at, is_first, definition)
    return list(found.values())


def settle(db: Transaction, brands: Sequence[str], since: int) -> None:
    """Write that all history since then was matched again by the newest queries of these brands."""
    db.run(
        """UPDATE query_versions SET rematched_since = ? WHERE coalesce(rematched_since, at) >= ?
        AND brand_id IN (SELECT id FROM brands WHERE name IN (SELECT value FROM json_each(?)))""",
        (since, since, json.dumps(list(brands))),
    )


def unwritten(store: Rows, brands: Sequence[Brand]) -> list[Brand]:
    """The brands whose definition is another than the newest that is written."""
    known: dict[str, str] = dict(store.rows(_NEWEST))
    return [brand for brand in brands if known.get(brand.name) != brand.definition]
