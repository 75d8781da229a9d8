"""How many posts were erased, by source, and how long it took until no byte of the store held them any more."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from storage.base import Rows, Transaction
from storage.calendar import iso

_SETTLE = "UPDATE erasures SET settled_at = ? WHERE settled_at IS NULL AND at <= ?"
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


def settled(db: Transaction, begun: int, now: int) -> int:
    """Write that since `now` nothing holds what was erased up to `begun`; return how many erasures that were."""
    return db.run(_SETTLE, (now, begun))


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
