"""The daemon's own web server: health, a status page, and the API, for this machine only unless tokens exist."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from listener.collectors.ingest.collector import Ingest
from listener.dashboard import api, cases, corrections, health, hushing, page, stories, tags
from listener.dashboard.ingest import PATH, Door
from listener.dashboard.keys import STATION
from listener.dashboard.sockets import Sockets, is_loopback
from listener.listening import keep
from listener.station import Station
from storage.desk import tokens

log = structlog.get_logger(__name__)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    # The page holds strangers' words: no script, no outside request, no frame around it.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


# Health tells nothing that is secret; what is sent is signed by one who knows a secret of its own.
_OPEN = frozenset({"/healthz", PATH})


async def serve(station: Station, sockets: Sockets, serving: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled; `serving` is called once requests are answered."""
    runner = web.AppRunner(make_app(station), access_log=None, handle_signals=False, shutdown_timeout=0.2)
    await runner.setup()
    try:
        for one in sockets.copies():
            await web.SockSite(runner, one).start()
        log.info("serving", url=sockets.url)
        serving()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def make_app(station: Station) -> web.Application:
    """The application with all its routes."""
    app = web.Application(middlewares=[_headers, _guard])
    app[STATION] = station
    app.add_routes(
        [
            web.get("/", page.status),
            web.get("/style.css", page.style),
            web.get("/healthz", health.healthz),
            web.get("/metrics", _metrics),
            web.get("/api/v1/mentions", api.mentions),
            web.get("/api/v1/kpis", api.kpis),
            web.get("/api/v1/explain", api.explanation),
            web.get("/api/v1/alerts", api.alerts),
            web.get(corrections.PATH, corrections.listing),
            web.post(corrections.PATH, corrections.add),
            web.delete(corrections.PATH, corrections.remove),
            web.get(tags.PATH, tags.listing),
            web.post(tags.PATH, tags.add),
            web.delete(tags.PATH, tags.remove),
            web.get(stories.PATH, stories.listing),
            web.get(stories.ONE, stories.show),
            web.get(cases.PATH, cases.listing),
            web.post(cases.PATH, cases.open_),
            web.get(cases.ONE, cases.show),
            web.post(cases.ONE, cases.act),
            web.get(hushing.PATH, hushing.listing),
            web.post(hushing.PATH, hushing.add),
            web.delete(hushing.ONE, hushing.end),
            web.post(hushing.ACK, hushing.ack),
            web.post(hushing.SNOOZE, hushing.snooze),
            *(web.post(PATH, door.take) for door in _doors(station)),
        ]
    )
    return app


async def _metrics(request: web.Request) -> web.Response:
    """GET /metrics: how Listener fares, for Prometheus."""
    # Who is not scraped does without the library: a megabyte, and a hundredth of a second at the start.
    from listener.dashboard.metrics import metrics

    return await metrics(request)


def _doors(station: Station) -> list[Door]:
    """What is sent to POST /ingest goes the way of every page: matched, judged, committed."""
    return [
        Door(collector.options, partial(keep, station, collector), station.config.zone, station.clock)
        for collector in station.collectors
        if isinstance(collector, Ingest)
    ]


@web.middleware
async def _headers(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = api.problem(error.status, error.text or error.reason)
        told = ("Allow", "WWW-Authenticate")
        response.headers.update({name: error.headers[name] for name in told if name in error.headers})
    response.headers.update(_HEADERS)
    return response


@web.middleware
async def _guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Let in who may: on loopback anybody who asked for this machine by name, elsewhere bearers of a token."""
    station = request.app[STATION]
    local = is_loopback(station.config.dashboard.host)
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind:
        known = kind.lower() == "bearer" and token.isascii()
        if not known or await asyncio.to_thread(tokens.owner, station.reader, token.strip()) is None:
            raise _unauthorized("this token is not known; make one with `listener token add NAME`")
    elif not local and request.path not in _OPEN:
        raise _unauthorized("a bearer token is needed; make one with `listener token add NAME`")
    if local and not kind and request.path != PATH and not _meant_for_us(request, station):
        # A web site may make a name of its own point here and read the page through its visitor's browser.
        raise web.HTTPForbidden(text="ask for 127.0.0.1 or localhost, or set dashboard.public_url")
    return await handler(request)


def _unauthorized(text: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(text=text, headers={"WWW-Authenticate": "Bearer"})


def _meant_for_us(request: web.Request, station: Station) -> bool:
    try:
        asked = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    public = urlsplit(station.config.dashboard.public_url or "").hostname
    return is_loopback(asked) or asked == public
