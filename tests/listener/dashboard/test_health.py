"""Health: degraded while anything fails or is about to, 503 only while nothing can be kept, good again afterwards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from listener.config import load
from listener.dashboard import health
from listener.dashboard.app import make_app
from listener.station import Station, open_station
from storage import ledger, outbox

NOW = 1_790_000_000  # a Monday, 14:13 UTC; the letter's bell rang at 08:00
CONFIG = """brands: [{name: Acme, own: true}]
sources: {hackernews: {}}
channels: {console: {}, webhook: {url: "http://127.0.0.1:9/x"}}
digest: {cron: "0 8 * * MON", channels: [console]}
"""
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def told(client: Client) -> tuple[int, str, list[str]]:
    answer = await client.get("/healthz")
    body = await answer.json()
    return answer.status, body["status"], body["problems"]


async def metric(client: Client, name: str) -> str:
    text = await (await client.get("/metrics")).text()
    (line,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
    return line.rpartition(" ")[2]


@pytest.mark.parametrize(
    ("free", "status", "word", "says"),
    [
        (600_000_000, 200, "ok", ""),
        (400_000_000, 200, "degraded", "the disk is nearly full, 400 MB are left"),
        (30_000_000, 503, "failing", "the disk is full, 30 MB are left"),
    ],
)
async def test_a_disk_that_fills_is_told_and_one_that_is_full_is_no_health(
    client: Client, monkeypatch: pytest.MonkeyPatch, free: int, status: int, word: str, says: str
) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    answer = await told(client)
    assert answer[:2] == (status, word)
    assert "".join(answer[2]).startswith(says)
    assert await metric(client, "listener_store_writable") == f"{float(status == 200)}"


async def test_a_writer_that_is_stuck_is_told_then_is_no_health_and_is_forgotten_when_it_goes_on(
    client: Client, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        begun.set()
        gate.wait(20)

    writing = asyncio.create_task(station.writer.store(hold))
    await asyncio.to_thread(begun.wait, 10)
    assert (await told(client))[1] == "ok"
    monkeypatch.setattr(health, "SLOW", 0.0)
    status, word, (problem,) = await told(client)
    assert (status, word) == (200, "degraded") and "has been writing for" in problem
    monkeypatch.setattr(health, "STUCK", 0.0)
    status, word, (problem,) = await told(client)
    assert (status, word) == (503, "failing") and problem.startswith("nothing is kept")
    gate.set()
    await writing
    assert await told(client) == (200, "ok", [])


async def test_a_store_that_cannot_be_read_is_no_health_and_no_scrape(
    client: Client, station: Station
) -> None:
    database = station.config.database
    await station.writer.store(lambda store: store.checkpoint())
    # In its place, as a disk does it: the daemon ends by itself where the file is replaced.
    with database.open("r+b") as file:
        file.write(b"\0" * database.stat().st_size)
    status, word, problems = await told(client)
    assert (status, word) == (503, "failing") and problems[0].startswith("the store cannot be read")
    answer = await client.get("/metrics")
    assert answer.status == 503 and answer.content_type == "application/problem+json"


async def test_a_message_that_is_due_for_an_hour_is_owed_on_configured_channels_alone(
    client: Client, station: Station
) -> None:
    await station.writer(lambda db: outbox.put(db, ["webhook", "gone"], "k", "test", {}, [], NOW - 3601))
    assert await told(client) == (
        200,
        "degraded",
        ["channel webhook owes 1 message, the first since Mon 21 Sep, 13:13"],
    )
    await station.writer(lambda db: db.run("UPDATE outbox SET created_at = ?", (NOW - 3600,)))
    assert (await told(client))[1] == "ok"


async def test_a_letter_is_overdue_until_it_is_written_and_not_before_the_daemon_had_time(
    client: Client, station: Station
) -> None:
    station.born = NOW - 30 * 86_400
    assert (await told(client))[1] == "ok", "the daemon began this second"
    station.config_at = NOW - 901
    status, word, (problem,) = await told(client)
    assert (status, word) == (200, "degraded")
    assert problem == "the letter was to be written at Mon 21 Sep, 08:00, and is not; see the log"
    await station.writer(lambda db: ledger.add_digest(db, "digest-2026-W38", 0, 1, NOW))
    assert (await told(client))[1] == "ok"


async def test_a_store_younger_than_the_bell_owes_no_letter(client: Client, station: Station) -> None:
    station.config_at = NOW - 86_400
    station.born = NOW - 3600
    assert (await told(client))[1] == "ok"
    station.born = NOW - 7 * 3600
    assert (await told(client))[1] == "ok", "a week before there was a Listener has nothing to tell"


async def test_a_configuration_that_was_not_taken_is_told(client: Client, station: Station) -> None:
    station.config_good = False
    status, word, (problem,) = await told(client)
    assert (status, word) == (200, "degraded")
    assert problem == "config.yaml changed and has mistakes; see the log"
    station.config_good = True
    assert (await told(client))[1] == "ok"
