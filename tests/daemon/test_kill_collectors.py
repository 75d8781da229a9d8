"""kill -9 at random moments while every registered collector listens: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

# The worlds of the contract suite.
from collector_contract import Truth
from collector_worlds import OTHERWISE, WORLDS, IngestWorld
from house import House, Late, MakeHouse, until

from listener.collectors import COLLECTORS
from storage.journal import Journal, is_hashed

KILLS = 12
BATCH = 40
LESS_AT_ONCE = {"lobsters", "producthunt", "telegram", "threads", "x"}
"""They read less in a poll than is written here in a minute, and call the rest lost; X reads whole hours within its
budget. That no crash loses what they read is tested in the contract, and of X in test_x_budget.py."""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Town:
    """All worlds at once, and what was written in them."""

    def __init__(self, worlds: dict[str, Any]) -> None:
        self.worlds = worlds
        self.truths = {kind: Truth(world) for kind, world in worlds.items()}
        self._next = 0

    async def write(self, count: int, *, and_change: bool = False) -> None:
        """Write so many posts in every world; change one and take one back of those that were written before."""
        now, first = int(time.time()), self._next
        self._next += count
        for truth in self.truths.values():
            for number in range(first, first + count):
                await truth.post(number, now)
            if and_change and "edit" in truth.world.can:
                await truth.edit(first - 1, f"Morvane says {first - 1} otherwise")
            if and_change and "delete" in truth.world.can:
                await truth.delete(first - 2)

    @property
    def written(self) -> dict[tuple[str, str], str | None]:
        return {
            (kind, native_id): text
            for kind, truth in self.truths.items()
            for native_id, text in truth.texts.items()
        }


def kept(house: House, town: Town) -> dict[tuple[str, str], str | None]:
    """Texts by kind and native id; None where only the count is left; hashed ids are read."""
    rows = house.rows(
        "SELECT s.kind, s.name, p.native_id, p.text, p.erased_at FROM posts p JOIN sources s ON s.id = p.source_id"
    )
    journal = Journal(house.database)
    names = {(kind, name) for kind, name, native_id, *_ in rows if is_hashed(native_id)}
    hashed = {
        (kind, journal.hashed(name, written)): written
        for kind, name in names
        for written in town.truths[kind].texts
    }
    found = {
        (kind, hashed.get((kind, native_id), native_id)): None if erased else text
        for kind, _, native_id, text, erased in rows
    }
    assert len(found) == len(rows), "kept twice"
    return found


def differences(house: House, town: Town) -> list[tuple[str, str]]:
    """What is not kept as it was written. What was taken back before we heard of it need not be known."""
    found, written = kept(house, town), town.written
    return sorted(
        key
        for key in written.keys() | found.keys()
        if found.get(key) != written.get(key) or (key in found) > (key in written)
    )


async def all_kept(house: House, town: Town, within: float = 60) -> None:
    """Wait until everything that was written is kept as it was written."""
    try:
        await until(lambda: not differences(house, town), "all is kept as it was written", within)
    except Late:
        wrong = differences(house, town)
        raise AssertionError(f"{len(wrong)} are not kept as they were written: {wrong[:9]}") from None


@contextlib.asynccontextmanager
async def sending(world: IngestWorld | None, url: str) -> AsyncIterator[None]:
    """Send what waits in the world of the door again and again, whether the daemon is there or not."""
    if world is None:
        yield
        return

    async def send() -> None:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    if world.waiting:
                        await world.send(session, url)
                await asyncio.sleep(0.02)

    task = asyncio.create_task(send())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("seed", "otherwise"), [(1, {}), (2, {"mastodon": "mastodon-streamed"})], ids=["asked", "streamed"]
)
async def test_kills_while_every_collector_listens(
    new_house: MakeHouse, seed: int, otherwise: dict[str, str]
) -> None:
    rng = random.Random(seed)
    made = {kind: OTHERWISE[otherwise[kind]] if kind in otherwise else WORLDS[kind] for kind in COLLECTORS}
    # What brings figures alone writes no posts that a kill could lose.
    made = {
        kind: world for kind, world in made.items() if "figures" not in world.can and kind not in LESS_AT_ONCE
    }
    async with AsyncExitStack() as stack:
        worlds = {kind: await stack.enter_async_context(world()) for kind, world in made.items()}
        town, port = Town(worlds), free_port()
        house = new_house(
            sources={kind: world.options for kind, world in worlds.items()},
            dashboard={"port": port},
            environment={key: value for world in worlds.values() for key, value in world.environment.items()},
        )
        await stack.enter_async_context(sending(worlds.get("ingest"), f"http://127.0.0.1:{port}/ingest"))
        await house.start()
        await town.write(3)
        await all_kept(house, town)
        await house.stop()

        cut_off = 0
        for _ in range(KILLS):
            house.launch()
            # The worst moments lie between the daemon's first request and its last commit.
            await asyncio.sleep(rng.uniform(0.5, 1.2))
            await town.write(BATCH, and_change=True)
            await asyncio.sleep(rng.uniform(0.0, 0.9))
            await house.kill()
            cut_off += bool(differences(house, town))
        await house.start()
        await all_kept(house, town)
        await house.stop()
        assert not differences(house, town)
        assert house.count("mentions") == len(kept(house, town))
        assert cut_off >= 2, "the kills came too late to show anything"
