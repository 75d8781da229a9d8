"""Fixtures of the daemon's tests: a local server, and houses that are put away whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, MakeHouse, settings
from servers import FaultServer
from town import Mailbox


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with Mailbox() as box:
        yield box


@pytest.fixture
def new_house(tmp_path: Path, server: FaultServer) -> Iterator[MakeHouse]:
    """Make a house: keywords are sections of config.yaml. `${HOOK}` is the server's /hook, `${SLACK}` its /slack."""
    made: list[House] = []

    def make(name: str = "house", environment: dict[str, str] | None = None, **sections: Any) -> House:
        known = {"HOOK": server.url("/hook"), "SLACK": server.url("/slack"), **(environment or {})}
        house = House(tmp_path / name, settings(**sections), known)
        house.write()
        made.append(house)
        return house

    yield make
    for house in made:
        house.put_away()
