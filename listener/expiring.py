"""Once an hour: texts older than `storage.retention` allows, and what was told long ago, are dropped by pages."""

from __future__ import annotations

import asyncio

import structlog

from listener.station import Station
from storage import bygones, retention

log = structlog.get_logger(__name__)

EVERY = 3600
"""Seconds between two looks for texts that have grown old."""


async def expire(station: Station) -> int:
    """Drop what is too old now; return how many posts lost their text. Between two pages others may write.

    Messages and alerts are kept as long as texts of which nobody says how long.
    """
    kept_for = station.config.storage.kept_for
    limits = await asyncio.to_thread(retention.limits, station.reader, kept_for)
    now, total = station.now(), 0
    if not await station.writer(lambda db: retention.trusts(db, now)):
        log.warning("no texts expire yet: the clock is far from where it was; the next look decides", now=now)
        return 0
    while wiped := await station.writer(lambda db: retention.expire(db, limits, now)):
        total += wiped
        # Pages of sources come one after the other; the next look ends it.
    if total:
        station.wiped = True
        station.pulse.expired += total
        log.info("texts expired", posts=total)
    if (seconds := kept_for[retention.DEFAULT]) is not None:
        while await station.writer(lambda db: bygones.drop(db, now - seconds)):
            pass
    return total
