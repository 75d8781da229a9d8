"""The world of the soak: feeds that grow and fail at random, and a webhook that fails too."""

from __future__ import annotations

import asyncio
import html
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web

FEEDS = 6
SHOWN = 500
"""Items in a feed: more than what a source misses while it is left alone after failures."""
FAULTS = 0.06
"""Share of the answers that are faulty."""


@dataclass
class World:
    """Feeds that grow and fail, and a webhook that fails too; what was published, and what was taken."""

    rng: random.Random
    calm: bool = False
    published: dict[int, list[tuple[str, float]]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    port: int = 0

    async def __aenter__(self) -> World:
        app = web.Application()
        app.add_routes([web.get("/feed/{number}", self._feed), web.post("/hook", self._hook)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        # An old post each, so that the first reading reaches back over the windows of the rules.
        self.published = {number: [(f"{number}-opening", time.time() - 10_800)] for number in range(FEEDS)}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def total(self) -> int:
        return sum(map(len, self.published.values()))

    def publish(self) -> None:
        number = self.rng.randrange(FEEDS)
        self.published[number].append((f"{number}-{self.total}", time.time()))

    def _fault(self, *kinds: str) -> str | None:
        if self.calm or self.rng.random() > FAULTS:
            return None
        kind = self.rng.choice(kinds)
        self.faults[kind] += 1
        return kind

    async def _feed(self, request: web.Request) -> web.Response:
        body = self._document(int(request.match_info["number"]))
        fault = self._fault("500", "429", "dropped", "cut", "no XML", "slow")
        if fault == "500":
            return web.Response(status=500)
        if fault == "429":
            return web.Response(status=429, headers={"Retry-After": "5"})
        if fault == "dropped" and request.transport is not None:
            request.transport.abort()
        if fault == "slow":
            await asyncio.sleep(3)
        if fault == "cut":
            body = body[: len(body) // 2]
        return web.Response(
            body=b"<rss><channel>" if fault == "no XML" else body, content_type="application/xml"
        )

    def _document(self, number: int) -> bytes:
        items = [
            f"<item><guid isPermaLink='false'>{id_}</guid><pubDate>{formatdate(at, usegmt=True)}</pubDate>"
            f"<description>{html.escape(f'Morvane was great today, says post {id_}')}</description></item>"
            for id_, at in self.published[number][-SHOWN:]
        ]
        return f"<rss version='2.0'><channel><title>t</title>{''.join(items)}</channel></rss>".encode()

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
