"""The Bluesky collector behind a real server: its firehose feeds the stub, which a client library reads too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from bluesky_listening import US, events_of, listening, native_ids, read
from bluesky_network import Bridge, Person, RealPds, installed, line, node, real_pds
from ears import TestEar
from jetstream_stub import POST, JetstreamStub
from structlog.testing import capture_logs

from listener.collectors.base import Retriable
from listener.collectors.bluesky import search as bluesky_search
from listener.collectors.post import AccountGone, Delete, Edit, Event, Page, Post

pytestmark = [pytest.mark.server, installed(), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Town:
    """A real server with people on it, and the stub that its firehose feeds."""

    pds: RealPds
    stub: JetstreamStub
    brand: Person
    ann: Person
    bob: Person
    cleo: Person
    dora: Person
    posts: dict[str, str]

    @property
    def last(self) -> str:
        return self.posts["last"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with JetstreamStub() as stub, real_pds(tmp_path_factory.mktemp("pds")) as pds:
        people = [await pds.join(f"{name}.test") for name in ("acmeco", "ann", "bob", "cleo", "dora")]
        town = Town(pds, stub, *people, posts={})
        bridge = asyncio.create_task(Bridge(pds, stub).run())
        await live_there(town)
        async with asyncio.timeout(30):
            while not any(
                town.last in message or town.last.rsplit("/", 1)[1] in message for message in stub.said
            ):
                assert not bridge.done(), bridge.exception()
                await asyncio.sleep(0.05)
        yield town
        bridge.cancel()
        await asyncio.gather(bridge, return_exceptions=True)


async def live_there(town: Town) -> None:
    """A question, answers, a change of mind, things taken back, accounts that go."""
    question = await town.ann.post("Is acme any good? 🤔")
    await town.bob.post("nothing to do with it")
    await town.bob.like(question)
    answer = await town.brand.post("Thank you for asking!", {"root": question, "parent": question})
    below = await town.bob.post("well well", {"root": question, "parent": answer})
    await town.ann.edit(question, "Is acme any good? Yes.")
    regret = await town.bob.post("acme is awful")
    await town.bob.take_back(regret)
    await town.cleo.post("acme for ever")
    await town.pds.take_down(town.cleo.did)
    await town.dora.post("acme, and I am leaving")
    await town.pds.delete(town.dora.did)
    last = await town.ann.post("acme, one last time")
    found = {"question": question, "answer": answer, "below": below, "regret": regret, "last": last}
    town.posts |= {name: ref["uri"] for name, ref in found.items()}


def start_of(town: Town) -> dict[str, int]:
    first: int = json.loads(town.stub.said[0])["time_us"]
    return {"time_us": first, "through": first // US}


async def hear(town: Town, ear: TestEar, **options: Any) -> list[Page]:
    async with listening(town.stub, ear, api=town.pds.url, **options) as collector:
        return await read(
            collector, start_of(town), enough=lambda pages: town.last in native_ids(pages), ear=ear
        )


def named(town: Town, events: list[Event]) -> list[tuple[str, str]]:
    names = {uri: name for name, uri in town.posts.items()}
    found = []
    for event in events:
        about = event.post.native_id if isinstance(event, Edit) else getattr(event, "native_id", "")
        found.append((type(event).__name__, names.get(about, "")))
    return found


async def test_what_happens_on_a_real_network_is_heard(town: Town) -> None:
    ear = TestEar(words=("acme",), handles=("acmeco.test",))
    events = events_of(await hear(town, ear))
    assert named(town, events) == [
        ("Post", "question"),
        ("Post", "answer"),
        ("Post", "below"),
        ("Edit", "question"),
        ("Post", "regret"),
        ("Delete", "regret"),
        ("Post", ""),
        ("AccountGone", ""),
        ("Post", ""),
        ("AccountGone", ""),
        ("Post", "last"),
    ]
    assert ear.known == {town.brand.did}
    question, answer, below, edit = events[:4]
    assert isinstance(question, Post) and isinstance(answer, Post) and isinstance(below, Post)
    assert (question.text, question.language, question.in_reply_to) == ("Is acme any good? 🤔", "en", None)
    assert (answer.author, answer.in_reply_to, answer.thread) == (
        "acmeco.test",
        question.native_id,
        question.native_id,
    )
    assert (below.in_reply_to, below.thread, below.author) == (
        answer.native_id,
        question.native_id,
        town.bob.did,
    )
    assert isinstance(edit, Edit) and edit.post.text == "Is acme any good? Yes."
    assert [event.author_id for event in events if isinstance(event, AccountGone)] == [
        town.cleo.did,
        town.dora.did,
    ]


async def test_every_post_of_the_network_is_heard_by_who_wants_everything(town: Town) -> None:
    events = events_of(await hear(town, TestEar()))
    kinds = [type(event) for event in events]
    assert (kinds.count(Post), kinds.count(Edit), kinds.count(Delete), kinds.count(AccountGone)) == (
        8,
        1,
        1,
        2,
    )


async def others_read(town: Town, tmp: Path, cursor: int, count: int) -> list[dict[str, Any]]:
    """What a client library that others wrote hears of the stub."""
    async with node("reader.mjs", town.stub.stream, str(cursor), tmp=tmp) as reader:
        return [await line(reader) for _ in range(count)]


def told(event: dict[str, Any]) -> tuple[object, ...]:
    commit = event.get("commit") or {}
    return (event["kind"], event["did"], event["time_us"], commit.get("operation"), commit.get("rkey"))


async def test_a_client_library_of_others_reads_the_same_from_the_stub(town: Town, tmp_path: Path) -> None:
    said = [json.loads(message) for message in town.stub.said]
    expected = [event for event in said if event["kind"] != "commit" or event["commit"]["collection"] == POST]
    heard = await others_read(town, tmp_path, expected[0]["time_us"], len(expected))
    assert [told(event) for event in heard] == [told(event) for event in expected]
    assert {event["heard"] for event in heard} == {"create", "update", "delete", "account", "identity"}
    # What it makes of the records is what we make of them.
    texts = {
        event["commit"]["rkey"]: event["commit"]["record"]["text"]
        for event in heard
        if event["heard"] == "create"
    }
    ours = [event for event in events_of(await hear(town, TestEar())) if isinstance(event, Post)]
    assert {post.native_id.rsplit("/", 1)[1]: post.text for post in ours} == texts


async def test_it_goes_on_where_a_cursor_says(town: Town, tmp_path: Path) -> None:
    said = [json.loads(message) for message in town.stub.said]
    expected = [event for event in said if event["kind"] != "commit" or event["commit"]["collection"] == POST]
    middle = len(expected) // 2
    heard = await others_read(town, tmp_path, expected[middle]["time_us"], len(expected) - middle)
    assert [told(event) for event in heard] == [told(event) for event in expected[middle:]]


async def test_a_real_login_is_taken_and_its_failures_do_not_stop_the_stream(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This server has no search behind it: it answers that whom it would ask cannot be reached.
    monkeypatch.setattr(bluesky_search, "PAUSE", 0.01)
    ear = TestEar(words=("acme",), searches=("acme",))
    for password, reason in (("pass-ann.test", "answered 50"), ("wrong", "login was refused")):
        login = {"handle": "ann.test", "password": password, "service": town.pds.url}
        with capture_logs() as logs:
            pages = await hear(town, ear, login=login)
        assert town.last in native_ids(pages)
        (entry,) = [entry for entry in logs if "past" in entry["event"]]
        assert reason in entry["reason"]
        assert password not in repr(logs)


async def test_profiles_that_cannot_be_had_cost_only_names(town: Town) -> None:
    with capture_logs() as logs:
        events = events_of(await hear(town, TestEar(), profiles=True))
    assert sum(isinstance(event, Post) for event in events) == 8
    assert len(logs) == 1


async def test_a_connection_that_breaks_goes_on_without_loss(town: Town) -> None:
    ear, pages = TestEar(), []
    async with listening(town.stub, ear, api=town.pds.url) as collector:
        with pytest.raises(Retriable):
            async with aclosing(collector.pages(start_of(town), start_of(town)["through"])) as coming:
                async for page in coming:
                    pages.append(page)
                    await town.stub.drop()
        pages += await read(
            collector, pages[-1].next_cursor, enough=lambda pages: town.last in native_ids(pages)
        )
    assert {event.native_id for event in events_of(pages) if isinstance(event, Post)} == {
        event.native_id for event in events_of(await hear(town, TestEar())) if isinstance(event, Post)
    }
