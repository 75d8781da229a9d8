"""The daemon under a clock that is set while it runs (libfaketime): each letter reaches its receiver once."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from house import House, MakeHouse, feeds, until
from servers import FaultServer, Reply
from town import Board, Item, opening

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
HOOK = {"webhook": {"url": "${HOOK}"}}
MADRID = ZoneInfo("Europe/Madrid")
# The clock was put forward on Sunday: this week has 167 hours.
MONDAY = datetime(2026, 3, 30, 7, 59, 0, tzinfo=MADRID)
WEEK = 7 * 86_400

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(not LIBRARY.exists(), reason="needs libfaketime: apt install faketime"),
]


def set_clock(file: Path, to: datetime) -> None:
    """Let it be that time from now on, for every process that reads the file."""
    file.write_text(f"{to.timestamp() - time.time():+.3f}\n")


async def write_letters(house: House, server: FaultServer, number: int) -> None:
    await until(lambda: house.count("digests") == number, f"{number} letters are written")
    await until(lambda: len(server.seen("/hook")) == number, f"{number} letters arrive")


async def test_each_letter_is_sent_once_although_the_clock_jumps(
    server: FaultServer, new_house: MakeHouse, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    set_clock(clock, MONDAY)
    server.script("/hook", Reply())
    week = MONDAY.timestamp() - 3 * 86_400
    board = Board(server, "/feed", [opening(), Item("Morvane last week", "old", week)])
    house = new_house(
        timezone="Europe/Madrid",
        sources=feeds({"town": board.url}),
        channels=HOOK,
        digest={"cron": "0 8 * * MON", "channels": ["webhook"]},
    )
    house.environment |= {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    await house.start()
    await house.until_kept(1)
    await house.stop()
    house.born(MONDAY.timestamp() - 3 * WEEK)
    house.heard_since("town", MONDAY.timestamp() - 2 * WEEK)
    set_clock(clock, MONDAY)
    await house.start()
    # Before the bell the letter of the week before is overdue: late rather than never.
    await write_letters(house, server, 1)
    # The clock is put forward past the bell while it runs.
    set_clock(clock, MONDAY.replace(hour=8, minute=0, second=30))
    await write_letters(house, server, 2)
    # It is set back, and eight o'clock comes again.
    set_clock(clock, MONDAY.replace(second=57))
    await asyncio.sleep(9)
    assert (house.count("digests"), len(server.seen("/hook"))) == (2, 2)
    # A week is skipped while it is off.
    await house.kill()
    set_clock(clock, MONDAY.replace(month=4, day=6, hour=9))
    await house.start()
    await write_letters(house, server, 3)
    keys = [row[0] for row in house.rows("SELECT key FROM digests ORDER BY key")]
    assert keys == ["digest-2026-W12", "digest-2026-W13", "digest-2026-W14"]
    told = [seen.json() for seen in server.seen("/hook")]
    hours = [(letter["data"]["until"] - letter["data"]["since"]) / 3600 for letter in told]
    assert hours == [168, 167, 168]
    await house.stop()
