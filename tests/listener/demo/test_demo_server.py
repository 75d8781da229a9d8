"""The server of the invented world: feeds that parse, and a search with the limits of the one it stands for."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import fastfeedparser
import pytest
from aiohttp.test_utils import TestClient, TestServer

from listener.demo.server import application
from listener.demo.world import HACKERNEWS, OUTLETS, World

START = int(datetime(2026, 3, 11, 15, 20, 7, tzinfo=UTC).timestamp())
Client = TestClient[aiohttp.web.Request, aiohttp.web.Application]


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now + 0.5


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def world() -> World:
    return World(START)


@pytest.fixture
async def client(world: World, clock: Clock) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application(world, clock))) as client:
        yield client


async def ask(client: Client, **query: object) -> dict:
    answer = await client.get(
        "/api/v1/search_by_date", params={key: str(value) for key, value in query.items()}
    )
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_search_gives_windows_newest_first_and_half_open(client: Client, world: World) -> None:
    items = [item for item in world.seen(START) if item.outlet == HACKERNEWS]
    since, until = items[100].at, items[140].at
    found = await ask(
        client,
        tags="(story,comment)",
        numericFilters=f"created_at_i>={since},created_at_i<{until}",
        hitsPerPage=1000,
    )
    expected = [item for item in items if since <= item.at < until]
    assert [hit["objectID"] for hit in found["hits"]] == [str(item.id) for item in reversed(expected)]
    assert found["nbHits"] == len(expected)
    assert since in {hit["created_at_i"] for hit in found["hits"]}
    assert until not in {hit["created_at_i"] for hit in found["hits"]}


async def test_no_query_shows_more_than_a_thousand_hits(client: Client) -> None:
    found = await ask(client, tags="(story,comment)", hitsPerPage=5000)
    assert found["nbHits"] > 1000 and len(found["hits"]) == 1000
    beyond = await ask(client, tags="(story,comment)", hitsPerPage=1000, page=1)
    assert beyond["hits"] == []
    assert len((await ask(client))["hits"]) == 20


async def test_hits_have_the_fields_of_stories_and_comments(client: Client, world: World) -> None:
    items = {str(item.id): item for item in world.seen(START)}
    story = (await ask(client, tags="story", hitsPerPage=1))["hits"][0]
    comment = (await ask(client, tags="comment", hitsPerPage=1))["hits"][0]
    assert story["title"] == items[story["objectID"]].title
    assert html.unescape(story["story_text"]) == items[story["objectID"]].text
    assert html.unescape(comment["comment_text"]) == items[comment["objectID"]].text
    assert comment["parent_id"] == comment["story_id"] == items[comment["objectID"]].thread
    assert f"story_{comment['story_id']}" in comment["_tags"]
    written = datetime.strptime(story["created_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert written.timestamp() == story["created_at_i"]


async def test_search_by_words_author_and_thread(client: Client) -> None:
    found = await ask(client, query='tessiq "recommended the"', hitsPerPage=1000)
    assert found["hits"]
    for hit in found["hits"]:
        text = f"{hit.get('title', '')} {hit.get('story_text') or hit.get('comment_text')}".casefold()
        assert "tessiq" in text and "recommended the" in text
    replies = await ask(client, tags="comment,author_morvane", hitsPerPage=1000)
    assert replies["hits"] and {hit["author"] for hit in replies["hits"]} == {"morvane"}
    thread = replies["hits"][0]["story_id"]
    assert (await ask(client, tags=f"(story,comment),story_{thread}"))["nbHits"] == 2


@pytest.mark.parametrize("query", [{"numericFilters": "points>3"}, {"hitsPerPage": "many"}])
async def test_what_is_not_understood_is_refused(client: Client, query: dict[str, str]) -> None:
    answer = await client.get("/api/v1/search_by_date", params=query)
    assert answer.status == 400
    assert next(iter(query)) in (await answer.json())["message"]


async def test_new_posts_appear_as_the_clock_goes_on(client: Client, clock: Clock) -> None:
    window = f"created_at_i>={START}"
    assert (await ask(client, numericFilters=window))["nbHits"] == 0
    clock.now = START + 60
    first = await ask(client, numericFilters=window, hitsPerPage=1000)
    assert first["nbHits"] > 30
    assert all(hit["created_at_i"] < clock.now for hit in first["hits"])
    clock.now = START + 90
    later = await ask(
        client, numericFilters=f"created_at_i>={START},created_at_i<{START + 60}", hitsPerPage=1000
    )
    assert later["hits"] == first["hits"]


@pytest.mark.parametrize("outlet", OUTLETS)
async def test_feeds_parse_with_every_item_its_date_and_its_link(
    client: Client, world: World, outlet: str
) -> None:
    answer = await client.get(f"/feeds/{outlet}")
    parsed = fastfeedparser.parse(await answer.text())
    items = [item for item in world.seen(START) if item.outlet == outlet][::-1]
    assert [entry.title for entry in parsed.entries] == [item.title for item in items]
    assert [datetime.fromisoformat(entry.published).timestamp() for entry in parsed.entries] == [
        item.at for item in items
    ]
    assert all(str(item.id) in entry.id for entry, item in zip(parsed.entries, items, strict=True))
    page = await client.get(parsed.entries[0].link.removeprefix(str(client.make_url("")).rstrip("/")))
    assert page.status == 200 and html.escape(items[0].text) in await page.text()


async def test_unchanged_feed_answers_304_and_a_changed_one_does_not(client: Client, clock: Clock) -> None:
    clock.now = START
    first = await client.get("/feeds/kitchen-post")
    validators = {"If-None-Match": first.headers["ETag"]}
    again = await client.get("/feeds/kitchen-post", headers=validators)
    assert again.status == 304 and await again.read() == b""
    clock.now = START + 300
    changed = await client.get("/feeds/kitchen-post", headers=validators)
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


async def test_unknown_outlet_and_unknown_item_are_not_found(client: Client) -> None:
    assert (await client.get("/feeds/nobody")).status == 404
    assert (await client.get("/item/1")).status == 404
