"""Which source was heard from when: written with each page, read by every KPI."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.base import Rows, Transaction
from storage.mention import Gap, Heard

ENOUGH = 0.9
"""Share of a window that a source must have been heard for, to be used in rules and comparisons."""

WITHOUT_POSTS = frozenset({"wikipedia"})
"""Kinds of sources that bring figures alone: where nothing is to be heard, nothing is missed."""


@dataclass(frozen=True, slots=True)
class SourceHeard:
    """Seconds heard of seconds asked of one source in one window."""

    source: str
    heard: int
    asked: int

    @property
    def share(self) -> float:
        return self.heard / self.asked


@dataclass(frozen=True, slots=True)
class Ledger:
    """The stretches heard of one source, in order, not overlapping; `imports` are spans of imported files."""

    source_id: int
    name: str
    kind: str
    lateness: int
    active: bool
    live: tuple[Heard, ...]
    imports: tuple[Heard, ...]

    def heard(self, since: int, until: int, now: int) -> SourceHeard:
        """Say how much of [since, until) was heard; what may still arrive (lateness) is not asked for.

        A span of an import counts as the whole of any window that it touches.
        """
        end = max(min(until, now - self.lateness), since + 1)
        if any(span.since < until and span.until >= since for span in self.imports):
            return SourceHeard(self.name, end - since, end - since)
        seconds = sum(max(0, min(end, s.until) - max(since, s.since)) for s in self.live)
        return SourceHeard(self.name, seconds, end - since)

    def heard_before(self, until: int) -> int:
        """Seconds heard before a time, in all, with what an import brought of the past."""
        seconds = reached = 0
        for span in sorted((*self.live, *self.imports), key=lambda span: span.since):
            seconds += max(0, min(span.until, until) - max(span.since, reached))
            reached = max(reached, span.until)
        return seconds

    def stretch_end(self, at: int) -> int | None:
        """The end of the unbroken stretch heard that holds `at`; None where nothing was heard then."""
        end, reached = None, _reach(self.live, self.imports, at)
        # An import may carry on where listening began later, and the other way round.
        while reached is not None and reached != end:
            end, reached = reached, _reach(self.live, self.imports, reached)
        return end


def unlike(one: Iterable[SourceHeard], other: Iterable[SourceHeard]) -> tuple[str, ...]:
    """The sources of which one of two windows holds so much more that counts of them do not compare.

    That is more than a tenth of the window, the share that a comparison may lack (ENOUGH).
    """
    here, there = ({heard.source: heard.share for heard in side} for side in (one, other))
    return tuple(
        sorted(
            name
            for name in {*here, *there}
            if abs(here.get(name, 0.0) - there.get(name, 0.0)) > 1 - ENOUGH + 1e-9
        )
    )


def _reach(live: Sequence[Heard], imports: Sequence[Heard], at: int) -> int | None:
    return max((end for spans in (live, imports) if (end := _end_of(spans, at)) is not None), default=None)


def _end_of(spans: Sequence[Heard], at: int) -> int | None:
    index = bisect_right(spans, at, key=lambda span: span.since) - 1
    return spans[index].until if index >= 0 and spans[index].until >= at else None


def add(db: Transaction, source_id: int, kind: str, heard: Heard) -> None:
    """Write that a stretch was heard, joined with what it overlaps or touches."""
    touching = (source_id, kind, heard.until, heard.since)
    where = "source_id = ? AND kind = ? AND since <= ? AND until >= ?"
    (low, high) = db.rows(f"SELECT min(since), max(until) FROM coverage WHERE {where}", touching)[0]
    db.run(f"DELETE FROM coverage WHERE {where}", touching)
    since = heard.since if low is None else min(low, heard.since)
    until = heard.until if high is None else max(high, heard.until)
    db.run(
        "INSERT INTO coverage (source_id, kind, since, until) VALUES (?, ?, ?, ?)",
        (source_id, kind, since, until),
    )


def cut(db: Transaction, source_id: int, kind: str, gap: Gap) -> None:
    """Take a stretch that is lost out of what was heard: it was claimed before anybody knew."""
    inside = (source_id, kind, gap.until, gap.since)
    where = "source_id = ? AND kind = ? AND since < ? AND until > ?"
    claimed = db.rows(f"SELECT since, until FROM coverage WHERE {where}", inside)
    db.run(f"DELETE FROM coverage WHERE {where}", inside)
    left = [(since, gap.since) for since, _ in claimed if since < gap.since]
    left += [(gap.until, until) for _, until in claimed if until > gap.until]
    db.run_many(
        "INSERT INTO coverage (source_id, kind, since, until) VALUES (?, ?, ?, ?)",
        [(source_id, kind, since, until) for since, until in left],
    )


def ledgers(store: Rows, only: Sequence[str] = ()) -> list[Ledger]:
    """Read the coverage of all sources with posts, or of those of them whose name or kind is in `only`."""
    spans: Mapping[tuple[int, str], list[Heard]] = defaultdict(list)
    for source_id, kind, since, until in store.rows(
        "SELECT source_id, kind, since, until FROM coverage ORDER BY source_id, kind, since"
    ):
        spans[source_id, kind].append(Heard(since, until))
    return [
        Ledger(
            id_, name, kind, lateness, bool(active), tuple(spans[id_, "live"]), tuple(spans[id_, "import"])
        )
        for id_, name, kind, lateness, active in store.rows(
            "SELECT id, name, kind, lateness, active FROM sources ORDER BY name"
        )
        if kind not in WITHOUT_POSTS and (not only or name in only or kind in only)
    ]
