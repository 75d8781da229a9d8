"""Silences: which alerts are not told for a while, and who said so, why and until when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.base import Row, Rows, Transaction

_SELECT = "SELECT id, matchers, since, until, by, why, at, ended_at, ended_by FROM silences"


class Refused(Exception):
    """It cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that match are not told in [since, until). `matchers`: values by label, one of each must be there.

    `at`: when it was said. `ended_at`, `ended_by`: who ended it before its time.
    """

    id: int
    matchers: Mapping[str, tuple[str, ...]]
    since: int
    until: int
    by: str
    why: str
    at: int
    ended_at: int | None = None
    ended_by: str | None = None

    def active(self, now: int) -> bool:
        """Whether it holds at a moment."""
        return self.since <= now < self.until and self.ended_at is None


def add(
    db: Transaction, matchers: Mapping[str, Sequence[str]], until: int, *, by: str, why: str, now: int
) -> Silence:
    """Silence from now on. Raises Refused where it would silence everything, or nothing any more."""
    if not matchers:
        raise Refused("say which alerts: a brand, a rule, a source, a tag or a severity")
    if until <= now:
        raise Refused("it would be over before it begins")
    rows = db.rows(
        "INSERT INTO silences (matchers, since, until, by, why, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (json.dumps({name: list(values) for name, values in matchers.items()}), now, until, by, why, now),
    )
    return one(db, int(rows[0][0]))


def end(db: Transaction, number: int, *, by: str, now: int) -> Silence:
    """End a silence before its time. Raises Refused where there is none, or it is over."""
    known = one(db, number)
    if not known.active(now):
        raise Refused(f"silence {number} is over already")
    db.run("UPDATE silences SET ended_at = ?, ended_by = ? WHERE id = ?", (now, by, number))
    return one(db, number)


def one(store: Rows, number: int) -> Silence:
    """One silence by its number. Raises Refused where there is none."""
    rows = store.rows(f"{_SELECT} WHERE id = ?", (number,))
    if not rows:
        raise Refused(f"there is no silence {number}; `listener alerts silences` shows them")
    return _silence(rows[0])


def active(store: Rows, now: int) -> list[Silence]:
    """Those that hold at a moment, the oldest first."""
    rows = store.rows(
        f"{_SELECT} WHERE ended_at IS NULL AND since <= ? AND until > ? ORDER BY id", (now, now)
    )
    return [_silence(row) for row in rows]


def every(store: Rows) -> list[Silence]:
    """All there ever were, the newest first."""
    return [_silence(row) for row in store.rows(f"{_SELECT} ORDER BY id DESC")]


def _silence(row: Row) -> Silence:
    number, matchers, *rest = row
    return Silence(number, {name: tuple(values) for name, values in json.loads(matchers).items()}, *rest)
