"""Evidence files: one number with its facts in an SQLite file, from which sqlite3 alone makes it again."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

from storage import schema
from storage.base import Rows, StoreError
from storage.calendar import Window, before, iso
from storage.coverage import ENOUGH, ledgers
from storage.explain import behind, facts
from storage.explain.behind import Facts
from storage.explain.explanation import Explanation
from storage.explain.listening import listened
from storage.explain.recompute import ESTIMATES, FROM_FACTS, TABLES, WAITS, Plan, tables, views
from storage.kpi.value import Ask

FORMAT = "listener evidence 1"
CLOSE = 1e-9
"""How far the number made again may lie from the value, relatively: sums are added in another order."""

HASHED = """sqlite3 FILE "SELECT line FROM canonical" | sha256sum"""
ANSWERED = """sqlite3 FILE "SELECT value FROM answer\""""

NOT_BY_SQL = "SQL alone cannot make this number again: it is no arithmetic over counts"
SAMPLED = (
    "chance drew corrections, which weigh by the spread of what they measured: SQL alone cannot make the estimate "
    "again, only raw_value"
)
OF_NUMBERS = "the arithmetic is made again; these names are given as numbers and not counted of the facts: "
OF_FACTS = "everything is counted of the facts"


@dataclass(frozen=True, slots=True)
class Written:
    """What an evidence file holds: how many facts, its hash, and how far its number can be made again, in words."""

    facts: int
    sha256: str
    recomputed: str
    complete: bool


def write(store: Rows, made: Explanation, ask: Ask, path: Path, *, version: str) -> Written:
    """Write the evidence of a number that was just explained, from the same moment of the store.

    The same store and question give the same bytes. `version` is that of the program. Raises FileExistsError, other
    OSErrors, and StoreError where the disk is full.
    """
    with path.open("xb"):
        pass
    try:
        with _opened(path) as db:
            return _fill(db, store, made, ask, version)
    except BaseException as error:
        path.unlink()
        if isinstance(error, sqlite3.OperationalError):
            raise StoreError(f"{path}: {error}; free some space, or name a file elsewhere") from error
        raise


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for setting in ("page_size = 4096", "encoding = 'UTF-8'", "journal_mode = OFF", "synchronous = OFF"):
            db.execute(f"PRAGMA {setting}")
        db.execute("BEGIN")
        yield db
        db.execute("COMMIT")


def _fill(db: sqlite3.Connection, store: Rows, made: Explanation, ask: Ask, version: str) -> Written:
    for statement in tables().values():
        db.execute(statement)
    count = _facts(db, store, made, ask)
    told = _manifest(made, ask, version, count)
    _rows(db, "manifest", told.items())
    _rows(db, "numbers", ((name, repr(float(number))) for name, number in made.numbers.items()))
    plan, recomputed = _planned(db, made)
    _rows(
        db, "manifest", {"plan": json.dumps(asdict(plan), sort_keys=True), "recomputed": recomputed}.items()
    )
    _make(db, views(plan))
    sha256 = digest(db)
    _rows(db, "manifest", [("sha256", sha256)])
    return Written(count, sha256, recomputed, recomputed == OF_FACTS)


def _make(db: sqlite3.Connection, definitions: Mapping[str, str]) -> None:
    for definition in definitions.values():
        db.execute(definition)


