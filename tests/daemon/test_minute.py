"""Time passes without commits: rules are judged all the same."""

from __future__ import annotations

import asyncio

import pytest
from house import MakeHouse, feeds, rule
from servers import FaultServer, Reply
from town import Board, opening

from listener import daemon
from listener.config import load

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]


async def test_what_holds_for_long_enough_fires_although_nothing_is_said(
    server: FaultServer, new_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "JUDGE_EVERY", 0.2)
    server.script("/hook", Reply())
    board = Board(server, "/feed", [opening()])
    silence = rule("silence", "mentions < 1", over="1m", min_n=0, **{"for": "1s"})
    house = new_house(
        sources=feeds({"town": board.url}),
        channels={"webhook": {"url": server.url("/hook")}},
        alerts={"rules": [silence]},
    )
    running = asyncio.create_task(daemon.run(load(house.config, house.environment)))
    try:
        (told,) = await server.got("/hook")
        assert told.json()["type"] == "alert.fired"
        assert house.count("posts") == 1, "no commit could have made a rule look"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
