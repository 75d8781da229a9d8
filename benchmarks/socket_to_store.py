"""From a socket to the store: how long a post of a whole network takes until its mention is written down."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from benchmarks import jetstream
from listener.matching.matcher import Matcher
from listener.matching.said import Said
from storage.hearing import kept_ids
from storage.mention import Brand, Source
from storage.sqlite import Reader

RATE = 2_000
"""Messages a second."""
_TICK = 0.01
_LOOK = 0.01
"""Seconds between two looks into the store; what is measured is that much too long at worst."""
_WARM_UP = 2.0
_TIME = re.compile(rb'"time_us":(\d+)')


@dataclass(slots=True)
class Timed:
    """The messages, when those that concern a brand were sent, and when their posts were seen in the store."""

    messages: Sequence[bytes]
    hits: dict[int, str]
    sent: dict[str, float] = field(default_factory=dict)
    stored: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def waits(self) -> list[float]:
        """Seconds from socket to store, in order; endless for what was never seen. Without those of the start."""
        counted = [(native_id, at) for native_id, at in self.sent.items() if at >= self.began + _WARM_UP]
        return sorted(self.stored.get(native_id, float("inf")) - at for native_id, at in counted)

    async def send(self, request: web.Request) -> web.WebSocketResponse:
        """Send all messages to the first who asks, as if each were said just now."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self.began = time.time()
        self.asked.set()
        number = 0
        while number < len(self.messages):
            due = min(int((time.time() - self.began) * RATE), len(self.messages))
            for number in range(number, due):  # noqa: B020 - on from where the last tick ended
                now = time.time()
                stamped = _TIME.sub(b'"time_us":%d' % int(now * 1e6), self.messages[number], count=1)
                await socket.send_str(stamped.decode())
                if number in self.hits:
                    self.sent[self.hits[number]] = now
            number = due
            await asyncio.sleep(_TICK)
        self.done.set()
        while not socket.closed:
            await socket.receive()
        return socket


async def _resolve(request: web.Request) -> web.Response:
    return web.json_response({"did": f"did:plc:{abs(hash(request.query['handle'])):024d}"})


async def _profiles(request: web.Request) -> web.Response:
    actors = request.query.getall("actors")
    found = [{"did": did, "handle": f"{did[-8:]}.example.com", "followersCount": 100} for did in actors]
    return web.json_response({"profiles": found})


@asynccontextmanager
async def _served(timed: Timed) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_get("/subscribe", timed.send)
    app.router.add_get("/xrpc/com.atproto.identity.resolveHandle", _resolve)
    app.router.add_get("/xrpc/app.bsky.actor.getProfiles", _profiles)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _daemon(config: Path) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "listener", "run", "--config", str(config))
    quiet = asyncio.subprocess.DEVNULL
    daemon = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        if daemon.returncode is None:
            daemon.send_signal(signal.SIGTERM)
        await daemon.wait()


def _write_config(folder: Path, port: int, brands: Sequence[Brand]) -> Path:
    """JSON is YAML too."""
    named = [
        {"name": one.name, "aliases": list(one.aliases), "handles": dict(one.handles)}
        | ({"query": one.query} if one.query else {})
        for one in brands
    ]
    stream = {
        "urls": [f"ws://127.0.0.1:{port}/subscribe"],
        "api": f"http://127.0.0.1:{port}",
        "allow_private": True,
    }
    options = {
        "timezone": "UTC",
        "brands": named,
        "sources": {"bluesky": stream},
        "storage": {"url": f"sqlite:///{folder / 'listener.db'}"},
        "dashboard": {"port": 0},
    }
    file = folder / "config.yaml"
    file.write_text(json.dumps(options))
    return file


def _timed(seconds: float, brands: Sequence[Brand]) -> Timed:
    messages = jetstream.Messages(list(brands), posts_only=True).take(int(RATE * seconds))
    matcher, source = Matcher(brands), Source("bluesky", "bluesky")
    hits = {}
    for number, message in enumerate(messages):
        found = json.loads(message)
        commit = found["commit"]
        if matcher.match(Said(commit["record"]["text"], source)):
            hits[number] = f"at://{found['did']}/{commit['collection']}/{commit['rkey']}"
    return Timed(messages, hits)


async def measure(folder: Path, seconds: float, brands: int = 1_000) -> list[float]:
    """Return the waits in seconds, in order, of posts at RATE through the daemon as a user runs it."""
    listened_for = jetstream.brands(brands)
    timed = _timed(seconds, listened_for)
    async with _served(timed) as port, _daemon(_write_config(folder, port, listened_for)):
        async with asyncio.timeout(60):
            await timed.asked.wait()
        reader = Reader(folder / "listener.db")
        try:
            async with asyncio.timeout(seconds + 60):
                while not timed.done.is_set() or len(timed.stored) < len(timed.sent):
                    for native_id in await asyncio.to_thread(kept_ids, reader, "bluesky", 200):
                        timed.stored.setdefault(native_id, time.time())
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            # What is missing counts as endless.
            pass
        finally:
            reader.close()
    return timed.waits()


def report(folder: Path, seconds: float = 30.0) -> list[str]:
    """The lines that `make bench` prints."""
    folder.mkdir()
    waits = asyncio.run(measure(folder, seconds))
    return [
        f"from socket to store: {RATE:,} posts a second for {seconds:.0f} s, 1,000 brands, {len(waits)} mentions:",
        f"  half of them within {statistics.median(waits):.2f} s, 99 % within "
        f"{waits[int(0.99 * len(waits))]:.2f} s, all within {waits[-1]:.2f} s",
    ]
