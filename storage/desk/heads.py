"""Small heads learned from corrections: which one serves, which were refused or retired, and what they had shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from storage.base import Row, Rows, Transaction

State = Literal["serving", "refused", "retired"]

_SELECT = "SELECT id, engine, made_at, weights, evidence, state FROM heads"


@dataclass(frozen=True, slots=True)
class KeptHead:
    """A head for the engine of this name (without a head). `evidence`: what it did on corrections it had not seen."""

    id: int
    engine: str
    made_at: int
    weights: bytes
    evidence: Mapping[str, Any]
    state: State


def add(
    db: Transaction, engine: str, weights: bytes, evidence: Mapping[str, Any], *, serves: bool, now: int
) -> None:
    """Keep a head; one that serves retires the one that served the same engine before."""
    if serves:
        retire(db, engine)
    db.run(
        "INSERT INTO heads (engine, made_at, weights, evidence, state) VALUES (?, ?, ?, ?, ?)",
        (engine, now, weights, json.dumps(evidence), "serving" if serves else "refused"),
    )


def retire(db: Transaction, engine: str | None = None) -> bool:
    """Take the head of this engine (or of every engine) out of service; False where none serves."""
    return (
        db.run(
            "UPDATE heads SET state = 'retired' WHERE state = 'serving' AND engine = coalesce(?, engine)",
            (engine,),
        )
        > 0
    )


def serving(store: Rows, engine: str) -> KeptHead | None:
    """The head that serves this engine."""
    rows = store.rows(f"{_SELECT} WHERE engine = ? AND state = 'serving' ORDER BY id DESC LIMIT 1", (engine,))
    return _head(rows[0]) if rows else None


def any_serves(store: Rows) -> bool:
    """Whether a head is in service, whatever engine it was learned for."""
    return bool(store.rows("SELECT 1 FROM heads WHERE state = 'serving' LIMIT 1"))


def all_heads(store: Rows) -> list[KeptHead]:
    """All of them, the newest first."""
    return [_head(row) for row in store.rows(f"{_SELECT} ORDER BY id DESC")]


def _head(row: Row) -> KeptHead:
    number, engine, made_at, weights, evidence, state = row
    return KeptHead(number, engine, made_at, bytes(weights), json.loads(evidence), state)
