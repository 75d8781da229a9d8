"""After texts were taken back: no byte of the store's file, nor of its log, may hold them a minute later."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

import structlog

from listener.station import Station
from storage import erasures
from storage.sqlite import SqliteStore

log = structlog.get_logger(__name__)

REST = 10
"""How many times as long as the last cleaning took the next one waits: a large file is looked through less often."""


class Settling:
    """Empties the log and cleans the file, where something was wiped."""

    def __init__(self) -> None:
        self._not_before = 0.0

    async def settle(self, station: Station) -> bool:
        """Do what is to be done now; return whether nothing is left of what was wiped.

        Somebody who reads for long holds the log back: then it is tried again at the next call.
        """
        if not station.wiped or time.monotonic() < self._not_before:
            return not station.wiped
        # Before the look, or what is wiped while it lasts would be forgotten.
        station.wiped = False
        started = time.monotonic()
        those = await station.writer.store(erasures.unsettled)
        emptied = await station.writer.store(SqliteStore.checkpoint)
        done = emptied and await cleaned(station.config.database)
        self._not_before = time.monotonic() + REST * (time.monotonic() - started) if done else 0.0
        if not done:
            station.wiped = True
            return False
        await station.writer(lambda db: erasures.settle(db, those, station.now()))
        return True


async def cleaned(database: Path) -> bool:
    """Clean the file in a process of its own (see `storage.slack` for why); say whether that went well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "storage.slack", database, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        # It may have ended in this very moment.
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode and said:
        log.warning("the store's file was not cleaned", reason=said.decode(errors="replace").strip()[-300:])
    return process.returncode == 0
