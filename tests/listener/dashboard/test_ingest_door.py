"""POST /ingest on a real web server, signed with the official library of Standard Webhooks."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from listener.collectors.ingest.collector import Options
from listener.collectors.post import Delete, Event, Page, Post
from listener.dashboard import ingest
from listener.dashboard.ingest import PAGE, PATH, Door
from storage.base import StoreError

NOW = 1_795_000_000
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
OLD = "whsec_" + base64.b64encode(b"an older secret of ours!").decode()
Client = TestClient[Any, Any]


class Shelf:
    """Keeps pages as a store would: at once, or when `gate` opens, or not at all."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.full_after = 1_000

    async def keep(self, page: Page) -> None:
        await self.gate.wait()
        if self.failure is not None and len(self.pages) >= self.full_after:
            raise self.failure
        self.pages.append(page)

    @property
    def events(self) -> list[Event]:
        return [event for page in self.pages for event in page.events]

    @property
    def ids(self) -> list[str]:
        return [event.native_id for event in self.events if isinstance(event, Post | Delete)]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def client(shelf: Shelf) -> AsyncIterator[Client]:
    options = Options(secret=SecretStr(SECRET), previous=SecretStr(OLD), max_bytes=100_000)
    app = web.Application()
    app.router.add_post(PATH, Door(options, shelf.keep, ZoneInfo("Europe/Madrid"), lambda: NOW).take)
    async with TestClient(TestServer(app, host="127.0.0.1")) as asking:
        yield asking


def headers(body: bytes, secret: str = SECRET, at: int = NOW) -> dict[str, str]:
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


async def send(
    client: Client, body: bytes | object, sent: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await client.post(PATH, data=data, headers=headers(data) if sent is None else sent)
    kind = "application/json" if answer.status == 200 else "application/problem+json"
    return answer.status, await answer.json(content_type=kind)


ITEM = {"id": "1", "text": "Acme is great", "created_at": "2026-11-01T10:00:00"}


async def test_one_object(client: Client, shelf: Shelf) -> None:
    assert await send(client, ITEM) == (200, {"accepted": 1, "refused": []})
    (event,) = shelf.events
    # A time without a zone is read in the configured one.
    assert isinstance(event, Post) and event.published_at == 1_793_523_600
    (page,) = shelf.pages
    assert (page.next_cursor, page.heard, page.first) == (None, None, False)


async def test_a_list_and_lines(client: Client, shelf: Shelf) -> None:
    assert (await send(client, [ITEM, {"type": "delete", "id": "2"}]))[1]["accepted"] == 2
    lines = b'{"id": 3, "text": "x"}\r\n\n{"id": 4, "text": "y"}\n'
    assert (await send(client, lines))[1] == {"accepted": 2, "refused": []}
    assert shelf.ids == ["1", "2", "3", "4"]
    assert await send(client, []) == (200, {"accepted": 0, "refused": []})


async def test_what_does_not_fit_is_named_and_the_rest_is_kept(client: Client, shelf: Shelf) -> None:
    status, body = await send(client, [{"id": "1"}, ITEM, 5])
    assert (status, body["accepted"], body["refused_count"]) == (200, 1, 2)
    assert body["refused"] == [
        {"index": 0, "error": "text: it is empty"},
        {"index": 2, "error": "item: it is no JSON object"},
    ]
    status, body = await send(client, b'{"id": 9, "text": "x"}\n{"id": 10, "te')
    assert (status, [one["index"] for one in body["refused"]]) == (200, [1])
    assert shelf.ids == ["1", "9"]


async def test_nothing_that_fits_is_422(client: Client, shelf: Shelf) -> None:
    status, body = await send(client, [{"id": "1"}] * 150)
    assert (status, body["status"], body["accepted"]) == (422, 422, 0)
    assert (len(body["refused"]), body["refused_count"]) == (100, 150)
    assert shelf.pages == []


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"5", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 50_000, b"<x/>\n<y/>"]
)
async def test_no_json_is_400(client: Client, shelf: Shelf, body: bytes) -> None:
    sent = headers(b"{}")
    # The library signs text only; bytes that are none are signed by hand.
    digest = hmac.new(b"0123456789abcdef01234567", f"msg_1.{NOW}.".encode() + body, hashlib.sha256).digest()
    sent["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    assert (await send(client, body, sent))[0] == 400
    assert shelf.pages == []


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "soon"},
        {"webhook-id": "x" * 5_000},
    ],
)
async def test_a_wrong_signature_says_nothing_more(
    client: Client, shelf: Shelf, change: dict[str, str]
) -> None:
    data = json.dumps(ITEM).encode()
    status, body = await send(client, data, {**headers(data), **change})
    assert (status, body["detail"]) == (401, "the signature does not fit")
    assert shelf.pages == []


