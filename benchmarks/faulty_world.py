"""The world of the soak: feeds and a stream that grow and fail at random, in a time that runs faster, and a webhook."""

from __future__ import annotations

import asyncio
import html
import json
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web

FEEDS = 6
SHOWN = 500
"""Items in a feed: more than what a source misses while it is down, or left alone after failures."""
FAULTS = 0.06
"""Share of the answers that are faulty."""
STREAM = "bluesky"
_STREAMED = 0.3
"""Share of the posts that come on the stream."""
_BROKEN = (4.0, 30.0)
"""Seconds after which a connection to the stream breaks."""
_OUTAGE = (300.0, 5_400.0)
"""Seconds of the world's time for which a source is down."""
_TICK = 0.05
_SECOND = 1_000_000


@dataclass(frozen=True)
class Clock:
    """A time that began at `start`, in seconds since 1970, and runs `speed` times as fast as that of this machine."""

    start: float
    speed: float
    _began: float = field(default_factory=time.monotonic)

    def __call__(self) -> float:
        return self.start + (time.monotonic() - self._began) * self.speed


@dataclass
class World:
    """What was published, in which source and when, and what was taken; `down` says until when a source is."""

    rng: random.Random
    clock: Clock
    opening: float
    """How long before the start the first post of each feed lies."""
    calm: bool = False
    published: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    down: dict[str, float] = field(default_factory=dict)
    port: int = 0
    _connected: bool = False

    async def __aenter__(self) -> World:
        app = web.Application()
        app.add_routes(
            [
                web.get("/feed/{number}", self._feed),
                web.get("/subscribe", self._subscribe),
                web.post("/hook", self._hook),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        # An old post each, so that the first reading reaches back over the windows of the rules.
        first = self.clock() - self.opening
        self.published = {str(number): [(f"{number}-opening", first)] for number in range(FEEDS)}
        self.published[STREAM] = []
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def total(self) -> int:
        return sum(map(len, self.published.values()))

    def publish(self) -> None:
        """One more post, in a feed or on the stream; nobody can hear what a stream said before the first connection."""
        streamed = self._connected and self.rng.random() < _STREAMED
        source = STREAM if streamed else str(self.rng.randrange(FEEDS))
        self.published[source].append((f"{source}-{self.total}", self.clock()))

    def fail(self) -> None:
        """One of the sources that are well is down from now on, for minutes or more than an hour."""
        well = [source for source in self.published if not self._is_down(source)]
        if well and not self.calm:
            self.down[self.rng.choice(well)] = self.clock() + self.rng.uniform(*_OUTAGE)
            self.faults["outages"] += 1

    def _is_down(self, source: str) -> bool:
        return not self.calm and self.down.get(source, 0.0) > self.clock()

    def _fault(self, *kinds: str) -> str | None:
        if self.calm or self.rng.random() > FAULTS:
            return None
        kind = self.rng.choice(kinds)
        self.faults[kind] += 1
        return kind

    async def _feed(self, request: web.Request) -> web.Response:
        source = request.match_info["number"]
        if self._is_down(source):
            return web.Response(status=503)
        body = self._document(source)
        fault = self._fault("500", "429", "dropped", "cut", "no XML", "slow")
        if fault == "500":
            return web.Response(status=500)
        if fault == "429":
            return web.Response(status=429, headers={"Retry-After": "600"})
        if fault == "dropped" and request.transport is not None:
            request.transport.abort()
        if fault == "slow":
            await asyncio.sleep(3)
        if fault == "cut":
            body = body[: len(body) // 2]
        return web.Response(
            body=b"<rss><channel>" if fault == "no XML" else body, content_type="application/xml"
        )

    def _document(self, source: str) -> bytes:
        items = [
            f"<item><guid isPermaLink='false'>{id_}</guid><pubDate>{formatdate(at, usegmt=True)}</pubDate>"
            f"<description>{html.escape(f'Morvane was great today, says post {id_}')}</description></item>"
            for id_, at in self.published[source][-SHOWN:]
        ]
        return f"<rss version='2.0'><channel><title>t</title>{''.join(items)}</channel></rss>".encode()

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        """From the cursor on, as Jetstream does, until the connection breaks or the stream is down."""
        if self._is_down(STREAM):
            return web.Response(status=503)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._connected = True
        posts, since = self.published[STREAM], int(request.query.get("cursor", self.clock() * _SECOND))
        at = next((n for n, (_, said) in enumerate(posts) if said * _SECOND >= since), len(posts))
        breaks = time.monotonic() + self.rng.uniform(*_BROKEN)
        while not socket.closed:
            for id_, said in posts[at:]:
                with suppress(ConnectionError):
                    await socket.send_str(_streamed(id_, said))
                at += 1
            await asyncio.sleep(_TICK)
            if not self.calm and (self._is_down(STREAM) or time.monotonic() > breaks):
                self.faults["stream broken"] += 1
                if request.transport is not None:
                    request.transport.abort()
                break
        return socket

    async def _hook(self, request: web.Request) -> web.Response:
        await request.read()
        fault = self._fault("webhook 503", "webhook dropped")
        if fault == "webhook 503":
            return web.Response(status=503)
        await asyncio.sleep(0.05)
        if fault == "webhook dropped" and request.transport is not None:
            request.transport.abort()
            return web.Response()
        self.taken[request.headers["Idempotency-Key"]] += 1
        return web.Response()


def native_id(source: str, id_: str) -> str:
    """What the store calls a post."""
    return f"at://did:plc:{'s' * 24}/app.bsky.feed.post/{id_}" if source == STREAM else id_


def _streamed(id_: str, said: float) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(said))
    record = {"$type": "app.bsky.feed.post", "createdAt": at, "text": f"Morvane was great, says post {id_}"}
    commit = {
        "rev": "3m",
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": id_,
        "record": record,
        "cid": "bafyrei" + "a" * 52,
    }
    return json.dumps(
        {"did": f"did:plc:{'s' * 24}", "time_us": int(said * _SECOND), "kind": "commit", "commit": commit}
    )
