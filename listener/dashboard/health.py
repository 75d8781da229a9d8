"""Health that means something: degraded while a source is down or a channel fails, not only when a thread died."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from alerts import format as reading
from listener import __version__
from listener.dashboard.keys import STATION
from listener.room import too_large
from listener.showing import lost
from listener.station import Station
from storage import polling
from storage.calendar import iso


@dataclass(frozen=True, slots=True)
class Health:
    """`problems` are written for people; none of them means "ok"."""

    problems: tuple[str, ...]

    @property
    def status(self) -> str:
        return "degraded" if self.problems else "ok"


def examine(station: Station) -> Health:
    """Look at sources, channels and undelivered messages."""
    problems = [
        f"source {source.name} is down since {reading.moment(source.down_since, station.config.zone)}: {source.error}"
        for source in polling.states(station.reader)
        if source.active and source.down_since is not None
    ]
    problems += [f"channel {name} fails: {why}" for name, why in station.dispatcher.failing.items()]
    if told := lost(station.reader, station.now()):
        problems.append(told)
    if large := too_large(station.config, station.reader):
        problems.append(large)
    return Health(tuple(problems))


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: 200 while the daemon works, with "degraded" and the reasons where a part of it does not."""
    station = request.app[STATION]
    health = await asyncio.to_thread(examine, station)
    body = {
        "status": health.status,
        "problems": list(health.problems),
        "version": __version__,
        "time": iso(station.now()),
    }
    return web.json_response(body)
