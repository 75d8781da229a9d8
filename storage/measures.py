"""Numbers of days, from files that other programs made and from sources: a newer one replaces, none counts twice."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from storage.base import Row, Rows, Transaction
from storage.mention import BrandFigure


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a calendar day (YYYY-MM-DD, in the zone of whoever counted), by the vocabulary of docs/imports.md.

    `unit` is an ISO 4217 code for money, "ratio" for shares, None for counts. `item` says of what within the day:
    a channel group, "post:ID", "product:NAME", a number of stars; "" of the whole.
    """

    kind: str
    metric: str
    day: str
    value: float
    unit: str | None = None
    network: str = ""
    account: str = ""
    campaign: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody who may buy, as the CRM knows it now; times in seconds since 1970, `revenue` in `currency`."""

    lead_id: str
    created_at: int
    stage: str
    stage_at: int
    network: str = ""
    campaign: str = ""
    revenue: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class SurveyAnswers:
    """How many people gave one score on a day: NPS of 0 to 10, CSAT of 1 to `scale`."""

    kind: Literal["csat", "nps"]
    day: str
    score: float
    scale: int
    answers: int
    network: str = ""


Counted = Measure | Lead | SurveyAnswers


class Scope(NamedTuple):
    """What a file tells whole: kept rows with these values that are not in it are gone. No columns: it only adds."""

    columns: tuple[str, ...] = ()
    values: frozenset[tuple[str, ...]] = frozenset()


ADDS = Scope()


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was imported: what kind of numbers, its name without folders, its hash, when, how many rows."""

    kind: str
    name: str
    sha256: str
    at: int
    rows: int


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a file's numbers. `older`: leads of which a later stage is known, left as they are."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0
    older: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.new or self.changed or self.gone)


class _Table(NamedTuple):
    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]


_TABLES: dict[type[Counted], _Table] = {
    Measure: _Table(
        "measures",
        ("kind", "metric", "day", "network", "account", "campaign", "item"),
        ("value", "unit"),
    ),
    Lead: _Table(
        "leads",
        ("lead_id",),
        ("created_at", "network", "campaign", "stage", "stage_at", "revenue", "currency"),
    ),
    SurveyAnswers: _Table("survey_answers", ("kind", "day", "network", "scale", "score"), ("answers",)),
}
SNAPSHOT: Final = "snapshot"
"""The kind of what sources told. Apart from the kinds of files, so that whichever comes first, the file is preferred by
whoever reads both, and what a file takes back leaves what was heard."""
MOST = 1e15
"""From this number on nothing is believed, as in files."""
_TELL = """INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value, unit)
    SELECT id, ?, ?, ?, ?, ?, '', ?, ?, NULL FROM brands WHERE name = ?
    ON CONFLICT (brand_id, kind, metric, day, network, account, campaign, item) DO UPDATE SET value = excluded.value"""
_PAGE = 1_000
"""Keys looked up by one statement."""


def imported_at(store: Rows, kind: str, sha256: str) -> int | None:
    """When this very file was imported last as numbers of this kind; None where it never was."""
    rows = store.rows("SELECT max(at) FROM imports WHERE kind = ? AND sha256 = ?", (kind, sha256))
    return None if rows[0][0] is None else int(rows[0][0])


def tell(db: Transaction, figures: Iterable[BrandFigure]) -> None:
    """Write what sources told of brands; the last figure of a day stands. Of an unknown brand nothing is kept."""
    db.run_many(
        _TELL,
        [
            (SNAPSHOT, one.metric, one.day, one.network, one.account, one.item, float(one.value), one.brand)
            for one in figures
            if math.isfinite(one.value) and 0 <= one.value < MOST
        ],
    )


def write(
    db: Transaction, brand: str, file: Brought, counted: Sequence[Counted], scope: Scope = ADDS
) -> Written:
    """Write what a file says of a brand; all of one class, each key once. Raises KeyError for an unknown brand.

    What says the same is left as it is, with the file that said it first. A file that changes nothing leaves no trace.
    """
    if not counted:
        return Written()
    found = db.rows("SELECT id FROM brands WHERE name = ?", (brand,))
    if not found:
        raise KeyError(brand)
    brand_id, table = int(found[0][0]), _TABLES[type(counted[0])]
    rows = {_cells(one, table.key): _cells(one, table.values) for one in counted}
    kept = _kept(db, brand_id, table, table.key, rows)
    gone: set[Row] = set()
    if scope.columns:
        whole = _kept(db, brand_id, table, scope.columns, scope.values)
        gone = whole.keys() - rows.keys()
    older = {key for key in rows.keys() & kept.keys() if _is_older(table, rows[key], kept[key])}
    changed = {key for key in rows.keys() & kept.keys() if rows[key] != kept[key]} - older
    new = rows.keys() - kept.keys()
    written = Written(len(new), len(changed), len(gone), len(kept) - len(changed) - len(older), len(older))
    if written.anything:
        number = _note(db, file)
        _delete(db, brand_id, table, changed | gone)
        fresh = new | changed
        # In the order of the file, so that the same file makes the same database.
        _insert(db, brand_id, table, number, [(key, row) for key, row in rows.items() if key in fresh])
    return written


def _cells(one: Counted, columns: Iterable[str]) -> Row:
    return tuple(getattr(one, column) for column in columns)


def _kept(
    db: Transaction, brand_id: int, table: _Table, columns: Sequence[str], wanted: Iterable[Row]
) -> dict[Row, Row]:
    """The kept rows of which these columns hold one of the wanted values, by key."""
    chosen = ", ".join(f"t.{column}" for column in (*table.key, *table.values))
    match = " AND ".join(
        f"t.{column} = json_extract(w.value, '$[{at}]')" for at, column in enumerate(columns)
    )
    sql = f"""SELECT DISTINCT {chosen} FROM json_each(?) w CROSS JOIN {table.name} t
        WHERE t.brand_id = ? AND {match}"""
    size, found, values = len(table.key), {}, list(wanted)
    for start in range(0, len(values), _PAGE):
        for row in db.rows(sql, (json.dumps(values[start : start + _PAGE]), brand_id)):
            found[row[:size]] = row[size:]
    return found


def _is_older(table: _Table, new: Row, kept: Row) -> bool:
    """Whether a lead had gone further already: an export of last month must not take it back."""
    if table.name != "leads":
        return False
    at = table.values.index("stage_at")
    return bool(new[at] < kept[at])


def _note(db: Transaction, file: Brought) -> int:
    db.run(
        "INSERT INTO imports (kind, name, sha256, at, rows) VALUES (?, ?, ?, ?, ?)",
        (file.kind, file.name, file.sha256, file.at, file.rows),
    )
    return int(db.rows("SELECT max(id) FROM imports")[0][0])


def _delete(db: Transaction, brand_id: int, table: _Table, keys: Iterable[Row]) -> None:
    match = " AND ".join(f"{column} = ?" for column in table.key)
    db.run_many(
        f"DELETE FROM {table.name} WHERE brand_id = ? AND {match}", [(brand_id, *key) for key in keys]
    )


def _insert(
    db: Transaction, brand_id: int, table: _Table, number: int, rows: Iterable[tuple[Row, Row]]
) -> None:
    columns = ("brand_id", *table.key, *table.values, "import_id")
    db.run_many(
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
        [(brand_id, *key, *values, number) for key, values in rows],
    )
