"""The API's way to correct a tone: POST, GET and DELETE /api/v1/corrections."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from listener import correcting
from listener.asking import UsageError, brand_named
from listener.correcting import NoMention
from listener.dashboard import bodies
from listener.dashboard.api import only, problem
from listener.dashboard.keys import STATION
from sentiment.tone import Label
from storage.base import StoreError
from storage.desk import corrections

PATH = "/api/v1/corrections"


class Correction(BaseModel):
    """The body of a POST: which mention, and what its tone is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int | None = Field(default=None, ge=1, lt=2**63)
    url: str | None = Field(default=None, min_length=1, max_length=4_000)
    brand: str | None = Field(default=None, min_length=1, max_length=200)
    label: Label
    by: str | None = Field(default=None, max_length=200)
    sampled: bool = False

    @model_validator(mode="after")
    def _one_post(self) -> Correction:
        if (self.id is None) == (self.url is None):
            raise ValueError("id or url: one of them says which post is meant")
        return self

    @property
    def post(self) -> str:
        """The post that is meant, by its number or address."""
        return self.url if self.url is not None else str(self.id)


async def add(request: web.Request) -> web.Response:
    """POST: a person's label of one mention; a later one stands."""
    said = await bodies.read(request, Correction)
    station = request.app[STATION]
    brands, now = station.config.brands, station.now()
    try:
        seen = await asyncio.to_thread(correcting.mention_of, station.reader, brands, said.post, said.brand)
    except NoMention as error:
        return bodies.unclear(error)
    try:
        written = await station.writer(
            lambda db: corrections.record(
                db, seen.brand, seen.id, said.label, sampled=said.sampled, by=said.by, now=now
            )
        )
    except StoreError:
        return bodies.busy()
    if not written:
        return bodies.unclear(correcting.no_more(seen))
    body = {"id": seen.id, "brand": seen.brand, "label": said.label, "engine_label": seen.label}
    return web.json_response(body)


async def listing(request: web.Request) -> web.Response:
    """GET ?brand=: all corrections, oldest first."""
    station = request.app[STATION]
    try:
        only(request.query, "brand")
        brand = _brand(request)
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))

    def work() -> bytes:
        found = corrections.all_corrections(station.reader, brand, fallen=True)
        return json.dumps(
            {"corrections": [correcting.to_json(c) for c in found]}, ensure_ascii=False
        ).encode()

    return web.Response(body=await asyncio.to_thread(work), content_type="application/json", charset="utf-8")


async def remove(request: web.Request) -> web.Response:
    """DELETE ?id=&brand=: the engine's label counts again."""
    station = request.app[STATION]
    try:
        only(request.query, "id", "brand")
        brand = _brand(request)
        if "id" not in request.query:
            raise UsageError("id: which post is meant, by its number or address")
        named = await asyncio.to_thread(
            correcting.corrected, station.reader, station.config.brands, request.query["id"], brand
        )
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    except NoMention as error:
        return bodies.unclear(error)
    try:
        await station.writer(lambda db: corrections.withdraw(db, named.brand, named.post_id))
    except StoreError:
        return bodies.busy()
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _brand(request: web.Request) -> str | None:
    asked = request.query.get("brand")
    return None if asked is None else brand_named(asked, request.app[STATION].config.brands)
