"""Mentions and sums of probabilities by quarter hour, day and month; brand, source, language, engine, label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from storage.base import Row, Rows, Transaction
from storage.rollups.counted import SCALE, Counted, whole
from storage.rollups.periods import QUARTER, Calendar, Unit

NO_LABEL = 2

_KEYS = ("brand_id", "start", "source_id", "language", "engine_id", "label", "live")
_SUMS = ("mentions", "positive", "negative", "positive2", "negative2", "product")
_QUARTER_KEYS = ("brand_id", "quarter", "source_id", "language", "live")
_QUARTER_SUMS = ("mentions", "negative", "neutral", "positive")
_QUARTER_PLACE = {-1: 1, 0: 2, 1: 3}

# The same sums, of the mentions themselves.
FACTS = f"""SELECT brand_id, source_id, language, engine_id, label, live, count(*),
    coalesce(sum({whole("p_positive")}), 0), coalesce(sum({whole("p_negative")}), 0),
    coalesce(sum({whole("p_positive")} * {whole("p_positive")}), 0),
    coalesce(sum({whole("p_negative")} * {whole("p_negative")}), 0),
    coalesce(sum({whole("p_positive")} * {whole("p_negative")}), 0)
    FROM mentions WHERE brand_id IN (SELECT value FROM json_each(?)) AND published_at >= ? AND published_at < ?
    GROUP BY brand_id, source_id, language, engine_id, label, live"""
QUARTER_FACTS = f"""SELECT brand_id, published_at / {QUARTER}, source_id, coalesce(language, ''), live, count(*),
    count(CASE WHEN label = -1 THEN 1 END), count(CASE WHEN label = 0 THEN 1 END),
    count(CASE WHEN label = 1 THEN 1 END) FROM mentions
    WHERE brand_id IN (SELECT value FROM json_each(?)) AND published_at >= ? AND published_at < ?
    GROUP BY 1, 2, 3, 4, 5"""


def _upsert(table: str, keys: Sequence[str], sums: Sequence[str]) -> str:
    columns = ", ".join((*keys, *sums))
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    marks = ", ".join("?" * (len(keys) + len(sums)))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"


def _delete(table: str, keys: Sequence[str]) -> str:
    return f"DELETE FROM {table} WHERE {' AND '.join(f'{key} = ?' for key in keys)} AND mentions = 0"


_ADD = _upsert("rollups", ("unit", *_KEYS), _SUMS)
_ADD_QUARTER = _upsert("rollup_quarters", _QUARTER_KEYS, _QUARTER_SUMS)
_DROP = _delete("rollups", ("unit", *_KEYS))
_DROP_QUARTER = _delete("rollup_quarters", _QUARTER_KEYS)

Cells = dict[tuple[Any, ...], list[int]]


def change(db: Transaction, calendar: Calendar, new: Iterable[Counted], gone: Iterable[Counted] = ()) -> None:
    """Add mentions to their cells, and take others away."""
    days, quarters = _moved(calendar, new, gone)
    months = _months(calendar, days)
    units = ((Unit.DAY.value, days), (Unit.MONTH.value, months))
    db.run_many(_ADD, [(unit, *key, *sums) for unit, cells in units for key, sums in cells.items()])
    db.run_many(_ADD_QUARTER, [(*key, *sums) for key, sums in quarters.items()])
    if gone:
        db.run_many(_DROP, [(unit, *key) for unit, cells in units for key in cells])
        db.run_many(_DROP_QUARTER, list(quarters))


def _moved(calendar: Calendar, new: Iterable[Counted], gone: Iterable[Counted]) -> tuple[Cells, Cells]:
    """What is to be added to days and to quarter hours. Written out, because it is done for each mention."""
    days: Cells = {}
    quarters: Cells = {}
    for sign, rows in ((1, new), (-1, gone)):
        for brand, at, source, live, spoken, said, negative, positive, engine, *_ in rows:
            language = spoken or ""
            label = NO_LABEL if said is None else said
            key = (brand, calendar.starts(at)[0], source, language, engine or 0, label, live)
            sums = days.get(key)
            if sums is None:
                sums = days[key] = [0, 0, 0, 0, 0, 0]
            sums[0] += sign
            if positive is not None and negative is not None:
                good, bad = int(positive * SCALE + 0.5), int(negative * SCALE + 0.5)
                sums[1] += sign * good
                sums[2] += sign * bad
                sums[3] += sign * good * good
                sums[4] += sign * bad * bad
                sums[5] += sign * good * bad
            place = (brand, at // QUARTER, source, language, live)
            quarter = quarters.get(place)
            if quarter is None:
                quarter = quarters[place] = [0, 0, 0, 0]
            quarter[0] += sign
            if said is not None:
                quarter[_QUARTER_PLACE[said]] += sign
    return days, quarters


def _months(calendar: Calendar, days: Cells) -> Cells:
    found: Cells = {}
    for (brand, day, *rest), sums in days.items():
        key = (brand, calendar.starts(day)[2], *rest)
        have = found.get(key)
        found[key] = list(sums) if have is None else [a + b for a, b in zip(have, sums, strict=True)]
    return found


def counted(db: Rows, brands: str, since: int, until: int) -> dict[tuple[object, ...], tuple[int, ...]]:
    """What the mentions of a period come to: sums by (brand, source, language, engine, label, live)."""
    return {
        (brand, source, language or "", engine or 0, NO_LABEL if label is None else label, live): tuple(sums)
        for brand, source, language, engine, label, live, *sums in db.rows(FACTS, (brands, since, until))
    }


def kept(db: Rows, unit: Unit, start: int) -> dict[tuple[object, ...], tuple[int, ...]]:
    """What the roll-ups say of a period, in the same shape."""
    rows = db.rows(
        f"""SELECT brand_id, source_id, language, engine_id, label, live, {", ".join(_SUMS)} FROM rollups
        WHERE unit = ? AND brand_id IN (SELECT id FROM brands) AND start = ?""",
        (unit.value, start),
    )
    return {tuple(row[:6]): tuple(row[6:]) for row in rows}


def counted_quarters(
    db: Rows, brands: str, since: int, until: int
) -> dict[tuple[object, ...], tuple[int, ...]]:
    """What the mentions of a time come to, by quarter hour: sums by (brand, quarter, source, language, live)."""
    return _by_key(db.rows(QUARTER_FACTS, (brands, since, until)))


def kept_quarters(db: Rows, since: int, until: int) -> dict[tuple[object, ...], tuple[int, ...]]:
    """What the roll-up of quarter hours says of a time, in the same shape."""
    rows = db.rows(
        f"""SELECT {", ".join((*_QUARTER_KEYS, *_QUARTER_SUMS))} FROM rollup_quarters
        WHERE brand_id IN (SELECT id FROM brands) AND quarter >= ? AND quarter < ?""",
        (since // QUARTER, until // QUARTER),
    )
    return _by_key(rows)


def _by_key(rows: Iterable[Row]) -> dict[tuple[object, ...], tuple[int, ...]]:
    return {tuple(row[:5]): tuple(row[5:]) for row in rows}


def write(
    db: Transaction, unit: Unit, start: int, cells: Mapping[tuple[object, ...], tuple[int, ...]]
) -> None:
    """Write the cells of a period that has none yet."""
    rows = [(unit.value, brand, start, *rest, *sums) for (brand, *rest), sums in cells.items()]
    db.run_many(_ADD, rows)
