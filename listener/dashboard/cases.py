"""The API of cases: GET and POST /api/v1/cases, and /api/v1/cases/{number} for one of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from listener import caring
from listener.asking import UsageError, brand_named
from listener.correcting import NoMention
from listener.dashboard import bodies
from listener.dashboard.api import only, problem
from listener.dashboard.keys import STATION
from listener.station import Station
from storage.base import StoreError, Transaction
from storage.desk import cases
from storage.desk.cases import STATES, Case, Refused, State

PATH = "/api/v1/cases"
ONE = PATH + "/{number}"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(max_length=4_000)]


class _Said(BaseModel):
    """Who does it, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Name | None = None
    why: Words | None = None


class Opening(_Said):
    """The body of a POST to all cases: on which post a case is opened, and to whom it is given."""

    id: int | None = Field(default=None, ge=1, lt=10**18)
    url: str | None = Field(default=None, min_length=1, max_length=4_000)
    brand: str | None = Field(default=None, min_length=1, max_length=200)
    assignee: Name | None = None

    @model_validator(mode="after")
    def _one_post(self) -> Opening:
        if (self.id is None) == (self.url is None):
            raise ValueError("id or url: one of them says which post is meant")
        return self

    @property
    def post(self) -> str:
        """The post that is meant, by its number or address."""
        return self.url if self.url is not None else str(self.id)


class Act(_Said):
    """The body of a POST to one case: what is done about it."""

    do: Literal["assign", "touch", "solve", "reopen"]
    assignee: Name | None = None

    @model_validator(mode="after")
    def _whom(self) -> Act:
        if (self.do == "assign") != (self.assignee is not None):
            raise ValueError("assignee: needed with assign, and with nothing else")
        return self


async def listing(request: web.Request) -> web.Response:
    """GET ?brand=&state=&assignee=: cases, the newest first."""
    station = request.app[STATION]
    try:
        only(request.query, "brand", "state", "assignee")
        asked = request.query.get("brand")
        brand = None if asked is None else brand_named(asked, station.config.brands)
        state = _state(request.query.get("state"))
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))

    def work() -> bytes:
        found = caring.pick(cases.all_cases(station.reader, brand), state, request.query.get("assignee"))
        shown = [caring.to_json(*one) for one in caring.with_posts(station.reader, found)]
        return json.dumps({"cases": shown}, ensure_ascii=False).encode()

    return web.Response(body=await asyncio.to_thread(work), content_type="application/json", charset="utf-8")


def _state(text: str | None) -> State | None:
    found = next((state for state in STATES if state == text), None)
    if text is not None and found is None:
        raise UsageError(f"state is {' or '.join(STATES)}, not {text[:40]!r}")
    return found


async def show(request: web.Request) -> web.Response:
    """GET: one case."""
    station = request.app[STATION]
    try:
        only(request.query)
        found = await asyncio.to_thread(caring.case_of, station.reader, _number(request))
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    except NoMention as error:
        return bodies.unclear(error)
    return await _answer(station, found)


async def open_(request: web.Request) -> web.Response:
    """POST to all cases: open one on a post."""
    station = request.app[STATION]
    said = await bodies.read(request, Opening)
    brands, now = station.config.brands, station.now()
    try:
        post, brand = await asyncio.to_thread(caring.post_of, station.reader, brands, said.post, said.brand)
    except NoMention as error:
        return bodies.unclear(error)
    return await _write(
        station,
        lambda db: cases.open_case(
            db, brand, post, now=now, assignee=said.assignee, by=said.by, why=said.why
        ),
        HTTPStatus.CREATED,
    )


async def act(request: web.Request) -> web.Response:
    """POST to one case: assign, touch, solve or reopen it."""
    station = request.app[STATION]
    said = await bodies.read(request, Act)
    now = station.now()
    try:
        known = await asyncio.to_thread(caring.case_of, station.reader, _number(request))
    except NoMention as error:
        return bodies.unclear(error)
    return await _write(
        station,
        lambda db: cases.act(
            db, known.id, said.do, now=now, assignee=said.assignee, by=said.by, why=said.why
        ),
    )


async def _write(
    station: Station, work: Callable[[Transaction], Case], status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    try:
        done = await station.writer(work)
    except Refused as error:
        return problem(HTTPStatus.CONFLICT, str(error))
    except StoreError:
        return bodies.busy()
    return await _answer(station, done, status)


async def _answer(station: Station, case: Case, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    shown = await asyncio.to_thread(lambda: caring.to_json(*caring.with_posts(station.reader, [case])[0]))
    return web.json_response(shown, status=status)


def _number(request: web.Request) -> str:
    """The number in the path; anything else there is the number of no case."""
    number = request.match_info["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise NoMention(f"there is no case {number[:40]!r}")
    return number
