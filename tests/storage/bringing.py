"""What the tests of imported numbers are written with: short ways to put numbers, leads and answers into a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from keeping import UTC

from storage.calendar import Window
from storage.kpi import Ask, KpiValue, compute, kpis_of
from storage.mention import Brand
from storage.sqlite import SqliteStore

ACME, BOLT = Brand("Acme", own=True), Brand("Bolt")
BRANDS = (ACME, BOLT)
Row = tuple[object, ...]


def at(day: str) -> int:
    """The start of a day, UTC."""
    return int(datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC).timestamp())


WEEK = Window(at("2026-11-02"), at("2026-11-09"))
MONTH = Window(at("2026-11-01"), at("2026-12-01"))


def row(
    kind: str,
    metric: str,
    value: float,
    day: str = "2026-11-03",
    *,
    network: str = "",
    account: str = "",
    item: str = "",
    unit: str | None = None,
    campaign: str = "",
) -> Row:
    """One number of one day, as a row of measures."""
    return (kind, metric, day, network, account, campaign, item, value, unit)


def lead(
    number: int,
    stage: str = "lead",
    *,
    network: str = "instagram",
    day: str = "2026-11-03",
    revenue: float | None = None,
    currency: str | None = None,
) -> Row:
    """One lead, as a row of leads."""
    return (f"lead-{number}", at(day), network, "", stage, at(day), revenue, currency)


def answer(
    kind: str, score: float, answers: int, *, scale: int = 5, day: str = "2026-11-03", network: str = ""
) -> Row:
    """So many answers of one score, as a row of survey_answers."""
    return (kind, day, network, score, scale, answers)


def bring(store: SqliteStore, *rows: Row, brand: str = "Acme") -> None:
    """Put rows into the table that they are of: nine fields are a number, eight a lead, six answers."""
    store.register(BRANDS, [])
    with store.writing() as db:
        ((number,),) = db.rows("SELECT id FROM brands WHERE name = ?", (brand,))
        for one in rows:
            table = {9: "measures", 8: "leads", 6: "survey_answers"}[len(one)]
            marks = ", ".join("?" * (len(one) + 1))
            db.run(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", (number, *one))


_COLUMNS = {
    "measures": "brand_id, kind, metric, day, network, account, campaign, item, value, unit",
    "leads": "brand_id, lead_id, created_at, network, campaign, stage, stage_at, revenue, currency",
    "survey_answers": "brand_id, kind, day, network, score, scale, answers",
}


def told(store: SqliteStore, kpi: str, window: Window = WEEK, brand: str = "Acme", **ask: object) -> KpiValue:
    """The only value of a KPI of one brand."""
    (found,) = all_told(store, kpi, window, brand, **ask)
    return found


def all_told(
    store: SqliteStore, kpi: str, window: Window = WEEK, brand: str = "Acme", **ask: object
) -> Sequence[KpiValue]:
    """The values of a KPI of one brand."""
    fields: dict[str, object] = {"now": window.until, "zone": UTC, "brands": BRANDS, "only": (brand,), **ask}
    return compute(store, [kpis_of(store)[kpi]], Ask(window, **fields))  # type: ignore[arg-type]
