"""Acknowledgements: who has taken an alert on, or wants to hear of it again later."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from storage.base import Rows, Transaction


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`episode`: the key of the event with which the alert began. `until`: snoozed until then; None: taken on."""

    id: int
    episode: str
    by: str
    why: str | None
    at: int
    until: int | None

    def snoozes(self, now: int) -> bool:
        """Whether it is put off at a moment."""
        return self.until is not None and now < self.until


def add(
    db: Transaction, episode: str, *, by: str, why: str | None, now: int, until: int | None = None
) -> Acknowledgement:
    """Take an alert on; with `until` put it off until then. The last word counts."""
    rows = db.rows(
        "INSERT INTO acknowledgements (episode, by, why, at, until) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (episode, by, why, now, until),
    )
    return Acknowledgement(int(rows[0][0]), episode, by, why, now, until)


def last(store: Rows, episodes: Collection[str]) -> dict[str, Acknowledgement]:
    """The last word on each of these alerts, by the key of its episode."""
    rows = store.rows(
        """SELECT id, episode, by, why, at, until FROM acknowledgements
        WHERE episode IN (SELECT value FROM json_each(?)) ORDER BY id""",
        (json.dumps(sorted(episodes)),),
    )
    return {row[1]: Acknowledgement(*row) for row in rows}
