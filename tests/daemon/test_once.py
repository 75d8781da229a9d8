"""`listener once` as a cron job runs it: what one run heard is judged and told by that same run."""

from __future__ import annotations

import time
from pathlib import Path

from house import House, feeds, rule, settings
from servers import FaultServer, Reply
from town import Board, Item, opening

from listener.config import load
from listener.errands import run_once


async def test_posts_without_a_date_are_told_by_the_run_that_heard_them(
    server: FaultServer, tmp_path: Path
) -> None:
    server.script("/hook", Reply())
    board = Board(server, "/feed", [opening()])
    house = House(
        tmp_path,
        settings(
            sources=feeds({"town": board.url}),
            channels={"webhook": {"url": "${HOOK}"}},
            alerts={"rules": [rule("many", "mentions >= 2")]},
        ),
    )
    house.write()
    config = load(house.config, {"HOOK": server.url("/hook")})
    started = int(time.time())
    assert (await run_once(config, lambda: started)).failed == ()
    board.items += [Item("Morvane one"), Item("Morvane two")]
    # A clock that stands still: fetched and judged in the same second.
    assert (await run_once(config, lambda: started + 5)).failed == ()
    (seen,) = server.seen("/hook")
    assert seen.json()["data"]["value"] == 2
