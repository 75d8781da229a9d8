"""The API's way to tag mentions by hand: POST, GET and DELETE /api/v1/tags."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from listener import correcting, tagged
from listener.asking import UsageError, brand_named, tags_named
from listener.correcting import NoMention
from listener.dashboard import bodies
from listener.dashboard.api import only, problem
from listener.dashboard.keys import STATION
from listener.matching.tagging import tag_named
from storage.base import StoreError
from storage.calendar import Window
from storage.desk import tags

PATH = "/api/v1/tags"


class Tagging(BaseModel):
    """The body of a POST: which mention, and the tag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int = Field(ge=1, lt=2**63)
    tag: Annotated[str, AfterValidator(tag_named)]
    brand: str | None = Field(default=None, min_length=1, max_length=200)
    by: str | None = Field(default=None, max_length=200)


async def add(request: web.Request) -> web.Response:
    """POST: a person tags one mention."""
    said = await bodies.read(request, Tagging)
    station = request.app[STATION]
    brands, now = station.config.brands, station.now()
    try:
        seen = await asyncio.to_thread(
            correcting.mention_of, station.reader, brands, str(said.id), said.brand
        )
        new = await station.writer(
            lambda db: tags.add(db, said.tag, seen.brand, [seen.id], by=said.by, now=now)
        )
    except NoMention as error:
        return bodies.unclear(error)
    except StoreError:
        return bodies.busy()
    return web.json_response({"id": seen.id, "brand": seen.brand, "tag": said.tag, "new": bool(new)})


async def listing(request: web.Request) -> web.Response:
    """GET ?id= or ?brand=&since=&until=: the tags of a post, or how many mentions bear each tag."""
    station = request.app[STATION]
    try:
        only(request.query, "id", "brand", "since", "until")
        asked = dict(request.query)
        if "id" in asked:
            only(request.query, "id")
            number = _number(asked["id"])
            found = await asyncio.to_thread(tags.of_post, station.reader, number)
            body: object = {"tags": [tagged.to_json(tag) for tag in found]}
        else:
            names, window = tagged.question(station.config, station.now(), **asked)
            body = {"tags": await asyncio.to_thread(_counted, request, names, window)}
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    return web.json_response(body, dumps=lambda found: json.dumps(found, ensure_ascii=False))


def _counted(request: web.Request, names: list[str], window: Window) -> list[dict[str, object]]:
    station = request.app[STATION]
    return tagged.counted(station.reader, names, window, station.config.tags)


async def remove(request: web.Request) -> web.Response:
    """DELETE ?id=&tag=&brand=: the mention loses the tag."""
    station = request.app[STATION]
    try:
        only(request.query, "id", "tag", "brand")
        named = tags_named(request.query.get("tag"), None, ())
        if named is None or "id" not in request.query:
            raise UsageError("id and tag: which post, and which of its tags")
        number = _number(request.query["id"])
        brand = request.query.get("brand")
        brand = None if brand is None else brand_named(brand, station.config.brands)
        gone = await station.writer(lambda db: tagged.remove(db, named[0], number, brand))
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    except StoreError:
        return bodies.busy()
    if not gone:
        return problem(HTTPStatus.NOT_FOUND, "no mention of this post bears this tag")
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text[:19]) >= 2**63 or len(text) > 19:
        raise UsageError(f"id is the number of a post, not {text[:40]!r}")
    return int(text)
