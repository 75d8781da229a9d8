"""How many posts were erased, by source, and how long it took until no byte of the store held them any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from storage.base import Row, Rows, Transaction
from storage.calendar import iso

_OPEN = "SELECT source_id, at, how, posts, others FROM erasures WHERE settled_at IS NULL"
# One that has grown meanwhile is open still.
_SETTLE = """UPDATE erasures SET settled_at = ?
    WHERE source_id = ? AND at = ? AND how = ? AND posts = ? AND others = ? AND settled_at IS NULL"""
_ALL = """SELECT s.name, e.how, e.at, e.posts, e.others, e.settled_at FROM erasures e
    JOIN sources s ON s.id = e.source_id ORDER BY s.name, e.at"""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of one source in one month (2026-11).

    `posts` lost their words; `others` stood in the sample or in quarantine only. `by_hand` of these posts a person
    asked for. `longest`: seconds from the news, or the command, to the last byte; None where none is settled.
    `open`: posts whose last byte is not known to be gone.
    """

    source: str
    month: str
    posts: int = 0
    others: int = 0
    by_hand: int = 0
    longest: int | None = None
    open: int = 0


def unsettled(store: Rows) -> list[Row]:
    """The erasures of which some file may still hold a byte: ask before the files are cleaned."""
    return store.rows(_OPEN)


def settle(db: Transaction, those: Sequence[Row], now: int) -> None:
    """Write that nothing holds what these erasures took, since `now`."""
    db.run_many(_SETTLE, [(now, *one) for one in those])


def by_month(store: Rows, zone: ZoneInfo) -> list[Erased]:
    """What was erased, by source and month."""
    found: dict[tuple[str, str], Erased] = {}
    for source, how, at, posts, others, settled_at in store.rows(_ALL):
        month = iso(at, zone)[:7]
        had = found.get((source, month), Erased(source, month))
        took = None if settled_at is None else max(0, settled_at - at)
        found[source, month] = Erased(
            source,
            month,
            had.posts + posts,
            had.others + others,
            had.by_hand + (posts if how == "hand" else 0),
            max((t for t in (had.longest, took) if t is not None), default=None),
            had.open + (posts + others if settled_at is None else 0),
        )
    return list(found.values())
