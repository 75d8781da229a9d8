"""Health that means something: degraded while a part fails or is about to, failing while nothing can be kept."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web

from alerts import format as reading
from listener import __version__, letters
from listener.dashboard.keys import STATION
from listener.room import LITTLE, too_large
from listener.showing import lost
from listener.station import Station
from storage import polling, vitals
from storage.base import Rows, StoreError
from storage.calendar import iso

NONE = 40_000_000
"""Bytes of free disk below which the next pages may not fit: the log of the store alone grows to 32 MB."""
SLOW = 15.0
"""Seconds for which one piece of writing may go on before it is said; another program may hold the lock for so long."""
STUCK = 60.0
"""Seconds after which it will not end: the store itself waits 30 for another program, and then ends the daemon."""
LATE = 3600
"""Seconds for which a message may be due on a channel before it is said."""


@dataclass(frozen=True, slots=True)
class Health:
    """`problems` are written for people; none of them means "ok". `failing`: those of them that let nothing be kept."""

    problems: tuple[str, ...]
    failing: bool = False

    @property
    def status(self) -> str:
        if self.failing:
            return "failing"
        return "degraded" if self.problems else "ok"

    @property
    def sentence(self) -> str:
        """The whole of it, for people."""
        return f"Degraded: {'; '.join(self.problems)}" if self.problems else "Listening"


def examine(station: Station, store: Rows | None = None) -> Health:
    """Look at disk, writing, sources, channels, messages and letters; with `store` at one moment of it."""
    blocked, tight = [*_blocked(station)], [*_tight(station)]
    try:
        problems = [*_problems(station, store or station.reader)]
    except StoreError as error:
        blocked.append(f"the store cannot be read: {error}")
        problems = []
    return Health((*blocked, *tight, *problems), bool(blocked))


def free(station: Station) -> int:
    """Bytes that are free where the store lies."""
    return shutil.disk_usage(station.config.database.parent).free


def _blocked(station: Station) -> Iterator[str]:
    if (left := free(station)) < NONE:
        yield f"the disk is full, {left / 1e6:.0f} MB are left: free some space for the store"
    if (busy := station.writer.busy) > STUCK:
        yield f"nothing is kept: the store has been writing for {busy:.0f} s; see the log, and start again"


def _tight(station: Station) -> Iterator[str]:
    if NONE <= (left := free(station)) < LITTLE:
        yield f"the disk is nearly full, {left / 1e6:.0f} MB are left: free some space for the store"
    if SLOW < (busy := station.writer.busy) <= STUCK:
        yield f"the store has been writing for {busy:.0f} s; does another program hold it?"


def _problems(station: Station, store: Rows) -> Iterator[str]:
    now, zone, config = station.now(), station.config.zone, station.config
    for source in polling.states(store):
        if source.active and source.down_since is not None:
            since = reading.moment(source.down_since, zone)
            yield f"source {source.name} is down since {since}: {source.error}"
    for name, why in station.dispatcher.failing.items():
        yield f"channel {name} fails: {why}"
    for name, box in sorted(vitals.outbox(store, now).items()):
        if name in config.channels and box.oldest is not None and now - box.oldest > LATE:
            waiting = reading.plural(box.messages["waiting"], "message")
            yield f"channel {name} owes {waiting}, the first since {reading.moment(box.oldest, zone)}"
    if told := lost(store, now):
        yield told
    if large := too_large(config, store):
        yield large
    for options in config.letters:
        rang = letters.overdue(store, config, options, station.born, station.config_at, now)
        if rang is not None:
            name = f"the letter {options.name}" if options.name else "the letter"
            yield f"{name} was to be written at {reading.moment(rang, zone)}, and is not; see the log"
    if not station.config_good:
        yield f"{station.config.file.name} changed and has mistakes; see the log"


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: 200 while the daemon works, "degraded" with the reasons where a part of it does not.

    503 with "failing" while it can keep nothing: only then does starting it again, or somewhere else, help.
    """
    station = request.app[STATION]
    health = await asyncio.to_thread(examine, station)
    body = {
        "status": health.status,
        "problems": list(health.problems),
        "version": __version__,
        "time": iso(station.now()),
        "config_at": iso(station.config_at),
    }
    return web.json_response(body, status=503 if health.failing else 200)
