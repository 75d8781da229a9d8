"""Checks an evidence file: that nothing in it was changed, and that its number comes out again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storage.explain.bundle import FORMAT, close, digest
from storage.explain.recompute import FROM_FACTS, Plan, tables, views

_LONGEST = 1_000


class NoEvidence(Exception):
    """The file is no evidence file that this version can read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found. `answer` is what the facts give, `value` what the manifest says; None for no value.

    `remade`: the number can be made again at all; `recomputed` says in words how far.
    """

    manifest: dict[str, str | None]
    sha256: str
    answer: float | None
    value: float | None
    recomputed: str
    remade: bool

    @property
    def untouched(self) -> bool:
        """Whether the hash is the one that was written."""
        return self.sha256 == self.manifest.get("sha256")

    @property
    def same(self) -> bool:
        """Whether the number comes out again, or cannot, as the file says of itself."""
        return close(self.answer, self.value) if self.remade else self.answer is None


def verify(path: Path) -> Verified:
    """Check an evidence file, which may come from anybody. Raises NoEvidence."""
    if not path.is_file():
        raise NoEvidence(f"{path}: there is no such file")
    with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as db:
        # What the file itself brings must not run: its views are compared before one of them is read.
        db.execute("PRAGMA trusted_schema = OFF")
        try:
            return _verified(path, db)
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoEvidence(f"{path} is no evidence file, or is damaged ({error})") from None


def _verified(path: Path, db: sqlite3.Connection) -> Verified:
    objects: dict[str, str] = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    if any(objects.get(name) != sql for name, sql in tables().items()):
        raise NoEvidence(
            f"{path}: its tables are not those of {FORMAT!r}; check it with the version that made it"
        )
    manifest: dict[str, str | None] = dict(db.execute("SELECT key, value FROM manifest"))
    if manifest.get("format") != FORMAT:
        raise NoEvidence(f"{path} is not in the form {FORMAT!r}; check it with the version that made it")
    plan = _plan(manifest)
    if objects != {**tables(), **views(plan)}:
        raise NoEvidence(f"{path}: its views are not those that were written; somebody changed them")
    answer, _ = db.execute("SELECT value, raw_value FROM answer").fetchone()
    value = manifest["value"]
    return Verified(
        manifest,
        digest(db),
        None if answer is None else float(answer),
        None if value is None else float(value),
        manifest["recomputed"] or "",
        plan.value,
    )


def _plan(manifest: dict[str, str | None]) -> Plan:
    """The plan of a manifest. Raises ValueError where it is none: what it says becomes SQL."""
    read = json.loads(manifest["plan"] or "")
    plan = Plan(*(read[name] for name in Plan.__slots__))
    known = all(
        name.isidentifier() and (of_facts is False or name in FROM_FACTS[plan.kpi])
        for name, of_facts in plan.counted.items()
    )
    flags = {plan.estimated, plan.value} <= {True, False}
    # Arithmetic over a few names; a longer text could only be meant to exhaust whoever reads it.
    if not (known and flags and isinstance(plan.worked, str) and len(plan.worked) < _LONGEST):
        raise ValueError("its plan is none")
    return plan
