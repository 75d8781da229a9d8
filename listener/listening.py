"""One poll of one source: pages through the pipeline into the store, and what its failure means for the next poll."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

import structlog

from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.post import Page
from listener.http import PERMANENT_BASE, PERMANENT_CAP, TALLY, Tally, backoff
from listener.station import Station
from storage import polling
from storage.mention import Committed, Kept, Source, Traffic
from storage.polling import SourceState

log = structlog.get_logger(__name__)

Outcome = Literal["answered", "failed"]

STREAM_NEWS = 60
"""Seconds between two notes that a stream still answers."""
STREAM_HOLDS = 10
"""Seconds after which a stream that was opened is said to answer."""
_NO_TRAFFIC = Traffic()

LONGEST_WAIT = 7 * 86_400
"""Seconds: more than any back-off, Retry-After or poll that is usual."""


async def poll(station: Station, collector: Collector, until: int | None = None) -> Outcome:
    """Read a source from its cursor to now; each page is committed before the next one is asked for.

    A stream is read for as long as it holds, or with `until` (seconds since 1970) up to what was said then. A failure
    is written into the source's row with the time of the next poll; it is logged when the source goes and when it
    returns, not each time.
    """
    source = collector.source.name
    cursor = await station.writer.store(lambda store: store.cursor(source))
    progress = _Progress(station, collector)
    tally = Tally()
    counting = TALLY.set(tally)
    try:
        async with aclosing(collector.pages(cursor, station.now())) as pages:
            async for page in pages:
                await progress.add(page, await keep(station, collector, page, tally.take()))
                if collector.streams and until is not None and page.heard and page.heard.until >= until:
                    break
    except (Retriable, Permanent) as failure:
        progress.tell()
        await _failed(station, collector, failure, tally.take())
        return "failed"
    finally:
        TALLY.reset(counting)
    progress.tell()
    await answered(station, collector, tally.take())
    return "answered"


class _Progress:
    """What one poll has brought so far. A stream, which does not end, is said to answer while it goes on."""

    def __init__(self, station: Station, collector: Collector) -> None:
        self._station = station
        self._collector = collector
        self._posts = self._mentions = 0
        # Not at once: one that opens, says a word and breaks again does not answer.
        self._told_at = station.now() - STREAM_NEWS + STREAM_HOLDS

    async def add(self, page: Page, committed: Committed) -> None:
        self._posts += committed.posts
        self._mentions += committed.mentions
        now = self._station.now()
        if self._collector.streams and not page.first and now - self._told_at >= STREAM_NEWS:
            self._told_at = now
            self.tell()
            await answered(self._station, self._collector)
            self._station.heard_from(self._collector.source.name, True)

    def tell(self) -> None:
        """Log what came since the last time, if anything did."""
        if self._posts:
            log.info("heard", source=self._collector.source.name, posts=self._posts, mentions=self._mentions)
        self._posts = self._mentions = 0


async def keep(
    station: Station,
    collector: Collector,
    page: Page,
    traffic: Traffic = _NO_TRAFFIC,
    visited: Sequence[str] = (),
) -> Committed:
    """Match, judge and commit one page; `visited` are kept posts that were looked at again for it."""
    source = collector.source
    kept = await _judged(station, page, source)
    ear = station.hearing.ear(source.kind)
    kept = replace(kept, traffic=traffic, passed=ear.take_passed(), visited=visited)
    began = time.monotonic()
    committed = await station.writer.store(lambda store: store.commit(kept))
    station.pulse.keeping.add(time.monotonic() - began)
    if kept.edits:
        station.recent.forget()
    station.hearing.remember(source.kind, committed.kept)
    # So that what is taken back leaves the sample, where a stream tells it, and the quarantine too.
    if collector.streams:
        station.hearing.remember_sampled(source.kind, [one.post.native_id for one in kept.unmatched])
    station.hearing.remember_sampled(source.kind, [o.native_id for o in kept.set_aside if o.native_id])
    station.hearing.forget(source.kind, (*committed.erased, *kept.deleted))
    # What an edit takes away is taken back as well.
    station.wiped = station.wiped or bool(kept.deleted or kept.departed or kept.edits)
    if committed.set_aside:
        log.warning("items set aside", source=source.name, items=committed.set_aside)
    if kept.cut:
        log.warning("a limit kept items from us", source=source.name, items=kept.cut)
    if kept.gap is not None:
        lost = kept.gap.until - kept.gap.since
        log.warning("a stretch is lost", source=source.name, seconds=lost, reason=kept.gap.reason)
    if committed.touched and kept.live:
        for watcher in station.watchers:
            watcher.tell(committed.touched)
    return committed


async def _judged(station: Station, page: Page, source: Source) -> Kept:
    loop, pulse, began = asyncio.get_running_loop(), station.pulse, time.monotonic()
    pulse.judge_queue += 1
    try:
        kept = await loop.run_in_executor(
            station.judge_thread, station.pipeline.keep, page, source, station.now()
        )
    finally:
        pulse.judge_queue -= 1
    pulse.judging.add(time.monotonic() - began)
    return kept


async def state(station: Station, source: str) -> SourceState:
    """What is written about a source."""
    return (await asyncio.to_thread(polling.states, station.reader, [source]))[0]


def must_wait(state: SourceState, now: int) -> int:
    """Seconds for which a source that is down, or asked us to wait, is left alone after a start; 0 to ask it now.

    A wait that we would never have set was written by a clock that ran ahead: it would silence the source for years.
    """
    wait = (state.next_poll_at or 0) - now if state.failures else 0
    return wait if 0 < wait <= LONGEST_WAIT else 0


async def answered(station: Station, collector: Collector, traffic: Traffic = _NO_TRAFFIC) -> None:
    """Write that a source answers, and when it is asked next."""
    source, now = collector.source.name, station.now()
    before = await state(station, source)
    # A few percent of jitter, or a hundred feeds added together are polled together for ever.
    next_at = now + max(1, round(collector.poll * station.rng.uniform(0.95, 1.05)))
    why = polling.STREAMS if collector.streams else "on schedule"
    await station.writer(lambda db: polling.answered(db, source, now, next_at, why, traffic))
    if before.down_since is not None:
        log.info("source answers again", source=source, seconds_down=now - before.down_since)


async def _failed(
    station: Station, collector: Collector, failure: Retriable | Permanent, traffic: Traffic
) -> None:
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
        if failure.partly and collector.poll < wait:
            # What does answer is not kept waiting for what does not.
            wait, why = float(collector.poll), "on schedule: a part of it answers"
        elif collector.streams and not before.failures:
            # Streams break: servers are restarted, networks change. That is no reason to be deaf for half a minute.
            wait, why = float(collector.poll), "the stream broke and is opened again"
        if failure.retry_after is not None and failure.retry_after >= wait:
            wait, why = failure.retry_after, polling.ASKED_TO_WAIT
    next_at = now + int(wait) + 1
    await station.writer(lambda db: polling.failed(db, source, now, next_at, why, str(failure), traffic))
    if before.down_since is None:
        log.warning("source is down", source=source, reason=str(failure), next_poll_in=int(wait) + 1)
    else:
        log.debug("source is still down", source=source, reason=str(failure), next_poll_in=int(wait) + 1)
