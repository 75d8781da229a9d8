"""One poll of one source: pages through the pipeline into the store, and what its failure means for the next poll."""

from __future__ import annotations

import asyncio
from typing import Literal

import structlog

from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.post import Page
from listener.http import PERMANENT_BASE, PERMANENT_CAP, backoff
from listener.station import Station
from storage import polling
from storage.mention import Committed
from storage.polling import SourceState

log = structlog.get_logger(__name__)

Outcome = Literal["answered", "failed"]

LONGEST_WAIT = 7 * 86_400
"""Seconds: more than any back-off, Retry-After or poll that is usual."""


async def poll(station: Station, collector: Collector) -> Outcome:
    """Read a source from its cursor to now; each page is committed before the next one is asked for.

    A failure is written into the source's row with the time of the next poll; it is logged when the source
    goes and when it returns, not each time.
    """
    source = collector.source.name
    cursor = await station.writer.store(lambda store: store.cursor(source))
    posts = mentions = 0
    try:
        async for page in collector.pages(cursor, station.now()):
            committed = await keep(station, collector, page)
            posts, mentions = posts + committed.posts, mentions + committed.mentions
    except (Retriable, Permanent) as failure:
        await _failed(station, collector, failure)
        return "failed"
    await _answered(station, collector)
    if posts:
        log.info("heard", source=source, posts=posts, mentions=mentions)
    return "answered"


async def keep(station: Station, collector: Collector, page: Page) -> Committed:
    """Match, judge and commit one page."""
    loop = asyncio.get_running_loop()
    kept = await loop.run_in_executor(
        station.judge_thread, station.pipeline.keep, page, collector.source, station.now()
    )
    committed = await station.writer.store(lambda store: store.commit(kept))
    for item in kept.set_aside:
        log.warning("item set aside", source=collector.source.name, native_id=item.native_id)
    if committed.touched and kept.live:
        station.changed |= committed.touched
        station.stirred.set()
    return committed


async def state(station: Station, source: str) -> SourceState:
    """What is written about a source."""
    return (await asyncio.to_thread(polling.states, station.reader, [source]))[0]


def must_wait(state: SourceState, now: int) -> int:
    """Seconds for which a source that is down, or asked us to wait, is left alone after a start; 0 to ask it now.

    A wait that we would never have set was written by a clock that ran ahead: it would silence the source for years.
    """
    wait = (state.next_poll_at or 0) - now if state.failures else 0
    return wait if 0 < wait <= LONGEST_WAIT else 0


async def _answered(station: Station, collector: Collector) -> None:
    source, now = collector.source.name, station.now()
    before = await state(station, source)
    # A few percent of jitter, or a hundred feeds added together are polled together for ever.
    next_at = now + max(1, round(collector.poll * station.rng.uniform(0.95, 1.05)))
    await station.writer(lambda db: polling.answered(db, source, now, next_at))
    if before.down_since is not None:
        log.info("source answers again", source=source, seconds_down=now - before.down_since)


async def _failed(station: Station, collector: Collector, failure: Retriable | Permanent) -> None:
    source, now = collector.source.name, station.now()
    before = await state(station, source)
    if isinstance(failure, Permanent):
        base, cap = max(PERMANENT_BASE, float(collector.poll)), PERMANENT_CAP
        wait, why = (
            backoff(before.failures + 1, station.rng, base, max(base, cap)),
            "asked slowly: it refuses",
        )
    else:
        wait, why = backoff(before.failures + 1, station.rng), "backing off after a failure"
        if failure.retry_after is not None and failure.retry_after >= wait:
            wait, why = failure.retry_after, "the source asked to wait (Retry-After)"
    next_at = now + int(wait) + 1
    await station.writer(lambda db: polling.failed(db, source, now, next_at, why, str(failure)))
    if before.down_since is None:
        log.warning("source is down", source=source, reason=str(failure), next_poll_in=int(wait) + 1)
