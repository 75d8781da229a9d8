"""GET /api/v1/kpis: a page that is committed while a number is read is in all of it, or in nothing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pages import HACKERNEWS, page, post

from listener.config import load
from listener.dashboard.app import make_app
from listener.station import Station, open_station
from storage.kpi import speakers
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
CONFIG = "brands: [{name: Acme, own: true}]\nsources: {hackernews: {}}\n"


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        kept = page([post("0", NOW - 3600, author="ana")], (NOW - 7 * 86_400, NOW), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


async def test_who_is_new_and_who_spoke_are_of_one_moment(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = speakers._newcomers

    def read_then_committed(*asked: Any) -> Any:
        found = read(*asked)
        store = SqliteStore(station.config.database)
        store.commit(page([post("1", NOW - 1800, author="zoe")], (NOW - 7 * 86_400, NOW), source=HACKERNEWS))
        store.close()
        return found

    monkeypatch.setattr(speakers, "_newcomers", read_then_committed)
    async with TestClient[Any, Any](TestServer(make_app(station), host="127.0.0.1")) as client:
        answer = await client.get("/api/v1/kpis?kpi=new_authors&since=1d")
        (told,) = (await answer.json())["kpis"]
        # Of one author one is new; that nobody had spoken before but one of two is true of no moment.
        assert (told["value"], told["authors"]) == (1, 1)
