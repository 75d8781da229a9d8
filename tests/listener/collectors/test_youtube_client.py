"""Google's client library and its discovery document of the YouTube Data API, at our stand-in and our requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from typing import Any

import pytest
from ears import TestEar
from googleapiclient.discovery import build_from_document
from servers import FaultServer
from youtube_listening import Listens, events
from youtube_stub import BASE, KEY, YouTubeStub

from alerts.transport import Transport
from listener.collectors.post import Post
from listener.http import PoliteClient

NOW = 1_800_000_000
ACME = "UCacmeacmeacmeacmeacmeac"
_TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The discovery document as Google publishes it with its client."""
    folder = files("googleapiclient.discovery_cache.documents")
    found: dict[str, Any] = json.loads((folder / "youtube.v3.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
async def site(server: FaultServer) -> AsyncIterator[YouTubeStub]:
    made = YouTubeStub(server)
    made.channel("acme", ACME, 1_200)
    for number in range(120):
        made.video(f"v{number:010d}", NOW - 5_000 + number, f"acme {number}")
    made.video("own-video-1", NOW - 900, "Our kettles", channelId=ACME, channelTitle="Acme")
    for number in range(3):
        name = f"Ug_comment_number_{number}"
        made.comment(name, "own-video-1", NOW - 600 + number, f"comment {number}")
        for answer in range(4):
            made.reply(name, answer, NOW - 500 + answer, f"answer {answer}")
    yield made


def wrong(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    """Where a value is not as the schema says; a field that it does not know is wrong too."""
    if "$ref" in schema:
        schema = document["schemas"][schema["$ref"]]
    kind = _TYPES.get(schema.get("type", "any"))
    if kind is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        yield f"{where}: {type(value).__name__} instead of {schema['type']}"
        return
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from wrong(document, schema["items"], one, f"{where}[{number}]")
    if isinstance(value, dict) and "properties" in schema:
        for key, one in value.items():
            if key not in schema["properties"]:
                yield f"{where}.{key} is unknown"
            else:
                yield from wrong(document, schema["properties"][key], one, f"{where}.{key}")


async def listened(server: FaultServer) -> dict[str, Post]:
    """Everything that our collector finds, with a look at some of it again."""
    ear = TestEar(searches=("acme", "acme corp"), handles=("acme",))
    async with Transport() as transport:
        listens = Listens(PoliteClient(transport), server, ear)
        posts = {post.native_id: post for post in events(await listens.poll(NOW), Post)}
        await listens.collector.visit(
            ["own-video-1", "Ug_comment_number_1", "Ug_comment_number_1.2", "x" * 11], NOW
        )
    return posts


async def test_what_we_ask_and_what_the_stand_in_answers_is_as_google_describes_it(
    server: FaultServer, site: YouTubeStub, document: dict[str, Any]
) -> None:
    await listened(server)
    asked = {seen.path.removeprefix(f"{BASE}/") for seen in server.requests}
    assert asked == set(YouTubeStub.METHODS)
    for seen in server.requests:
        method = document["resources"][seen.path.removeprefix(f"{BASE}/")]["methods"]["list"]
        assert seen.path == f"/{method['path']}"
        for name, value in seen.query.items():
            known = method["parameters"][name]
            assert "enum" not in known or value in known["enum"], (name, value)
            assert known["type"] != "integer" or int(known["minimum"]) <= int(value) <= int(known["maximum"])
        required = {name for name, known in method["parameters"].items() if known.get("required")}
        assert required <= set(seen.query)
    for name, body in site.answers:
        schema = document["resources"][name]["methods"]["list"]["response"]
        assert list(wrong(document, schema, body, name)) == []


def read(document: dict[str, Any], url: str) -> dict[str, list[str]]:
    """What Google's client finds in the same places."""
    client = build_from_document(document, developerKey=KEY, client_options={"api_endpoint": url})

    def every(resource: Any, **asked: Any) -> list[Any]:
        found, request = [], resource.list(**asked)
        while request is not None:
            answer = request.execute()
            found += answer["items"]
            request = resource.list_next(request, answer)
        return found

    try:
        channel = (
            client.channels().list(part="contentDetails,statistics", forHandle="@acme").execute()["items"][0]
        )
        uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
        search = every(client.search(), part="snippet", q="acme", type="video", order="date", maxResults=50)
        own = every(client.playlistItems(), part="contentDetails", playlistId=uploads, maxResults=50)
        to = {"allThreadsRelatedToChannelId": ACME, "order": "time", "maxResults": 100}
        threads = every(client.commentThreads(), part="snippet,replies", **to)
        replies = [
            reply
            for thread in threads
            for reply in every(client.comments(), part="snippet", parentId=thread["id"], maxResults=100)
        ]
        return {
            "subscribers": [channel["statistics"]["subscriberCount"]],
            "search": [item["id"]["videoId"] for item in search],
            "own": [item["contentDetails"]["videoId"] for item in own],
            "threads": [thread["id"] for thread in threads],
            "replies": [reply["id"] for reply in replies],
        }
    finally:
        client.close()


async def test_googles_client_finds_what_we_find(
    server: FaultServer, site: YouTubeStub, document: dict[str, Any]
) -> None:
    theirs = await asyncio.to_thread(read, document, server.url("/"))
    assert theirs["subscribers"] == ["1200"] and len(theirs["search"]) == 120 and len(theirs["replies"]) == 12
    ours = await listened(server)
    assert set(ours) == {name for key in ("search", "own", "threads", "replies") for name in theirs[key]}
