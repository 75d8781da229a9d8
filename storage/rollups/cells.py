"""Mentions and sums of probabilities by quarter hour, day and month; brand, source, language, engine, label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
_QUARTER_FACTS = f"""SELECT brand_id, published_at / {QUARTER}, source_id, coalesce(language, ''), live, count(*),
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

Cells = dict[tuple[object, ...], list[int]]


def change(db: Transaction, calendar: Calendar, new: Iterable[Counted], gone: Iterable[Counted] = ()) -> None:
    """Add mentions to their cells, and take others away."""
    days, months, quarters = _days(calendar, new, gone)
    db.run_many(_ADD, [(*key, *sums) for cells in (days, months) for key, sums in cells.items()])
    db.run_many(_ADD_QUARTER, [(*key, *sums) for key, sums in quarters.items()])
    if gone:
        db.run_many(_DROP, [*days, *months])
        db.run_many(_DROP_QUARTER, list(quarters))


def _days(calendar: Calendar, new: Iterable[Counted], gone: Iterable[Counted]) -> tuple[Cells, Cells, Cells]:
    days: Cells = {}
    months: Cells = {}
    quarters: Cells = {}
    for sign, rows in ((1, new), (-1, gone)):
        for row in rows:
            at, language = row.at, row.language or ""
            starts = calendar.starts(at)
            label = NO_LABEL if row.label is None else row.label
            rest = (row.source, language, row.engine or 0, label, row.live)
            sums = _sums(sign, row.positive, row.negative)
            _add(days, (Unit.DAY.value, row.brand, starts.day, *rest), sums)
            _add(months, (Unit.MONTH.value, row.brand, starts.month, *rest), sums)
            quarter = quarters.setdefault(
                (row.brand, at // QUARTER, row.source, language, row.live), [0, 0, 0, 0]
            )
            quarter[0] += sign
            if row.label is not None:
                quarter[_QUARTER_PLACE[row.label]] += sign
    return days, months, quarters


def _sums(sign: int, positive: float | None, negative: float | None) -> tuple[int, ...]:
    if positive is None or negative is None:
        return sign, 0, 0, 0, 0, 0
    good, bad = int(positive * SCALE + 0.5), int(negative * SCALE + 0.5)
    return sign, sign * good, sign * bad, sign * good * good, sign * bad * bad, sign * good * bad


def _add(cells: Cells, key: tuple[object, ...], sums: tuple[int, ...]) -> None:
    found = cells.get(key)
    if found is None:
        cells[key] = list(sums)
        return
    for place, number in enumerate(sums):
        found[place] += number


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
    return _by_key(db.rows(_QUARTER_FACTS, (brands, since, until)))


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


def write_quarters(db: Transaction, cells: Mapping[tuple[object, ...], tuple[int, ...]]) -> None:
    """Write the cells of quarter hours that have none yet."""
    db.run_many(_ADD_QUARTER, [(*key, *sums) for key, sums in cells.items()])
