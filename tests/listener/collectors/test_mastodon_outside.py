"""What stands outside of our own fixtures: a client library at the stub, and the recorded answers of real servers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mastodon import Mastodon
from mastodon_listening import NOW, Scene, scene
from mastodon_stub import Stub
from ruamel.yaml import YAML

from listener.collectors import read_items
from listener.collectors.mastodon.collector import to_event
from listener.collectors.mastodon.statuses import STAMP, reading
from listener.collectors.mastodon.timelines import newest_first
from listener.collectors.post import Post


@pytest.fixture
async def at() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


async def test_a_client_library_reads_the_stub_as_we_do(at: Scene) -> None:
    """Mastodon.py pages by Link headers and by ids, and finds the same statuses in the stub's timelines."""
    async with Stub(token="t0p") as stub:
        stub.refuse_stream = True
        for n in range(95):
            stub.arrive(f"number {n} on #acme", NOW - 1_000 + n, acct="bo@far.example" if n % 3 else "ann")
        parent = stub.arrive("parent", NOW - 5)
        child = stub.arrive("child #brand", NOW - 4, in_reply_to_id=parent["id"])
        client = Mastodon(api_base_url=stub.host, access_token="t0p", version_check_mode="none")

        def read() -> tuple[list[Any], list[Any], list[Any], Any, Any, Any]:
            first = client.timeline_hashtag("acme", limit=40)
            everything = client.fetch_remaining(first)
            forward = client.timeline_hashtag("acme", min_id=everything[-1]["id"], limit=40)
            public = client.timeline_local(limit=40)
            context = client.status_context(child["id"])
            found = client.search_v2("number 9", result_type="statuses")
            account = client.account_lookup("bo@far.example")
            return everything, forward, public, context, found, account

        everything, forward, public, context, found, account = await asyncio.to_thread(read)
        store = at.store()
        await store.poll(at.collector([stub]), NOW)
        assert [status["uri"] for status in reversed(everything)] == store.order
        assert len(forward) == 40 and {status["uri"] for status in forward} == set(store.order[1:41])
        assert all("@" not in status["account"]["acct"] for status in public) and len(public) == 33
        assert [status["uri"] for status in context["ancestors"]] == [parent["uri"]]
        assert len(found["statuses"]) == 6
        assert account["uri"] == "http://far.example/users/bo"
        for status in everything:
            post = store.posts[status["uri"]]
            assert post.published_at == int(status["created_at"].timestamp())
            assert post.author_id == status["account"]["uri"]
            assert post.followers == status["account"]["followers_count"]


RECORDINGS = (
    Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data")) / "recordings"
)
FILES = 95
SEEN_BY_EYE = "85467d53122cf39072ee2e6dc6fd2333f979dc30cfda018902ec399b5b433dad"


def statuses_in(answer: Any) -> Iterator[dict[str, Any]]:
    """Every status anywhere in an answer: in lists, notifications, contexts, quotes."""
    if isinstance(answer, dict):
        if {"content", "account", "visibility", "uri"} <= answer.keys():
            yield answer
        for value in answer.values():
            yield from statuses_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from statuses_in(value)


def recorded() -> Iterator[tuple[str, str, Any]]:
    """File, host and JSON answer of each recorded exchange."""
    folder = RECORDINGS / "mastodon"
    if not folder.is_dir():
        pytest.skip(f"needs the recorded answers: {folder} is not there; LISTENER_DATA may name the folder")
    for path in sorted(folder.glob("*.yaml")):
        cassette = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        for exchange in cassette["interactions"]:
            host = urlsplit(exchange["request"]["uri"]).netloc
            yield path.name, host, json.loads(exchange["response"]["body"]["string"] or "null")


@pytest.mark.data
def test_every_recorded_status_is_read() -> None:
    files: set[str] = set()
    seen: Counter[str] = Counter()
    posts: dict[str, Post] = {}
    for name, host, answer in recorded():
        files.add(name)
        found = [{**status, STAMP: {"instance": host}} for status in statuses_in(answer)]
        events, aside = read_items(found, to_event)
        assert not aside, (name, aside[0].cause)
        for status in found:
            seen[status["visibility"]] += 1
            seen["counted"] += bool(reading(status, NOW).counters)
        posts.update({event.native_id: event for event in events if isinstance(event, Post)})
        seen["posts"] += len(events)
        if isinstance(answer, list) and found and answer[0].get("uri"):
            assert len(newest_first(answer, host)) == len(answer)
    assert len(files) == FILES
    # One public status shows a picture and says nothing.
    assert seen == {"public": 49, "unlisted": 4, "private": 13, "direct": 20, "counted": 86, "posts": 52}
    # What was added to a post since these were seen by eye stands at its end: what it repeats, and what it is about.
    kept = repr([astuple(posts[name])[:12] for name in sorted(posts)])
    assert (len(posts), hashlib.sha256(kept.encode()).hexdigest()) == (43, SEEN_BY_EYE)
