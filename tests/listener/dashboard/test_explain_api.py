"""GET /api/v1/explain: one number, opened, with the same fields as the command."""

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

NOW = 1_790_000_000
CONFIG = "brands: [{name: Acme, own: true}, {name: Bolt}]\nsources: {hackernews: {}}\n"
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        posts = [post(f"{n}", NOW - 3600 - n, "positive" if n else "negative") for n in range(3)]
        kept = page(posts, (NOW - 7 * 86_400, NOW - 43_200), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def test_it_opens_one_number(client: Client) -> None:
    answer = await client.get("/api/v1/explain?kpi=mentions&brand=acme&since=1d&posts=2")
    body = await answer.json()
    assert (answer.status, body["kpi"], body["brand"], body["value"]) == (200, "mentions", "Acme", 3)
    explained = body["explained"]
    assert explained["worked"] == "3"
    assert "hackernews was deaf for" in explained["warnings"][0]
    assert [one["native_id"] for one in explained["posts"]["shown"]] == ["0", "1"]
    more = await client.get(
        f"/api/v1/explain?kpi=mentions&brand=acme&since=1d&after={explained['posts']['next']}"
    )
    assert [one["native_id"] for one in (await more.json())["explained"]["posts"]["shown"]] == ["2"]
    bad = await client.get("/api/v1/explain?kpi=mentions&brand=acme&since=1d&sentiment=negative")
    assert (await bad.json())["explained"]["posts"]["total"] == 1


async def test_it_gives_what_kpis_gives(client: Client) -> None:
    (value,) = (await (await client.get("/api/v1/kpis?kpi=net_sentiment&brand=Acme&since=1d")).json())["kpis"]
    body = await (await client.get("/api/v1/explain?kpi=net_sentiment&brand=Acme&since=1d")).json()
    assert {key: body[key] for key in value} == value


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("brand=Acme", "name one kpi"),
        ("kpi=mentions", "name one brand"),
        ("kpi=mentions&kpi=mentions&brand=Acme", "name one kpi"),
        ("kpi=mention&brand=Acme", "did you mean mentions?"),
        ("kpi=mentions&brand=Acme&by=day", "there is no parameter 'by'"),
        ("kpi=mentions&brand=Acme&posts=-1", "posts is a number"),
        ("kpi=mentions&brand=Acme&after=x", "after is the number of a post"),
        ("kpi=mentions&brand=Acme&after=99999999999999999999", "after is the number of a post"),
        ("kpi=mentions&brand=Acme&sentiment=angry", "sentiment is negative"),
    ],
)
async def test_a_wrong_question_is_a_problem_with_a_hint(client: Client, query: str, hint: str) -> None:
    answer = await client.get(f"/api/v1/explain?{query}")
    body = await answer.json(content_type="application/problem+json")
    assert answer.status == 400
    assert hint in body["detail"]
