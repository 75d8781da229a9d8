"""When a goal of the configuration was last looked at again, and by whom."""

from __future__ import annotations

import json
from dataclasses import dataclass

from storage.base import Rows, Transaction

_PREFIX = "goal_review:"


@dataclass(frozen=True, slots=True)
class Review:
    """`by`: who looked, if known; `note`: what they decided, if they said."""

    at: int
    by: str | None
    note: str | None


def record(db: Transaction, goal: str, *, by: str | None, note: str | None, now: int) -> None:
    """Write that a goal was reviewed; the last time stands."""
    db.run(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (_PREFIX + goal, json.dumps({"at": now, "by": by, "note": note}, ensure_ascii=False)),
    )


def last(store: Rows, goal: str) -> Review | None:
    """The last review of a goal; None where there was none."""
    rows = store.rows("SELECT value FROM facts WHERE name = ?", (_PREFIX + goal,))
    return Review(**json.loads(rows[0][0])) if rows else None
