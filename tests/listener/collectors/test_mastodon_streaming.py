"""Streams of stubs that play Mastodon's websocket: catching up first, following, and what happens when it breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import structlog
from mastodon_listening import HOUR, NOW, Kept, Scene, scene
from mastodon_stub import Fault, Stub, iso

from listener.collectors.base import Collector, Retriable
from listener.collectors.mastodon.collector import MUTE, NEWS, RECHECK
from listener.collectors.mastodon.events import Teller
from listener.collectors.mastodon.instance import Instance, Server
from listener.collectors.mastodon.stream import Hub
from listener.collectors.post import Page
from storage.mention import Heard

TOKEN = "t0psecret"


@pytest.fixture
async def at() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with Stub(token=TOKEN) as running:
        yield running


def known(stub: Stub) -> dict[str, Any]:
    return {"host": stub.host, "token": TOKEN, "allow_private": True}


class Following:
    """Follows a stream in a task, and keeps what it brings."""

    def __init__(self, store: Kept, pages: AsyncGenerator[Page, None]) -> None:
        self.store = store
        self._pages = pages
        self._changed = asyncio.Condition()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async for page in self._pages:
                async with self._changed:
                    self.store.commit(page)
                    self._changed.notify_all()
        finally:
            await self._pages.aclose()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(holds)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def following(collector: Collector, store: Kept, now: int = NOW) -> AsyncIterator[Following]:
    follower = Following(store, collector.pages(store.cursor, now))
    try:
        yield follower
    finally:
        await follower.stop()


async def test_it_catches_up_and_then_follows(at: Scene, stub: Stub) -> None:
    before = stub.arrive("Before #acme", NOW - 50)
    store, collector = at.store(), at.collector([known(stub)], public="local")
    assert collector.streams
    async with following(collector, store) as follower:
        asked = await stub.subscriptions(2)
        assert asked == [
            {"type": "subscribe", "stream": "hashtag", "tag": "acme"},
            {"type": "subscribe", "stream": "public:local"},
        ]
        live = stub.make("Live #acme", NOW + 5)
        await stub.say("update", live, "hashtag", "acme")
        await follower.until(lambda: live["uri"] in store.posts)
        at.clock.at = NOW + NEWS
        await follower.until(lambda: store.heard[-1].until == NOW + NEWS)
    assert store.order == [before["uri"], live["uri"]]
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW + NEWS)]
    assert not store.pages[-1].first
    headers = [headers for path, _, headers in stub.asked if path.endswith("/streaming")]
    assert headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert store.posts[live["uri"]].author == f"ann@{stub.name}"


async def test_only_what_may_concern_us_becomes_a_post(at: Scene, stub: Stub) -> None:
    at.ear.words = ("acme",)
    store = at.store()
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        await stub.say("update", stub.make("Nothing at all", NOW + 1, tags=["acme"]), "hashtag", "acme")
        mine = stub.make("Acme it is", NOW + 2, tags=["acme"])
        await stub.say("update", mine, "hashtag", "acme")
        # An answer to what is kept, whatever it says.
        reply = stub.make("No, it is not", NOW + 3, in_reply_to_id=mine["id"])
        await stub.say("update", reply, "hashtag", "acme")
        await follower.until(lambda: len(store.order) == 2)
    assert store.order == [mine["uri"], reply["uri"]]
    assert store.posts[reply["uri"]].in_reply_to == mine["uri"]
    assert store.posts[reply["uri"]].thread == mine["uri"]


async def test_edits_and_deletions_of_what_is_kept(at: Scene, stub: Stub) -> None:
    at.ear.words = ("acme",)
    store = at.store()
    old = stub.arrive("Acme, read and not streamed #acme", NOW - 50)
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        live = stub.make("Acme #acme", NOW + 1)
        dull = stub.make("Other things", NOW + 1)
        for status in (live, dull):
            await stub.say("update", status, "hashtag", "acme")
        await follower.until(lambda: live["uri"] in store.posts)
        edit = {
            **live,
            "content": "<p>No name any more</p>",
            "edited_at": iso(NOW + 5),
            "favourites_count": 2,
        }
        await stub.say("status.update", edit, "hashtag", "acme")
        await stub.say("status.update", {**dull, "edited_at": iso(NOW + 6)}, "hashtag", "acme")
        await stub.say("delete", dull["id"], "hashtag", "acme")
        await stub.say("delete", "12345", "hashtag", "acme")
        unkept = stub.make("Acme, but kept by nobody #acme", NOW + 2)
        await stub.say("update", unkept, "hashtag", "acme")
        await follower.until(lambda: unkept["uri"] in store.posts)
        at.ear.ids.discard(unkept["uri"])
        await stub.say("delete", unkept["id"], "hashtag", "acme")
        await stub.say("delete", live["id"], "hashtag", "acme")
        await stub.say("delete", old["id"], "hashtag", "acme")
        await follower.until(lambda: len(store.deleted) == 2)
    assert [post.text for post in store.edits] == ["No name any more"]
    assert store.deleted == [live["uri"], old["uri"]]
    assert {**store.readings[-1].counters}["likes"] == 2


async def test_after_a_restart_deletions_of_what_is_recent_are_understood(at: Scene, stub: Stub) -> None:
    store = at.store()
    old = stub.arrive("Acme #acme", NOW - 50)
    async with following(at.collector([known(stub)]), store) as follower:
        await follower.until(lambda: old["uri"] in store.posts)
    async with following(at.collector([known(stub)]), store, NOW + 60) as follower:
        await stub.subscriptions(1)
        reply = stub.make("And?", NOW + 61, in_reply_to_id=old["id"])
        at.ear.words = ("acme",)
        await stub.say("update", reply, "hashtag", "acme")
        await stub.say("delete", old["id"], "hashtag", "acme")
        await follower.until(lambda: store.deleted == [old["uri"]])
    assert store.posts[reply["uri"]].in_reply_to == old["uri"]


async def test_a_status_that_comes_by_two_channels_is_told_once(at: Scene, stub: Stub) -> None:
    async with Stub(token=TOKEN) as other:
        store = at.store()
        async with following(at.collector([known(stub), known(other)], public="all"), store) as follower:
            await stub.subscriptions(2)
            await other.subscriptions(2)
            one = stub.make("Acme #acme", NOW + 1)
            await stub.say("update", one, "hashtag", "acme")
            await stub.say("update", one, "public")
            await follower.until(lambda: one["uri"] in store.posts)
            await other.say("update", {**one, "id": "9"}, "public")
            last = other.make("Acme last #acme", NOW + 2)
            await other.say("update", last, "public")
            await follower.until(lambda: last["uri"] in store.posts)
        assert store.order == [one["uri"], last["uri"]] and store.again == 0


async def test_what_was_missed_while_the_stream_was_broken_is_read(at: Scene, stub: Stub) -> None:
    store, collector = at.store(), at.collector([known(stub)])
    wanted = [stub.arrive("Before #acme", NOW - 50)["uri"]]
    async with following(collector, store) as follower:
        await stub.subscriptions(1)
        live = stub.arrive("Live #acme", NOW + 1)
        await stub.say("update", live, "hashtag", "acme")
        await follower.until(lambda: live["uri"] in store.posts)
        await stub.hang_up()
        with pytest.raises(Retriable, match="closed"):
            await follower.task
    wanted += [live["uri"], *(stub.arrive(f"Missed {n} #acme", NOW + 10 + n)["uri"] for n in range(90))]
    async with following(at.collector([known(stub)]), store, NOW + 120):
        await stub.subscriptions(2)
    assert store.order == wanted and store.again == 0
    assert not store.gaps


async def test_what_was_streamed_is_not_read_again(at: Scene, stub: Stub) -> None:
    store = at.store()
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        await follower.until(lambda: len(store.pages) == 3)
        for n in range(200):
            await stub.say("update", stub.arrive(f"Acme {n} #acme", NOW + 1 + n), "hashtag", "acme")
        await follower.until(lambda: len(store.order) == 200)
        await stub.hang_up()
        with pytest.raises(Retriable):
            await follower.task
    before = len(stub.asked)
    async with following(at.collector([known(stub)]), store, NOW + 2 * HOUR):
        await stub.subscriptions(2)
    assert all(query == {"limit": "40"} for path, query, _ in stub.asked[before:] if "/tag/" in path)


async def test_nothing_is_lost_between_catching_up_and_subscribing(at: Scene, stub: Stub) -> None:
    """What arrives after the timeline was read and before the stream was opened is in neither of the two."""
    store = at.store()
    stub.faults.append(Fault("/tag/", 200, "[]", times=1))
    hidden = stub.arrive("In between #acme", NOW - 1)
    async with following(at.collector([known(stub)]), store) as follower:
        await follower.until(lambda: hidden["uri"] in store.posts)


async def test_instances_without_a_token_are_still_polled(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        store, collector = at.store(), at.collector([known(stub), other])
        async with following(collector, store) as follower:
            await stub.subscriptions(1)
            await follower.until(lambda: bool(store.heard))
            polled = other.arrive("Polled #acme", NOW + 5)
            # Heard is only through where the one without a stream was asked.
            at.clock.at = NOW + 200
            streamed = stub.make("Streamed #acme", NOW + 190)
            await stub.say("update", streamed, "hashtag", "acme")
            await follower.until(lambda: streamed["uri"] in store.posts)
            assert store.heard[-1].until == NOW
            asked = len([path for path, _, _ in stub.asked if "/tag/" in path])
            at.clock.at = NOW + 301
            await follower.until(lambda: polled["uri"] in store.posts)
            assert len([path for path, _, _ in stub.asked if "/tag/" in path]) == asked
            await follower.until(lambda: store.heard[-1].until == NOW + 301)


async def test_a_streamed_timeline_is_read_now_and_then(at: Scene, stub: Stub) -> None:
    store = at.store()
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        # The first look, the search, and the second look after subscribing are over.
        await follower.until(lambda: len(store.pages) == 3)
        unheard = stub.arrive("The stream left it out #acme", NOW + 5)
        at.clock.at = NOW + RECHECK
        await follower.until(lambda: unheard["uri"] in store.posts)


async def test_a_dead_instance_is_told_of_while_a_stream_runs(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        store = at.store()
        async with following(at.collector([known(stub), other]), store) as follower:
            await stub.subscriptions(1)
            await follower.until(lambda: bool(store.heard))
            other.faults.append(Fault("/api", 500))
            at.clock.at = NOW + 301
            with pytest.raises(Retriable, match=other.name):
                await follower.task


@pytest.mark.parametrize("refusal", ["refuse_stream", "refuse_channels"])
async def test_a_server_without_a_stream_is_polled(at: Scene, stub: Stub, refusal: str) -> None:
    setattr(stub, refusal, True)
    store, collector = at.store(), at.collector([known(stub)])
    wanted = [stub.arrive("One #acme", NOW - 50)["uri"]]
    with structlog.testing.capture_logs() as logs:
        await store.poll(collector, NOW)
        wanted.append(stub.arrive("Two #acme", NOW + 50)["uri"])
        await store.poll(collector, NOW + 300)
    assert store.order == wanted and not collector.streams
    assert stub.handshake == 1
    (told,) = [entry for entry in logs if entry["event"] == "no stream from this server"]
    assert "user token" in told["reason"] and TOKEN not in str(logs)
    at.clock.at += MUTE
    assert collector.streams


async def test_a_server_whose_limit_is_near_is_not_streamed_before_all_was_read(
    at: Scene, stub: Stub
) -> None:
    store = at.store()
    await_first = [stub.arrive(f"{n} #acme", NOW - 200 + n)["uri"] for n in range(3)]
    async with following(at.collector([known(stub)]), store) as follower:
        await follower.until(lambda: bool(store.heard))
    wanted = await_first + [stub.arrive(f"{n} #acme", NOW + 1 + n)["uri"] for n in range(200)]
    stub.remaining = 23
    handshakes = stub.handshake
    await store.poll(at.collector([known(stub)]), NOW + 300)
    assert stub.handshake == handshakes and len(store.order) < len(wanted)
    stub.remaining = 300
    async with following(at.collector([known(stub)]), store, NOW + 600) as follower:
        await follower.until(lambda: len(store.order) == len(wanted))
    assert store.order == wanted


async def test_messages_that_cannot_be_read_are_set_aside(at: Scene, stub: Stub) -> None:
    store = at.store()
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        await stub.send("no JSON")
        await stub.send(json.dumps({"stream": ["hashtag", "acme"], "event": "update", "payload": "{"}))
        await stub.say("filters_changed", "", "user")
        await stub.say("update", {"id": "5", "uri": "u", "visibility": "public"}, "hashtag", "acme")
        good = stub.make("Good #acme", NOW + 1)
        await stub.say("update", good, "hashtag", "acme")
        await follower.until(lambda: good["uri"] in store.posts)
    assert len(store.aside) == 3


async def test_odd_messages_do_not_end_the_stream(at: Scene, stub: Stub) -> None:
    store = at.store()
    twice = stub.make("Packed twice #acme", NOW + 1)
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        await stub.say("update", json.dumps(json.dumps(twice)), "hashtag", "acme")
        await stub.say("status.update", json.dumps(json.dumps(twice)), "hashtag", "acme")
        await stub.send(json.dumps({"stream": ["hashtag", "acme"], "event": ["update"], "payload": "{}"}))
        good = stub.make("Good #acme", NOW + 1)
        await stub.say("update", good, "hashtag", "acme")
        await follower.until(lambda: good["uri"] in store.posts)
    assert store.order == [good["uri"]] and len(store.aside) == 3


async def test_no_stream_is_opened_before_a_large_timeline_was_read_to_its_end(at: Scene, stub: Stub) -> None:
    """The timelines share the requests of a poll; a stream would say that what one share left out was never said."""
    store, tags = at.store(), ["acme", "brand"]
    wanted = [stub.arrive("First #acme", NOW - 50)["uri"]]
    async with following(at.collector([known(stub)], hashtags=tags, poll="30s"), store) as follower:
        await follower.until(lambda: bool(store.heard))
    wanted += [stub.arrive(f"{n} #acme", NOW + 1 + n)["uri"] for n in range(1_000)]
    handshakes = stub.handshake
    async with asyncio.timeout(10):
        await store.poll(at.collector([known(stub)], hashtags=tags, poll="30s"), NOW + 2_000)
    assert stub.handshake == handshakes and 100 < len(store.order) < len(wanted)
    assert store.heard[-1].until < NOW + 1_000
    async with following(at.collector([known(stub)], hashtags=tags), store, NOW + 2_100) as follower:
        await follower.until(lambda: store.heard[-1].until == NOW + 2_100)
    assert store.order == wanted and not store.gaps


class _Full:
    """A stream on which much has waited."""

    def __init__(self, messages: list[str | bytes]) -> None:
        self._messages = messages

    async def take(self, wait: float) -> list[str | bytes]:
        return self._messages


async def turns_during(work: Coroutine[Any, Any, object]) -> int:
    """How often somebody else gets a turn meanwhile."""
    task = asyncio.ensure_future(work)
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    await task
    return turns


@pytest.mark.parametrize(("count", "length"), [(5_000, 10), (20, 300_000)])
async def test_others_get_their_turn_while_a_burst_is_read(at: Scene, count: int, length: int) -> None:
    server = Server(Instance(host="social.example"), at.client, False, at.clock)
    hub = Hub({server: cast(Any, _Full(["x" * length] * count))})
    turns = await turns_during(hub.take(1.0))
    assert turns >= 10


async def test_others_get_their_turn_while_a_burst_is_heard(at: Scene, stub: Stub) -> None:
    server = Server(Instance(host=stub.host), at.client, True, at.clock)
    items = [{"event": "update", "payload": stub.make(f"Acme {n}", NOW)} for n in range(500)]
    assert await turns_during(Teller(at.ear).hear(items, server, NOW)) >= 10


async def test_a_burst_is_cut_into_pages(at: Scene, stub: Stub) -> None:
    store = at.store()
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        for n in range(1_200):
            await stub.say("update", stub.make(f"Acme {n} #acme", NOW + 1), "hashtag", "acme")
        await follower.until(lambda: len(store.order) == 1_200)
    assert max(len(page.events) for page in store.pages) <= 500


async def test_a_silent_server_says_that_it_hears(at: Scene, stub: Stub) -> None:
    store = at.store()
    async with following(at.collector([known(stub)]), store) as follower:
        await stub.subscriptions(1)
        await follower.until(lambda: bool(store.heard))
        for later in range(1, 4):
            at.clock.at = NOW + later * NEWS
            await follower.until(lambda: store.heard[-1].until == at.clock.at)
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW + 3 * NEWS)]
