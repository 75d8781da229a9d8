"""Once an hour: texts older than `storage.retention` allows, and what was told long ago, are dropped by pages."""

from __future__ import annotations

import asyncio

import structlog

from listener.room import too_large
from listener.station import Station
from storage import bygones, copies, retention

log = structlog.get_logger(__name__)

EVERY = 3600
"""Seconds between two looks for texts that have grown old."""


async def expire(station: Station) -> int:
    """Drop what is too old now; return how many posts lost their text. Between two pages others may write.

    Messages and alerts are kept as long as texts of which nobody says how long. Copies of the store that were made
    before a migration or a restore go after a month.
    """
    kept_for = station.config.storage.kept_for
    limits = await asyncio.to_thread(retention.limits, station.reader, kept_for)
    now, total = station.now(), 0
    await _tell_of_size(station)
    if not await station.writer(lambda db: retention.trusts(db, now)):
        log.warning("no texts expire yet: the clock is far from where it was; the next look decides", now=now)
        return 0
    for copy in await asyncio.to_thread(copies.drop_old, station.config.database, now):
        log.info("an old copy of the store was removed", copy=copy.name)
    while wiped := await station.writer.store(lambda store: store.expire(limits, now)):
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


async def _tell_of_size(station: Station) -> None:
    """Warn once when the store passes its size, and say once that it is below again."""
    large = await asyncio.to_thread(too_large, station.config, station.reader)
    if large and not station.too_large:
        log.warning("the store is too large", what=large)
    if station.too_large and not large:
        log.info("the store is no longer too large")
    station.too_large = large is not None
