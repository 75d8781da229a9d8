"""Cases through the API: opened, given, solved, listed; refused where it is not clear, not allowed, or no JSON."""

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
from storage.desk import cases, tokens

NOW = 1_790_000_000
CONFIG = """brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
sources: {}
channels: {console: {}}
"""
PATH = "/api/v1/cases"
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        posts = [
            post("a", NOW - 9, "negative", text="<b>leaks</b>", author="ann", url="https://x.example/a"),
            post("b", NOW - 8, "neutral", brands=("Acme", "Bolt"), url="https://x.example/b"),
            post("c", NOW - 7, "neutral", url="https://x.example/b"),
        ]
        kept = page(posts, (NOW - 60, NOW), source=HACKERNEWS)
        await opened.writer.store(lambda store: store.commit(kept))
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


def stored(station: Station) -> list[tuple[int, str, str, str | None]]:
    return [(c.id, c.brand, c.state, c.assignee) for c in cases.all_cases(station.reader)]


async def detail(answer: Any) -> str:
    body = await answer.json(content_type="application/problem+json")
    assert body["status"] == answer.status
    return str(body["detail"])


async def test_a_case_is_opened_given_solved_and_opened_again(client: Client, station: Station) -> None:
    said = {"id": 1, "assignee": " bob ", "by": "eve", "why": "angry"}
    answer = await client.post(PATH, json=said)
    assert answer.status == 201
    assert await answer.json() == {
        "id": 1,
        "brand": "Acme",
        "state": "open",
        "assignee": "bob",
        "opened_at": "2026-09-21T14:13:20Z",
        "solved_at": None,
        "events": [
            {"kind": "open", "at": "2026-09-21T14:13:20Z", "assignee": None, "by": "eve", "why": "angry"},
            {"kind": "assign", "at": "2026-09-21T14:13:20Z", "assignee": "bob", "by": "eve", "why": None},
        ],
        "post": {
            "id": 1,
            "source": "hackernews",
            "published_at": "2026-09-21T14:13:11Z",
            "author": "ann",
            "title": None,
            "text": "<b>leaks</b>",
            "url": "https://x.example/a",
            "erased": False,
        },
    }
    for body, state, assignee in (
        ({"do": "touch", "by": "bob"}, "open", "bob"),
        ({"do": "assign", "assignee": "cleo"}, "open", "cleo"),
        ({"do": "solve", "why": "sent a new one"}, "solved", "cleo"),
        ({"do": "reopen"}, "open", "cleo"),
    ):
        answer = await client.post(f"{PATH}/1", json=body)
        told = await answer.json()
        assert (answer.status, told["state"], told["assignee"]) == (200, state, assignee)
    shown = await (await client.get(f"{PATH}/1")).json()
    assert [e["kind"] for e in shown["events"]] == ["open", "assign", "touch", "assign", "solve", "reopen"]
    assert stored(station) == [(1, "Acme", "open", "cleo")]


async def test_they_are_listed_newest_first_and_by_brand_state_and_assignee(client: Client) -> None:
    for said in ({"url": "https://x.example/a"}, {"id": 2, "brand": "AC"}, {"id": 2, "brand": "bolt"}):
        assert (await client.post(PATH, json=said)).status == 201
    await client.post(f"{PATH}/2", json={"do": "assign", "assignee": "Bob"})
    await client.post(f"{PATH}/1", json={"do": "solve"})

    async def listed(**query: str) -> list[int]:
        answer = await client.get(PATH, params=query)
        assert answer.status == 200
        return [case["id"] for case in (await answer.json())["cases"]]

    assert await listed() == [3, 2, 1]
    assert await listed(brand="Bolt") == [3]
    assert await listed(state="open") == [3, 2]
    assert await listed(state="solved") == [1]
    assert await listed(assignee="bob") == [2]
    assert await listed(assignee="bob", state="solved") == []


@pytest.mark.parametrize(
    ("said", "status", "says"),
    [
        ({"id": 2}, 409, "post 2 concerns Acme, Bolt; name the brand"),
        ({"id": 9}, 404, "post 9 concerns no brand"),
        ({"id": 1, "brand": "Bolt"}, 404, "post 1 does not concern 'Bolt', but Acme"),
        (
            {"url": "https://x.example/b"},
            409,
            "several posts stand at this address; give the number of one: 2, 3",
        ),
        ({"url": "https://x.example/z"}, 404, "what stands at this address concerns no brand"),
        ({}, 400, "id or url"),
        ({"id": 1, "url": "x"}, 400, "id or url"),
        ({"id": 1, "assignee": "  "}, 400, "assignee: "),
        ({"id": 1, "assigne": "bob"}, 400, "assigne: "),
        ({"id": 10**18}, 400, "id: "),
        ([1], 400, "body: "),
    ],
)
async def test_what_is_not_clear_opens_nothing(
    client: Client, station: Station, said: object, status: int, says: str
) -> None:
    answer = await client.post(PATH, json=said)
    assert answer.status == status
    assert says in await detail(answer)
    assert stored(station) == []


