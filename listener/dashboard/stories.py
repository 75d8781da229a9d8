"""The API of stories: GET /api/v1/stories, and /api/v1/stories/{number} for one of them."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from aiohttp import web

from listener import tagged
from listener.asking import UsageError
from listener.dashboard.api import only, problem
from listener.dashboard.keys import STATION
from storage.stories import looking

PATH = "/api/v1/stories"
ONE = PATH + "/{number}"

_MOST = 500


async def listing(request: web.Request) -> web.Response:
    """GET ?brand=&since=&until=&limit=: stories, the largest first, of the last seven days unless a time is given."""
    station = request.app[STATION]
    try:
        only(request.query, "brand", "since", "until", "limit")
        asked = request.query
        names, window = tagged.question(
            station.config, station.now(), asked.get("brand"), asked.get("since", "7d"), asked.get("until")
        )
        limit = _number(asked.get("limit", "20"), "limit", _MOST)
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))

    def work() -> bytes:
        with station.reader.snapshot() as store:
            found = looking.largest(store, names, window, limit)
        return json.dumps({"stories": [one.to_json() for one in found]}, ensure_ascii=False).encode()

    return web.Response(body=await asyncio.to_thread(work), content_type="application/json", charset="utf-8")


async def show(request: web.Request) -> web.Response:
    """GET: the story that holds this post, each of its posts under what it repeats."""
    station = request.app[STATION]
    try:
        only(request.query)
        post = _number(request.match_info["number"], "the number of a post", 2**63 - 1)
    except UsageError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))

    def work() -> bytes | None:
        with station.reader.snapshot() as store:
            told = looking.copies(store, post)
        shown = {"id": post, "copies": [one.to_json() for one in told]}
        return json.dumps(shown, ensure_ascii=False).encode() if told else None

    body = await asyncio.to_thread(work)
    if body is None:
        return problem(HTTPStatus.NOT_FOUND, f"there is no post {post}")
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def _number(text: str, name: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= most):
        raise UsageError(f"{name} is a number from 1 to {most}, not {text[:40]!r}")
    return int(text)
