"""The weekly letter: whether one is due, and laying it out once, however often the daemon starts."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog
from cronsim import CronSim

from alerts.digest.facts import DigestFacts, to_json
from alerts.digest.gather import gather
from alerts.digest.period import periods
from listener.config import DigestOptions
from listener.station import Station
from storage import ledger, outbox
from storage.base import Transaction
from storage.calendar import Window, unit_of

log = structlog.get_logger(__name__)


def next_bell(station: Station, options: DigestOptions, after: int) -> int:
    """When the letter's bell rings next."""
    return int(next(CronSim(options.cron, datetime.fromtimestamp(after, station.config.zone))).timestamp())


def last_bell(station: Station, options: DigestOptions, now: int) -> int:
    """When it rang last, this very minute included."""
    moment = datetime.fromtimestamp(now + 1, station.config.zone)
    return int(next(CronSim(options.cron, moment, reverse=True)).timestamp())


async def write_if_due(station: Station) -> bool:
    """Lay the letter out if its bell has rung since the store was made and it is not laid out yet.

    Late rather than never: after a weekend off, Monday's letter is written at the next start.
    """
    options = station.config.digest
    now = station.now()
    if options is None:
        return False
    bell = last_bell(station, options, now)
    if bell < station.born:
        return False
    for period in periods(bell, station.config.zone):
        if await asyncio.to_thread(ledger.digest_made, station.reader, period.key):
            return False
        facts = await _count(station, options, period.window, now)
        # A week before there was a Listener has nothing to tell; one in which it was deaf has that to tell.
        if facts.coverage or (period.whole and period.window.until > station.born):
            await lay_out(station, options, period.key, facts, now)
            return True
    return False


async def _count(station: Station, options: DigestOptions, window: Window, now: int) -> DigestFacts:
    config = station.config
    # However often the bell rings, the next letter is on the week that runs now.
    over = unit_of(now, "week", config.zone).until
    return await asyncio.to_thread(
        gather,
        station.reader,
        config.brands,
        window,
        config.zone,
        now,
        next_bell(station, options, over - 1),
        station.link,
    )


async def lay_out(station: Station, options: DigestOptions, key: str, facts: DigestFacts, now: int) -> None:
    """Put the letter into the outbox, in one transaction with the ledger."""
    ids = [int(ref.post) for ref in facts.quotes]

    def work(db: Transaction) -> None:
        if ledger.add_digest(db, key, facts.since, facts.until, now):
            outbox.put(db, options.channels, key, "digest", to_json(facts), ids, now)

    await station.writer(work)
    log.info("letter written", key=key, channels=options.channels)
    station.dispatcher.wake_all()
