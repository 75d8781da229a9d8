"""Small local servers for tests: a scriptable fault server that writes down every request it gets.

    async with FaultServer() as server:
        server.script("/feed.xml", Reply(500), Reply(429, headers={"Retry-After": "3"}), Reply(body=XML))
        ... use server.url("/feed.xml") ...
        assert [r.method for r in server.seen("/feed.xml")] == ["GET", "GET", "GET"]

Each path answers with its replies in order; the last one is repeated for ever. A reply may also be a function
of the request (`lambda seen: Reply(...)`), sync or async. Paths without a script are answered by that of "*", or 404.
Nothing sleeps: a reply with `gate` waits for an asyncio.Event, `await server.got(path, n)` waits for the n-th request.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Seen:
    """One request as it came in; `path` without, `target` with the query string."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """One scripted answer.

    `gate`: wait for this event before answering. `hang`: never answer (until the client leaves or the server
    stops). `reset`: drop the connection after the request was read, without an answer. `endless`: send this
    block for ever as the body, `pause` seconds apart; `sent` of the server counts those bytes. `cut`: promise
    the whole body by Content-Length, send only so many bytes, and drop the connection.
    """

    status: int = 200
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    hang: bool = False
    reset: bool = False
    endless: bytes | None = None
    pause: float = 0.0
    cut: int | None = None


Answer = Reply | Callable[[Seen], "Reply | Awaitable[Reply]"]


class FaultServer:
    """An HTTP server on 127.0.0.1 and a free port. `requests` holds everything seen, in order."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self.requests: list[Seen] = []
        self.sent = 0
        self._scripts: dict[str, list[Answer]] = {}
        self._news = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FaultServer:
        app = web.Application(client_max_size=64_000_000)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Close the port; whoever asks from now on gets no connection. May be called twice."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def url(self, path: str = "/", *, userinfo: str = "") -> str:
        at = f"{userinfo}@" if userinfo else ""
        return f"http://{at}{self.host}:{self.port}{path}"

    def script(self, path: str, *answers: Answer) -> None:
        """Set (or replace) the answers of one path. The last one is repeated."""
        if not answers:
            raise ValueError("a script needs at least one answer")
        self._scripts[path] = list(answers)

    def seen(self, path: str) -> list[Seen]:
        """Return the requests to this path, in order."""
        return [request for request in self.requests if request.path == path]

    async def got(self, path: str, count: int = 1, timeout: float = 10.0) -> list[Seen]:
        """Wait until `count` requests to this path came in, and return them."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: len(self.seen(path)) >= count)
        return self.seen(path)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(
            method=request.method,
            path=request.path,
            target=request.path_qs,
            query=dict(request.query),
            headers=request.headers.copy(),
            body=await request.read(),
            at=time.time(),
        )
        self.requests.append(seen)
        async with self._news:
            self._news.notify_all()
        reply = await self._next(seen)
        if reply.gate is not None:
            await reply.gate.wait()
        if reply.hang:
            await self._stopping.wait()
        if reply.reset and request.transport is not None:
            request.transport.abort()
            return web.Response(status=500)
        if reply.endless is not None or reply.cut is not None:
            return await self._stream(request, reply)
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        return web.Response(status=reply.status, body=body, headers=dict(reply.headers))

    async def _next(self, seen: Seen) -> Reply:
        script = self._scripts.get(seen.path) or self._scripts.get("*")
        if script is None:
            return Reply(404, "no script for this path")
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Reply):
            return answer
        made = answer(seen)
        return await made if inspect.isawaitable(made) else made

    async def _stream(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
        if reply.cut is not None:
            response.content_length = len(body)
        await response.prepare(request)
        try:
            if reply.cut is not None:
                await response.write(body[: reply.cut])
            while reply.endless is not None and not self._stopping.is_set():
                await response.write(reply.endless)
                self.sent += len(reply.endless)
                await asyncio.sleep(reply.pause)
        except (ConnectionResetError, ConnectionError):
            return response
        if request.transport is not None:
            request.transport.abort()
        return response
