"""Bells that only ring: APScheduler sets events at given times, and whoever waits for them does the work."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

# With APScheduler's defaults a bell that comes due while the loop is busy for more than a second is dropped.
_NEVER_DROP = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class Bell(asyncio.Event):
    """Rung by the schedule, or by hand."""

    async def wait_and_clear(self) -> None:
        """Wait until it rings, and be ready for the next time."""
        await self.wait()
        self.clear()


class Bells:
    """All bells of the daemon. Use as a context manager inside a running loop."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=_NEVER_DROP)

    def __enter__(self) -> Bells:
        self._scheduler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._scheduler.shutdown(wait=False)

    def every(self, seconds: float) -> Bell:
        """A bell that rings again and again."""
        bell = Bell()
        self._scheduler.add_job(_ring, IntervalTrigger(seconds=seconds, timezone=UTC), [bell])
        return bell

    def at(self, name: str, when: float, bell: Bell) -> None:
        """Ring a bell once at a time (seconds since 1970); a later call with the same name moves it."""
        trigger = DateTrigger(datetime.fromtimestamp(when, UTC))
        self._scheduler.add_job(_ring, trigger, [bell], id=name, replace_existing=True)


async def _ring(bell: Bell) -> None:
    # A coroutine, because APScheduler runs plain functions on a thread, where an asyncio event may not be set.
    bell.set()
