"""Product Hunt: products, comments, replies, counters, and what its refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ears import TestEar
from producthunt_world import World, connection
from servers import Reply

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable, Visited
from listener.collectors.post import Delete, Edit, Page, Post
from listener.collectors.producthunt import Options, build
from listener.http import PoliteClient
from storage.mention import Reading

NOW = 1_800_000_000


async def read(world: World, ear: TestEar, cursor: Any = None, now: int = NOW) -> list[Page]:
    options = Options.model_validate({**world.options, "token": "hunttoken"})
    pages: list[Page] = []
    async with Transport() as transport:
        (collector,) = build(options, PoliteClient(transport), ear)
        async for page in collector.pages(cursor, now):
            pages.append(page)
            ear.ids.update(post.native_id for post in page.posts)
    return pages


async def test_a_product_and_what_is_said_under_it() -> None:
    async with World() as world:
        world.add(1, NOW - 500, name="Acme", tagline="Kettles <b>sing</b>", description="Long story")
        reply = world.say(1, 11, NOW - 300, "thanks")
        world.products[1]["comments"] = {"edges": []}
        world.say(1, 10, NOW - 400, "I like acme", [reply])
        pages = await read(world, TestEar())
    found = {post.native_id: post for page in pages for post in page.posts}
    assert found["product:1"] == Post(
        native_id="product:1",
        text="Acme\n\nKettles sing\n\nLong story",
        published_at=NOW - 500,
        title="Acme",
        author="maker",
        author_id="9",
        url="https://hunt.example/1",
        thread="product:1",
    )
    assert found["comment:10"].in_reply_to == "product:1" and found["comment:11"].in_reply_to == "comment:10"
    assert {post.thread for post in found.values()} == {"product:1"}
    # Hidden by the service: the accounts of commenters must not all become one author.
    assert found["comment:10"].author is None and found["comment:10"].author_id is None
    counters = {
        event.native_id: event.counters
        for page in pages
        for event in page.events
        if not isinstance(event, Post)
    }
    assert counters["product:1"] == {"likes": 3, "comments": 0}


async def test_a_late_comment_under_a_product_of_yesterday_is_heard() -> None:
    ear = TestEar()
    async with World() as world:
        world.add(1, NOW - 80_000, name="Acme")
        pages = await read(world, ear)
        world.say(1, 10, NOW + 500, "still good")
        later = await read(world, ear, pages[-1].next_cursor, NOW + 600)
    assert [post.native_id for page in later for post in page.posts] == ["comment:10"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [("rate_limit_reached", Retriable), ("invalid_oauth_token", Permanent)],
)
async def test_a_refusal_is_named_by_its_remedy(error: str, expected: type[Exception]) -> None:
    body = json.dumps({"data": None, "errors": [{"error": error, "error_description": "hunttoken"}]})
    async with World() as world:
        world.server.script("/graphql", lambda seen: Reply(body=body, headers={"X-Rate-Limit-Reset": "480"}))
        with pytest.raises(expected) as refused:
            await read(world, TestEar())
    assert "hunttoken" not in str(refused.value)
    assert getattr(refused.value, "retry_after", 480.0) == 480.0


async def look(world: World, *native_ids: str) -> Visited:
    options = Options.model_validate({**world.options, "token": "hunttoken"})
    async with Transport() as transport:
        (collector,) = build(options, PoliteClient(transport), TestEar())
        visited: Visited = await collector.visit(native_ids, NOW)  # type: ignore[attr-defined]
    return visited


async def test_a_look_reads_products_and_comments_and_what_is_gone() -> None:
    async with World() as world:
        world.add(1, NOW - 500, name="Acme")
        world.say(1, 10, NOW - 400, "I like acme")["votesCount"] = 7
        found = await look(world, "product:1", "comment:10", "comment:11", "product:2")
    edits = {event.post.native_id: event.post.text for event in found.events if isinstance(event, Edit)}
    assert edits == {"product:1": "Acme", "comment:10": "I like acme"}
    readings = {one.native_id: one.counters["likes"] for one in found.events if isinstance(one, Reading)}
    assert readings == {"product:1": 3, "comment:10": 7}
    gone = [event.native_id for event in found.events if isinstance(event, Delete)]
    assert gone == ["comment:11", "product:2"] and not found.unseen


async def test_a_look_that_shows_nothing_at_all_deletes_nothing() -> None:
    async with World() as world:
        with pytest.raises(Retriable):
            await look(world, "product:1")


async def test_what_is_refused_is_not_gone_and_what_is_another_changes_nothing() -> None:
    newest = connection([{"id": "5"}])
    async with World() as world:
        world.server.script(
            "/graphql",
            Reply(body=json.dumps({"data": {"newest": newest, "i0": None}, "errors": [{"message": "no"}]})),
            Reply(body=json.dumps({"data": {"newest": newest, "i0": {"id": "2", "name": "Other"}}})),
            Reply(body=json.dumps({"data": {"newest": newest, "i0": []}})),
            Reply(body=json.dumps({"data": {"newest": newest}})),
        )
        refused = await look(world, "product:1")
        other = await look(world, "product:1")
        strange = [await look(world, "product:1") for _ in range(2)]
    assert (list(refused.events), list(refused.unseen)) == ([], ["product:1"])
    assert list(other.events) == [] and [one.native_id for one in other.aside] == ["1"]
    assert [(list(one.events), list(one.unseen)) for one in strange] == [([], ["product:1"])] * 2
