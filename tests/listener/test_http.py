"""The polite client against a real server: validators, Retry-After, failures by remedy, the limit per host."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from email.utils import formatdate

import pytest
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable
from listener.http import AT_ONCE, PER_HOST, PERMANENT_BASE, PERMANENT_CAP, PoliteClient, backoff

NOW = 1_790_000_000.0


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport, clock=lambda: NOW)


async def test_validators_are_kept_sent_and_understood(client: PoliteClient, server: FaultServer) -> None:
    since = formatdate(NOW, usegmt=True)
    kept = {"ETag": '"v1"', "Last-Modified": since, "Content-Type": "application/rss+xml"}
    server.script("/f", Reply(body="<rss/>", headers=kept), Reply(304))
    first = await client.get(server.url("/f"), allow_private=True, accept="application/rss+xml")
    assert (first.not_modified, first.body, first.etag, first.last_modified) == (
        False,
        b"<rss/>",
        '"v1"',
        since,
    )
    assert first.content_type == "application/rss+xml"
    second = await client.get(
        server.url("/f"), etag=first.etag, last_modified=first.last_modified, allow_private=True
    )
    assert (second.not_modified, second.body, second.etag, second.last_modified) == (True, b"", '"v1"', since)
    asked, again = server.seen("/f")
    assert "If-None-Match" not in asked.headers
    assert asked.headers["Accept"] == "application/rss+xml"
    assert (again.headers["If-None-Match"], again.headers["If-Modified-Since"]) == ('"v1"', since)


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "3600", 3600.0),
        (429, formatdate(NOW + 120, usegmt=True), 120.0),
        (429, None, None),
        (503, "30", 30.0),
        (500, None, None),
        (502, None, None),
        (408, None, None),
        (425, None, None),
        (304, None, None),
    ],
)
async def test_what_passes_by_itself_is_retriable(
    client: PoliteClient, server: FaultServer, status: int, header: str | None, seconds: float | None
) -> None:
    server.script("/f", Reply(status, headers={"Retry-After": header} if header else {}))
    with pytest.raises(Retriable) as caught:
        await client.get(server.url("/f?key=hunter2"), allow_private=True)
    assert caught.value.retry_after == seconds
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [300, 400, 401, 403, 404, 405, 410, 418, 451])
async def test_what_needs_a_person_is_permanent(
    client: PoliteClient, server: FaultServer, status: int
) -> None:
    server.script("/f", Reply(status))
    with pytest.raises(Permanent, match=str(status)) as caught:
        await client.get(server.url("/f?key=hunter2"), allow_private=True)
    assert "hunter2" not in str(caught.value)


async def test_reset_and_silence_are_retriable(client: PoliteClient, server: FaultServer) -> None:
    server.script("/reset", Reply(reset=True))
    server.script("/hang", Reply(hang=True))
    with pytest.raises(Retriable):
        await client.get(server.url("/reset"), allow_private=True)
    with pytest.raises(Retriable):
        await client.get(server.url("/hang"), allow_private=True, timeout=0.2)


async def test_a_private_address_and_a_huge_body_are_permanent(
    client: PoliteClient, server: FaultServer
) -> None:
    server.script("/big", Reply(body=b"x" * 2000))
    with pytest.raises(Permanent, match="allow_private"):
        await client.get(server.url("/big"))
    with pytest.raises(Permanent, match="larger"):
        await client.get(server.url("/big"), allow_private=True, max_bytes=1000)


async def test_a_host_gets_few_requests_at_once(client: PoliteClient, server: FaultServer) -> None:
    gate = asyncio.Event()
    server.script("/slow", Reply(gate=gate, body="x"))
    tasks = [asyncio.create_task(client.get(server.url("/slow"), allow_private=True)) for _ in range(5)]
    await server.got("/slow", PER_HOST)
    async with FaultServer("localhost") as other:
        other.script("/x", Reply(body="y"))
        await client.get(other.url("/x"), allow_private=True)
    assert len(server.seen("/slow")) == PER_HOST
    gate.set()
    await asyncio.gather(*tasks)
    assert len(server.seen("/slow")) == 5


async def test_all_hosts_together_get_a_bounded_number_of_requests(client: PoliteClient) -> None:
    gate = asyncio.Event()
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(FaultServer(f"127.0.0.{n}")) for n in range(2, 13)]
        for host in hosts:
            host.script("/slow", Reply(gate=gate, body="x"))
        urls = [host.url("/slow") for host in hosts for _ in range(PER_HOST)]
        assert len(urls) > AT_ONCE
        tasks = [asyncio.create_task(client.get(url, allow_private=True)) for url in urls]
        while sum(len(host.seen("/slow")) for host in hosts) < AT_ONCE:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert sum(len(host.seen("/slow")) for host in hosts) == AT_ONCE
        gate.set()
        await asyncio.gather(*tasks)
        assert sum(len(host.seen("/slow")) for host in hosts) == len(urls)


async def test_an_odd_validator_is_not_kept(client: PoliteClient, server: FaultServer) -> None:
    server.script("/f", Reply(body="x", headers={"ETag": '"' + "a" * 2000 + '"'}))
    assert (await client.get(server.url("/f"), allow_private=True)).etag is None


def test_backoff_doubles_spreads_and_ends() -> None:
    rng = random.Random(7)
    for failures, full in ((0, 30), (1, 30), (2, 60), (3, 120), (8, 3600), (5000, 3600)):
        waits = [backoff(failures, rng) for _ in range(200)]
        assert all(full / 2 <= wait <= full for wait in waits)
        assert max(waits) - min(waits) > full / 4
    assert backoff(99, rng, base=PERMANENT_BASE, cap=PERMANENT_CAP) <= 6 * 3600


async def test_a_refusal_whose_body_says_why_can_be_read(client: PoliteClient, server: FaultServer) -> None:
    server.script("/f", Reply(403, '{"reason": "quota"}'))
    answer = await client.get(server.url("/f"), allow_private=True, read={403})
    assert (answer.status, answer.body) == (403, b'{"reason": "quota"}')
    with pytest.raises(Permanent, match="403"):
        await client.get(server.url("/f"), allow_private=True, read={404})


async def test_a_form_is_sent_as_its_content_type_says(client: PoliteClient, server: FaultServer) -> None:
    server.script("/login", Reply(body="{}"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await client.post(server.url("/login"), b"a=b", headers=form, allow_private=True)
    (seen,) = server.seen("/login")
    assert (seen.headers["Content-Type"], seen.body) == (form["Content-Type"], b"a=b")
