"""The state of each source as rows: when it is polled next and why, since when it is down. The schedule is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction
from storage.mention import Traffic

STREAMS = "it streams: what is said arrives as it is said"
"""Why a stream has no next poll."""
_NO_TRAFFIC = Traffic()


ASKED_TO_WAIT = "the source asked to wait (Retry-After)"
"""Why a source is left alone whatever else changes."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source. Times in seconds since 1970; `down_since` is None while it answers."""

    name: str
    kind: str
    active: bool
    last_poll_at: int | None
    last_answer_at: int | None
    next_poll_at: int | None
    next_reason: str | None
    failures: int
    down_since: int | None
    error: str | None
    posts: int
    heard_through: int | None
    set_aside: int


_SELECT = """SELECT s.name, s.kind, s.active, s.last_poll_at, s.last_answer_at, s.next_poll_at, s.next_reason,
    s.failures, s.down_since, s.error, s.items,
    (SELECT max(until) FROM coverage c WHERE c.source_id = s.id),
    (SELECT count(*) FROM quarantine q WHERE q.source_id = s.id)
    FROM sources s {where} ORDER BY s.active DESC, s.name"""


def states(store: Rows, names: Sequence[str] = ()) -> list[SourceState]:
    """The state of all sources, or of those named."""
    where = f"WHERE s.name IN ({','.join('?' * len(names))})" if names else ""
    rows = store.rows(_SELECT.format(where=where), tuple(names))
    return [SourceState(name, kind, bool(active), *rest) for name, kind, active, *rest in rows]


def answered(
    db: Transaction,
    source: str,
    now: int,
    next_at: int,
    reason: str = "on schedule",
    traffic: Traffic = _NO_TRAFFIC,
) -> None:
    """A poll went well; `traffic` is what no page has been committed with."""
    db.run(
        """UPDATE sources SET last_poll_at = ?, last_answer_at = ?, next_poll_at = ?, next_reason = ?,
        failures = 0, down_since = NULL, error = NULL WHERE name = ?""",
        (now, now, next_at, reason, source),
    )
    count(db, source, now, traffic)


def failed(
    db: Transaction,
    source: str,
    now: int,
    next_at: int,
    reason: str,
    error: str,
    traffic: Traffic = _NO_TRAFFIC,
) -> None:
    """A poll failed; `reason` says why the next one is when it is."""
    db.run(
        """UPDATE sources SET last_poll_at = ?, next_poll_at = ?, next_reason = ?, failures = failures + 1,
        down_since = coalesce(down_since, ?), error = ? WHERE name = ?""",
        (now, next_at, reason, now, error, source),
    )
    count(db, source, now, traffic)


def count(
    db: Transaction,
    source: str,
    now: int,
    traffic: Traffic = _NO_TRAFFIC,
    items: int = 0,
    cut: int = 0,
    passed: int = 0,
) -> None:
    """Add requests, what they brought, and what some limit kept from us (`cut`) to the row of this source and hour.

    `passed` are posts that were let pass without a look: they concerned nobody, and the sample lacks them.
    """
    numbers = (traffic.requests, traffic.answers, traffic.errors, items, cut, passed)
    if any(numbers):
        db.run(
            """INSERT INTO source_hours (source_id, hour, requests, answers, errors, items, cut, unsampled)
            SELECT id, ?, ?, ?, ?, ?, ?, ? FROM sources WHERE name = ?
            ON CONFLICT (source_id, hour) DO UPDATE SET requests = source_hours.requests + excluded.requests,
            answers = source_hours.answers + excluded.answers, errors = source_hours.errors + excluded.errors,
            items = source_hours.items + excluded.items, cut = source_hours.cut + excluded.cut,
            unsampled = source_hours.unsampled + excluded.unsampled""",
            (now // 3600, *numbers, source),
        )


def ask_anew(db: Transaction, now: int) -> None:
    """Let no source wait for what failed under another configuration, but those that asked for it."""
    db.run(
        "UPDATE sources SET next_poll_at = ? WHERE failures > 0 AND next_poll_at > ? AND next_reason <> ?",
        (now, now, ASKED_TO_WAIT),
    )
