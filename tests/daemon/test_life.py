"""How the daemon lives and dies: it stops at once, refuses what it must, and fails with words that help."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from house import House, MakeHouse, feeds, rule, until
from servers import FaultServer, Reply
from town import Board, Item, keys_of, opening, posts, rss

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

A_SECOND = 1.0
HOOK = {"webhook": {"url": "${HOOK}"}}
SECRET_PATH = "/hook/T0PSECRETPATH"
PASSWORD = "p4ssw0rd-of-the-mail-server"
WORDS = "Morvane gossip zanzibarquux"


async def test_sigterm_when_idle(server: FaultServer, new_house: MakeHouse) -> None:
    board = Board(server, "/feed", posts(3))
    house = new_house(sources=feeds({"town": board.url}, poll="60s"), digest={"cron": "0 8 * * MON"})
    await house.start()
    await house.until_kept(3)
    assert await house.stop() < A_SECOND
    assert house.said("stopped")


async def test_sigterm_in_the_middle_of_ten_thousand(server: FaultServer, new_house: MakeHouse) -> None:
    board = Board(server, "/feed", posts(10_000))
    house = new_house(sources=feeds({"town": board.url}))
    await house.start()
    await house.until_kept(1_000)
    assert await house.stop() < A_SECOND
    kept = house.count("posts")
    assert 1_000 <= kept < 10_000, "it stopped too late to show anything"
    assert house.count("posts") == house.count("mentions") == house.rows("SELECT items FROM sources")[0][0]


async def test_sigterm_while_a_source_and_a_channel_hang(server: FaultServer, new_house: MakeHouse) -> None:
    server.script("/slow", Reply(hang=True))
    server.script("/hook", Reply(hang=True))
    house = new_house(sources=feeds({"slow": server.url("/slow")}), channels=HOOK)
    await house.start()
    await server.got("/slow")
    await house.stop()
    house.lay_out(["webhook"], ["the-message"])
    await house.start()
    await server.got("/slow", 2)
    await server.got("/hook")
    assert await house.stop() < A_SECOND


async def test_sigterm_while_another_program_holds_the_store(
    server: FaultServer, new_house: MakeHouse
) -> None:
    board = Board(server, "/feed", posts(3))
    house = new_house(sources=feeds({"town": board.url}))
    await house.start()
    await house.until_kept(3)
    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        board.items += posts(3, first=10)
        await board.read()
        await asyncio.sleep(1)  # nothing tells from outside that the writer waits by now
        assert await house.stop() < A_SECOND


async def test_sigterm_while_the_engine_judges_for_long(server: FaultServer, new_house: MakeHouse) -> None:
    # One page that takes the engine some ten seconds.
    words = "Morvane is " + "not very good, " * 300
    # It comes after the short page: the engine judges one at a time, and the other must not wait behind it.
    gate = asyncio.Event()
    server.script("/long", Reply(body=rss(posts(500, text=words)), gate=gate))
    town = Board(server, "/town", posts(3))
    house = new_house(sources=feeds({"long": server.url("/long"), "town": town.url}))
    await house.start()
    await server.got("/long")
    await house.until_kept(3)
    gate.set()
    await asyncio.sleep(1)  # nothing tells from outside that the engine works by now
    assert await house.stop() < A_SECOND
    assert house.count("posts") == 3, "it was not judging any more: this showed nothing"


async def test_sigterm_while_a_name_is_looked_up(new_house: MakeHouse, tmp_path: Path) -> None:
    # What a resolver does for half a minute when there is no network, in the daemon's own process.
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, sys, time\n"
        "def wait(*_):\n"
        '    print(\'{"event": "looking up"}\', file=sys.stderr, flush=True)\n'
        "    time.sleep(10)\n"
        "socket.getaddrinfo = wait\n",
        encoding="utf-8",
    )
    house = new_house(
        environment={"PYTHONPATH": str(tmp_path)}, sources=feeds({"away": "http://example.invalid/feed"})
    )
    house.launch()
    await until(lambda: house.said("looking up"), "a name is looked up")
    assert await house.stop() < A_SECOND


async def test_sigterm_while_the_engine_is_loaded(new_house: MakeHouse, tmp_path: Path) -> None:
    engine = tmp_path / "vaderSentiment"
    engine.mkdir()
    (engine / "__init__.py").touch()
    (engine / "vaderSentiment.py").write_text(
        "import sys, time\n"
        'print(\'{"event": "loading"}\', file=sys.stderr, flush=True)\n'
        "time.sleep(10)\n"
        "class SentimentIntensityAnalyzer: ...\n",
        encoding="utf-8",
    )
    house = new_house(environment={"PYTHONPATH": str(tmp_path)}, sentiment={"engine": "vader"})
    house.launch()
    await until(lambda: house.said("loading"), "the engine is being loaded")
    assert await house.stop() < A_SECOND


async def test_a_second_daemon_is_refused_with_the_pid_of_the_first(new_house: MakeHouse) -> None:
    first = new_house()
    await first.start()
    second = House(first.folder, first.settings)
    try:
        second.runs = 10
        second.launch()
        assert await second.ended() == 1
    finally:
        second.put_away()
    assert first.process is not None
    assert f"another daemon (pid {first.process.pid}) already runs" in second.errors()
    assert (await first.health())["status"] == "ok"


async def test_a_taken_port(new_house: MakeHouse) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        house = new_house(dashboard={"port": port})
        house.launch()
        assert await house.ended() == 2
    assert f"cannot serve on 127.0.0.1:{port}" in house.errors()
    assert "set another dashboard.port" in house.errors()
    assert "Traceback" not in house.errors()


async def test_without_a_network_it_stays_up_and_points_to_the_demo(new_house: MakeHouse) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        port = nobody.getsockname()[1]
    house = new_house(sources=feeds({"a": f"http://127.0.0.1:{port}/a", "b": f"http://127.0.0.1:{port}/b"}))
    await house.start()
    lines = await until(
        lambda: [line for line in house.log() if "make demo" in str(line)], "it points to the demo"
    )
    assert len(lines) == 1
    assert "is there a network?" in lines[0]["event"]
    assert (await house.health())["status"] == "degraded"
    assert await house.stop() < A_SECOND


async def test_beyond_loopback_only_with_a_token(new_house: MakeHouse) -> None:
    house = new_house(dashboard={"host": "0.0.0.0", "port": 0})
    house.launch()
    assert await house.ended() == 2
    assert "listener token add" in house.errors()

    token = (await house.command("token", "add", "laptop")).strip()
    await house.start()
    house.address = house.address.replace("0.0.0.0", "127.0.0.1")
    for path in ("/api/v1/kpis", "/api/v1/mentions", "/api/v1/alerts", "/"):
        status, _ = await house.get(path, {"Authorization": "Bearer wrong"})
        assert status == 401
        async with aiohttp.ClientSession() as session, session.get(house.address + path) as answer:
            assert answer.status == 401
    status, _ = await house.get("/api/v1/kpis", {"Authorization": f"Bearer {token}"})
    assert status == 200
    assert token not in house.database.read_bytes().decode("latin-1")


@pytest.mark.slow
async def test_a_store_locked_for_longer_than_patience(server: FaultServer, new_house: MakeHouse) -> None:
    board = Board(server, "/feed", posts(3))
    house = new_house(sources=feeds({"town": board.url}))
    await house.start()
    await house.until_kept(3)
    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        board.items += posts(3, first=10)
        assert await house.ended(within=60) == 1
        assert time.monotonic() - started > 25
    told = house.errors()
    assert "database is locked" in told
    assert "another program has held the write lock for too long" in told
    assert "Traceback" not in told
    await house.start()
    await house.until_kept(6)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False)
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_a_full_disk(server: FaultServer, new_house: MakeHouse, small_disk: Path) -> None:
    board = Board(server, "/feed", posts(200, text="Morvane {n} " + "word " * 40))
    url = f"sqlite:///{small_disk}/listener.db"
    house = new_house(sources=feeds({"town": board.url}), storage={"url": url})
    await house.start()
    database = small_disk / "listener.db"

    def kept() -> set[str]:
        with closing(sqlite3.connect(database)) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return {row[0] for row in store.execute("SELECT native_id FROM posts")}

    await board.read(2)
    board.items += posts(10_000, first=1_000, text="Morvane {n} " + "word " * 200)
    assert await house.ended(within=60) == 1
    told = house.errors()
    assert "the disk is full" in told
    assert "nothing that was kept is lost" in told
    assert "Traceback" not in told
    before = kept()
    assert len(before) >= 200

    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=64m", small_disk], check=True)
    await house.start()
    await until(lambda: len(kept()) == 10_200, "the rest is kept too", 60)
    assert before < kept()


@pytest.mark.slow
async def test_the_letter_is_sent_once_however_often_the_daemon_restarts(
    server: FaultServer, new_house: MakeHouse
) -> None:
    server.script("/hook", Reply())
    week = 7 * 86400
    board = Board(server, "/feed", [opening(), Item("Morvane last week", "old", time.time() - week)])
    house = new_house(
        sources=feeds({"town": board.url}),
        channels=HOOK,
        digest={"cron": "* * * * *", "channels": ["webhook"]},
    )
    await house.start()
    await house.until_kept(2)
    await house.stop()
    assert server.seen("/hook") == [], "no letter before the bell rang for the first time"
    house.born(time.time() - 2 * week)
    house.heard_since("town", time.time() - 2 * week)
    for run in range(3):
        await house.start()
        await (house.until_delivered(1) if run == 0 else board.read(2))
        await (house.kill() if run == 1 else house.stop())
    assert house.count("digests") == 1
    assert len(server.seen("/hook")) == 1
    assert server.seen("/hook")[0].json()["type"] == "digest"


async def test_secrets_and_posts_stay_out_of_the_log(server: FaultServer, new_house: MakeHouse) -> None:
    server.script(SECRET_PATH, Reply(500, body=f"{WORDS} {SECRET_PATH}"))
    server.script("/gone", Reply(404, body=WORDS))
    server.script("/broken", Reply(body=rss(posts(3, text=WORDS))[:-60]))
    board = Board(server, "/feed", [opening()])
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        mail = {
            "host": "127.0.0.1",
            "port": nobody.getsockname()[1],
            "from": "l@example.com",
            "to": ["t@example.com"],
        }
    keyed = {
        "gone": f"{server.url('/gone')}?key=T0PSECRETPATH",
        "broken": server.url("/broken"),
        "town": board.url,
    }
    house = new_house(
        environment={"HOOK": server.url(SECRET_PATH), "MAIL": PASSWORD},
        sources=feeds(keyed),
        channels={**HOOK, "email": {**mail, "username": "listener", "password": "${MAIL}"}},
        alerts={"rules": [rule("any", "mentions >= 5", ["webhook", "email"])]},
    )
    await house.start()
    await house.until_kept(1)
    board.items += posts(10, text=WORDS + " {n}")
    await until(lambda: len(house.said("channel fails")) == 2, "both channels fail")
    await until(lambda: len(house.said("source is down")) == 2, "both sources are down")
    health = str(await house.health())
    house.signal(signal.SIGTERM)
    assert await house.ended() == 0
    for told in (house.errors(), health, await house.command("alerts"), await house.command("sources")):
        for secret in ("T0PSECRETPATH", PASSWORD, "zanzibarquux"):
            assert secret not in told
    assert keys_of(server, SECRET_PATH), "the secret address was really used"
