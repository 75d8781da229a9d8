"""YouTube's recorded answers (../shared, 2019 and 2020) through our collector."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ears import TestEar
from servers import FaultServer, Reply, Seen
from youtube_listening import Listens, events
from youtube_stub import BASE

from alerts.transport import Transport
from listener.collectors import read_items
from listener.collectors.post import Delete, Edit, Figure, Post
from listener.collectors.youtube.resources import is_reply, is_video, opened, reading, to_event
from listener.http import PoliteClient
from storage.mention import Reading

pytestmark = pytest.mark.data
DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = DATA / "recordings" / "youtube"
CHANNEL = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
NOW = int(datetime(2019, 12, 6, 20, tzinfo=UTC).timestamp())


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def resources() -> Iterator[Any]:
    """Every video, comment and thread of comments in the answers at hand."""
    for path in sorted(RECORDED.rglob("*.json")):
        answer = json.loads(path.read_text(encoding="utf-8"))
        items = answer.get("items", [answer] if "snippet" in answer else [])
        yield from (item for item in items if "kind" in item)


def nothing(kind: str) -> Reply:
    return Reply(body=json.dumps({"kind": f"youtube#{kind}ListResponse", "items": []}))


def by_id(kind: str, wanted: str) -> Any:
    """Answers for ids out of everything that was recorded."""
    every = {item["id"]: item for item in resources() if item["kind"] == f"youtube#{wanted}"}

    def answer(seen: Seen) -> Reply:
        found = [every[name] for name in seen.query["id"].split(",") if name in every]
        return Reply(body=json.dumps({"kind": kind, "items": found}))

    return answer


def test_every_recorded_video_and_comment_is_read() -> None:
    """Ratings, channels and the like are no posts; of all others none is set aside."""
    found: Counter[str] = Counter()
    for item in resources():
        items = opened([item]) if item["kind"] == "youtube#commentThread" else [item]
        posts, aside = read_items([one for one in items if isinstance(one["id"], str)], to_event)
        assert not aside, (item["kind"], aside[0].cause)
        for post in posts:
            assert post.author and post.author_id and post.author_id.startswith("UC"), post.native_id
            assert post.published_at and post.thread
            assert is_video(post.native_id) is (post.title is not None)
            assert not is_reply(post.native_id) or post.in_reply_to == post.native_id.partition(".")[0]
        found[item["kind"]] += len(posts)
        found["readings"] += sum(reading(one, 0) is not None for one in items)
    assert found == {
        "youtube#video": 15,
        "youtube#commentThread": 21,
        "youtube#comment": 7,
        "readings": 28,
    } | {kind: 0 for kind, count in found.items() if count == 0}


async def test_a_channel_and_what_is_said_to_it_as_recorded(
    client: PoliteClient, server: FaultServer
) -> None:
    server.script(f"{BASE}/channels", Reply(body=json.dumps(recorded("channel_info_single"))))
    server.script(f"{BASE}/playlistItems", nothing("playlistItem"))
    threads = recorded("comment_threads/comment_threads_all_to_me")
    server.script(f"{BASE}/commentThreads", Reply(body=json.dumps(threads)), nothing("commentThread"))
    # Threads that came without all of their answers are completed; of those answers this one was recorded.
    replies = recorded("comments/comments_by_parent_paged_2")
    server.script(f"{BASE}/comments", Reply(body=json.dumps(replies)))
    server.script(f"{BASE}/search", nothing("search"))
    listens = Listens(client, server, TestEar(searches=("acme",), handles=(CHANNEL,)), history="366d")
    pages = await listens.poll(NOW)
    assert events(pages, Figure) == [Figure("followers", "2019-12-06", 1_927_873, account=CHANNEL)]
    posts = events(pages, Post)
    firsts = [post.native_id for post in posts if not is_reply(post.native_id)]
    assert firsts == [thread["id"] for thread in reversed(threads["items"])]
    assert {post.native_id for post in posts} >= {reply["id"] for reply in replies["items"]}
    assert not any(page.set_aside for page in pages)


@pytest.mark.parametrize("name", ["search_by_keywords_p1", "search_by_keywords_p2", "search_by_event"])
async def test_a_search_as_recorded(client: PoliteClient, server: FaultServer, name: str) -> None:
    """Every video that the answer names is asked for. None of these is among the recorded videos."""
    answer = recorded(f"search/{name}")
    server.script(f"{BASE}/search", Reply(body=json.dumps(answer)), nothing("search"))
    server.script(f"{BASE}/videos", by_id("youtube#videoListResponse", "video"))
    pages = await Listens(client, server, TestEar(searches=("surf",))).poll(NOW)
    names = [item["id"]["videoId"] for item in answer["items"]]
    (asked,) = server.seen(f"{BASE}/videos")
    assert asked.query["id"].split(",") == names and len(names) == 25
    assert any(page.heard for page in pages)


async def test_comments_under_a_video_page_by_page_as_recorded(
    client: PoliteClient, server: FaultServer
) -> None:
    pages_of = [recorded(f"comment_threads/comment_threads_by_video_paged_{n}") for n in (1, 2)]
    video = pages_of[0]["items"][0]["snippet"]["videoId"]
    server.script(f"{BASE}/search", nothing("search"))
    server.script(
        f"{BASE}/commentThreads", *(Reply(body=json.dumps(one)) for one in pages_of), nothing("commentThread")
    )
    server.script(f"{BASE}/comments", nothing("comment"))
    listens = Listens(client, server, TestEar(searches=("acme",)))
    listens.cursor = {"watch": {video: [NOW - 86_400, NOW, 0]}}
    pages = await listens.poll(NOW)
    threads = [thread for one in pages_of for thread in one["items"]]
    posts = events(pages, Post)
    assert {post.native_id for post in posts} >= {thread["id"] for thread in threads}
    assert {post.thread for post in posts} == {thread["id"] for thread in threads} and len(threads) == 10


async def test_videos_and_comments_looked_at_again_as_recorded(
    client: PoliteClient, server: FaultServer
) -> None:
    videos, comments = recorded("videos/videos_info_multi"), recorded("comments/comments_multi")
    server.script(f"{BASE}/videos", by_id("youtube#videoListResponse", "video"))
    server.script(f"{BASE}/comments", by_id("youtube#commentListResponse", "comment"))
    server.script(f"{BASE}/commentThreads", by_id("youtube#commentThreadListResponse", "commentThread"))
    listens = Listens(client, server, TestEar(searches=("acme",)))
    names = [item["id"] for item in (*videos["items"], *comments["items"])]
    visited = await listens.collector.visit([*names, "AAAAAAAAAAA"], NOW)
    edited = {event.post.native_id for event in visited.events if isinstance(event, Edit)}
    assert edited >= {item["id"] for item in videos["items"]}
    # The witness is not among what was recorded, so that nothing that is missing may be called gone.
    assert not any(isinstance(event, Delete) for event in visited.events)
    assert set(visited.unseen) == {*names, "AAAAAAAAAAA"} - edited
    counted = [event for event in visited.events if isinstance(event, Reading)]
    assert counted and all(reading.at == NOW for reading in counted)