async def test_without_any_signature_or_too_late(client: Client, shelf: Shelf) -> None:
    data = json.dumps(ITEM).encode()
    for sent in ({}, headers(data, at=NOW - 301), headers(data, at=NOW + 301), headers(b"{}")):
        assert (await send(client, data, sent))[0] == 401
    assert shelf.pages == []
    assert (await send(client, data, headers(data, at=NOW - 299)))[0] == 200


async def test_two_secrets_while_senders_change_over(client: Client) -> None:
    data = json.dumps(ITEM).encode()
    assert (await send(client, data, headers(data, OLD)))[0] == 200
    other = "whsec_" + base64.b64encode(b"nobody knows this secret").decode()
    assert (await send(client, data, headers(data, other)))[0] == 401


async def test_too_much_is_413_compressed_or_not(client: Client, shelf: Shelf) -> None:
    data = json.dumps({**ITEM, "text": "x" * 200_000}).encode()
    assert (await send(client, data))[0] == 413
    packed = gzip.compress(data)
    assert len(packed) < 1_000
    sent = {**headers(data), "Content-Encoding": "gzip"}
    assert (await send(client, packed, sent))[0] == 413

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    answer = await client.post(PATH, data=slowly(), headers=headers(b"{}"))
    assert answer.status == 413
    assert shelf.pages == []


async def test_a_body_that_does_not_come_is_408_and_lets_others_in(
    client: Client, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_PATIENCE", 0.1)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    slow = [client.post(PATH, data=never(), headers=headers(b"{}")) for _ in range(20)]
    answers = await asyncio.gather(*slow)
    assert {answer.status for answer in answers} == {408}
    assert (await send(client, ITEM))[0] == 200


async def test_a_body_that_is_no_gzip_is_400(client: Client, shelf: Shelf) -> None:
    sent = {**headers(b"x"), "Content-Encoding": "gzip"}
    answer = await client.post(
        PATH, data=b"no gzip at all", headers=sent, skip_auto_headers=["Content-Encoding"]
    )
    assert (answer.status, shelf.ids) == (400, [])


async def test_the_answer_comes_after_the_commit(client: Client, shelf: Shelf) -> None:
    shelf.gate.clear()
    sending = asyncio.create_task(send(client, ITEM))
    done, _ = await asyncio.wait([sending], timeout=0.2)
    assert not done
    shelf.gate.set()
    assert (await sending)[0] == 200 and shelf.ids == ["1"]


async def test_a_store_that_cannot_keep_is_503(client: Client, shelf: Shelf) -> None:
    shelf.failure, shelf.full_after = StoreError("disk full at /secret/place"), 1
    many = [{"id": number, "text": "x"} for number in range(PAGE + 1)]
    data = json.dumps(many).encode()
    answer = await client.post(PATH, data=data, headers=headers(data))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "secret" not in await answer.text()
    # Sent again it is kept whole; what had been kept dies on its id.
    shelf.failure = None
    assert (await send(client, many))[1]["accepted"] == PAGE + 1
    assert len(set(shelf.ids)) == PAGE + 1


PAGE_OF_DOCS = Path(__file__).parents[3] / "docs" / "sources" / "ingest.md"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "command"), [("python", [sys.executable, "-"]), ("sh", ["bash", "-euo", "pipefail"])]
)
async def test_the_examples_of_the_documentation_work(
    shelf: Shelf, language: str, command: list[str]
) -> None:
    if language == "sh" and not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not installed")
    text = PAGE_OF_DOCS.read_text(encoding="utf-8")
    (example,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    app = web.Application()
    app.router.add_post(PATH, Door(Options(secret=SecretStr(SECRET)), shelf.keep).take)
    async with TestServer(app, host="127.0.0.1") as server:
        known = {**os.environ, "INGEST_SECRET": SECRET, "INGEST_URL": str(server.make_url(PATH))}
        running = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={name: value for name, value in known.items() if "proxy" not in name.lower()},
        )
        told, _ = await running.communicate(example.encode())
    assert json.loads(told) == {"accepted": 1, "refused": []}
    assert len(shelf.events) == 1
