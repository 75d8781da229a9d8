"""What another program changed of mentions that were counted already is counted anew, and told at once."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Any

import pytest
from house import MakeHouse, feeds, rule, until
from servers import FaultServer, Reply
from town import Board, Item, opening

from listener import daemon
from listener.config import load
from storage.kpi.recent import Recent

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]


async def test_a_tone_that_another_program_changed_is_seen_within_seconds(
    server: FaultServer, new_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    rows = Recent.rows

    def counting(self: Recent, *arguments: Any, **options: Any) -> Any:
        found = rows(self, *arguments, **options)
        seen.append(sum(row[5] for row in found))
        return found

    monkeypatch.setattr(Recent, "rows", counting)
    server.script("/hook", Reply())
    board = Board(server, "/feed", [opening()])
    house = new_house(
        sources=feeds({"town": board.url}),
        channels={"webhook": {"url": server.url("/hook")}},
        alerts={"rules": [rule("praise", "positive_mentions >= 1", over="30m")]},
    )
    running = asyncio.create_task(daemon.run(load(house.config, house.environment)))
    try:
        await board.read(1)
        # Some minutes old: of whole minutes, which are kept at hand.
        board.items.append(Item("Morvane, item one", "one", time.time() - 200))
        await until(lambda: seen and seen[-1] == 1, "the rule has counted it")
        with sqlite3.connect(house.database, timeout=10) as other:
            other.execute(
                "UPDATE mentions SET label = 1, p_positive = 0.9, p_negative = 0.05, p_neutral = 0.05"
            )
        other.close()
        # Long before the minute's look at every rule.
        (told,) = await server.got("/hook", timeout=15)
        assert told.json()["type"] == "alert.fired"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
