"""A backup that the real daemon is listening beside: put back, it goes on from there and ends with the same posts."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from house import LISTENER, House, MakeHouse, feeds
from servers import FaultServer
from town import Board, opening, posts

POSTS = 600
TOWNS = ("north", "south")


def listener(house: House, *arguments: str | Path, code: int = 0) -> str:
    ran = subprocess.run(
        [LISTENER, *arguments, "--config", house.config],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def kept(house: House) -> list[tuple[str, str]]:
    found = house.rows("SELECT s.name, p.native_id FROM posts p JOIN sources s ON s.id = p.source_id")
    return sorted((str(source), str(native_id)) for source, native_id in found)


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_backup_taken_while_it_listens_goes_on_to_the_same_posts(
    server: FaultServer, new_house: MakeHouse
) -> None:
    boards = {name: Board(server, f"/{name}", [opening()]) for name in TOWNS}
    house = new_house(sources=feeds({name: board.url for name, board in boards.items()}))
    await house.start()
    await house.until_kept(len(TOWNS))
    each = POSTS // len(TOWNS) // 10

    async def write() -> None:
        for part in range(10):
            for name, board in boards.items():
                board.items += posts(each, first=part * each, text=f"Morvane in the {name}, item {{n}}")
            await asyncio.sleep(0.3)

    writing = asyncio.create_task(write())
    await house.until_kept(POSTS // 6)
    saved = house.folder / "saved.tar"
    said = await asyncio.to_thread(listener, house, "backup", saved)
    await writing
    await house.until_kept(POSTS + len(TOWNS))
    assert "saved.tar" in said
    refused = await asyncio.to_thread(lambda: listener(house, "restore", saved, "--yes", code=1))
    assert "already runs" in refused
    await house.stop()
    everything = kept(house)
    assert len(everything) == POSTS + len(TOWNS)

    listener(house, "restore", saved, "--yes")
    assert "every sum is what its mentions come to" in listener(house, "check", "--deep")
    part = kept(house)
    assert len(TOWNS) < len(part) < len(everything), "the backup was taken before or after it all"
    # Each source's count, written with its page, is what is kept of it: this was a commit's end.
    items = house.rows(
        "SELECT s.name, s.items, count(p.id) FROM sources s JOIN posts p ON p.source_id = s.id GROUP BY 1, 2"
    )
    assert [(name, count) for name, count, _ in items] == [(name, count) for name, _, count in items]

    await house.start()
    await house.until_kept(POSTS + len(TOWNS))
    await house.stop()
    assert kept(house) == everything
    assert house.count("mentions") == POSTS + len(TOWNS)
