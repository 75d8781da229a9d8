"""Own accounts on Mastodon: followers once a day, and who spoke to the owner of a token."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from mastodon import Mastodon
from mastodon_listening import NOW, Scene, scene
from mastodon_own_stub import OwnStub
from mastodon_stub import Fault, iso
from ruamel.yaml import YAML
from snac_server import Snac, program
from structlog.testing import capture_logs

from listener.collectors.base import Permanent, Retriable
from listener.collectors.mastodon.own import figures, mentions
from listener.collectors.post import Figure, Page
from storage.mention import Heard

DAY = 86_400
RECORDINGS = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")
RECORDED = RECORDINGS / "recordings" / "mastodon"


@pytest.fixture
async def at() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


@pytest.fixture
async def stub() -> AsyncIterator[OwnStub]:
    async with OwnStub() as running:
        running.refuse_stream = True
        yield running


def brand_of(at: Scene, stub: OwnStub, person: str = "acme") -> str:
    """The brand's account on this server, which said something once."""
    stub.arrive("we are here", NOW - 900, acct=person)
    handle = f"{person}@{stub.name}"
    at.ear.handles = (handle,)
    at.ear.words = ("acme",)
    return handle


def with_token(stub: OwnStub) -> dict[str, Any]:
    return {"host": stub.host, "token": stub.token}


def figures_in(pages: list[Page]) -> list[Figure]:
    return [event for page in pages for event in page.events if isinstance(event, Figure)]


# Followers


async def test_followers_are_told_once_a_day_and_over_restarts(at: Scene, stub: OwnStub) -> None:
    handle, store = brand_of(at, stub), at.store()
    midnight = NOW // DAY * DAY
    for hour in (1, 12, 23.5):
        # Each time by another process.
        await store.poll(at.collector([stub]), int(midnight + hour * 3600))
    assert [(one.metric, one.value, one.day, one.account) for one in figures_in(store.pages)] == [
        ("followers", 7.0, "2026-11-18", handle)
    ]
    # The next calendar day, though not a whole day has passed.
    await store.poll(at.collector([stub]), midnight + DAY + 60)
    assert [one.day for one in figures_in(store.pages)] == ["2026-11-18", "2026-11-19"]


async def test_figures_that_were_not_kept_are_told_again(at: Scene, stub: OwnStub) -> None:
    brand_of(at, stub)
    store = at.store()
    stub.arrive("about #acme", NOW - 5)
    async with aclosing(at.collector([stub]).pages(None, NOW)) as pages:
        async for page in pages:
            if figures_in([page]):
                break
            store.commit(page)
    await store.poll(at.collector([stub]), NOW + 300)
    assert len(figures_in(store.pages)) == 1


def test_who_hides_his_followers_has_none_that_are_known() -> None:
    told = figures({"followers_count": -1, "following_count": True, "statuses_count": 4}, "acme@x.y", NOW)
    assert [(one.metric, one.value) for one in told] == [("posts_total", 4.0)]


# Notifications


async def test_what_reaches_no_timeline_is_heard_from_notifications(at: Scene, stub: OwnStub) -> None:
    handle, store = brand_of(at, stub), at.store()
    question = stub.make("@acme is it down?", NOW - 60, acct="bo@far.example")
    stub.notify(question, NOW - 59)
    stub.notify(stub.make("hello @acme", NOW - 50, acct="bo@far.example", visibility="direct"), NOW - 50)
    stub.notify(stub.make("we are here", NOW - 50, acct="acme"), NOW - 40, kind="favourite")
    await store.poll(at.collector([with_token(stub)]), NOW)
    assert handle in at.ear.handles
    assert question["uri"] in store.posts
    assert sorted(store.texts) == ["@acme is it down?", "we are here"]
    assert not store.aside
    # The next one is found by another process, and the first is not told again.
    later = stub.make("@acme and now?", NOW + 100, acct="cy@far.example")
    stub.notify(later, NOW + 100)
    await store.poll(at.collector([with_token(stub)]), NOW + 300)
    assert later["uri"] in store.posts and store.again == 0


async def test_nobody_elses_notifications_are_read(at: Scene, stub: OwnStub) -> None:
    brand_of(at, stub)
    stub.owner = "somebody"
    stub.notify(stub.make("@somebody hello", NOW - 60), NOW - 60)
    store, collector = at.store(), at.collector([with_token(stub)])
    await store.poll(collector, NOW)
    await store.poll(collector, NOW + 300)
    assert stub.asked_for("notifications") == 0
    # Whose the token is, is asked once a day.
    assert stub.asked_for("verify_credentials") == 1


async def test_without_a_token_nobody_is_asked(at: Scene, stub: OwnStub) -> None:
    brand_of(at, stub)
    await at.store().poll(at.collector([stub]), NOW)
    assert stub.asked_for("notifications") == stub.asked_for("verify_credentials") == 0


