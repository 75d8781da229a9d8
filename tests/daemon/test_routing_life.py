"""The running daemon keeps silences that a command makes beside it, and tells in one message what waits in a group."""

from __future__ import annotations

import json

import pytest
from house import MakeHouse, feeds, rule, until
from servers import FaultServer
from town import Board, opening, posts


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_group_is_one_request_and_a_silence_beside_the_daemon_holds_until_it_is_ended(
    server: FaultServer, new_house: MakeHouse
) -> None:
    board = Board(server, "/feed", [opening()])
    rules = [
        rule("one", "mentions >= 3", cooldown="0s"),
        rule("two", "mentions >= 3", cooldown="0s"),
        rule("three", "mentions >= 3", cooldown="0s", severity="critical"),
    ]
    routes = [{"channels": ["webhook"], "group_by": ["brand"], "group_wait": "2s"}]
    house = new_house(
        sources=feeds({"town": board.url}),
        channels={"webhook": {"url": "${HOOK}"}},
        alerts={"rules": rules, "routes": routes},
    )
    await house.start()
    await board.read(2)
    await house.command("alerts", "silence", "--rule", "two", "--for", "1h", "--by", "ann", "--why", "known")
    board.items += posts(5)
    await until(lambda: len(server.seen("/hook")) == 1, "the group is told")
    told = json.loads(server.seen("/hook")[0].body)
    assert told["title"] == "2 alerts for Morvane"
    assert told["severity"] == "critical"
    assert told["key"].startswith("batch-")
    assert sorted(alert["rule"] for alert in told["data"]["alerts"]) == ["one", "three"]
    _, shown = await house.get("/api/v1/alerts")
    (held,) = [one for one in shown["undelivered"] if one["state"] == "withheld"]
    assert held["withheld"].endswith("(silence 1): known")
    await house.command("alerts", "silence", "end", "1", "--by", "bob")
    await until(lambda: len(server.seen("/hook")) == 2, "what still fires is told")
    assert json.loads(server.seen("/hook")[1].body)["rule"] == "two"
    await house.stop()
