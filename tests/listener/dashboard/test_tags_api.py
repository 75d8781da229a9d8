"""Tags through the API: written, counted, filtered by, taken off; refused where it is not clear."""

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
from storage.base import StoreError
from storage.desk import tags

NOW = 1_790_000_000
CONFIG = """brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
tags: [{name: sales, query: buy, route: sales}, {name: help, query: broken, route: care}]
sources: {}
channels: {console: {}}
"""
PATH = "/api/v1/tags"
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        posts = [
            replace(post("a", NOW - 9, "positive"), tags=("sales",)),
            post("b", NOW - 8, "neutral", brands=("Acme", "Bolt")),
        ]
        kept = page(posts, (NOW - 60, NOW), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def listed(client: Client, **asked: str) -> list[dict[str, Any]]:
    answer = await client.get(PATH, params=asked)
    assert answer.status == 200, await answer.text()
    found: list[dict[str, Any]] = (await answer.json())["tags"]
    return found


async def test_a_tag_is_written_counted_filtered_by_and_taken_off(client: Client) -> None:
    said = {"id": 2, "brand": "ac", "tag": " vip ", "by": "ann"}
    for new in (True, False):
        answer = await client.post(PATH, json=said)
        assert await answer.json() == {"id": 2, "brand": "Acme", "tag": "vip", "new": new}
    assert await listed(client, id="2") == [
        {"id": 2, "brand": "Acme", "tag": "vip", "at": "2026-09-21T14:13:20Z", "by": "ann"}
    ]
    counted = [(one["tag"], one["route"], one["mentions"]) for one in await listed(client, brand="Acme")]
    assert counted == [("sales", "sales", 1), ("help", "care", 0), ("vip", None, 1)]
    assert [one["mentions"] for one in await listed(client, brand="Acme", until="2020-01-01")] == [0, 0]
    for asked, ids in (({"tag": "vip"}, [2]), ({"route": "sales"}, [1]), ({"route": "care"}, [])):
        answer = await client.get("/api/v1/mentions", params=asked)
        assert [seen["id"] for seen in (await answer.json())["mentions"]] == ids
    assert (await client.delete(PATH, params={"id": "2", "tag": "vip", "brand": "Bolt"})).status == 404
    assert (await client.delete(PATH, params={"id": "2", "tag": "vip"})).status == 204
    assert await listed(client, id="2") == []


async def test_numbers_of_a_tag(client: Client) -> None:
    for asked, expected in (({}, 2), ({"tag": "sales"}, 1)):
        answer = await client.get("/api/v1/kpis", params={"kpi": "mentions", "brand": "Acme", **asked})
        assert [value["value"] for value in (await answer.json())["kpis"]] == [expected]


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        ({"id": 2, "tag": "x"}, 409, "name the brand"),
        ({"id": 9, "tag": "x"}, 404, "post 9 is no mention that is kept"),
        ({"id": 1, "tag": " "}, 400, "tag: "),
        ({"id": 1, "tag": "a\nb"}, 400, "tag: "),
        ({"id": 1}, 400, "tag: "),
        ({"id": 1, "tag": "x", "tga": 1}, 400, "tga: "),
    ],
)
async def test_what_is_not_clear_is_refused(
    client: Client, station: Station, said: object, status: int, detail: str
) -> None:
    answer = await client.post(PATH, json=said)
    assert answer.status == status
    assert detail in (await answer.json(content_type="application/problem+json"))["detail"]
    assert station.reader.rows("SELECT count(*) FROM tags WHERE by IS NOT NULL") == [(0,)]


@pytest.mark.parametrize(
    ("path", "asked", "detail"),
    [
        ("/api/v1/mentions", {"tag": "a", "route": "sales"}, "not both"),
        ("/api/v1/mentions", {"route": "boss"}, "there is no route 'boss'"),
        ("/api/v1/mentions", {"tag": "x" * 60}, "1 to 50 characters"),
        (PATH, {"id": "x"}, "id is the number of a post"),
        (PATH, {"id": "1", "brand": "Acme"}, "there is no parameter 'brand'"),
        (PATH, {"since": "soon"}, "'soon' is no time"),
        (PATH, {"brnad": "Acme"}, "there is no parameter"),
    ],
)
async def test_a_question_that_is_wrong_is_refused(
    client: Client, path: str, asked: dict[str, str], detail: str
) -> None:
    answer = await client.get(path, params=asked)
    assert answer.status == 400
    assert detail in (await answer.json(content_type="application/problem+json"))["detail"]


async def test_a_store_that_cannot_take_it_is_no_fault_of_ours(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise StoreError("the disk is full")

    monkeypatch.setattr(tags, "add", full)
    monkeypatch.setattr(tags, "remove", full)
    for answer in (
        await client.post(PATH, json={"id": 1, "tag": "x"}),
        await client.delete(PATH, params={"id": "1", "tag": "sales"}),
    ):
        assert answer.status == 503


async def test_a_form_of_another_site_is_refused(client: Client) -> None:
    answer = await client.post(PATH, data=b'{"id": 1, "tag": "x"}', headers={"Content-Type": "text/plain"})
    assert answer.status == 415