@pytest.mark.parametrize(
    ("number", "said", "status", "says"),
    [
        ("1", {"do": "reopen"}, 409, "case 1 is open already"),
        ("1", {"do": "assign", "assignee": "bob"}, 409, "case 1 is with bob already"),
        ("7", {"do": "solve"}, 404, "there is no case 7"),
        ("one", {"do": "solve"}, 404, "there is no case 'one'"),
        ("9" * 40, {"do": "solve"}, 404, "there is no case"),
        ("1", {"do": "open"}, 400, "do: "),
        ("1", {"do": "assign"}, 400, "assignee: needed with assign"),
        ("1", {"do": "solve", "assignee": "bob"}, 400, "and with nothing else"),
        ("1", {}, 400, "do: "),
    ],
)
async def test_what_a_case_does_not_allow_is_refused(
    client: Client, station: Station, number: str, said: object, status: int, says: str
) -> None:
    await client.post(PATH, json={"id": 1, "assignee": "bob"})
    stood = cases.case(station.reader, 1)
    answer = await client.post(f"{PATH}/{number}", json=said)
    assert answer.status == status
    assert says in await detail(answer)
    assert cases.case(station.reader, 1) == stood


async def test_a_second_case_on_a_post_is_refused(client: Client, station: Station) -> None:
    await client.post(PATH, json={"id": 1})
    answer = await client.post(PATH, json={"id": 1})
    assert (answer.status, "is case 1 already" in await detail(answer)) == (409, True)
    assert len(stored(station)) == 1


@pytest.mark.parametrize("path", [PATH, f"{PATH}/1"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_web_site_can_send_no_form(client: Client, station: Station, path: str, kind: str) -> None:
    await client.post(PATH, json={"id": 1})
    sent = b'{"id": 2, "brand": "Acme"}' if path == PATH else b'{"do": "solve"}'
    answer = await client.post(path, data=sent, headers={"Content-Type": kind})
    assert (answer.status, stored(station)) == (415, [(1, "Acme", "open", None)])


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (f"{PATH}?brnd=Acme", "there is no parameter 'brnd'"),
        (f"{PATH}?brand=Nobody", "there is no brand"),
        (f"{PATH}?state=done", "state is open or solved, not 'done'"),
        (f"{PATH}/1?brand=Acme", "there is no parameter 'brand'"),
    ],
)
async def test_misspelt_questions_are_refused(client: Client, path: str, says: str) -> None:
    answer = await client.get(path)
    assert answer.status == 400
    assert says in await detail(answer)


async def test_a_store_that_cannot_take_it_is_no_fault_of_ours(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post(PATH, json={"id": 1})

    def full(*_: object, **__: object) -> bool:
        raise StoreError("the disk is full")

    monkeypatch.setattr(cases, "open_case", full)
    monkeypatch.setattr(cases, "act", full)
    for path, said in ((PATH, {"id": 3}), (f"{PATH}/1", {"do": "solve"})):
        answer = await client.post(path, json=said)
        assert (answer.status, "send it again" in await detail(answer)) == (503, True)


async def test_a_token_is_asked_for_as_everywhere(station: Station) -> None:
    dashboard = station.config.dashboard.model_copy(update={"host": "0.0.0.0"})
    beyond = replace(station, config=replace(station.config, dashboard=dashboard))
    token = await station.writer(lambda db: tokens.add(db, "desk", NOW))
    async with TestClient(TestServer(make_app(beyond), host="127.0.0.1")) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert (await client.post(PATH, json={"id": 1}, headers=headers)).status == 401
            assert (await client.get(PATH, headers=headers)).status == 401
            assert (await client.post(f"{PATH}/1", json={"do": "solve"}, headers=headers)).status == 401
        assert stored(station) == []
        good = {"Authorization": f"Bearer {token}"}
        assert (await client.post(PATH, json={"id": 1}, headers=good)).status == 201