def _rows(db: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    db.executemany(facts.insert(table), rows)


def _facts(db: sqlite3.Connection, store: Rows, made: Explanation, ask: Ask) -> int:
    """The mentions of the brand and its market; of the period before too, where the KPI looks at it."""
    value = made.value
    market = next(brand.market for brand in ask.brands if brand.name == value.brand)
    names = [brand.name for brand in ask.brands if brand.market == market]
    sources = behind.numbers(store, (one.source for one in value.heard))
    alike = _comparable(store, made, ask, sources)
    periods = {"now": Window(value.since, value.until)}
    if any(name.endswith("_before") for name in made.numbers):
        periods["before"] = before(Window(value.since, value.until), ask.zone)
    for (period, window), name in product(periods.items(), names):
        asked = Facts(behind.brand_number(store, name), window, tuple(sources.values()))
        _rows(db, "facts", facts.facts(store, period, name, asked, alike))
    for period, window in periods.items():
        heard = listened(store, ledgers(store, ask.sources), list(sources), window, ask.now)
        _rows(db, "coverage", facts.coverage(period, heard))
        _rows(db, "gaps", facts.gaps(period, heard))
    if value.kpi in WAITS:
        own = Facts(behind.brand_number(store, value.brand), periods["now"], tuple(sources.values()))
        known = {ledger.source_id: ledger for ledger in ledgers(store, ask.sources)}
        _rows(db, "waits", facts.waits(store, own, known, first=WAITS[value.kpi]))
    _rows(
        db,
        "queries",
        (
            (
                facts.plain(q.brand),
                q.version,
                None if q.at is None else iso(q.at),
                facts.plain(q.definition),
                q.mentions,
            )
            for q in made.queries
        ),
    )
    _rows(db, "engines", facts.engines([(one.engine, one.language) for one in made.strata]))
    (count,) = db.execute("SELECT count(*) FROM facts").fetchone()
    return int(count)


def _comparable(store: Rows, made: Explanation, ask: Ask, sources: Mapping[str, int]) -> frozenset[int]:
    """The sources heard for at least 90 % of both periods; all of them where none was."""
    window = Window(made.value.since, made.value.until)
    windows = (window, before(window, ask.zone))
    found = frozenset(
        ledger.source_id
        for ledger in ledgers(store, ask.sources)
        if ledger.name in sources
        and all(ledger.heard(w.since, w.until, ask.now).share >= ENOUGH for w in windows)
    )
    return found or frozenset(sources.values())


def _manifest(made: Explanation, ask: Ask, version: str, count: int) -> dict[str, str | None]:
    value, kpi = made.value, made.kpi
    interval = value.more.get("interval")
    return {
        "format": FORMAT,
        "kpi": kpi.name,
        "brand": facts.plain(value.brand),
        "sources": facts.plain(json.dumps([one.source for one in value.heard], ensure_ascii=False)),
        "since": iso(value.since),
        "until": iso(value.until),
        "timezone": ask.zone.key,
        "value": None if value.value is None else repr(value.value),
        "unit": value.unit,
        "n": str(value.n),
        "reason": value.reason,
        "method": str(value.more.get("method", "raw")),
        "interval": None if interval is None else json.dumps(interval),
        "formula": kpi.formula,
        "formula_source": kpi.source,
        "worked": made.worked,
        "facts": str(count),
        "version": version,
        "schema": list(schema.MIGRATIONS)[-1],
        "asked_at": iso(ask.now),
        "hash_by": HASHED,
        "answer_by": ANSWERED,
    }


def _planned(db: sqlite3.Connection, made: Explanation) -> tuple[Plan, str]:
    """How the number is made again, and in words how far. Each way is tried: what gives another number is not taken."""
    value, kpi = made.value, made.kpi
    worked = kpi.worked if made.numbers else ""
    counted = {name: _counted(db, made, name) for name in made.numbers}
    plan = Plan(kpi.name, worked, counted, False, False)
    if value.value is None:
        return plan, f"there is no value: {value.reason}"
    if not worked:
        return plan, NOT_BY_SQL
    estimated = kpi.name in ESTIMATES and value.more.get("method") == "adjusted"
    answering = replace(plan, estimated=estimated, value=True)
    if close(_tried(db, answering), value.value):
        given = [name for name, of_facts in counted.items() if not of_facts]
        return answering, OF_NUMBERS + ", ".join(given) if given else OF_FACTS
    sampled = made.corrections is not None and made.corrections.sampled
    return plan, SAMPLED if sampled else NOT_BY_SQL


def _counted(db: sqlite3.Connection, made: Explanation, name: str) -> bool:
    if name not in FROM_FACTS.get(made.kpi.name, {}):
        return False
    plan = Plan(made.kpi.name, f"{{{name}}}", {name: True}, False, True)
    return _tried(db, plan) == made.numbers[name]


def _tried(db: sqlite3.Connection, plan: Plan) -> float | None:
    """What a plan answers; its views are gone again afterwards."""
    made = views(plan)
    _make(db, made)
    (answer,) = db.execute("SELECT value FROM answer").fetchone()
    for name in reversed(made):
        db.execute(f"DROP VIEW {name}")
    return None if answer is None else float(answer)


def close(found: float | None, value: float | None) -> bool:
    """Whether the number made again is the value; none is only none."""
    if found is None or value is None:
        return found is value
    return math.isclose(found, value, rel_tol=CLOSE, abs_tol=CLOSE)


def digest(db: sqlite3.Connection) -> str:
    """The hash of an evidence file, over its canonical lines: what HASHED prints."""
    hashed = hashlib.sha256()
    for (line,) in db.execute("SELECT line FROM canonical"):
        hashed.update(line.encode() + b"\n")
    return hashed.hexdigest()


__all__ = ["ANSWERED", "FORMAT", "HASHED", "TABLES", "Written", "close", "digest", "write"]
