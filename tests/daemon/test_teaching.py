"""What people teach while the daemon runs: it judges by the head from then on, history is judged again beside it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import aiohttp
import pytest
from house import House, MakeHouse, feeds, rule, until
from servers import FaultServer
from town import Board, Item

WORDS = ("Morvane is so wicked", "Morvane is awful", "Morvane again", "love Morvane")
TRUTHS = ("positive", "negative", "neutral", "positive")


def items(count: int) -> list[Item]:
    now = time.time()
    return [Item(f"{WORDS[n % 4]}, item {n}", f"i{n}", now - 3_600 + n) for n in range(count)]


def judged(house: House) -> dict[str, int]:
    return dict(
        house.rows("SELECT e.name, count(*) FROM mentions m JOIN engines e ON e.id = m.engine_id GROUP BY 1")
    )


def labels(house: House) -> str:
    lines = ["id,label"]
    for id_, text in house.rows("SELECT id, text FROM posts"):
        lines += [f"{id_},{truth}" for words, truth in zip(WORDS, TRUTHS, strict=True) if words in text]
    return "\n".join(lines) + "\n"


async def post(house: House, said: dict[str, Any]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.address + "/api/v1/corrections", json=said) as answer,
    ):
        return answer.status


@pytest.mark.server
@pytest.mark.timeout(120)
async def test_the_daemon_takes_up_a_head_and_gives_it_back(
    server: FaultServer, new_house: MakeHouse
) -> None:
    board = Board(server, "/town", items(80))
    angry = rule("happy", "positive_share > 0.3")
    house = new_house(
        sources=feeds({"town": board.url}),
        sentiment={"engine": "vader"},
        channels={"webhook": {"url": "${HOOK}"}},
        alerts={"rules": [{**angry, "min_n": 10}]},
    )
    await house.start()
    await house.until_kept(80)
    assert await post(house, {"id": 1, "label": "positive"}) == 200
    file = house.folder / "labels.csv"
    file.write_text(labels(house), encoding="utf-8")
    out = await house.command("correct", "--file", str(file), "--sampled")
    found = re.search(r"vader-3\.3\.2\+head-[0-9a-f]{8}", out)
    assert found, out
    await until(lambda: house.said("another tone engine judges from now on"), "the daemon takes up the head")
    (line,) = house.said("another tone engine judges from now on")
    assert (line["engine"], line["before"]) == (found[0], "vader-3.3.2")
    board.items += items(84)[80:]
    await house.until_kept(84)
    assert judged(house) == {"vader-3.3.2": 80, found[0]: 4}
    # What it judges by now survives a restart.
    told = json.loads((await house.command("rejudge", "--since", "1d", "--json")).splitlines()[-1])
    assert (told["engine"], told["judged"], told["changed"] >= 20) == (found[0], 84, True)
    assert judged(house) == {found[0]: 84}
    await asyncio.sleep(2.5)
    assert house.count("alert_events") == 0, "an alert fired by what was judged again"
    await house.stop()
    await house.start()
    board.items += items(88)[84:]
    await house.until_kept(88)
    assert judged(house) == {found[0]: 88}
    await house.command("tone", "head", "--retire")
    await until(lambda: house.said("another tone engine judges from now on"), "the daemon gives it back")
    assert house.said("another tone engine judges from now on")[0]["engine"] == "vader-3.3.2"
    await house.stop()