@pytest.mark.parametrize(
    ("part", "status"), [("notifications", 403), ("notifications", 500), ("verify", 401)]
)
async def test_refused_notifications_cost_the_timelines_nothing(
    at: Scene, stub: OwnStub, part: str, status: int
) -> None:
    brand_of(at, stub)
    stub.faults = [Fault(part, status)]
    store, collector = at.store(), at.collector([with_token(stub)])
    with capture_logs() as logs:
        await store.poll(collector, NOW)
        await store.poll(collector, NOW + 300)
    told = [entry for entry in logs if entry["event"] == "notifications are not read for a day"]
    assert len(told) == 1
    assert store.heard == [Heard(NOW - DAY, NOW + 300)]
    assert str(stub.token) not in json.dumps([logs, store.cursor], default=str)


async def test_notifications_are_no_coverage(at: Scene, stub: OwnStub) -> None:
    """While a timeline fails nothing is heard, whatever the inbox brings; nor does a full inbox make a gap."""
    brand_of(at, stub)
    stub.faults = [Fault("/timelines/tag/", 500)]
    stub.notify(stub.make("@acme is it down?", NOW - 60, acct="bo@far.example"), NOW - 59)
    store = at.store()
    with pytest.raises((Retriable, Permanent)):
        await store.poll(at.collector([with_token(stub)]), NOW)
    assert store.heard == [] and store.gaps == []


async def test_a_notification_that_cannot_be_read_is_set_aside(at: Scene, stub: OwnStub) -> None:
    brand_of(at, stub)
    stub.notify(None, NOW - 60)
    stub.notify({**stub.make("@acme odd", NOW - 55), "content": ["no", "text"]}, NOW - 55)
    good = stub.make("@acme is it down?", NOW - 50, acct="bo@far.example")
    stub.notify(good, NOW - 50)
    store = at.store()
    await store.poll(at.collector([with_token(stub)]), NOW)
    assert good["uri"] in store.posts and len(store.aside) == 1


# From outside


async def test_a_client_library_reads_the_inbox_of_the_stub(stub: OwnStub) -> None:
    for n in range(3):
        stub.notify(stub.make(f"@acme number {n}", NOW + n, acct="bo@far.example"), NOW + n)
    stub.notify(stub.make("liked", NOW), NOW, kind="favourite")
    client = Mastodon(api_base_url=stub.host, access_token=stub.token, version_check_mode="none")

    def read() -> tuple[Any, Any]:
        return client.me(), client.notifications(types=["mention"])

    me, told = await asyncio.to_thread(read)
    assert me["acct"] == "acme"
    assert [one["id"] for one in told] == ["3", "2", "1"] and {one["type"] for one in told} == {"mention"}


def recorded(name: str, path: str) -> Any:
    """What a real server answered."""
    found = YAML(typ="safe").load((RECORDED / name).read_text(encoding="utf-8"))
    (answer,) = [one for one in found["interactions"] if path in one["request"]["uri"]]
    return json.loads(answer["response"]["body"]["string"])


@pytest.mark.data
@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers of Mastodon: set LISTENER_DATA")
async def test_recorded_notifications_of_a_real_server_are_read(at: Scene, stub: OwnStub) -> None:
    account = recorded("test_entity_account.yaml", "verify_credentials")
    stub.inbox = recorded("test_entity_notification.yaml", "/notifications")
    stub.owner = account["acct"]
    at.ear.handles = (f"{account['acct']}@mastodon.social",)
    # Somebody who said something, so that the lookup knows him.
    stub.arrive("hello", NOW - 60, account={**account, "acct": f"{account['acct']}@mastodon.social"})
    at.ear.words = ()
    store = at.store()
    options = {**with_token(stub), "domain": "mastodon.social"}
    await store.poll(at.collector([options], history="90d"), NOW)
    # Of 40 notifications 39 have lost their status, and the last is a private message, which is nobody's business.
    (private,) = mentions(stub.inbox)
    assert private["visibility"] == "direct" and private["uri"] not in store.posts and not store.aside
    told = {one.metric: one.value for one in figures_in(store.pages)}
    assert told["followers"] == account["followers_count"]
    assert told["follows"] == account["following_count"]
    # The same, had it been said in public and today.
    private["visibility"] = "public"
    for one in stub.inbox:
        one["created_at"] = iso(NOW - 60)
    again = at.store()
    await again.poll(at.collector([options], history="90d"), NOW)
    assert private["uri"] in again.posts


@pytest.mark.server
@pytest.mark.slow
async def test_a_real_server_tells_its_brand_who_spoke_to_it(at: Scene, tmp_path: Path) -> None:
    binary = program()
    if binary is None:
        pytest.skip("snac is not here: .ci/snac fetches it where the next Debian suite can be reached")
    async with Snac(binary, tmp_path, ("ann", "acme")) as snac:
        at.ear.handles, at.ear.words = (f"acme@{snac.name}",), ("acme",)
        posted = await snac.post("acme", "we are here")
        question = await snac.post("ann", "@acme is it down?", in_reply_to_id=posted["id"])
        store = at.store()
        instance = {"host": snac.host, "token": await snac.token("acme")}
        now = int(time.time()) + 1
        # Its own people are told a little later.
        async with asyncio.timeout(60):
            while question["uri"] not in store.posts:
                await store.poll(at.collector([instance], hashtags=["nothing"]), now)
                await asyncio.sleep(0.5)
        assert store.posts[question["uri"]].in_reply_to == posted["uri"]
        assert {one.account for one in figures_in(store.pages)} <= {f"acme@{snac.name}"}
