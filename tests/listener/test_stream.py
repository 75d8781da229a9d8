"""A stream against a real websocket server: guard, order, the end, and a reader that is slower than the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSCloseCode, web

from alerts.transport import Transport
from listener import stream as streaming
from listener.collectors.base import Permanent, Retriable
from listener.http import TALLY, PoliteClient, Tally
from storage.mention import Traffic

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/stream", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield f"ws://127.0.0.1:{port}/stream?token=hush"
    finally:
        await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


def saying(*messages: str, hold: bool = False) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in messages:
            await socket.send_str(message)
        if hold:
            await socket.receive()
        await socket.close(code=WSCloseCode.GOING_AWAY)
        return socket

    return handler


async def take_all(stream: streaming.Stream) -> list[str | bytes]:
    found: list[str | bytes] = []
    with pytest.raises(Retriable, match="closed"):
        while True:
            found += await stream.take(5.0)
    return found


async def test_all_messages_come_in_order_and_then_the_end_is_told(client: PoliteClient) -> None:
    said = [str(number) for number in range(5_000)]
    async with serving(saying(*said)) as url, client.stream(url, allow_private=True) as stream:
        assert await take_all(stream) == said


async def test_silence_is_no_end(client: PoliteClient) -> None:
    async with (
        serving(saying("first", hold=True)) as url,
        client.stream(url, allow_private=True) as stream,
    ):
        assert await stream.take(5.0) == ["first"]
        assert await stream.take(0.01) == []
        await stream.send("go")
        with pytest.raises(Retriable):
            await stream.take(5.0)


async def test_a_slow_reader_makes_the_server_wait_and_loses_nothing(
    client: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MOST_WAITING", 10)
    said = [str(number) for number in range(200)]
    async with serving(saying(*said)) as url, client.stream(url, allow_private=True) as stream:
        found: list[str | bytes] = []
        with pytest.raises(Retriable):
            while True:
                taken = await stream.take(5.0)
                assert len(taken) <= 10
                found += taken
        assert found == said


async def test_long_messages_make_the_server_wait_sooner(
    client: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MOST_BYTES_WAITING", 1_000)
    said = ["x" * 400] * 30
    async with serving(saying(*said)) as url, client.stream(url, allow_private=True) as stream:
        found: list[str | bytes] = []
        with pytest.raises(Retriable):
            while True:
                taken = await stream.take(5.0)
                assert len(taken) <= 3
                found += taken
        assert found == said


async def test_a_message_over_the_limit_ends_the_stream_with_its_reason(client: PoliteClient) -> None:
    async with (
        serving(saying("x" * 2_000, hold=True)) as url,
        client.stream(url, allow_private=True, max_bytes=1_000) as stream,
    ):
        with pytest.raises(Retriable, match="too long"):
            await stream.take(5.0)


async def test_a_private_address_is_refused(client: PoliteClient) -> None:
    async with serving(saying("secret")) as url:
        with pytest.raises(Permanent, match="allow_private"):
            async with client.stream(url):
                raise AssertionError("it was opened")


async def test_a_redirect_is_refused_wherever_it_leads(client: PoliteClient) -> None:
    reached = asyncio.Event()

    async def inside(request: web.Request) -> web.StreamResponse:
        reached.set()
        return await saying("secret")(request)

    async with serving(inside) as target:

        async def moved(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(target.replace("ws://", "http://"))

        async with serving(moved) as url:
            with pytest.raises(Permanent, match="redirects"):
                async with client.stream(url, allow_private=True):
                    raise AssertionError("it was opened")
    assert not reached.is_set()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Permanent), (404, Permanent), (429, Retriable), (503, Retriable)]
)
async def test_an_answer_that_is_no_stream_is_named_by_its_remedy(
    client: PoliteClient, status: int, kind: type[Exception]
) -> None:
    async def refusing(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with serving(refusing) as url:
        with pytest.raises(kind, match=str(status)) as told:
            async with client.stream(url, allow_private=True):
                raise AssertionError("it was opened")
    assert "hush" not in str(told.value)


async def test_a_server_that_asks_to_wait_is_heard(client: PoliteClient) -> None:
    async def refusing(request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "90"})

    async with serving(refusing) as url:
        with pytest.raises(Retriable) as told:
            async with client.stream(url, allow_private=True):
                raise AssertionError("it was opened")
    assert told.value.retry_after == 90


async def test_requests_are_counted_where_the_caller_says(client: PoliteClient) -> None:
    tally = Tally()
    token = TALLY.set(tally)
    try:
        async with serving(saying("one")) as url, client.stream(url, allow_private=True):
            pass
        with pytest.raises(Retriable):
            async with client.stream(url, allow_private=True):
                raise AssertionError("it was opened")
    finally:
        TALLY.reset(token)
    assert tally.take() == Traffic(2, 1, 1)
    assert tally.take() == Traffic()
