"""Stories through the API: the largest of a time, one as a tree of who repeated whom, refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pages import HACKERNEWS, page, post

from listener.config import load
from listener.dashboard.app import make_app
from listener.station import Station, open_station

NOW = 1_790_000_000
CONFIG = "brands: [{name: Acme}, {name: Bolt}]\nsources: {}\nchannels: {console: {}}\n"
RELEASE = "Acme opens a new plant for blue kettles near the old harbour of Porto this autumn"
PATH = "/api/v1/stories"
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        posts = [
            replace(post("a", NOW - 9, "positive"), text=RELEASE),
            replace(post("b", NOW - 8, "negative", brands=("Acme", "Bolt")), text="see this", copy_of="a"),
            replace(post("c", NOW - 7, "neutral"), text="and this", copy_of="b"),
            replace(post("d", NOW - 6, "neutral"), text=RELEASE.upper()),
            replace(post("e", NOW - 8 * 86_400, "neutral"), text=f"{RELEASE} or so"),
        ]
        kept = page(posts, (NOW - 60, NOW), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def test_the_largest_stories_of_a_week_and_of_a_longer_time(client: Client) -> None:
    answer = await client.get(PATH)
    assert answer.status == 200
    (story,) = (await answer.json())["stories"]
    # The fifth post lies before the window, and begins the story nevertheless.
    assert (story["posts"], story["mentions"], story["negative"], story["positive"]) == (4, 5, 2, 1)
    longer = await client.get(PATH, params={"since": "30d", "brand": "acme", "limit": "1"})
    assert [one["posts"] for one in (await longer.json())["stories"]] == [5]
    bolt = await client.get(PATH, params={"brand": "Bolt"})
    assert (await bolt.json()) == {"stories": []}


async def test_one_story_is_a_tree(client: Client) -> None:
    answer = await client.get(f"{PATH}/4")
    told = (await answer.json())["copies"]
    shown = [(one["native_id"], one["depth"], one["repeats"]) for one in told]
    assert shown == [("e", 0, None), ("a", 1, None), ("b", 2, 1), ("c", 3, 2), ("d", 1, None)]
    assert told[2]["tones"] == {"Acme": "negative", "Bolt": "negative"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("?brnd=Acme", 400), ("?limit=0", 400), ("?brand=Zap", 400), ("/x", 400), ("/0", 400), ("/99", 404)],
)
async def test_what_is_not_there_is_refused(client: Client, path: str, status: int) -> None:
    answer = await client.get(PATH + path)
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
