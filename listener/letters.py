"""The weekly letter: whether one is due, and laying it out once, however often the daemon starts."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog
from cronsim import CronSim

from alerts.digest.facts import DigestFacts, to_json
from alerts.digest.gather import gather
from listener.config import DigestOptions
from listener.station import Station
from storage import ledger, outbox
from storage.base import Transaction
from storage.calendar import Window, before, unit_of

log = structlog.get_logger(__name__)


def next_bell(station: Station, options: DigestOptions, after: int) -> int:
    """When the letter's bell rings next."""
    return int(next(CronSim(options.cron, datetime.fromtimestamp(after, station.config.zone))).timestamp())


def last_bell(station: Station, options: DigestOptions, now: int) -> int:
    """When it rang last, this very minute included."""
    moment = datetime.fromtimestamp(now + 1, station.config.zone)
    return int(next(CronSim(options.cron, moment, reverse=True)).timestamp())


def week_of(station: Station, bell: int) -> tuple[str, Window]:
    """The last whole ISO week before a bell, and the key under which its letter is sent once."""
    zone = station.config.zone
    window = before(unit_of(bell, "week", zone), zone)
    year, week, _ = datetime.fromtimestamp(window.since, zone).isocalendar()
    return f"digest-{year}-W{week:02}", window


async def write_if_due(station: Station) -> bool:
    """Lay the letter out if its bell has rung since the store was made and it is not laid out yet.

    Late rather than never: after a weekend off, Monday's letter is written at the next start.
    """
    options = station.config.digest
    now = station.now()
    if options is None:
        return False
    bell = last_bell(station, options, now)
    key, window = week_of(station, bell)
    if bell < station.born or await asyncio.to_thread(ledger.digest_made, station.reader, key):
        return False
    facts = await _count(station, options, window, now)
    if not facts.coverage and window.until <= station.born:
        # A letter on a week before there was a Listener would only say that it heard nothing.
        return False
    await lay_out(station, options, key, facts, now)
    return True


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
