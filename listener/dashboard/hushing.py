"""The API of silences and acknowledgements: /api/v1/silences, and POST /api/v1/alerts/{key}/ack and /snooze."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from listener import hushing
from listener.asking import UsageError
from listener.dashboard import bodies
from listener.dashboard.api import only, problem
from listener.dashboard.keys import STATION
from listener.station import Station
from storage.base import StoreError, Transaction
from storage.desk import silences
from storage.desk.silences import Refused
from storage.durations import Duration

PATH = "/api/v1/silences"
ONE = PATH + "/{number}"
ACK = "/api/v1/alerts/{key}/ack"
SNOOZE = "/api/v1/alerts/{key}/snooze"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Values = Annotated[list[Name], Field(min_length=1, max_length=100)]


def _lasting(seconds: int) -> int:
    try:
        return hushing.lasting(seconds)
    except UsageError as error:
        raise ValueError(str(error)) from None


Lasting = Annotated[Duration, AfterValidator(_lasting)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Strict):
    """Which alerts are meant: one of the values of each label that is given."""

    rule: Values | None = None
    brand: Values | None = None
    market: Values | None = None
    source: Values | None = None
    tag: Values | None = None
    severity: Values | None = None


class Silencing(_Strict):
    """The body of a POST to all silences: what, for how long (as in 4h), by whom and why."""

    match: Match
    lasts: Lasting = Field(alias="for")
    by: Name
    why: Words


class Ending(_Strict):
    """The body of a DELETE: who ends it."""

    by: Name


class Taking(_Strict):
    """The body of an acknowledgement."""

    by: Name
    why: Words | None = None


class Snoozing(Taking):
    """The body of a snooze: for how long, as in 2h."""

    lasts: Lasting = Field(alias="for")


async def listing(request: web.Request) -> web.Response:
    """GET: the silences that hold, the newest first; with all=true those that are over, too."""
    station = request.app[STATION]
    try:
        only(request.query, "all")
        asked = request.query.get("all", "false")
        if asked not in ("true", "false"):
            raise UsageError(f"all is true or false, not {asked[:40]!r}")
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    now = station.now()
    found = await asyncio.to_thread(silences.every, station.reader)
    shown = [hushing.silence_json(one, now) for one in found if asked == "true" or one.active(now)]
    return web.json_response({"silences": shown})


async def add(request: web.Request) -> web.Response:
    """POST to all silences: silence alerts from now on."""
    station = request.app[STATION]
    said = await bodies.read(request, Silencing)
    try:
        which = hushing.matchers(station.config, said.match.model_dump(exclude_none=True))
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    now, config = station.now(), station.config
    return await _write(
        station,
        lambda db: hushing.silence_json(
            hushing.silence(db, config, which, said.lasts, by=said.by, why=said.why, now=now), now
        ),
        HTTPStatus.CREATED,
    )


async def end(request: web.Request) -> web.Response:
    """DELETE one silence: end it before its time."""
    station = request.app[STATION]
    said = await bodies.read(request, Ending)
    text = request.match_info["number"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return problem(HTTPStatus.NOT_FOUND, f"there is no silence {text[:40]!r}")
    now, config = station.now(), station.config
    return await _write(
        station, lambda db: hushing.silence_json(hushing.end(db, config, int(text), by=said.by, now=now), now)
    )


async def ack(request: web.Request) -> web.Response:
    """POST: take an alert on, so that it is not told again."""
    return await _take(request, await bodies.read(request, Taking), None)


async def snooze(request: web.Request) -> web.Response:
    """POST: put an alert off; it is told again then, if it still fires."""
    said = await bodies.read(request, Snoozing)
    return await _take(request, said, said.lasts)


async def _take(request: web.Request, said: Taking, lasts: int | None) -> web.Response:
    station, key = request.app[STATION], request.match_info["key"]
    now, config = station.now(), station.config
    return await _write(
        station,
        lambda db: hushing.answer_json(
            hushing.answer(db, config, key, by=said.by, why=said.why, now=now, lasts=lasts)
        ),
    )


async def _write(
    station: Station, work: Callable[[Transaction], dict[str, Any]], status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    try:
        done = await station.writer(work)
    except Refused as error:
        return problem(HTTPStatus.CONFLICT, str(error))
    except StoreError:
        return bodies.busy()
    # What was released is sent at once.
    station.dispatcher.wake_all()
    return web.json_response(done, status=status)
