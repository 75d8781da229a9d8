"""What anomaly detectors have learned, by brand and series: JSON that the store does not look into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.base import Row, Rows, Transaction

_COLUMNS = "b.name, l.series, l.through, l.setting, l.state, l.calibration, l.calibrated_at"
_FROM = f"SELECT {_COLUMNS} FROM baselines l JOIN brands b ON b.id = l.brand_id"
_PUT = """INSERT INTO baselines (brand_id, series, through, setting, state, calibration, calibrated_at)
    SELECT id, ?, ?, ?, ?, ?, ? FROM brands WHERE name = ?
    ON CONFLICT (brand_id, series) DO UPDATE SET through = excluded.through, setting = excluded.setting,
    state = excluded.state, """
_ALL = f"{_PUT} calibration = excluded.calibration, calibrated_at = excluded.calibrated_at"
_LEARNED = f"""{_PUT} calibrated_at =
    CASE WHEN baselines.setting = excluded.setting THEN baselines.calibrated_at ELSE excluded.calibrated_at END,
    calibration = CASE WHEN baselines.setting = excluded.setting THEN baselines.calibration
    ELSE excluded.calibration END"""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known of one series of a brand: fed up to the second `through`, for a `setting`.

    `calibrated_at` is 0, and `calibration` None, before it was calibrated.
    """

    brand: str
    series: str
    through: int
    setting: str
    state: Mapping[str, Any]
    calibration: Mapping[str, Any] | None = None
    calibrated_at: int = 0


def of_brand(store: Rows, brand: str) -> dict[str, Baseline]:
    """Those of one brand by series."""
    return {one.series: one for one in map(_read, store.rows(f"{_FROM} WHERE b.name = ?", (brand,)))}


def every(store: Rows) -> list[Baseline]:
    """All of them, by brand and series."""
    return [_read(row) for row in store.rows(f"{_FROM} ORDER BY b.name, l.series")]


def _read(row: Row) -> Baseline:
    brand, series, through, setting, state, calibration, calibrated_at = row
    known = json.loads(calibration) if calibration else None
    return Baseline(brand, series, through, setting, json.loads(state), known, calibrated_at or 0)


def put(db: Transaction, baseline: Baseline) -> None:
    """Keep one in the place of what was known of the series."""
    _write(db, _ALL, baseline)


def learn(db: Transaction, baseline: Baseline) -> None:
    """Keep what was learned: a threshold that was found meanwhile for the same setting stays."""
    _write(db, _LEARNED, baseline)


def _write(db: Transaction, sql: str, baseline: Baseline) -> None:
    calibration = None if baseline.calibration is None else json.dumps(baseline.calibration, allow_nan=False)
    state = json.dumps(baseline.state, allow_nan=False)
    db.run(
        sql,
        (
            baseline.series,
            baseline.through,
            baseline.setting,
            state,
            calibration,
            baseline.calibrated_at or None,
            baseline.brand,
        ),
    )


def brand_id(store: Rows, brand: str) -> int | None:
    """The number of a brand, None where the store does not know it."""
    rows = store.rows("SELECT id FROM brands WHERE name = ?", (brand,))
    return int(rows[0][0]) if rows else None
