"""The webhook: what is posted, how it is signed, and what each outcome means, against a real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sample_messages import LONG, hostile, plain
from servers import FaultServer, Reply, Seen

from alerts.channels.base import Undelivered
from alerts.channels.webhook import Options, build
from alerts.message import Letter, Message
from alerts.transport import Transport

PATH = "/in/t0ps3cret"
KEY = b"0123456789abcdef01234567"


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        running.script(PATH, Reply(204))
        yield running


async def send(server: FaultServer, item: Message | Letter, secret: str | None = None) -> None:
    options = Options(url=SecretStr(server.url(PATH)), secret=SecretStr(secret) if secret else None)
    async with Transport() as transport:
        await build(options, transport).send(item)


async def refused(server: FaultServer) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await send(server, plain(), "t0ps3cret")
    assert "t0ps3cret" not in repr(caught.value) + str(caught.value)
    return caught.value


def verify(seen: Seen, key: bytes) -> None:
    """Check a signature as a receiver would who read only the specification of Standard Webhooks."""
    identity, stamp = seen.headers["webhook-id"], seen.headers["webhook-timestamp"]
    assert abs(time.time() - int(stamp)) < 300
    signed = b".".join([identity.encode(), stamp.encode(), seen.body])
    version, _, given = seen.headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert hmac.compare_digest(base64.b64decode(given), hmac.digest(key, signed, hashlib.sha256))


@pytest.mark.parametrize(
    ("secret", "key"), [("whsec_" + base64.b64encode(KEY).decode(), KEY), ("just words", b"just words")]
)
async def test_the_signature_holds(server: FaultServer, secret: str, key: bytes) -> None:
    await send(server, plain(), secret)
    (seen,) = server.seen(PATH)
    verify(seen, key)
    with pytest.raises(AssertionError):
        verify(seen, key + b"x")


async def test_the_body_has_the_names_of_the_contract(server: FaultServer) -> None:
    await send(server, plain())
    (seen,) = server.seen(PATH)
    body = seen.json()
    assert body["type"] == "alert.fired"
    assert body["key"] == "angry:42" == seen.headers["Idempotency-Key"] == seen.headers["webhook-id"]
    assert body["data"] == {"kpi": "negative_share", "value": 0.463, "n": 54}
    assert body["quotes"][0]["url"] == "https://news.example/item?id=1&x=2"
    assert (body["brand"], body["rule"], body["timestamp"]) == (
        "Nordlicht",
        "angry",
        "2026-11-12T14:15:00+01:00",
    )
    assert "webhook-signature" not in seen.headers


async def test_the_letter_brings_its_numbers(server: FaultServer) -> None:
    await send(server, Letter("digest:46", "Week 46", "<p>", "text", (), {"since": 1}))
    body = server.seen(PATH)[0].json()
    assert (body["type"], body["key"], body["data"]) == ("digest", "digest:46", {"since": 1})


async def test_strange_texts_arrive_as_they_are_but_not_endless(server: FaultServer) -> None:
    await send(server, hostile())
    (seen,) = server.seen(PATH)
    body = json.loads(seen.body.decode("utf-8"))
    quote = body["quotes"][0]
    assert len(quote["text"]) <= 5_000
    assert quote["text"].removesuffix("…") in LONG.replace("\ud800", "?")
    assert (len(body["quotes"]), body["quotes_left_out"]) == (20, 40)
    assert len(seen.body) < 1_000_000


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_passes_is_tried_again(server: FaultServer, status: int) -> None:
    server.script(PATH, Reply(status, headers={"Retry-After": "9"}))
    error = await refused(server)
    assert (error.permanent, error.unknown, error.retry_after) == (False, False, 9.0)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301])
async def test_what_stays_is_permanent(server: FaultServer, status: int) -> None:
    server.script(PATH, Reply(status, headers={"Location": "/elsewhere"} if status == 301 else {}))
    server.script("/elsewhere", Reply(200))
    assert (await refused(server)).permanent
    assert not server.seen("/elsewhere"), "a redirect would carry the message to somebody whom nobody named"


async def test_a_lost_answer_may_have_arrived(server: FaultServer) -> None:
    server.script(PATH, Reply(reset=True))
    error = await refused(server)
    assert (error.permanent, error.unknown) == (False, True)


async def test_nobody_there_is_tried_again(server: FaultServer) -> None:
    await server.stop()
    error = await refused(server)
    assert (error.permanent, error.unknown) == (False, False)


def test_options_hide_the_address_and_refuse_a_broken_secret() -> None:
    options = Options(url=SecretStr("https://x.example/t0ps3cret"), secret=SecretStr("t0ps3cret"))
    assert "t0ps3cret" not in repr(options)
    for wrong in (
        {"url": "ftp://x.example"},
        {"url": "https://x.example", "secret": "whsec_?"},
        {"url": "https://x.example", "secret": ""},
    ):
        with pytest.raises(ValueError, match=r"webhook's url|secret"):
            Options.model_validate(wrong)
