"""What happened on a day, in a person's words: drawn in every chart, so that a peak has its reason beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from storage.base import Row, Rows, Transaction

_SELECT = """SELECT a.id, a.day, a.text, b.name, a.at, a.by
    FROM annotations a LEFT JOIN brands b ON b.id = a.brand_id"""


@dataclass(frozen=True, slots=True)
class Annotation:
    """`text` on the calendar day `day`; about one brand, or about all (None). `by`: who said so, if known."""

    id: int
    day: date
    text: str
    brand: str | None
    at: int
    by: str | None


def add(db: Transaction, day: date, text: str, *, brand: str | None, by: str | None, now: int) -> int:
    """Write an annotation; return its number. The brand need not have been heard of before."""
    if brand is not None:
        db.run("INSERT INTO brands (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (brand,))
    rows = db.rows(
        """INSERT INTO annotations (day, text, brand_id, at, by)
        VALUES (?, ?, (SELECT id FROM brands WHERE name = ?), ?, ?) RETURNING id""",
        (day.isoformat(), text, brand, now, by),
    )
    return int(rows[0][0])


def remove(db: Transaction, number: int) -> bool:
    """Take an annotation back; False where there is none of that number."""
    return db.run("DELETE FROM annotations WHERE id = ?", (number,)) == 1


def between(store: Rows, first: date, last: date) -> list[Annotation]:
    """The annotations on the days from `first` to `last`, both included, in the order of their days."""
    rows = store.rows(
        f"{_SELECT} WHERE a.day >= ? AND a.day <= ? ORDER BY a.day, a.id",
        (first.isoformat(), last.isoformat()),
    )
    return [_annotation(row) for row in rows]


def all_annotations(store: Rows) -> list[Annotation]:
    """All of them, in the order of their days."""
    return [_annotation(row) for row in store.rows(f"{_SELECT} ORDER BY a.day, a.id")]


def concern(found: list[Annotation], brand: str) -> list[Annotation]:
    """Those that are about this brand or about all."""
    return [one for one in found if one.brand in (None, brand)]


def _annotation(row: Row) -> Annotation:
    number, day, text, brand, at, by = row
    return Annotation(number, date.fromisoformat(day), text, brand, at, by)
