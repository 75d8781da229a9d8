"""The world of the kills: a feed, and receivers that take a message, refuse it, break off, or never answer."""

from __future__ import annotations

import asyncio
import html
import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from email.utils import formatdate

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

Message = tuple[str, str]
"""(key, channel)."""

_ANSWERS = {"200": 9, "429": 3, "500": 3, "hangs": 2, "resets": 3}
"""How often each outcome comes, of twenty."""
_KEY = re.compile(rb"X-Listener-Key: (\S+)")


@dataclass
class Wayward:
    """What was published, what each receiver took, and what it answered; `calm` takes everything.

    `first`: when each message was first tried, by the monotonic clock, taken or not.
    `forced`: what the next requests come to, before chance decides.
    """

    rng: random.Random
    calm: bool = False
    forced: list[str] = field(default_factory=list)
    posts: list[tuple[str, float]] = field(default_factory=list)
    taken: Counter[Message] = field(default_factory=Counter)
    first: dict[Message, float] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    timed_out: int = 0
    port: int = 0
    smtp_port: int = 0

    async def __aenter__(self) -> Wayward:
        app = web.Application()
        app.add_routes(
            [
                web.get("/feed", self._feed),
                web.post("/hook", self._hook),
                web.post("/api/chat.postMessage", self._slack),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        loop = asyncio.get_running_loop()
        self._mail = await loop.create_server(lambda: SMTP(self, loop=loop), "127.0.0.1", 0)
        self.smtp_port = self._mail.sockets[0].getsockname()[1]
        # An old post, so that the first reading reaches back over the windows of the rules.
        self.posts.append(("opening", time.time() - 10_800))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.calm = True
        self._mail.close()
        await self._runner.cleanup()

    def publish(self) -> None:
        self.posts.append((f"post-{len(self.posts)}", time.time()))

    async def _feed(self, request: web.Request) -> web.Response:
        items = [
            f"<item><guid isPermaLink='false'>{id_}</guid><pubDate>{formatdate(at, usegmt=True)}</pubDate>"
            f"<description>{html.escape(f'Morvane was great today, says {id_}')}</description></item>"
            for id_, at in self.posts
        ]
        body = f"<rss version='2.0'><channel><title>t</title>{''.join(items)}</channel></rss>"
        return web.Response(body=body.encode(), content_type="application/xml")

    def _outcome(self, message: Message) -> str:
        self.first.setdefault(message, time.monotonic())
        drawn = self.rng.choices(list(_ANSWERS), weights=list(_ANSWERS.values()))[0]
        outcome = "200" if self.calm else self.forced.pop() if self.forced else drawn
        self.answers[outcome] += 1
        return outcome

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        return await self._answer(request, (request.headers["Idempotency-Key"], "webhook"), b"{}")

    async def _slack(self, request: web.Request) -> web.StreamResponse:
        sent = json.loads(await request.read())
        took = json.dumps({"ok": True, "channel": "C1", "ts": f"{time.time():.6f}"})
        return await self._answer(request, (sent["metadata"]["event_payload"]["key"], "slack"), took.encode())

    async def _answer(self, request: web.Request, message: Message, took: bytes) -> web.StreamResponse:
        outcome = self._outcome(message)
        await asyncio.sleep(0.05)
        if outcome == "500":
            return web.Response(status=500)
        if outcome == "429":
            return web.Response(status=429, headers={"Retry-After": "2"})
        if outcome == "200" or self.rng.random() < 0.5:
            # Half of those whose answer is lost have the message: nobody else can know which.
            self.taken[message] += 1
        if outcome == "hangs":
            await self._hang(request)
        if outcome != "200" and request.transport is not None:
            request.transport.abort()
        return web.Response(body=took)

    async def _hang(self, request: web.Request) -> None:
        began = time.monotonic()
        # The receiver never answers: it waits for us to leave.
        while request.transport is not None and not request.transport.is_closing() and not self.calm:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self.timed_out += time.monotonic() - began > 9

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        found = _KEY.search(bytes(envelope.content or b""))
        assert found is not None
        message = found[1].decode(), "email"
        outcome = self._outcome(message)
        await asyncio.sleep(0.05)
        if outcome in ("429", "500"):
            return "451 later"
        if outcome == "200" or self.rng.random() < 0.5:
            self.taken[message] += 1
        while outcome == "hangs" and not self.calm and server.transport is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if outcome == "resets" and server.transport is not None:
            server.transport.abort()
        return "250 taken"
