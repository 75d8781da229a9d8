"""Items that could not be read: set aside with their cause, listed without their text, tried again when asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from storage.base import Row, Rows, Transaction
from storage.mention import SetAside

MOST_SET_ASIDE = 1_000
"""Items of one source kept in quarantine: a source that changed its form must not fill the disk."""
_PAGE = 200
_THERE = "SELECT 1 FROM quarantine WHERE source_id = ? AND item = ?"


@dataclass(frozen=True, slots=True)
class Aside:
    """An item in quarantine. `cause` names the error and the lines that it passed through.

    `item` is its JSON, empty in a listing. `whole` is False where it was cut at its limit: it can be tried no more.
    """

    id: int
    source: str
    kind: str
    native_id: str | None
    at: int
    cause: str
    item: str
    whole: bool


def add(db: Transaction, source_id: int, items: Iterable[SetAside], at: int) -> tuple[int, int]:
    """Set items aside that are not there already; return how many are new, and for how many there was no room."""
    new = left_out = 0
    for item in items:
        added = db.run(
            """INSERT INTO quarantine (source_id, at, native_id, cause, item) SELECT ?, ?, ?, ?, ?
            WHERE (SELECT count(*) FROM quarantine WHERE source_id = ?) < ? ON CONFLICT DO NOTHING""",
            (source_id, at, item.native_id, item.cause, item.item, source_id, MOST_SET_ASIDE),
        )
        new += added
        if not added and not db.rows(_THERE, (source_id, item.item)):
            left_out += 1
    return new, left_out


def items(store: Rows, source: str | None = None) -> list[Aside]:
    """Everything that is set aside, or what is of one source, oldest first, without the items' texts."""
    found: list[Aside] = []
    while page := load(store, source, found[-1].id if found else 0, _PAGE):
        found += [replace(aside, item="") for aside in page]
    return found


def load(store: Rows, source: str | None = None, after: int = 0, limit: int = _PAGE) -> list[Aside]:
    """The items themselves, at most `limit` whose numbers are greater than `after`."""
    named = "" if source is None else "AND s.name = ?"
    sql = f"""SELECT q.id, s.name, s.kind, q.native_id, q.at, q.cause, q.item
        FROM quarantine q JOIN sources s ON s.id = q.source_id WHERE q.id > ? {named} ORDER BY q.id LIMIT ?"""
    return [_aside(row) for row in store.rows(sql, (after, *([] if source is None else [source]), limit))]


def remove(db: Transaction, ids: Sequence[int]) -> int:
    """Take items out of quarantine; return how many were there."""
    return db.run(
        "DELETE FROM quarantine WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    )


def _aside(row: Row) -> Aside:
    try:
        json.loads(row[6])
        whole = True
    except (ValueError, RecursionError):
        whole = False
    return Aside(*[*row, whole])


def native_ids(store: Rows, kind: str) -> list[str]:
    """Native ids of what is set aside of a kind: it must go too when it is taken back."""
    return [
        row[0]
        for row in store.rows(
            """SELECT q.native_id FROM quarantine q JOIN sources s ON s.id = q.source_id
            WHERE s.kind = ? AND q.native_id IS NOT NULL ORDER BY q.id""",
            (kind,),
        )
    ]
