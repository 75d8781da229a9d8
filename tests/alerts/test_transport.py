"""The guard: which addresses are reached, how much is read, and whether a request may have arrived."""

from __future__ import annotations

import asyncio
import base64
import gzip
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest
from aiohttp.resolver import ThreadedResolver
from servers import FaultServer, Reply, Seen

from alerts.addresses import is_public
from alerts.transport import LONGEST_RETRY_AFTER, NoAnswer, Refused, Transport, public_url, retry_after

SECRET = "hunter2"


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport() as opened:
        yield opened


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%1",
        "fc00::1",
        "fd12::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "not an address",
    ],
)
def test_private_and_odd_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.0.0.1", "2130706433", "127.1", "0.0.0.0"],
)
async def test_every_spelling_of_this_machine_is_refused(
    transport: Transport, server: FaultServer, host: str
) -> None:
    with pytest.raises(Refused):
        await transport.request("GET", f"http://{host}:{server.port}/")
    assert server.requests == []


async def test_a_name_that_turns_private_after_a_check_gains_nothing(
    transport: Transport, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rebound(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        flags = {"hostname": host, "proto": 0, "flags": 0, "family": socket.AF_INET}
        return [{"host": "127.0.0.1", "port": port, **flags}]

    monkeypatch.setattr(ThreadedResolver, "resolve", rebound)
    with pytest.raises(Refused, match=r"public\.example"):
        await transport.request("GET", f"http://public.example:{server.port}/")
    assert server.requests == []


async def test_allow_private_reaches_this_machine(transport: Transport, server: FaultServer) -> None:
    server.script("/x", Reply(body="hello", headers={"X-Kind": "test"}))
    answer = await transport.request("GET", server.url("/x"), allow_private=True)
    assert (answer.status, answer.body, answer.headers["x-kind"]) == (200, b"hello", "test")
    assert "Listener/" in server.requests[0].headers["User-Agent"]
    assert "Mozilla" not in server.requests[0].headers["User-Agent"]


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/x", "file:///etc/passwd", "gopher://x/", "/x", "", "http://", "http://a:99999/"],
)
async def test_only_http_addresses(transport: Transport, url: str) -> None:
    with pytest.raises(Refused):
        await transport.request("GET", url)


async def test_a_redirect_is_followed_on_get(transport: Transport, server: FaultServer) -> None:
    server.script("/a", Reply(301, headers={"Location": "/b?x=1"}))
    server.script("/b", Reply(body="there"))
    answer = await transport.request("GET", server.url("/a"), allow_private=True)
    assert answer.body == b"there"
    assert answer.url == server.url("/b?x=1")


async def test_a_redirect_to_a_private_host_that_nobody_configured_is_refused(
    transport: Transport, server: FaultServer
) -> None:
    server.script("/a", Reply(302, headers={"Location": f"http://localhost:{server.port}/secret"}))
    with pytest.raises(Refused, match="localhost"):
        await transport.request("GET", server.url("/a"), allow_private=True)
    assert server.seen("/secret") == []


async def test_a_redirect_to_another_scheme_is_refused(transport: Transport, server: FaultServer) -> None:
    server.script("/a", Reply(302, headers={"Location": "file:///etc/passwd"}))
    with pytest.raises(Refused, match="only http"):
        await transport.request("GET", server.url("/a"), allow_private=True)


async def test_redirects_end(transport: Transport, server: FaultServer) -> None:
    server.script("/a", Reply(302, headers={"Location": "/a"}))
    with pytest.raises(Refused, match="too often"):
        await transport.request("GET", server.url("/a"), allow_private=True, max_redirects=3)
    assert len(server.seen("/a")) == 4


async def test_a_post_is_never_redirected(transport: Transport, server: FaultServer) -> None:
    server.script("/a", Reply(307, headers={"Location": "/b"}))
    with pytest.raises(Refused, match="POST"):
        await transport.request("POST", server.url("/a"), body=b"{}", allow_private=True)
    assert server.seen("/b") == []


async def test_credentials_go_to_their_own_origin_only(transport: Transport, server: FaultServer) -> None:
    async with FaultServer() as other:
        server.script("/a", Reply(302, headers={"Location": "/b"}))
        server.script("/b", Reply(302, headers={"Location": other.url("/c")}))
        other.script("/c", Reply(body="x"))
        url = server.url("/a", userinfo=f"ann%40x:{SECRET}é")
        answer = await transport.request(
            "GET", url, headers={"X-Token": SECRET, "If-None-Match": '"1"'}, allow_private=True
        )
    sent = server.seen("/b")[0].headers["Authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == f"ann@x:{SECRET}é"
    assert "Authorization" not in other.requests[0].headers
    assert "X-Token" not in other.requests[0].headers
    assert other.requests[0].headers["If-None-Match"] == '"1"'
    assert SECRET not in answer.url


async def test_no_cookie_is_kept(transport: Transport, server: FaultServer) -> None:
    server.script("/", Reply(headers={"Set-Cookie": "a=b"}))
    for _ in range(2):
        await transport.request("GET", server.url("/"), allow_private=True)
    assert "Cookie" not in server.requests[1].headers


async def test_no_proxy_of_the_environment_is_used(
    transport: Transport, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.script("/", Reply(body="direct"))
    assert (await transport.request("GET", server.url("/"), allow_private=True)).body == b"direct"


async def test_a_hundred_megabytes_without_a_length_are_cut_early(
    transport: Transport, server: FaultServer
) -> None:
    server.script("/", Reply(endless=b"x" * 100_000))
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(Refused, match="larger than 2000000 bytes"):
        await transport.request("GET", server.url("/"), allow_private=True, max_bytes=2_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - started < 5
    assert peak < 12_000_000
    assert server.sent < 20_000_000


async def test_a_promised_length_over_the_limit_is_refused_unread(
    transport: Transport, server: FaultServer
) -> None:
    server.script("/", Reply(body=b"x" * 3000, cut=0), Reply(body=b"x" * 3000))
    with pytest.raises(Refused, match="larger"):
        await transport.request("GET", server.url("/"), allow_private=True, max_bytes=2999)
    exactly = await transport.request("GET", server.url("/"), allow_private=True, max_bytes=3000)
    assert len(exactly.body) == 3000


async def test_a_gzip_bomb_counts_by_what_comes_out(transport: Transport, server: FaultServer) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 9)
    assert len(bomb) < 1_000_000
    server.script("/", Reply(body=bomb, headers={"Content-Encoding": "gzip"}))
    tracemalloc.start()
    with pytest.raises(Refused, match="larger than 1000000 bytes"):
        await transport.request("GET", server.url("/"), allow_private=True, max_bytes=1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12_000_000


async def test_gzip_is_decoded(transport: Transport, server: FaultServer) -> None:
    server.script("/", Reply(body=gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"}))
    assert (await transport.request("GET", server.url("/"), allow_private=True)).body == b"hello"
    assert server.requests[0].headers["Accept-Encoding"] == "gzip, deflate"


async def test_a_body_that_cannot_be_decoded_is_no_answer(transport: Transport, server: FaultServer) -> None:
    server.script("/", Reply(body=b"not gzip at all", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(NoAnswer) as caught:
        await transport.request("GET", server.url("/"), allow_private=True)
    assert caught.value.sent


async def test_a_slow_endless_body_is_cut_by_the_total_time(
    transport: Transport, server: FaultServer
) -> None:
    server.script("/", Reply(endless=b".", pause=0.02))
    with pytest.raises(NoAnswer, match="in time") as caught:
        await transport.request("GET", server.url("/"), allow_private=True, timeout=0.3)
    assert caught.value.sent


async def test_silence_after_the_request_counts_as_perhaps_sent(
    transport: Transport, server: FaultServer
) -> None:
    server.script("/", Reply(hang=True))
    with pytest.raises(NoAnswer) as caught:
        await transport.request("POST", server.url("/"), body=b"{}", allow_private=True, timeout=0.3)
    assert caught.value.sent


async def test_a_reset_after_the_request_counts_as_perhaps_sent(
    transport: Transport, server: FaultServer
) -> None:
    server.script("/", Reply(reset=True))
    with pytest.raises(NoAnswer) as caught:
        await transport.request("POST", server.url("/"), body=b"{}", allow_private=True)
    assert caught.value.sent
    assert len(server.requests) == 1


async def test_a_body_that_breaks_off_is_no_answer(transport: Transport, server: FaultServer) -> None:
    server.script("/", Reply(body=b"x" * 1000, cut=10))
    with pytest.raises(NoAnswer) as caught:
        await transport.request("GET", server.url("/"), allow_private=True)
    assert caught.value.sent


async def test_no_connection_is_not_sent(transport: Transport) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer, match="no connection") as caught:
            await transport.request(
                "POST", f"http://127.0.0.1:{unused.getsockname()[1]}/", allow_private=True
            )
    assert not caught.value.sent


async def test_a_name_that_does_not_exist_is_not_sent(transport: Transport) -> None:
    with pytest.raises(NoAnswer) as caught:
        await transport.request("GET", "http://no-such-name.invalid/", timeout=20)
    assert not caught.value.sent


async def test_what_does_not_speak_tls_is_not_sent(transport: Transport, server: FaultServer) -> None:
    with pytest.raises(NoAnswer, match="TLS") as caught:
        await transport.request("GET", f"https://127.0.0.1:{server.port}/", allow_private=True)
    assert not caught.value.sent
    assert server.requests == []


async def test_errors_hold_no_secret(transport: Transport, server: FaultServer) -> None:
    tail = f"/{SECRET}?token={SECRET}"
    server.script(f"/{SECRET}", Reply(reset=True))
    seen: list[BaseException] = []
    for url in (
        server.url(tail, userinfo=f"ann:{SECRET}"),
        f"http://ann:{SECRET}@no-such-name.invalid{tail}",
        f"ftp://ann:{SECRET}@example.org{tail}",
        f"http://ann:{SECRET}@2130706433{tail}",
        f"https://ann:{SECRET}@127.0.0.1:{server.port}{tail}",
    ):
        with pytest.raises((NoAnswer, Refused)) as caught:
            await transport.request("GET", url, allow_private=True, timeout=20)
        seen.append(caught.value)
    assert all(SECRET not in f"{error} {error!r}" for error in seen)


async def test_cancelling_is_passed_on(transport: Transport, server: FaultServer) -> None:
    server.script("/", Reply(hang=True))
    task = asyncio.create_task(transport.request("GET", server.url("/"), allow_private=True))
    await server.got("/")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_server_may_look_at_the_request(transport: Transport, server: FaultServer) -> None:
    def echo(seen: Seen) -> Reply:
        return Reply(body=seen.body)

    server.script("/", echo)
    answer = await transport.request("POST", server.url("/"), body=b"\xff{}", allow_private=True)
    assert answer.body == b"\xff{}"


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 3600 ", 3600.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1.5", 1.5),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("999999999", LONGEST_RETRY_AFTER),
        (formatdate(NOW + 10_000_000, usegmt=True), LONGEST_RETRY_AFTER),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("1e9", None),
        ("Mon, 99 Foo 2026 00:00:00 GMT", None),
        ("9" * 400, None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-AFTER": value}, NOW) == seconds


def test_retry_after_is_none_without_the_header() -> None:
    assert retry_after({"Content-Type": "x"}, NOW) is None


def test_public_url_shows_no_secret() -> None:
    assert public_url("https://ann:pw@example.org:8443/a/b?key=1#x") == "https://example.org:8443/a/b"
    assert public_url("nonsense") == "(not a valid address)"
