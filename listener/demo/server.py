"""Serves the invented world on this machine: five feeds, and a search by date as Hacker News has it."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from aiohttp import web

from listener.demo.search import BadQuery, search
from listener.demo.world import HACKERNEWS, OUTLETS, Item, World

FEED_LENGTH = 500
ATOM = "http://www.w3.org/2005/Atom"
FORMATS = {
    "kitchen-post": "rss",
    "cocina-de-hoy": "atom",
    "kuechenblatt": "rss",
    "bucataria-zilei": "atom",
    "diari-de-cuina": "json",
}
CONTENT_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}


def application(world: World, clock: Callable[[], float]) -> web.Application:
    """Return the server; `clock` tells the second up to which the world has happened."""

    def seen() -> list[Item]:
        return world.seen(int(clock()))

    async def answer_search(request: web.Request) -> web.Response:
        items = [item for item in seen() if item.outlet == HACKERNEWS]
        try:
            return web.json_response(search(items, request.query))
        except BadQuery as error:
            return web.json_response({"message": str(error), "status": 400}, status=400)

    async def answer_feed(request: web.Request) -> web.Response:
        outlet = request.match_info["outlet"]
        if outlet not in OUTLETS:
            raise web.HTTPNotFound(text=f"no outlet of this name; there are {', '.join(OUTLETS)}")
        items = [item for item in seen() if item.outlet == outlet][-FEED_LENGTH:][::-1]
        body = write_feed(outlet, items, str(request.url.origin()))
        etag = hashlib.sha256(body).hexdigest()[:32]
        headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache"}
        if items:
            headers["Last-Modified"] = _http_date(items[0].at)
        if any(known.value in (etag, "*") for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=body, content_type=CONTENT_TYPES[FORMATS[outlet]], charset="utf-8", headers=headers
        )

    async def answer_item(request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        for item in seen():
            if str(item.id) == wanted:
                page = (
                    f"<!doctype html><meta charset=utf-8><title>{html.escape(item.title or 'A post')}</title>"
                )
                page += f"<h1>{html.escape(item.title or item.author)}</h1><p>{html.escape(item.text)}</p>"
                return web.Response(text=page, content_type="text/html")
        raise web.HTTPNotFound(text="nobody has written this")

    server = web.Application()
    server.router.add_get("/api/v1/search_by_date", answer_search)
    server.router.add_get("/feeds/{outlet}", answer_feed)
    server.router.add_get("/item/{id}", answer_item)
    return server


def write_feed(outlet: str, items: list[Item], origin: str) -> bytes:
    """Write items, newest first, in the format of this outlet."""
    writers = {"rss": _rss, "atom": _atom, "json": _json}
    return writers[FORMATS[outlet]](outlet, items, origin)


def _rss(outlet: str, items: list[Item], origin: str) -> bytes:
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    _child(channel, "title", outlet)
    _child(channel, "link", f"{origin}/feeds/{outlet}")
    _child(channel, "description", "An invented outlet")
    _child(channel, "language", OUTLETS[outlet])
    for item in items:
        entry = ET.SubElement(channel, "item")
        _child(entry, "title", item.title or "")
        _child(entry, "link", f"{origin}/item/{item.id}")
        _child(entry, "guid", f"{outlet}-{item.id}").set("isPermaLink", "false")
        _child(entry, "pubDate", format_datetime(_moment(item.at)))
        _child(entry, "description", item.text)
    return _xml(rss)


def _atom(outlet: str, items: list[Item], origin: str) -> bytes:
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": OUTLETS[outlet]})
    _child(feed, "title", outlet)
    _child(feed, "id", f"{origin}/feeds/{outlet}")
    _child(feed, "updated", _moment(items[0].at if items else 0).isoformat())
    for item in items:
        entry = ET.SubElement(feed, "entry")
        _child(entry, "title", item.title or "")
        _child(entry, "id", f"{origin}/item/{item.id}")
        ET.SubElement(entry, "link", href=f"{origin}/item/{item.id}")
        _child(entry, "published", _moment(item.at).isoformat())
        _child(entry, "updated", _moment(item.at).isoformat())
        _child(ET.SubElement(entry, "author"), "name", item.author)
        _child(entry, "summary", item.text)
    return _xml(feed)


def _json(outlet: str, items: list[Item], origin: str) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet,
        "language": OUTLETS[outlet],
        "feed_url": f"{origin}/feeds/{outlet}",
        "items": [
            {
                "id": str(item.id),
                "url": f"{origin}/item/{item.id}",
                "title": item.title,
                "content_text": item.text,
                "date_published": _moment(item.at).isoformat(),
                "authors": [{"name": item.author}],
            }
            for item in items
        ],
    }
    return json.dumps(feed, ensure_ascii=False).encode()


def _child(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, name)
    child.text = text
    return child


def _xml(root: ET.Element) -> bytes:
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _http_date(seconds: int) -> str:
    return format_datetime(_moment(seconds), usegmt=True)
