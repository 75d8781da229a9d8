"""Looks at kept posts again when they are due: counters as they grow, edits, deletions that nothing announces."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from listener import listening
from listener.collectors.base import Collector, Permanent, Retriable, Visitor
from listener.collectors.post import Page
from listener.http import PERMANENT_BASE, PERMANENT_CAP, TALLY, Tally, backoff
from listener.station import Station
from storage import polling, visits
from storage.mention import Traffic

log = structlog.get_logger(__name__)

EVERY = 60
"""Seconds between two turns beside a stream, which has no polls to come after."""
MOST_PUT_OFF = 5_000
"""Posts of a source that are remembered as asked for in vain."""


def visitor_of(collector: Collector) -> Visitor | None:
    """The collector as one that looks at kept posts again; None where it does not, or is told not to."""
    return collector if isinstance(collector, Visitor) and collector.source.visits is not None else None


class Visiting:
    """The looks at the posts of one source, a turn after each poll. What it remembers is only in memory.

    A failure costs no post: what was not answered stays due.
    """

    def __init__(self, station: Station, collector: Collector) -> None:
        self._station = station
        self._collector = collector
        self._source = collector.source.name
        self._failures = 0
        self._not_before = self._wait = 0.0
        # Asked for in vain: the others come first, or a few that are never answered would keep them waiting for ever.
        self._put_off: set[str] = set()

    async def turn(self) -> None:
        """Look at what is due, as much as the collector takes at a time; a failure of the service is only told."""
        visitor, now = visitor_of(self._collector), self._station.now()
        # A wait that is longer than it was set for began under a clock that ran ahead.
        if visitor is None or 0 < self._not_before - now <= self._wait:
            return
        asked = await self._due(visitor.at_once * visitor.most_calls, now)
        if not asked:
            return
        tally = Tally()
        counting = TALLY.set(tally)
        try:
            for start in range(0, len(asked), visitor.at_once):
                await self._look(visitor, asked[start : start + visitor.at_once], tally)
        except (Retriable, Permanent) as failure:
            self._failed(failure)
        else:
            self._answered()
        finally:
            TALLY.reset(counting)
        await self._count(tally.take())

    async def _due(self, most: int, now: int) -> list[str]:
        limit = most + len(self._put_off)
        found = await asyncio.to_thread(visits.due, self._station.reader, self._source, now, limit)
        self._put_off.intersection_update(found)
        return sorted(found, key=self._put_off.__contains__)[:most]

    async def _look(self, visitor: Visitor, native_ids: Sequence[str], tally: Tally) -> None:
        try:
            found = await visitor.visit(native_ids, self._station.now())
        except (Retriable, Permanent):
            self._put(native_ids)
            raise
        unseen = set(found.unseen)
        self._put(unseen.intersection(native_ids))
        seen = [native_id for native_id in native_ids if native_id not in unseen]
        if seen or found.events or found.aside:
            page = Page(found.events, None, set_aside=found.aside)
            await listening.keep(self._station, self._collector, page, tally.take(), seen)

    def _put(self, native_ids: Sequence[str] | set[str]) -> None:
        if len(self._put_off) + len(native_ids) > MOST_PUT_OFF:
            self._put_off.clear()
        self._put_off.update(native_ids)

    def _failed(self, failure: Retriable | Permanent) -> None:
        self._failures += 1
        rng, asked = self._station.rng, 0.0
        if isinstance(failure, Permanent):
            wait = backoff(self._failures, rng, PERMANENT_BASE, PERMANENT_CAP)
        else:
            wait, asked = backoff(self._failures, rng), failure.retry_after or 0.0
        self._wait = wait = max(wait, asked)
        self._not_before = self._station.now() + wait
        if self._failures == 1:
            log.warning(
                "kept posts are not looked at again",
                source=self._source,
                reason=str(failure),
                next_look_in=int(wait) + 1,
            )

    def _answered(self) -> None:
        if self._failures:
            self._failures = 0
            log.info("kept posts are looked at again", source=self._source)

    async def _count(self, traffic: Traffic) -> None:
        """Write requests into the ledger that no page was committed with."""
        if traffic != Traffic():
            now = self._station.now()
            await self._station.writer(lambda db: polling.count(db, self._source, now, traffic))
