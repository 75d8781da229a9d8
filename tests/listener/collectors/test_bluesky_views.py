"""Kept posts on Bluesky are looked at again for their counters; what is not shown says nothing."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from ears import TestEar
from jetstream_stub import POST, JetstreamStub, did

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable
from listener.collectors.bluesky.collector import Bluesky, Options
from listener.collectors.bluesky.views import AT_ONCE, reading_of
from listener.http import PoliteClient
from storage.mention import Reading, Visits

NOW = 1_790_000_000
GET_POSTS = "app.bsky.feed.getPosts"
ANN = did(2)


@asynccontextmanager
async def bluesky(stub: JetstreamStub, **more: Any) -> AsyncIterator[Bluesky]:
    async with Transport() as transport:
        options = Options(urls=(stub.stream,), api=stub.api, allow_private=True, **more)
        yield Bluesky(options, PoliteClient(transport), TestEar())


def uri(rkey: str) -> str:
    return f"at://{ANN}/{POST}/{rkey}"


async def test_counters_are_read_and_what_is_missing_is_no_deletion() -> None:
    async with JetstreamStub() as stub, bluesky(stub) as collector:
        stub.world.write(ANN, "a", NOW, "acme").update(likeCount=3, repostCount=1, replyCount=0, quoteCount=2)
        stub.world.write(ANN, "b", NOW, "acme").update(likeCount=-1, repostCount="many", replyCount=True)
        found = await collector.visit([uri("a"), uri("b"), uri("gone")], NOW)
        counters = {"likes": 3, "reposts": 1, "replies": 0, "quotes": 2}
        assert found.events == [Reading(uri("a"), NOW, counters)]
        assert list(found.unseen) == []
        assert collector.source.visits == Visits((3_600, 86_400, 604_800), None)
        (asked,) = stub.asked_for(GET_POSTS)
        assert asked.values("uris") == [uri("a"), uri("b"), uri("gone")]
        assert "Authorization" not in asked.headers


async def test_an_answer_about_others_is_not_taken() -> None:
    async with JetstreamStub() as stub, bluesky(stub) as collector:
        other = {"uri": uri("other"), "likeCount": 3}
        answer = json.dumps({"posts": [other, "no post", {"uri": 7}, {"uri": uri("a")}]})
        stub.faults[GET_POSTS] = [(200, {}, answer)]
        assert (await collector.visit([uri("a")], NOW)).events == []


async def test_ids_too_long_for_an_address_are_not_asked_for() -> None:
    async with JetstreamStub() as stub, bluesky(stub) as collector:
        assert collector.at_once == AT_ONCE == 25
        found = await collector.visit([uri("a"), uri("x" * 500)], NOW)
        assert list(found.unseen) == []
        assert (await collector.visit([uri("x" * 500)], NOW)).events == ()
        assert [asked.values("uris") for asked in stub.asked_for(GET_POSTS)] == [[uri("a")]]


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ((429, {"Retry-After": "77"}, ""), Retriable),
        ((500, {}, ""), Retriable),
        ((200, {}, "{"), Retriable),
        ((200, {}, '{"posts": 3}'), Retriable),
        ((200, {}, "[]"), Retriable),
        ((403, {}, ""), Permanent),
    ],
)
async def test_a_failure_is_named_by_its_remedy(fault: Any, failure: type[Exception]) -> None:
    async with JetstreamStub() as stub, bluesky(stub) as collector:
        stub.faults[GET_POSTS] = [fault]
        with pytest.raises(failure) as raised:
            await collector.visit([uri("a")], NOW)
        if fault[0] == 429:
            assert getattr(raised.value, "retry_after", None) == 77


async def test_who_wants_no_counters_asks_nobody() -> None:
    async with JetstreamStub() as stub, bluesky(stub, counters=False) as collector:
        assert collector.source.visits is None


DATA = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")
RECORDED = DATA / "recordings" / "bluesky_xrpc"


@pytest.mark.data
@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers of Bluesky: set LISTENER_DATA")
def test_a_recorded_post_shows_its_counters() -> None:
    (file,) = RECORDED.rglob("thread_view_post_with_embed_media.json")
    found: list[dict[str, Any]] = []

    def gather(node: Any) -> None:
        if isinstance(node, dict):
            found.extend([node] if "likeCount" in node else [])
            for each in node.values():
                gather(each)
        elif isinstance(node, list):
            for each in node:
                gather(each)

    gather(json.loads(file.read_text(encoding="utf-8")))
    readings = [reading_of(view, NOW) for view in found]
    assert found and all(reading is not None for reading in readings)
    for view, reading in zip(found, readings, strict=True):
        assert reading is not None and reading.native_id == view["uri"]
        assert reading.counters["likes"] == view["likeCount"]
        assert reading.counters["replies"] == view["replyCount"]
        assert reading.counters["reposts"] == view["repostCount"]
