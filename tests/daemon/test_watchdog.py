"""The real daemon under a supervisor: ready when it serves, pings while it can write, none when its writer is stuck."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from contextlib import closing, suppress

import aiohttp
import pytest
from house import MakeHouse, feeds, until
from servers import FaultServer
from town import Board, posts

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]

WATCHDOG = 0.4


async def test_ready_pings_and_a_stuck_writer(server: FaultServer, new_house: MakeHouse) -> None:
    board = Board(server, "/feed", posts(3))
    said: list[str] = []
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ear:
        ear.bind("")
        ear.setblocking(False)

        def heard() -> list[str]:
            with suppress(BlockingIOError):
                while True:
                    said.extend(ear.recv(4096).decode().split("\n"))
            return said

        name = ear.getsockname().decode().replace("\0", "@", 1)
        house = new_house(
            environment={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))},
            sources=feeds({"town": board.url}, poll="1s"),
        )
        await house.start()
        await until(lambda: "READY=1" in heard(), "it is ready")
        assert said[0] == "STATUS=Opening the store"
        async with aiohttp.ClientSession() as session, session.get(f"{house.address}/healthz") as answer:
            assert answer.status == 200
        await until(lambda: heard().count("WATCHDOG=1") >= 3, "pings come")
        await until(lambda: "STATUS=Listening" in heard(), "it says how it is")
        await house.until_kept(3)

        with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            board.items += posts(3, first=10)
            await board.read()
            # A ping or two may be on their way; then the writer waits for the lock, and a watchdog would have bitten.
            await asyncio.sleep(1.0)
            heard()
            said.clear()
            await asyncio.sleep(2 * WATCHDOG)
            assert heard() == []
            other.execute("ROLLBACK")
        await until(lambda: "WATCHDOG=1" in heard(), "pings come again")
        await house.stop()
        assert heard()[-2:] == ["STOPPING=1", "STATUS=Stopping"]
