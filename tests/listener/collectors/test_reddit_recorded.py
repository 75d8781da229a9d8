"""Reddit's recorded answers (the cassettes of PRAW in ../shared, 2016 to 2026) through our collector."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ears import TestEar
from pydantic import SecretStr
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors import read_items
from listener.collectors.post import Delete, Figure, Page, Post
from listener.collectors.reddit.collector import Options, Reddit
from listener.collectors.reddit.things import flat, reading, to_event
from listener.http import PoliteClient
from storage.mention import Reading

pytestmark = pytest.mark.data
DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = DATA / "recordings" / "reddit"
NOTHING = Reply(body='{"kind": "Listing", "data": {"children": [], "after": null}}')
_TELLING = ("x-ratelimit-remaining", "x-ratelimit-reset", "content-type")


def interactions(name: str) -> Iterator[tuple[str, str, Reply]]:
    """Method, path and answer of every request of a cassette."""
    cassette = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    for one in cassette["interactions"]:
        answer = one["response"]
        headers = {key: values[0] for key, values in answer["headers"].items() if key.lower() in _TELLING}
        body = answer["body"].get("string", "")
        yield (
            one["request"]["method"],
            urlsplit(one["request"]["uri"]).path,
            Reply(answer["status"]["code"], body, headers),
        )


def recorded_at(name: str) -> int:
    cassette = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return int(datetime.fromisoformat(cassette["recorded_at"]).replace(tzinfo=UTC).timestamp())


def play(server: FaultServer, name: str) -> None:
    """Let the server answer as Reddit did; lists have nothing more behind what was recorded."""
    answers: dict[str, list[Reply]] = {}
    for _, path, reply in interactions(name):
        answers.setdefault(path.rstrip("/"), []).append(reply)
    for path, replies in answers.items():
        server.script(path, *replies, *([NOTHING] if '"Listing"' in str(replies[-1].body) else []))


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


def at(client: PoliteClient, server: FaultServer, ear: TestEar, **more: Any) -> Reddit:
    options = {
        "client_id": SecretStr("a"),
        "client_secret": SecretStr("b"),
        "username": "ann",
        "search": False,
        "history": "366d",
        "url": server.url(""),
        "login": server.url(""),
        "allow_private": True,
        **more,
    }
    for part in ("new", "comments"):
        server.script(f"/r/acme/{part}", NOTHING)
    return Reddit(Options(**options), client, ear)


async def polled(collector: Reddit, now: int) -> list[Page]:
    return [page async for page in collector.pages(None, now)]


def _things(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if value.get("kind") in ("t1", "t3") and isinstance(value.get("data"), dict):
            yield value
        for inside in value.values():
            yield from _things(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _things(inside)


def test_every_recorded_post_and_comment_is_read() -> None:
    """None is set aside; each has an author, a time, a thread and, but in the inbox, an address or a thread."""
    found: Counter[str] = Counter()
    for path in sorted(RECORDED.glob("*.json")):
        for _, _, reply in interactions(path.stem):
            try:
                answer = json.loads(reply.body)
            except ValueError:
                continue
            things = flat(list(_things(answer)))
            events, aside = read_items(things, to_event, id_key="name")
            assert not aside, (path.stem, aside[0].cause)
            for event in events:
                found[type(event).__name__] += 1
                if isinstance(event, Post):
                    assert event.author and event.published_at and event.published_at > 1_130_000_000
                    assert event.thread and event.thread.startswith("t3_"), path.stem
                    assert event.native_id.startswith("t3_") is (event.in_reply_to is None), path.stem
                    found["copy"] += event.copy_of is not None
                    found["address"] += event.url is not None
            found["Reading"] += sum(reading(thing, 0) is not None for thing in things)
    assert found == {"Post": 1_489, "Delete": 7, "Reading": 1_298, "address": 1_489, "copy": 3}


async def test_the_comments_of_a_subreddit_as_recorded(client: PoliteClient, server: FaultServer) -> None:
    name = "TestSubredditListings.test_comments"
    play(server, name)
    server.script("/r/askreddit/new", NOTHING)
    now = recorded_at(name)
    pages = await polled(at(client, server, TestEar(), subreddits=["askreddit"], history="1m"), now)
    posts = [post for page in pages for post in page.posts]
    raw = json.loads(next(reply for _, path, reply in interactions(name) if "comments" in path).body)
    children = [child["data"] for child in raw["data"]["children"]]
    assert [post.native_id for post in posts] == [
        child["name"] for child in reversed(children) if child["created_utc"] >= now - 60
    ]
    assert len(posts) > 20
    assert all(
        post.thread == child["link_id"] for post, child in zip(reversed(posts), children, strict=False)
    )
    assert pages[-1].heard is not None


@pytest.mark.parametrize(
    ("name", "count"),
    [("TestRedditorListings.test_submissions__new", 10), ("TestRedditorListings.test_comments__new", 100)],
)
async def test_the_posts_of_an_account_as_recorded(
    client: PoliteClient, server: FaultServer, name: str, count: int
) -> None:
    for part in ("submitted", "comments"):
        server.script(f"/user/spez/{part}", NOTHING)
    server.script("/user/spez/about", Reply(404))
    play(server, name)
    pages = await polled(
        at(client, server, TestEar(handles=("spez",)), subreddits=["acme"]), recorded_at(name)
    )
    posts = [post for page in pages for post in page.posts]
    assert len(posts) == count
    assert {post.author for post in posts} == {"spez"}


async def test_answers_in_the_inbox_as_recorded(client: PoliteClient, server: FaultServer) -> None:
    name = "TestInbox.test_comment_reply__refresh"
    for part in ("mentions", "selfreply"):
        server.script(f"/message/{part}", NOTHING)
    play(server, name)
    collector = at(client, server, TestEar(), refresh_token=SecretStr("r"))
    (post,) = [post for page in await polled(collector, recorded_at(name)) for post in page.posts]
    assert (post.native_id, post.in_reply_to, post.thread) == ("t1_myngt77", "t1_mynfuan", "t3_1j7g9uj")
    assert post.author_id == "t2_75u2lqkb" and post.url is not None and "myngt77" in post.url


async def test_a_deleted_comment_as_recorded(client: PoliteClient, server: FaultServer) -> None:
    name = "TestComment.test_refresh__deleted_comment"
    play(server, name)
    visited = await at(client, server, TestEar(), subreddits=["acme"]).visit(
        ["t1_d7ltvl0"], recorded_at(name)
    )
    assert [event for event in visited.events if not isinstance(event, Reading)] == [Delete("t1_d7ltvl0")]
    assert not visited.unseen


async def test_what_reddit_does_not_have_as_recorded(client: PoliteClient, server: FaultServer) -> None:
    """/api/info leaves out a name that it does not know: without a witness that says nothing yet."""
    name = "TestComment.test_invalid"
    play(server, name)
    visited = await at(client, server, TestEar(), subreddits=["acme"]).visit(["t1_0"], recorded_at(name))
    assert not visited.events and list(visited.unseen) == ["t1_0"]


async def test_followers_as_recorded(client: PoliteClient, server: FaultServer) -> None:
    name = "TestRedditor.test_notes__subreddits"
    play(server, name)
    (recorded,) = [reply for _, path, reply in interactions(name) if path.endswith("/about/")]
    server.script("/user/watchful1/about", recorded)
    collector = at(client, server, TestEar(handles=("Watchful1",)), subreddits=["acme"])
    async for page in collector.pages(None, recorded_at(name)):
        assert page.events == [Figure("followers", "2022-04-02", 156, account="watchful1")]
        break
