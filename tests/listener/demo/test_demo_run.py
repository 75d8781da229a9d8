"""The whole demo as a newcomer meets it: the real daemon hears the invented world, an alert and a letter come."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listener.demo.world import BRANDS, WEEK, World

PATIENCE = 150  # the demo promises two minutes


async def lines_until(stream: asyncio.StreamReader, enough: Callable[[str], bool]) -> str:
    """Read lines until `enough` says so of everything read; fails with what came when the stream ends."""
    text = ""
    while not enough(text):
        line = await stream.readline()
        assert line, f"the demo ended too early:\n{text}"
        text += line.decode()
    return text


def counted(start: int) -> dict[str, int]:
    """Mentions per brand in the last complete week, counted from the world itself."""
    world = World(start)
    week = [item for item in world.seen(start) if world.since + WEEK <= item.at < world.since + 2 * WEEK]
    return {
        brand: sum(
            bool(re.search(rf"\b{brand}\b", f"{item.title or ''} {item.text}", re.IGNORECASE))
            for item in week
            if item.author != brand.lower()
        )
        for brand in BRANDS
    }


async def told(config: Path, start: int) -> dict[str, int]:
    """Mentions per brand in the last complete week, as the command says them."""
    since = World(start).since + WEEK
    days = [f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}" for moment in (since, since + WEEK)]
    command = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("listener"),
        *("kpi", "mentions", "--json", "--config", config, "--since", days[0], "--until", days[1]),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(command.communicate(), 60)
    assert command.returncode == 0
    return {value["brand"]: value["value"] for value in json.loads(output)}


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_an_alert_and_a_letter_come_and_the_numbers_are_those_of_the_world(tmp_path: Path) -> None:
    log = (tmp_path / "log").open("wb")
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "listener.demo", "--port=0", "--dashboard-port=0", f"--folder={tmp_path}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )
    log.close()
    try:
        assert demo.stdout is not None
        output = await asyncio.wait_for(
            lines_until(demo.stdout, lambda text: "Alert: Morvane" in text and "\nThe brands\n" in text),
            PATIENCE,
        )
        assert "Morvane" in output
        folder = next(tmp_path.glob("demo-*"))
        start = datetime.strptime(folder.name, "demo-%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        config = folder / "config.yaml"
        assert await told(config, int(start.timestamp())) == counted(int(start.timestamp()))
    finally:
        if demo.returncode is None:
            demo.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(demo.wait(), 20)
    assert code == 0
