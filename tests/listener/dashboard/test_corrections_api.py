"""Corrections through the API: written, listed, taken back; refused where it is not clear, or not asked by a person."""

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
from storage.base import StoreError
from storage.desk import corrections, tokens
from storage.mention import Kept

NOW = 1_790_000_000
CONFIG = """brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
sources: {}
channels: {console: {}}
"""
PATH = "/api/v1/corrections"
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        posts = [
            post("a", NOW - 9, "positive", url="https://x.example/a"),
            post("b", NOW - 8, "neutral", brands=("Acme", "Bolt")),
        ]
        kept = page(posts, (NOW - 60, NOW), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


def stored(station: Station) -> list[tuple[str, int, str]]:
    return [(c.brand, c.post_id, c.label) for c in corrections.all_corrections(station.reader)]


async def test_a_label_is_written_listed_and_taken_back(client: Client, station: Station) -> None:
    said = {"id": 1, "label": "negative", "by": "ann"}
    answer = await client.post(PATH, json=said)
    assert answer.status == 200
    assert await answer.json() == {"id": 1, "brand": "Acme", "label": "negative", "engine_label": "positive"}
    await client.post(PATH, json={"id": 2, "brand": "bolt", "label": "positive", "sampled": True})
    listed = (await (await client.get(PATH)).json())["corrections"]
    assert listed[0] == {
        "id": 1,
        "brand": "Acme",
        "label": "negative",
        "engine_label": "positive",
        "engine": "ours-1",
        "language": None,
        "source": "hackernews",
        "sampled": False,
        "at": "2026-09-21T14:13:20Z",
        "by": "ann",
        "stands": True,
    }
    only = (await (await client.get(PATH, params={"brand": "Bolt"})).json())["corrections"]
    assert [(c["id"], c["sampled"]) for c in only] == [(2, True)]
    gone = await client.delete(PATH, params={"id": "1", "brand": "AC"})
    assert (gone.status, await gone.read()) == (204, b"")
    assert stored(station) == [("Bolt", 2, "positive")]
    assert (await client.delete(PATH, params={"id": "1"})).status == 404


async def test_an_address_will_do(client: Client, station: Station) -> None:
    answer = await client.post(PATH, json={"url": "https://x.example/a", "label": "neutral"})
    assert (answer.status, stored(station)) == (200, [("Acme", 1, "neutral")])


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        ({"id": 2, "label": "negative"}, 409, "post 2 is a mention of Acme, Bolt; name the brand"),
        ({"id": 9, "label": "negative"}, 404, "post 9 is no mention that is kept"),
        ({"id": 1, "brand": "Bolt", "label": "negative"}, 404, "post 1 is no mention of 'Bolt'"),
        ({"id": 1, "label": "angry"}, 400, "label: "),
        ({"id": 1, "label": "negative", "lable": 1}, 400, "lable: "),
        ({"label": "negative"}, 400, "id or url"),
        ({"id": 1, "url": "x", "label": "negative"}, 400, "id or url"),
        ({"id": 0, "label": "negative"}, 400, "id: "),
        ([1], 400, "body: "),
    ],
)
async def test_what_is_not_clear_is_refused(
    client: Client, station: Station, said: object, status: int, detail: str
) -> None:
    answer = await client.post(PATH, json=said)
    body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["status"]) == (status, status)
    assert detail in body["detail"]
    assert stored(station) == []


async def test_what_fell_away_by_an_edit_is_listed_as_such(client: Client, station: Station) -> None:
    await client.post(PATH, json={"id": 1, "label": "negative"})
    edited = Kept(HACKERNEWS, [], edits=[post("a", NOW - 9, text="other words")], at=NOW + 60)
    await station.writer.store(lambda store: store.commit(edited))
    listed = (await (await client.get(PATH)).json())["corrections"]
    assert [(c["id"], c["stands"]) for c in listed] == [(1, False)]
    assert (await client.delete(PATH, params={"id": "1"})).status == 204
    assert (await (await client.get(PATH)).json())["corrections"] == []


async def test_a_store_that_cannot_take_it_is_no_fault_of_ours(
    client: Client, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"id": 1, "label": "negative"}
    await client.post(PATH, json=said)

    def full(*_: object, **__: object) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(corrections, "record", full)
    monkeypatch.setattr(corrections, "withdraw", full)
    for answer in (await client.post(PATH, json=said), await client.delete(PATH, params={"id": "1"})):
        assert answer.status == 503
        assert "send it again" in (await answer.json(content_type=None))["detail"]
    assert stored(station) == [("Acme", 1, "negative")]


async def test_half_a_surrogate_pair_is_refused(client: Client, station: Station) -> None:
    sent = b'{"id": 1, "label": "negative", "by": "\\ud800x"}'
    answer = await client.post(PATH, data=sent, headers={"Content-Type": "application/json"})
    assert (answer.status, stored(station)) == (400, [])


async def test_what_was_sent_is_not_repeated_in_an_error(client: Client) -> None:
    answer = await client.post(
        PATH, data=b'{"id": 1, "label": "a secret word"', headers={"Content-Type": "application/json"}
    )
    assert answer.status == 400
    assert "secret" not in await answer.text()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_web_site_cannot_send_a_form(client: Client, station: Station, kind: str) -> None:
    answer = await client.post(PATH, data=b'{"id": 1, "label": "negative"}', headers={"Content-Type": kind})
    assert (answer.status, stored(station)) == (415, [])


@pytest.mark.parametrize(
    ("method", "query", "detail"),
    [
        ("GET", "?brnd=Acme", "there is no parameter 'brnd'"),
        ("GET", "?brand=Nobody", "there is no brand"),
        ("DELETE", "?brand=Acme", "id: which post"),
        ("DELETE", "?id=1&label=x", "there is no parameter 'label'"),
    ],
)
async def test_misspelt_questions_are_refused(client: Client, method: str, query: str, detail: str) -> None:
    answer = await client.request(method, PATH + query)
    assert answer.status == 400
    assert detail in (await answer.json(content_type=None))["detail"]


async def test_a_token_is_asked_for_as_everywhere(station: Station) -> None:
    from dataclasses import replace

    dashboard = station.config.dashboard.model_copy(update={"host": "0.0.0.0"})
    beyond = replace(station, config=replace(station.config, dashboard=dashboard))
    token = await station.writer(lambda db: tokens.add(db, "desk", NOW))
    async with TestClient(TestServer(make_app(beyond), host="127.0.0.1")) as client:
        said = {"id": 1, "label": "negative"}
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await client.post(PATH, json=said, headers=headers)).status == 401
            assert (await client.delete(PATH, params={"id": "1"}, headers=headers)).status == 401
        assert stored(station) == []
        good = {"Authorization": f"Bearer {token}"}
        assert (await client.post(PATH, json=said, headers=good)).status == 200
