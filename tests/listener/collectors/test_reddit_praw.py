"""PRAW, the client library of Reddit's API, reads our stand-in, and asks it for the same lists as we do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import praw
import pytest
from ears import TestEar
from pydantic import SecretStr
from reddit_stub import CLIENT_ID, CLIENT_SECRET, REFRESH, TOKEN, RedditStub
from servers import FaultServer

from alerts.transport import Transport
from listener.collectors.post import Post
from listener.collectors.reddit.collector import Options, Reddit
from listener.http import PoliteClient

NOW = 1_800_000_000


@pytest.fixture
async def site(server: FaultServer) -> AsyncIterator[RedditStub]:
    made = RedditStub(server)
    made.serve(
        "/r/acme+kettles/new", "/r/acme+kettles/comments", "/user/acme/submitted", "/user/acme/comments"
    )
    for path in ("/user/acme/about", "/user/acme/about/"):
        server.script(path, made.about)
    made.followers["acme"] = 12
    for number in range(230):
        made.post(1_000 + number, NOW - 2_000 + number, f"acme {number}", "I like acme corp")
        made.comment(5_000 + number, NOW - 2_000 + number, f"comment {number}", subreddit="kettles")
    made.comment(9_000, NOW - 5, "we mend it", author="acme", link_id="t3_1001", parent_id="t1_5001")
    made.inbox["mentions"] = [made.things[-3]]
    yield made


def read(url: str) -> dict[str, list[str]]:
    """What PRAW finds in each list."""
    reddit = praw.Reddit(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        refresh_token=REFRESH,
        user_agent="python:test:v1 (by /u/ann)",
        reddit_url=url,
        oauth_url=url,
        check_for_updates=False,
    )
    places, account = reddit.subreddit("acme+kettles"), reddit.redditor("acme")
    lists: dict[str, Any] = {
        "search": reddit.subreddit("all").search('acme OR "acme corp"', sort="new", limit=1_000),
        "new": places.new(limit=1_000),
        "comments": places.comments(limit=1_000),
        "own": account.comments.new(limit=1_000),
        "mentions": reddit.inbox.mentions(limit=1_000),
        "info": reddit.info(fullnames=["t3_1001", "t1_9000", "t3_404"]),
    }
    found = {name: [thing.fullname for thing in things] for name, things in lists.items()}
    last = next(iter(account.comments.new()))
    found["fields"] = [last.author.name, last.link_id, last.parent_id, str(int(last.created_utc)), last.body]
    found["followers"] = [str(account.subreddit.subscribers)]
    return found


async def test_praw_reads_the_stub_as_we_do(server: FaultServer, site: RedditStub) -> None:
    theirs = await asyncio.to_thread(read, server.url(""))
    asked_by_them = {seen.path.rstrip("/") for seen in server.requests}
    server.requests.clear()
    options = Options(
        client_id=SecretStr(CLIENT_ID),
        client_secret=SecretStr(CLIENT_SECRET),
        refresh_token=SecretStr(REFRESH),
        username="ann",
        subreddits=("acme", "kettles"),
        url=server.url(""),
        login=server.url(""),
        allow_private=True,
    )
    ear = TestEar(searches=("acme", "acme corp"), handles=("acme",))
    async with Transport() as transport:
        collector = Reddit(options, PoliteClient(transport), ear)
        ours: dict[str, Post] = {}
        async for page in collector.pages(None, NOW):
            ours |= {post.native_id: post for post in page.posts}
            ear.ids.update(ours)
        visited = await collector.visit(["t3_1001", "t1_9000", "t3_404"], NOW)
    lists = ("search", "new", "comments", "own", "mentions")
    assert set(ours) == {name for key in lists for name in theirs[key]}
    assert len(ours) == 461 and len(theirs["search"]) == 230
    post = ours["t1_9000"]
    assert theirs["fields"] == [post.author, post.thread, post.in_reply_to, str(post.published_at), post.text]
    assert theirs["followers"] == ["12"] and theirs["info"] == ["t3_1001", "t1_9000"]
    assert len(visited.events) > 0
    asked_by_us = {seen.path for seen in server.requests}
    # PRAW searches in a subreddit, all of them together being one; and it did not read these lists here.
    assert asked_by_us - asked_by_them == {
        "/search",
        "/user/acme/submitted",
        "/message/comments",
        "/message/selfreply",
    }
    assert TOKEN in asked_by_them
