"""Letters: whether one is due, and laying each out once, however often the daemon starts or the clock is set."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim

from alerts.digest.facts import DigestFacts, to_json
from alerts.digest.gather import gather
from alerts.digest.period import periods
from listener.config import Config, DigestOptions
from listener.station import Station
from storage import ledger, outbox
from storage.base import Rows, Transaction
from storage.calendar import Window, unit_of
from storage.sqlite import Reader

log = structlog.get_logger(__name__)

LOOK_EVERY = 5
"""Seconds after which the clock is looked at anew: it may have been set, or the machine have slept."""
OVERDUE = 900
"""Seconds after its bell, or after a start, in which a letter may still wait for every source to have answered."""


def zone_of(options: DigestOptions, config: Config) -> ZoneInfo:
    """The zone of a letter: its own, or that of the configuration."""
    return ZoneInfo(options.zone) if options.zone else config.zone


def next_bell(cron: str, zone: ZoneInfo, after: int) -> int:
    """When a letter's bell rings next."""
    return int(next(CronSim(cron, datetime.fromtimestamp(after, zone))).timestamp())


def last_bell(cron: str, zone: ZoneInfo, now: int) -> int:
    """When it rang last, this very minute included."""
    moment = datetime.fromtimestamp(now + 1, zone)
    return int(next(CronSim(cron, moment, reverse=True)).timestamp())


async def write_if_due(station: Station, options: DigestOptions) -> bool:
    """Lay a letter out if its bell has rung since the store was made and it is not laid out yet.

    Late rather than never: after a weekend off, Monday's letter is written at the next start.
    """
    now, zone = station.now(), zone_of(options, station.config)
    bell = last_bell(options.cron, zone, now)
    if bell < station.born:
        return False
    for period in periods(bell, zone, options.period, options.name):
        if await asyncio.to_thread(ledger.digest_made, station.reader, period.key):
            return False
        facts = await asyncio.to_thread(count, station.reader, station.config, options, period.window, now)
        # A week before there was a Listener has nothing to tell; one in which it was deaf has that to tell.
        if facts.coverage or (period.whole and period.window.until > station.born):
            return await lay_out(station, options, period.key, facts, now)
    return False


def overdue(
    store: Rows, config: Config, options: DigestOptions, born: int, opened: int, now: int
) -> int | None:
    """When the bell rang for a letter that should long be written; None where none is owed.

    `born`: when the store was made; `opened`: when the daemon began to live by this configuration.
    """
    zone = zone_of(options, config)
    bell = last_bell(options.cron, zone, now)
    if now < max(bell, opened) + OVERDUE:
        return None
    these = periods(bell, zone, options.period, options.name)
    owed = any(period.whole and period.window.until > born for period in these)
    return bell if owed and not any(ledger.digest_made(store, period.key) for period in these) else None


async def write_all_due(station: Station) -> None:
    """Lay out every letter that is due."""
    for options in station.config.letters:
        await write_if_due(station, options)


def count(store: Reader, config: Config, options: DigestOptions, window: Window, now: int) -> DigestFacts:
    """Count what a letter says, all of it at one moment."""
    zone = zone_of(options, config)
    # However often the bell rings, the next letter is on the period that runs now.
    over = unit_of(now, options.period, zone).until
    with store.snapshot() as snapshot:
        return gather(
            snapshot,
            options.about(config.brands),
            window,
            zone,
            now,
            next_bell(options.cron, zone, over - 1),
            config.dashboard.public_url,
            goals=config.goals,
            language=options.language or config.language,
            to=tuple(options.to),
        )


async def lay_out(station: Station, options: DigestOptions, key: str, facts: DigestFacts, now: int) -> bool:
    """Put the letter into the outbox, in one transaction with the ledger; False where another was first."""

    def work(db: Transaction) -> bool:
        # Two may have counted at once: only one may write, whatever channels the other knows.
        if not ledger.add_digest(db, key, facts.since, facts.until, now, letter=options.name):
            return False
        outbox.put(db, options.channels, key, "digest", to_json(facts), facts.posts, now)
        return True

    if not await station.writer(work):
        return False
    log.info("letter written", key=key, channels=options.channels)
    station.dispatcher.wake_all()
    return True
