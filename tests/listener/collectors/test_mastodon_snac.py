"""The Mastodon collector at a real server: snac2, whose people post, edit and delete while it is polled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from mastodon_listening import Scene, scene
from snac_server import Snac, program

from storage.mention import Heard

pytestmark = pytest.mark.server


@pytest.fixture
async def snac(tmp_path: Path) -> AsyncIterator[Snac]:
    binary = program()
    if binary is None:
        pytest.skip("snac is not here: .ci/snac fetches it where the next Debian suite can be reached")
    async with Snac(binary, tmp_path, ("ann", "acme")) as running:
        yield running


@pytest.fixture
async def at() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


def read_from(status: dict[str, object]) -> int:
    """The server's own clock, which no test moves."""
    return int(datetime.fromisoformat(str(status["created_at"])).timestamp())


async def test_hashtags_are_polled(at: Scene, snac: Snac) -> None:
    store, collector = at.store(), at.collector([snac], hashtags=["acme", "brand"])
    wanted = [(await snac.post("ann", f"number {n} about #acme"))["uri"] for n in range(3)]
    await snac.post("ann", "nothing of ours")
    last = await snac.post("ann", "both #acme and #brand")
    now = read_from(last) + 1
    await store.poll(collector, now)
    assert store.order == [*wanted, last["uri"]]
    assert store.posts[wanted[0]].text == "number 0 about #acme"
    assert store.posts[wanted[0]].author == f"ann@{snac.name}"
    assert store.posts[wanted[0]].author_id == f"{snac.host}/ann"

    # What was known may be gone, and more may have come than one answer holds.
    await snac.delete("ann", last)
    new = [(await snac.post("ann", f"again {n} #Acme"))["uri"] for n in range(95)]
    await store.poll(collector, now + 300)
    assert store.order == [*wanted, last["uri"], *new]
    assert store.heard == [Heard(now - 86_400, now + 300)] and not store.gaps

    # A process that was started anew goes on from the cursor.
    one = await snac.post("ann", "one more #brand")
    await store.poll(at.collector([snac], hashtags=["acme", "brand"]), now + 600)
    assert store.order[-1] == one["uri"] and store.again == 0 and not store.aside
    assert all(page.first for page in store.pages[:2]) and not store.pages[-1].first


async def test_edits_counters_and_deletions_are_noticed(at: Scene, snac: Snac) -> None:
    store, collector = at.store(), at.collector([snac])
    await snac.post("ann", "the oldest #acme")
    one = await snac.post("ann", "first words #acme")
    two = await snac.post("ann", "taken back #acme")
    newest = await snac.post("ann", "the newest #acme")
    now = read_from(newest) + 1
    await store.poll(collector, now)
    await snac.edit("ann", one, "other words #acme")
    await snac.post("ann", "an answer", in_reply_to_id=newest["id"])
    await store.poll(collector, now + 1)
    assert [post.text for post in store.edits] == ["other words #acme"]
    assert {**store.readings[-1].counters} == {"likes": 0, "reposts": 0, "replies": 1}
    assert store.readings[-1].native_id == newest["uri"]
    await snac.delete("ann", two)
    await store.poll(collector, now + 2)
    await store.poll(collector, now + 3)
    assert store.deleted == [two["uri"]]
    assert len(store.order) == 4 and store.again == 0


async def test_a_token_searches_and_ties_answers(at: Scene, snac: Snac) -> None:
    question = await snac.post("ann", "Why does Acme do this?")
    answer = await snac.post("acme", "Because #acme", in_reply_to_id=question["id"])
    at.ear.handles, at.ear.searches = (f"acme@{snac.name}",), ("Why",)
    at.ear.words = ("acme",)
    token = await snac.token("ann")
    store = at.store()
    with structlog.testing.capture_logs() as logs:
        collector = at.collector([{"host": snac.host, "token": token, "allow_private": True}])
        await store.poll(collector, read_from(answer) + 1)
    assert set(store.order) == {question["uri"], answer["uri"]}
    assert store.posts[answer["uri"]].in_reply_to == question["uri"]
    assert store.posts[answer["uri"]].thread == question["uri"]
    assert at.ear.known == {f"{snac.host}/acme"}
    # This server has no stream: it is told, and polled.
    assert not collector.streams and token not in str(logs)
    assert [entry["event"] for entry in logs] == ["no stream from this server"]
