"""Silences, acknowledgements and snoozes through the API: who, why, until when; and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pages import HACKERNEWS, page, post

from alerts import judging
from alerts.rules import Look
from listener.config import load
from listener.dashboard.app import make_app
from listener.station import Station, open_station
from storage import deliveries
from storage.desk import silences, tokens

NOW = 1_790_000_000
CONFIG = """brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
sources: {hackernews: {}}
channels: {console: {}}
alerts: {rules: [{name: busy, when: mentions >= 1, brand: Acme}]}
"""
PATH = "/api/v1/silences"
GOOD: dict[str, Any] = {"match": {"brand": ["ac"]}, "for": "4h", "by": "ann", "why": "sale"}
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        kept = page([post("a", NOW - 9)], (NOW - 86_400, NOW), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def fire(station: Station) -> str:
    config = station.config
    found = judging.look(Look(station.reader, config.brands, config.zone, NOW), config.rules)
    (event,) = await station.writer(lambda db: judging.write(db, found, NOW, config.routing))
    return event.key


def withheld(station: Station) -> list[str | None]:
    return [one.withheld for one in deliveries.newest(station.reader)]


async def test_a_silence_is_made_shown_and_ended(client: Client, station: Station) -> None:
    answer = await client.post(PATH, json=GOOD)
    assert answer.status == 201
    made = await answer.json()
    assert made == {
        "id": 1,
        "match": {"brand": ["Acme"]},
        "since": "2026-09-21T14:13:20Z",
        "until": "2026-09-21T18:13:20Z",
        "by": "ann",
        "why": "sale",
        "active": True,
        "ended_at": None,
        "ended_by": None,
    }
    await fire(station)
    (why,) = withheld(station)
    assert why is not None
    assert why.endswith("sale")
    assert await (await client.get(PATH)).json() == {"silences": [made]}
    shown = await (await client.get("/api/v1/alerts")).json()
    assert [one["id"] for one in shown["silences"]] == [1]
    assert [one["state"] for one in shown["undelivered"]] == ["withheld"]
    ended = await (await client.delete(f"{PATH}/1", json={"by": "bob"})).json()
    assert (ended["active"], ended["ended_by"]) == (False, "bob")
    assert withheld(station) == [None]
    assert await (await client.get(PATH)).json() == {"silences": []}
    assert len((await (await client.get(PATH, params={"all": "true"})).json())["silences"]) == 1
    assert (await client.delete(f"{PATH}/1", json={"by": "bob"})).status == 409


async def test_an_alert_is_taken_on_and_put_off(client: Client, station: Station) -> None:
    key = await fire(station)
    answer = await client.post(f"/api/v1/alerts/{key}/ack", json={"by": "ann", "why": "mine"})
    assert await answer.json() == {
        "key": key,
        "by": "ann",
        "why": "mine",
        "at": "2026-09-21T14:13:20Z",
        "until": None,
    }
    (shown,) = (await (await client.get("/api/v1/alerts")).json())["firing"]
    assert (shown["key"], shown["answered"]["by"]) == (key, "ann")
    answer = await client.post(f"/api/v1/alerts/{key}/snooze", json={"by": "bob", "for": "2h"})
    assert (await answer.json())["until"] == "2026-09-21T16:13:20Z"
    assert withheld(station) == ["snoozed by bob until 2026-09-21T16:13:20Z"]
    assert (await client.post("/api/v1/alerts/alert-none/ack", json={"by": "ann"})).status == 409


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"match": {"brand": ["Acem"]}}, "Acem"),
        ({"match": {"rule": ["bsy"]}}, "did you mean busy?"),
        ({"match": {"tag": ["x"]}}, "no rule is for the tag"),
        ({"match": {"colour": ["x"]}}, "match.colour"),
        ({"for": "4"}, "number and a unit"),
        ({"for": "1s"}, "from 1m to 366d"),
        ({"by": " "}, "by"),
        ({"why": ""}, "why"),
        ({"until": "tomorrow"}, "until"),
    ],
)
async def test_what_is_not_clear_is_refused(
    client: Client, station: Station, changes: dict[str, Any], says: str
) -> None:
    answer = await client.post(PATH, json={**GOOD, **changes})
    assert answer.status == 400
    assert says in (await answer.json(content_type="application/problem+json"))["detail"]
    assert silences.every(station.reader) == []


async def test_one_that_would_silence_everything_is_refused(client: Client, station: Station) -> None:
    assert (await client.post(PATH, json={**GOOD, "match": {}})).status == 409
    assert (await client.post(PATH, data="x")).status == 415
    assert (await client.delete(f"{PATH}/x", json={"by": "bob"})).status == 404
    assert silences.every(station.reader) == []


async def test_beyond_this_machine_a_token_is_needed(station: Station) -> None:
    with_token = replace(
        station.config, dashboard=station.config.dashboard.model_copy(update={"host": "0.0.0.0"})
    )
    station.config = with_token
    token = await station.writer(lambda db: tokens.add(db, "desk", NOW))
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        assert (await asking.post(PATH, json=GOOD)).status == 401
        known = {"Authorization": f"Bearer {token}"}
        assert (await asking.post(PATH, json=GOOD, headers=known)).status == 201
