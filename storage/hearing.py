"""What `listener sources` and the ears ask: what each hour brought, what is lost, and which posts are kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction
from storage.mention import Gap

_KEPT_IDS = (
    "SELECT id, native_id FROM posts WHERE source_id = ? AND erased_at IS NULL ORDER BY id DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Hour:
    """What one source brought in one hour since 1970: requests, items, and those that some limit kept from us."""

    hour: int
    requests: int = 0
    answers: int = 0
    errors: int = 0
    items: int = 0
    cut: int = 0
    unsampled: int = 0

    def __add__(self, other: Hour) -> Hour:
        """The sum of both, from the earlier hour on."""
        return Hour(
            min(self.hour, other.hour),
            self.requests + other.requests,
            self.answers + other.answers,
            self.errors + other.errors,
            self.items + other.items,
            self.cut + other.cut,
            self.unsampled + other.unsampled,
        )


def hours(store: Rows, since: int, until: int) -> dict[str, list[Hour]]:
    """The hours that begin in [since, until) by source, oldest first; an hour without any traffic has no entry."""
    found: dict[str, list[Hour]] = defaultdict(list)
    for name, *numbers in store.rows(
        """SELECT s.name, h.hour, h.requests, h.answers, h.errors, h.items, h.cut, h.unsampled
        FROM sources s JOIN source_hours h ON h.source_id = s.id
        WHERE h.hour >= ? AND h.hour < ? ORDER BY s.name, h.hour""",
        (-(-since // 3600), -(-until // 3600)),
    ):
        found[name].append(Hour(*numbers))
    return dict(found)


def last_day(store: Rows, now: int) -> dict[str, Hour]:
    """By source what the current hour and the 23 before it brought, summed."""
    hour = now // 3600
    found = hours(store, (hour - 23) * 3600, (hour + 1) * 3600)
    return {name: sum(of_source, Hour(hour - 23)) for name, of_source in found.items()}


def add_gap(db: Transaction, source_id: int, gap: Gap) -> None:
    """Write that a stretch is lost; the same stretch is lost once."""
    db.run(
        "INSERT INTO gaps (source_id, since, until, reason) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (source_id, gap.since, gap.until, gap.reason),
    )


def gaps(store: Rows, since: int = 0) -> dict[str, list[Gap]]:
    """The stretches lost by source that end after `since`, oldest first."""
    found: dict[str, list[Gap]] = defaultdict(list)
    for name, start, until, reason in store.rows(
        """SELECT s.name, g.since, g.until, g.reason FROM gaps g JOIN sources s ON s.id = g.source_id
        WHERE g.until > ? ORDER BY s.name, g.since, g.until""",
        (since,),
    ):
        found[name].append(Gap(start, until, reason))
    return dict(found)


def kept_ids(store: Rows, kind: str, limit: int) -> list[str]:
    """Native ids of the newest posts that sources of a kind have with their text, at most `limit`, oldest first."""
    newest = [row for source in _numbers(store, kind) for row in store.rows(_KEPT_IDS, (source, limit))]
    newest.sort(key=lambda row: row[0])
    return [native_id for _, native_id in newest[max(0, len(newest) - limit) :]]


def sampled_ids(store: Rows, kind: str) -> list[str]:
    """Native ids in the sample of unmatched posts of a kind: their texts must go too when they are taken back."""
    return [
        row[0]
        for source in _numbers(store, kind)
        for row in store.rows("SELECT native_id FROM unmatched WHERE source_id = ?", (source,))
    ]


def _numbers(store: Rows, kind: str) -> Sequence[int]:
    return [row[0] for row in store.rows("SELECT id FROM sources WHERE kind = ? ORDER BY id", (kind,))]


def newest_post(store: Rows) -> int:
    """The number of the newest post; 0 where there is none."""
    return int(store.rows("SELECT coalesce(max(id), 0) FROM posts")[0][0])


def kept_after(store: Rows, number: int) -> dict[str, list[str]]:
    """Native ids of posts with greater numbers, by the kind of their source, oldest first."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind, native_id in store.rows(
        """SELECT s.kind, p.native_id FROM posts p JOIN sources s ON s.id = p.source_id
        WHERE p.id > ? AND p.erased_at IS NULL ORDER BY p.id""",
        (number,),
    ):
        found[kind].append(native_id)
    return dict(found)
