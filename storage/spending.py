"""The money that paid requests of a source may cost: reserved before each request, settled after its answer.

The days are those of whoever bills: UTC days, told by the server's own clock. Our clock is never asked, so that no jump
of it opens a second budget. Nobody knows to the second when a request was billed, so a reservation stands on every day
on which it may have been; what a budget has left is judged as if all of them fell on one day.
"""

from __future__ import annotations

from storage.base import Rows, Transaction

DAY = 86_400
DOUBT = 600
"""Seconds by which the moment of billing may differ from what the server's clock said of a request."""
_KEPT = 400
"""Days after which what was spent is forgotten."""


def reserve(db: Transaction, source: str, price: int, budget: int, at: int) -> int | None:
    """Set aside the most that a request may cost; None where the budget of the day has no room for it.

    Amounts are millionths of a dollar. `at` is the newest time that the server has told (seconds since 1970). The
    source asks one thing after the other: what is still open was never answered, and counts as paid in full. Commit
    this before the request is sent, so that dying after it leaves no cent unwritten.
    """
    if price < 0:
        raise ValueError("a price is not negative")
    _write_off(db, source, at)
    first, last = _first(at), _last(db, source, at)
    if _spent_since(db, source, first) + price > budget:
        return None
    db.run("DELETE FROM spending WHERE source = ? AND last_day < ?", (source, first - _KEPT))
    db.run(
        "INSERT INTO spending (source, first_day, last_day, reserved) VALUES (?, ?, ?, ?)",
        (source, first, last, price),
    )
    return int(db.rows("SELECT max(id) FROM spending WHERE source = ?", (source,))[0][0])


def settle(db: Transaction, reservation: int, price: int, at: int) -> None:
    """Write what a request has cost in truth, and when its answer was made by the server's clock."""
    day = (at + DOUBT) // DAY
    db.run(
        "UPDATE spending SET spent = ?, last_day = CASE WHEN last_day < ? THEN ? ELSE last_day END WHERE id = ?",
        (price, day, day, reservation),
    )


def left(store: Rows, source: str, budget: int, at: int) -> int:
    """What a request at this time could cost at most, in millionths of a dollar; 0 where nothing is left."""
    return max(0, budget - _spent_since(store, source, _first(at)))


def spent_on(store: Rows, source: str, day: int) -> int:
    """What may have been billed on a UTC day (days since 1970), in millionths of a dollar."""
    sql = """SELECT coalesce(sum(coalesce(spent, reserved)), 0) FROM spending
        WHERE source = ? AND first_day <= ? AND last_day >= ?"""
    return int(store.rows(sql, (source, day, day))[0][0])


def _write_off(db: Transaction, source: str, at: int) -> None:
    # It may have been billed at any time since, up to now.
    day = (at + DOUBT) // DAY
    db.run(
        """UPDATE spending SET spent = reserved, last_day = CASE WHEN last_day < ? THEN ? ELSE last_day END
        WHERE source = ? AND spent IS NULL""",
        (day, day, source),
    )


def _first(at: int) -> int:
    return (at - DOUBT) // DAY


def _last(db: Rows, source: str, at: int) -> int:
    """The last day on which a request may be billed: never before a day that the server has told already."""
    newest = db.rows("SELECT max(last_day) FROM spending WHERE source = ?", (source,))[0][0]
    day = (at + DOUBT) // DAY
    return day if newest is None else max(day, int(newest))


def _spent_since(store: Rows, source: str, day: int) -> int:
    """Everything that may have been billed on this day or a later one, as if it were one day."""
    sql = """SELECT coalesce(sum(coalesce(spent, reserved)), 0) FROM spending
        WHERE source = ? AND last_day >= ?"""
    return int(store.rows(sql, (source, day))[0][0])
