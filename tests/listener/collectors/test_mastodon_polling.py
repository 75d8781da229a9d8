"""Hashtag and public timelines of several stubs through many polls: nothing lost, nothing doubled, nobody silenced."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from mastodon_listening import HOUR, NOW, Died, Scene, scene
from mastodon_stub import Fault, Stub, iso
from pydantic import ValidationError

from listener.collectors.base import Permanent, Retriable
from listener.collectors.mastodon import events, search
from listener.collectors.mastodon.events import MOST_LOOKUPS
from listener.collectors.mastodon.instance import MOST_REQUESTS, SPARE
from listener.collectors.post import Post
from storage.mention import Gap, Heard

SERVERS = {"mastodon": {}, "without-link": {"link": False}, "without-min_id": {"min_id": False}}


@pytest.fixture
async def at() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with Stub() as running:
        yield running


@pytest.fixture(params=SERVERS)
async def any_server(request: pytest.FixtureRequest) -> AsyncIterator[Stub]:
    async with Stub(**SERVERS[request.param]) as running:
        yield running


def fill(stub: Stub, count: int, first: int, step: int = 10) -> list[str]:
    return [stub.arrive(f"number {n} on #acme", first + n * step)["uri"] for n in range(count)]


async def test_the_first_poll_reads_the_history(at: Scene, any_server: Stub) -> None:
    fill(any_server, 5, NOW - 40 * HOUR)
    wanted = fill(any_server, 100, NOW - 20 * HOUR)
    any_server.arrive("something else #other", NOW - 5)
    store = at.store()
    await store.poll(at.collector([any_server]), NOW)
    assert store.order == wanted
    assert all(page.first for page in store.pages)
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW)]
    assert store.pages[0].posts[0].author == f"ann@{any_server.name}"


async def test_later_polls_bring_what_is_new(at: Scene, any_server: Stub) -> None:
    store, collector = at.store(), at.collector([any_server])
    wanted = fill(any_server, 3, NOW - 100)
    await store.poll(collector, NOW)
    wanted += fill(any_server, 250, NOW + 1, step=1)
    await store.poll(collector, NOW + 300)
    await store.poll(collector, NOW + 600)
    wanted += fill(any_server, 2, NOW + 700)
    await store.poll(collector, NOW + 900)
    assert store.order == wanted and store.again == 0
    assert [page.first for page in store.pages] == [True] + [False] * (len(store.pages) - 1)
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW + 900)]


async def test_a_quiet_timeline_costs_one_request(at: Scene, stub: Stub) -> None:
    fill(stub, 3, NOW - 20 * HOUR)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    before = len(stub.asked)
    await store.poll(collector, NOW + 300)
    assert len(stub.asked) - before == 1
    assert stub.asked[-1][1] == {"limit": "40"}


@pytest.mark.parametrize("first_count", [0, 130])
async def test_dying_anywhere_loses_and_doubles_nothing(
    at: Scene, any_server: Stub, first_count: int
) -> None:
    """From cursor A, dying before any page, and again from what was committed: the same as without dying."""
    wanted = fill(any_server, first_count, NOW - 3 * HOUR, step=20)
    whole = at.store()
    await whole.poll(at.collector([any_server], hashtags=["acme", "brand"]), NOW)
    anew = fill(any_server, 170, NOW + 1, step=1)
    pages = await whole.poll(at.collector([any_server], hashtags=["acme", "brand"]), NOW + 300)
    assert whole.order == wanted + anew and pages > 2
    for death in range(pages + 3):
        at.ear.ids.clear()
        store = at.store()
        for now in (NOW, NOW + 300):
            collector = at.collector([any_server], hashtags=["acme", "brand"])
            try:
                await store.poll(collector, now, die_before=death)
            except Died:
                await store.poll(at.collector([any_server], hashtags=["acme", "brand"]), now)
        assert sorted(store.order) == sorted(whole.order)
        assert {name: store.posts[name] for name in store.order} == whole.posts
        assert store.heard[-1].until == NOW + 300


async def test_a_page_that_was_not_committed_is_told_again_by_the_same_collector(
    at: Scene, stub: Stub
) -> None:
    wanted = fill(stub, 100, NOW - 1_000)
    store, collector = at.store(), at.collector([stub])
    for death in range(3):
        with pytest.raises(Died):
            await store.poll(collector, NOW, die_before=0 if death else 1)
    await store.poll(collector, NOW)
    assert store.order == wanted


async def test_a_first_poll_that_was_cut_in_two_is_still_one(at: Scene, stub: Stub) -> None:
    fill(stub, 100, NOW - 2_000)
    store = at.store()
    with pytest.raises(Died):
        await store.poll(at.collector([stub]), NOW, die_before=1)
    await store.poll(at.collector([stub]), NOW + 60)
    assert all(page.first for page in store.pages)
    fill(stub, 1, NOW + 70)
    await store.poll(at.collector([stub]), NOW + 300)
    assert not store.pages[-1].first


async def test_a_late_status_with_an_older_date_is_found(at: Scene, any_server: Stub) -> None:
    """Its id is made of its date: whoever only asks for newer ids than the newest never sees it."""
    fill(any_server, 60, NOW - 2 * HOUR, step=60)
    store, collector = at.store(), at.collector([any_server])
    await store.poll(collector, NOW)
    fill(any_server, 60, NOW + 1, step=1)
    late = any_server.arrive("came late on #acme", NOW - 1_800, acct="bo@slow.example")
    await store.poll(collector, NOW + 300)
    assert late["uri"] in store.order
    again = any_server.arrive("came even later on #acme", NOW - 900, acct="bo@slow.example")
    await store.poll(collector, NOW + 600)
    assert again["uri"] in store.order


async def test_a_server_that_orders_by_arrival(at: Scene, any_server: Stub) -> None:
    """There dates may run against the order of the pages, and a late status stands among the newest."""
    store, collector = at.store(), at.collector([any_server])
    wanted = [
        any_server.arrive(f"{n} #acme", NOW - 100 + n, created_at=iso(NOW - 300 - n))["uri"]
        for n in range(30)
    ]
    await store.poll(collector, NOW)
    assert store.order == wanted
    for n in range(130):
        written = NOW + 1 + n if n % 25 else NOW - 6 * HOUR
        wanted.append(any_server.arrive(f"new {n} #acme", NOW + 1 + n, created_at=iso(written))["uri"])
    await store.poll(collector, NOW + 300)
    assert store.order == wanted and not store.gaps
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW + 300)]


async def test_the_newest_status_that_was_known_may_be_gone(at: Scene, any_server: Stub) -> None:
    fill(any_server, 5, NOW - 500)
    last = any_server.arrive("last on #acme", NOW - 10)
    store, collector = at.store(), at.collector([any_server])
    await store.poll(collector, NOW)
    del any_server.statuses[last["id"]]
    new = fill(any_server, 90, NOW + 1, step=1)
    await store.poll(collector, NOW + 300)
    assert store.order[-90:] == new and not store.gaps


async def test_everything_that_was_known_may_be_gone(at: Scene, any_server: Stub) -> None:
    fill(any_server, 5, NOW - 500)
    store, collector = at.store(), at.collector([any_server])
    await store.poll(collector, NOW)
    any_server.statuses.clear()
    new = fill(any_server, 90, NOW + 1, step=1)
    await store.poll(collector, NOW + 300)
    assert store.order[-90:] == new and not store.gaps


async def test_a_server_that_answers_an_unknown_id_with_nothing(at: Scene, stub: Stub) -> None:
    """As snac2 does when the status behind the id was deleted: asking on and on from there would be deaf for ever."""
    last = fill(stub, 3, NOW - 500)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    new = fill(stub, 100, NOW + 1, step=1)
    known = {status["id"] for status in stub.statuses.values() if status["uri"] in last}
    stub.faults.append(Fault("/tag/", 200, "[]", when=lambda query: query.get("min_id") in known))
    await store.poll(collector, NOW + 300)
    assert store.order == last + new


async def test_a_server_that_begins_again_where_an_id_is_gone(at: Scene, stub: Stub) -> None:
    """As snac2 does: taken for the end of the timeline, this would hide all that is older."""
    wanted = fill(stub, 130, NOW - 2_000)
    newest = json.dumps(stub.page("/tag/acme", {"limit": "40"}))
    stub.faults.append(Fault("/tag/", 200, newest, times=1, when=lambda query: "max_id" in query))
    store, collector = at.store(), at.collector([stub])
    with pytest.raises(Retriable, match="changed"):
        await store.poll(collector, NOW)
    await store.poll(collector, NOW)
    assert store.order == wanted


async def test_a_server_that_turns_pages_round(at: Scene, stub: Stub) -> None:
    stub.turned = True
    store, collector = at.store(), at.collector([stub])
    wanted = fill(stub, 5, NOW - 100)
    await store.poll(collector, NOW)
    wanted += fill(stub, 170, NOW + 1, step=1)
    await store.poll(collector, NOW + 300)
    assert store.order == wanted and store.again == 0


async def test_the_newest_status_may_be_gone_at_no_cost(at: Scene, stub: Stub) -> None:
    fill(stub, 5, NOW - 20 * HOUR)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    del stub.statuses[max(stub.statuses, key=int)]
    before = len(stub.asked)
    await store.poll(collector, NOW + 300)
    assert [path for path, _, _ in stub.asked[before:] if "timelines" in path] == [
        "/api/v1/timelines/tag/acme"
    ]


async def test_an_empty_timeline_fills(at: Scene, stub: Stub) -> None:
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW)]
    wanted = fill(stub, 50, NOW + 1, step=1)
    await store.poll(collector, NOW + 300)
    assert store.order == wanted and not store.pages[-1].first


async def test_too_much_for_one_poll_is_read_in_the_next_one(at: Scene, stub: Stub) -> None:
    wanted = fill(stub, 3, NOW - 60)
    store, collector = at.store(), at.collector([stub], poll="30s")
    await store.poll(collector, NOW)
    wanted += fill(stub, 2_000, NOW + 1, step=1)
    await store.poll(collector, NOW + 3_000)
    assert len(store.order) < len(wanted)
    assert NOW < store.heard[0].until < NOW + 2_000
    for later in range(1, 5):
        await store.poll(collector, NOW + 3_000 + later)
    assert store.order == wanted and not store.gaps


async def test_the_servers_limit_is_respected_and_no_place_is_lost(at: Scene, stub: Stub) -> None:
    wanted = fill(stub, 10, NOW - 60)
    store, collector = at.store(), at.collector([stub], hashtags=["acme", "brand"])
    await store.poll(collector, NOW)
    wanted += fill(stub, 400, NOW + 1, step=1)
    stub.remaining = SPARE + 5
    before = len(stub.asked)
    await store.poll(collector, NOW + 400)
    assert len(stub.asked) - before == 5
    assert stub.remaining == SPARE
    assert wanted[: len(store.order)] == store.order and 10 < len(store.order) < 410
    # Not the whole source was read: it is not said to be heard.
    assert store.heard[-1].until < NOW + 400
    at.clock.at += 700
    stub.remaining = 300
    await store.poll(collector, NOW + 700)
    assert store.order == wanted and store.heard[-1].until == NOW + 700


async def test_no_more_is_asked_than_is_polite(at: Scene, stub: Stub) -> None:
    tags = [f"tag{n}" for n in range(30)]
    store, collector = at.store(), at.collector([stub], hashtags=tags, poll="30s")
    await store.poll(collector, NOW)
    assert len(stub.asked) == MOST_REQUESTS // 10 and store.heard == []
    await store.poll(collector, NOW + 30)
    assert {path.rpartition("/")[2] for path, _, _ in stub.asked} == set(tags)


async def test_a_limit_does_not_always_stop_at_the_same_timelines(at: Scene, stub: Stub) -> None:
    tags = [f"tag{n}" for n in range(6)]
    store, collector = at.store(), at.collector([stub], hashtags=tags)
    read: set[str] = set()
    for later in range(3):
        at.clock.at = NOW + later * 700
        stub.remaining = SPARE + 3
        await store.poll(collector, NOW + later * 700)
        read |= {path.rpartition("/")[2] for path, _, _ in stub.asked[-3:]}
    assert read == set(tags)


async def test_a_long_history_is_read_as_far_as_is_polite(at: Scene, stub: Stub) -> None:
    wanted = fill(stub, 1_600, NOW - 16_000)
    store = at.store()
    await store.poll(at.collector([stub], poll="30s"), NOW)
    assert len(stub.asked) <= MOST_REQUESTS // 10 + 2
    assert 700 < len(store.order) < 1_600 and store.order == wanted[-len(store.order) :]
    oldest = store.posts[store.order[0]].published_at
    assert oldest is not None and store.heard == [Heard(oldest, NOW)]


async def test_a_server_that_gives_no_older_pages_leaves_a_gap(at: Scene) -> None:
    async with Stub(min_id=False) as stub:
        fill(stub, 30, NOW - 3_000)
        store, collector = at.store(), at.collector([stub])
        await store.poll(collector, NOW)
        stub.statuses.clear()
        new = fill(stub, 100, NOW + 2 * HOUR, step=10)
        stub.faults.append(Fault("/tag/", 422, when=lambda query: "max_id" in query))
        now = NOW + 3 * HOUR
        await store.poll(collector, now)
        assert store.order[-40:] == new[-40:]
        begins = NOW + 2 * HOUR + 600
        (gap,) = store.gaps
        assert gap == Gap(NOW, begins, gap.reason) and "#acme" in gap.reason
        assert store.heard[-1] == Heard(begins, now)


async def test_a_status_on_two_instances_counts_once(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        one = stub.arrive("Seen twice #acme", NOW - 50)
        other.arrive("Seen twice #acme", NOW - 50, uri=one["uri"], acct=f"ann@{stub.name}")
        mine = other.arrive("Only here #acme", NOW - 40, acct="bo")
        store, collector = at.store(), at.collector([stub, other])
        await store.poll(collector, NOW)
        assert store.order == [one["uri"], mine["uri"]] and store.again == 0
        assert store.posts[one["uri"]].author == f"ann@{stub.name}"
        assert store.posts[mine["uri"]].author == f"bo@{other.name}"


async def test_a_dead_instance_silences_nobody(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        store, collector = at.store(), at.collector([other, stub])
        fill(stub, 2, NOW - 60)
        fill(other, 2, NOW - 60)
        await store.poll(collector, NOW)
        other.faults.append(Fault("/api", 503))
        new = fill(stub, 3, NOW + 1)
        missed = fill(other, 60, NOW + 2, step=1)
        with pytest.raises(Retriable) as caught:
            await store.poll(collector, NOW + 300)
        assert other.name in str(caught.value) and stub.name not in str(caught.value)
        assert caught.value.partly and caught.value.retry_after is None
        assert store.order[-3:] == new
        # One was deaf: nothing is claimed to be heard.
        assert store.heard[-1].until == NOW
        other.faults.clear()
        await store.poll(collector, NOW + 600)
        assert store.order[-60:] == missed
        assert store.heard == [Heard(NOW - 24 * HOUR, NOW + 600)]


async def test_an_instance_that_asks_to_wait_is_left_alone(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        store, collector = at.store(), at.collector([other, stub])
        other.faults.append(Fault("/api", 429, headers={"Retry-After": "3600"}))
        for later in (0, 300, 600):
            at.clock.at = NOW + later
            with pytest.raises(Retriable, match=other.name) as caught:
                await store.poll(collector, NOW + later)
            # The healthy one is not made to wait.
            assert caught.value.retry_after is None
        assert len(other.asked) == 1 and len(stub.asked) == 3
        other.faults.clear()
        at.clock.at = NOW + 3_700
        await store.poll(collector, NOW + 3_700)
        assert store.heard


async def test_nothing_is_heard_before_every_timeline_was_read(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        wanted = fill(stub, 2, NOW - 60)
        other.faults.append(Fault("/api", 503))
        store, collector = at.store(), at.collector([stub, other])
        with pytest.raises(Retriable):
            await store.poll(collector, NOW)
        assert store.order == wanted and store.heard == []
        other.faults.clear()
        await store.poll(collector, NOW + 300)
        assert store.heard == [Heard(NOW + 300 - 24 * HOUR, NOW + 300)]


async def test_a_failing_instance_is_asked_once_a_poll(at: Scene, stub: Stub) -> None:
    stub.faults.append(Fault("/api", 500))
    with pytest.raises(Retriable):
        await at.store().poll(at.collector([stub], hashtags=["acme", "brand", "other"]), NOW)
    assert len(stub.asked) == 1


async def test_a_lonely_instance_that_asks_to_wait(at: Scene, stub: Stub) -> None:
    stub.faults.append(Fault("/api", 429, headers={"Retry-After": "77"}))
    with pytest.raises(Retriable) as caught:
        await at.store().poll(at.collector([stub]), NOW)
    assert caught.value.retry_after == 77 and not caught.value.partly


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "{}"), (429, "{}"), (503, ""), (200, "{"), (200, '{"error": "x"}'), (200, '["a"]'), (200, "")],
)
async def test_what_passes_is_tried_again(at: Scene, stub: Stub, status: int, body: str) -> None:
    wanted = fill(stub, 90, NOW - 1_000)
    store, collector = at.store(), at.collector([stub])
    stub.faults.append(Fault("/tag/", status, body, times=1))
    with pytest.raises(Retriable, match=stub.name):
        await store.poll(collector, NOW)
    assert not store.pages
    stub.faults.append(Fault("/tag/", status, body, times=1, when=lambda query: "max_id" in query))
    with pytest.raises(Retriable):
        await store.poll(collector, NOW)
    await store.poll(collector, NOW)
    assert store.order == wanted


async def test_an_empty_answer_is_no_failure(at: Scene, stub: Stub) -> None:
    wanted = fill(stub, 2, NOW - 100)
    store, collector = at.store(), at.collector([stub])
    stub.faults.append(Fault("/tag/", 200, "[]", times=1))
    await store.poll(collector, NOW)
    await store.poll(collector, NOW + 300)
    assert store.order == wanted


@pytest.mark.parametrize(
    ("status", "says"),
    [(401, "user token"), (403, "user token"), (422, "user token"), (404, "another instance")],
)
async def test_what_is_refused_names_its_remedy(at: Scene, stub: Stub, status: int, says: str) -> None:
    stub.faults.append(Fault("/tag/", status))
    with pytest.raises(Permanent) as caught:
        await at.store().poll(at.collector([stub]), NOW)
    assert says in str(caught.value) and stub.name in str(caught.value)


async def test_a_timeline_that_is_refused_does_not_silence_the_others(at: Scene, stub: Stub) -> None:
    wanted = fill(stub, 2, NOW - 100)
    stub.faults.append(Fault("/public", 422))
    store = at.store()
    with pytest.raises(Retriable, match="members only") as caught:
        await store.poll(at.collector([stub], public="all"), NOW)
    assert caught.value.partly and store.order == wanted


async def test_a_token_opens_what_is_for_members(at: Scene) -> None:
    async with Stub(token="t0psecret") as stub:
        stub.members_only = stub.refuse_stream = True
        wanted = fill(stub, 2, NOW - 100)
        store = at.store()
        with pytest.raises(Permanent, match="members only"):
            await store.poll(at.collector([stub]), NOW)
        await store.poll(
            at.collector([{"host": stub.host, "token": "t0psecret", "allow_private": True}]), NOW
        )
        assert store.order == wanted


async def test_no_secret_and_no_text_in_what_is_told(at: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Stub(token="right") as stub:
        stub.members_only = True
        stub.arrive("Private words on #acme", NOW - 5)
        wrong = {"host": stub.host, "token": "t0psecret", "allow_private": True}
        with (
            structlog.testing.capture_logs() as logs,
            pytest.raises(Permanent, match="token is not valid") as caught,
        ):
            await at.store().poll(at.collector([wrong]), NOW)
        said = f"{caught.value!r} {caught.value.__cause__!r} {logs} {caplog.text}"
        assert "t0psecret" not in said and "Private words" not in said


async def test_a_token_goes_over_plain_http_to_a_private_address_only(at: Scene) -> None:
    async with Stub(token="t0p") as stub:
        assert at.collector([{"host": stub.host, "token": "t0p"}]).streams
        with pytest.raises(ValidationError, match="plain http"):
            at.collector([{"host": stub.host, "token": "t0p", "allow_private": False}])


async def test_a_private_address_is_refused(at: Scene, stub: Stub) -> None:
    with pytest.raises(Permanent, match="private"):
        await at.store().poll(at.collector([stub], allow_private=False), NOW)
    assert not stub.asked


async def test_public_timelines(at: Scene, stub: Stub) -> None:
    mine = stub.arrive("Acme without a tag", NOW - 50)
    far = stub.arrive("Acme from elsewhere", NOW - 40, acct="bo@far.example")
    for public, wanted in (("local", [mine["uri"]]), ("all", [mine["uri"], far["uri"]])):
        at.ear.ids.clear()
        store = at.store()
        await store.poll(at.collector([stub], hashtags=[], public=public), NOW)
        assert store.order == wanted


async def test_a_new_hashtag_is_read_like_a_first_poll(at: Scene, stub: Stub) -> None:
    fill(stub, 2, NOW - 100)
    store = at.store()
    await store.poll(at.collector([stub]), NOW)
    other = stub.arrive("on #brand", NOW - 5)
    await store.poll(at.collector([stub], hashtags=["brand", "acme"]), NOW + 300)
    brand = next(page for page in store.pages if other["uri"] in [post.native_id for post in page.posts])
    assert brand.first and not store.pages[-1].first
    assert store.heard == [Heard(NOW - 24 * HOUR, NOW + 300)]
    assert store.cursor is not None and len(store.cursor["places"]) == 2
    await store.poll(at.collector([stub], hashtags=["brand"]), NOW + 600)
    assert store.cursor is not None and list(store.cursor["places"]) == [f"{stub.name} #brand"]


async def test_a_broken_status_is_set_aside_once(at: Scene, stub: Stub) -> None:
    wanted = fill(stub, 2, NOW - 100)
    broken = stub.arrive("Broken words #acme", NOW - 50)
    del broken["account"]
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    await store.poll(collector, NOW + 300)
    assert store.order == wanted
    (aside,) = store.aside
    assert aside.native_id == broken["id"] and "Broken" not in aside.cause


async def test_counters_and_edits_of_kept_statuses(at: Scene, stub: Stub) -> None:
    one = stub.arrive("First words #acme", NOW - 50)
    two = stub.arrive("Second words #acme", NOW - 40)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    at.ear.ids.discard(two["uri"])
    one["favourites_count"] = two["favourites_count"] = 4
    await store.poll(collector, NOW + 300)
    await store.poll(collector, NOW + 600)
    assert [(r.native_id, r.at, dict(r.counters)["likes"]) for r in store.readings] == [
        (one["uri"], NOW + 300, 4)
    ]
    for status in (one, two):
        status["content"], status["edited_at"] = "<p>Other words #acme</p>", iso(NOW + 700)
    await store.poll(collector, NOW + 900)
    await store.poll(collector, NOW + 1_200)
    assert [post.text for post in store.edits] == ["Other words #acme"]
    # What is not kept is looked at anew, for it may concern us now.
    assert [post.native_id for post in store.pages[-2].posts] == [two["uri"]]
    one["content"], one["edited_at"] = "<p>Third words</p>", iso(NOW + 1_300)
    await store.poll(collector, NOW + 1_500)
    assert store.posts[one["uri"]].text == "Third words"


async def test_the_highest_counter_of_all_instances(at: Scene, stub: Stub) -> None:
    async with Stub() as other:
        one = stub.arrive("Acme #acme", NOW - 50)
        there = other.arrive("Acme #acme", NOW - 50, uri=one["uri"])
        store, collector = at.store(), at.collector([stub, other])
        await store.poll(collector, NOW)
        one["favourites_count"], there["favourites_count"], there["replies_count"] = 5, 2, 3
        await store.poll(collector, NOW + 300)
        assert {**store.readings[-1].counters} == {"likes": 5, "reposts": 0, "replies": 3, "quotes": 0}
        count = len(store.readings)
        await store.poll(collector, NOW + 600)
        assert len(store.readings) == count


async def test_a_status_that_was_deleted_is_noticed(at: Scene, stub: Stub) -> None:
    fill(stub, 3, NOW - 500)
    one = stub.arrive("Taken back #acme", NOW - 50)
    untagged = stub.arrive("Loses its tag #acme", NOW - 45)
    fill(stub, 1, NOW - 10)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    await store.poll(collector, NOW + 300)
    del stub.statuses[one["id"]]
    untagged["tags"] = []
    await store.poll(collector, NOW + 600)
    assert store.deleted == [one["uri"]]
    await store.poll(collector, NOW + 900)
    assert store.deleted == [one["uri"]]


async def test_what_is_not_kept_is_not_asked_for(at: Scene, stub: Stub) -> None:
    fill(stub, 1, NOW - 500)
    gone = stub.arrive("Nobody's #acme", NOW - 50)
    fill(stub, 1, NOW - 10)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    at.ear.ids.clear()
    del stub.statuses[gone["id"]]
    await store.poll(collector, NOW + 300)
    fill(stub, 1, NOW + 310)
    await store.poll(collector, NOW + 600)
    assert store.deleted == [] and not [path for path, _, _ in stub.asked if "/statuses/" in path]


async def test_what_has_only_become_old_is_not_asked_for(at: Scene, stub: Stub) -> None:
    fill(stub, 100, NOW - 20 * HOUR)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    fill(stub, 60, NOW + 1, step=1)
    await store.poll(collector, NOW + 300)
    await store.poll(collector, NOW + 600)
    assert not [path for path, _, _ in stub.asked if "/statuses/" in path]


async def test_where_only_members_may_ask_the_page_itself_tells_of_a_deletion(at: Scene, stub: Stub) -> None:
    stub.hidden_parents = True
    gone = stub.arrive("Gone #acme", NOW - 50, uri=f"{stub.host}/ann/1")
    there = stub.arrive("There #acme", NOW - 45, uri=f"{stub.host}/ann/2")
    fill(stub, 1, NOW - 10)
    fill(stub, 1, NOW - 500)
    stub.faults.append(Fault("/ann/2", 200))
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    del stub.statuses[gone["id"]]
    there["tags"] = []
    await store.poll(collector, NOW + 300)
    assert store.deleted == [gone["uri"]]


async def test_no_address_of_somebody_else_is_asked_on_a_servers_word(at: Scene, stub: Stub) -> None:
    """A server writes the uri of a status as it likes, and must not make us ask whatever address it names."""
    stub.hidden_parents = True
    async with Stub() as victim:
        fill(stub, 1, NOW - 500)
        uris = [f"{victim.host}/ann/1", f"{stub.host}@{victim.name}/ann/1"]
        gone = [stub.arrive(f"{uri} #acme", NOW - 50, uri=uri) for uri in uris]
        fill(stub, 1, NOW - 10)
        store, collector = at.store(), at.collector([stub])
        await store.poll(collector, NOW)
        for status in gone:
            del stub.statuses[status["id"]]
        await store.poll(collector, NOW + 300)
        assert len([path for path, _, _ in stub.asked if "/statuses/" in path]) == 2
        assert victim.asked == [] and store.deleted == []


async def test_only_so_many_are_asked_for_at_once_whether_they_are_gone(at: Scene, stub: Stub) -> None:
    fill(stub, 1, NOW - 500)
    gone = [stub.arrive(f"Gone {n} #acme", NOW - 100 + n) for n in range(30)]
    fill(stub, 1, NOW - 10)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    for status in gone:
        del stub.statuses[status["id"]]
    await store.poll(collector, NOW + 300)
    assert len([path for path, _, _ in stub.asked if "/statuses/" in path]) == MOST_LOOKUPS
    await store.poll(collector, NOW + 600)
    assert sorted(store.deleted) == sorted(status["uri"] for status in gone)


async def test_only_so_many_are_asked_for_at_once_what_they_answer(at: Scene, stub: Stub) -> None:
    wanted = [stub.arrive(f"Leaf {n} #acme", NOW - 100 + n, in_reply_to_id=str(n + 1)) for n in range(30)]
    store = at.store()
    await store.poll(at.collector([stub]), NOW)
    assert store.order == [status["uri"] for status in wanted]
    assert len([path for path, _, _ in stub.asked if "/context" in path]) == MOST_LOOKUPS


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_KNOWN", 3)
    known: events.Recently[str, int] = events.Recently()
    for number, name in enumerate("abcada"):
        known.note(name, number)
    assert list(known.items()) == [("c", 2), ("d", 4), ("a", 5)]


async def test_an_id_that_fits_into_no_address_is_no_place(at: Scene, stub: Stub) -> None:
    good = stub.make("Good #acme", NOW - 40)
    odd = stub.make("Odd #acme", NOW - 50, id="5\ud8005")
    answer = json.dumps([good, odd])
    stub.faults.append(Fault("/tag/", 200, answer, when=lambda query: "max_id" not in query))
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    await store.poll(collector, NOW + 300)
    assert set(store.order) == {good["uri"], odd["uri"]}
    assert store.heard[-1].until == NOW + 300


@pytest.mark.parametrize("name", ["\ud800", "", None, 5])
async def test_an_account_whose_id_fits_into_no_address(at: Scene, stub: Stub, name: object) -> None:
    account = {**stub.make("Hello", NOW)["account"], "id": name}
    at.ear.handles = (f"ann@{stub.name}",)
    stub.faults.append(Fault("/lookup", 200, json.dumps(account)))
    with pytest.raises(Retriable, match="no account"):
        await at.store().poll(at.collector([stub]), NOW)


@pytest.mark.parametrize("ancestors", [5, "above", {"id": "1"}, None, [5, None]])
async def test_an_odd_conversation_is_none(at: Scene, stub: Stub, ancestors: object) -> None:
    leaf = stub.arrive("Leaf #acme", NOW - 80, in_reply_to_id="5")
    stub.faults.append(Fault("/context", 200, json.dumps({"ancestors": ancestors})))
    store = at.store()
    await store.poll(at.collector([stub]), NOW)
    assert store.posts[leaf["uri"]].in_reply_to is None


async def test_a_server_that_fails_to_say_whether_a_status_is_gone_is_asked_again(
    at: Scene, stub: Stub
) -> None:
    fill(stub, 1, NOW - 500)
    gone = stub.arrive("Gone #acme", NOW - 50)
    fill(stub, 1, NOW - 10)
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    del stub.statuses[gone["id"]]
    stub.faults.append(Fault("/statuses/", 500, times=1))
    await store.poll(collector, NOW + 300)
    assert store.deleted == []
    await store.poll(collector, NOW + 600)
    assert store.deleted == [gone["uri"]]


async def test_answers_are_tied_to_what_they_answer(at: Scene, stub: Stub) -> None:
    root = stub.make("Root without a tag", NOW - 100)
    stub.statuses[root["id"]] = root
    middle = stub.arrive("Middle", NOW - 90, in_reply_to_id=root["id"])
    leaf = stub.arrive("Acme leaf #acme", NOW - 80, in_reply_to_id=middle["id"])
    next_one = stub.arrive("Acme again #acme", NOW - 70, in_reply_to_id=leaf["id"])
    dull = stub.arrive("Dull leaf #acme", NOW - 60, in_reply_to_id=middle["id"] + "0")
    at.ear.words = ("acme leaf", "acme again")
    store = at.store()
    await store.poll(at.collector([stub]), NOW)
    tied = {name: (post.in_reply_to, post.thread) for name, post in store.posts.items()}
    assert tied[leaf["uri"]] == (middle["uri"], root["uri"])
    assert tied[next_one["uri"]] == (leaf["uri"], root["uri"])
    assert tied[dull["uri"]] == (None, None)
    # Asked only about what may concern us.
    assert [path for path, _, _ in stub.asked if "context" in path] == [
        f"/api/v1/statuses/{leaf['id']}/context"
    ]


async def test_of_a_line_that_is_cut_the_root_is_not_known(at: Scene, stub: Stub) -> None:
    above = stub.make("Somewhere in the middle", NOW - 100, in_reply_to_id="4")
    leaf = stub.arrive("Leaf #acme", NOW - 80, in_reply_to_id=above["id"])
    stub.faults.append(Fault("/context", 200, json.dumps({"ancestors": [above], "descendants": []})))
    store = at.store()
    await store.poll(at.collector([stub]), NOW)
    assert (store.posts[leaf["uri"]].in_reply_to, store.posts[leaf["uri"]].thread) == (above["uri"], None)


async def test_a_server_that_hides_conversations(at: Scene, stub: Stub) -> None:
    stub.hidden_parents = True
    leaf = stub.arrive("Leaf #acme", NOW - 80, in_reply_to_id="5")
    store = at.store()
    await store.poll(at.collector([stub]), NOW)
    assert store.posts[leaf["uri"]].in_reply_to is None
    stub.faults.append(Fault("/context", 500))
    other = stub.arrive("Other leaf #acme", NOW - 70, in_reply_to_id="6")
    await store.poll(at.collector([stub]), NOW + 300)
    assert other["uri"] in store.posts


async def test_the_brands_own_accounts_are_read(at: Scene, stub: Stub) -> None:
    question = stub.arrive("Why, Acme? #acme", NOW - 100, acct="bo@far.example")
    answer = stub.arrive("Because.", NOW - 50, acct="acme", in_reply_to_id=question["id"])
    at.ear.handles = (f"acme@{stub.name}", "acme@unknown.example", "nodomain")
    at.ear.words = ("#acme",)
    store, collector = at.store(), at.collector([stub])
    with structlog.testing.capture_logs() as logs:
        await store.poll(collector, NOW)
        await store.poll(collector, NOW + 300)
    assert store.posts[answer["uri"]].author == f"acme@{stub.name}"
    assert store.posts[answer["uri"]].in_reply_to == question["uri"]
    assert at.ear.known == {answer["account"]["uri"]}
    # An account that the server does not know is told once, asked for once a day, and holds nothing back.
    assert [entry["handle"] for entry in logs if entry["event"] == "a brand's account is not read"] == [
        "acme@unknown.example"
    ]
    assert [query["acct"] for path, query, _ in stub.asked if "lookup" in path] == [
        f"acme@{stub.name}",
        "acme@unknown.example",
    ]
    assert store.heard[-1].until == NOW + 300


@pytest.mark.parametrize("status", [401, 403, 422])
async def test_a_server_that_refuses_to_name_an_account_has_not_said_that_there_is_none(
    at: Scene, stub: Stub, status: int
) -> None:
    answer = stub.arrive("Because.", NOW - 50, acct="acme")
    at.ear.handles = (f"acme@{stub.name}",)
    fill(stub, 1, NOW - 100)
    store, collector = at.store(), at.collector([stub])
    stub.faults.append(Fault("/lookup", status))
    with pytest.raises(Retriable, match="members only") as caught:
        await store.poll(collector, NOW)
    assert caught.value.partly and len(store.order) == 1
    # The account's timeline was not read: nothing is said to be heard.
    assert store.heard == []
    stub.faults.clear()
    await store.poll(collector, NOW + 300)
    assert answer["uri"] in store.posts and store.heard[-1].until == NOW + 300


@pytest.mark.parametrize("status", [404, 410])
async def test_an_account_that_is_not_there_holds_nothing_back(at: Scene, stub: Stub, status: int) -> None:
    at.ear.handles = (f"acme@{stub.name}",)
    stub.faults.append(Fault("/lookup", status))
    store, collector = at.store(), at.collector([stub])
    await store.poll(collector, NOW)
    await store.poll(collector, NOW + 300)
    assert store.heard[-1].until == NOW + 300


async def test_a_search_ends_after_so_many_pages(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_PAGES", 3)
    async with Stub(token="t0p") as stub:
        stub.refuse_stream = True
        for n in range(200):
            stub.arrive(f"Acme corp {n}", NOW - 1_000 + n)
        at.ear.searches = ("acme corp", "zenith")
        store = at.store()
        await store.poll(at.collector([{"host": stub.host, "token": "t0p", "allow_private": True}]), NOW)
        asked = [query["offset"] for path, query, _ in stub.asked if "search" in path]
        assert asked == ["0", "40", "80", "0"] and len(store.order) == 120


async def test_a_search_reads_back_in_time(at: Scene) -> None:
    async with Stub(token="t0p") as stub:
        stub.refuse_stream = True
        old = [stub.arrive(f"Acme corp {n}", NOW - 20 * HOUR + n)["uri"] for n in range(90)]
        stub.arrive("Acme corp long ago", NOW - 50 * HOUR)
        stub.arrive("Acme corp dull", NOW - 10)
        tagged = stub.arrive("Zenith #acme", NOW - 5)
        at.ear.searches, at.ear.words = (
            ("acme corp", "zenith"),
            ("corp 0", "corp 1", "corp 2", "long ago", "zenith"),
        )
        with_token = {"host": stub.host, "token": "t0p", "allow_private": True}
        wanted = {uri for n, uri in enumerate(old) if str(n)[0] in "012"} | {tagged["uri"]}
        pages = 0
        for death in (None, 1, 2, 3):
            at.ear.ids.clear()
            store = at.store()
            try:
                pages = await store.poll(at.collector([with_token]), NOW, die_before=death)
            except Died:
                await store.poll(at.collector([with_token]), NOW)
            assert set(store.order) == wanted
            assert all(page.first for page in store.pages if page.posts)
        assert pages == 0 or pages > 3
        searched = len([path for path, _, _ in stub.asked if "search" in path])
        await store.poll(at.collector([with_token]), NOW + 300)
        assert len([path for path, _, _ in stub.asked if "search" in path]) == searched
        assert (
            "/api/v2/search",
            {"q": '"acme corp"', "type": "statuses", "limit": "40", "offset": "40"},
        ) in [(path, query) for path, query, _ in stub.asked]


async def test_a_search_that_is_refused_harms_nothing(at: Scene) -> None:
    async with Stub(token="t0p") as stub:
        stub.refuse_stream, stub.can_search = True, False
        wanted = fill(stub, 2, NOW - 50)
        at.ear.searches = ("acme",)
        store = at.store()
        with structlog.testing.capture_logs() as logs:
            await store.poll(at.collector([{"host": stub.host, "token": "t0p", "allow_private": True}]), NOW)
        assert store.order == wanted
        assert any("search was refused" in entry["event"] for entry in logs)


async def test_a_post_is_what_the_first_poll_yields(at: Scene, stub: Stub) -> None:
    fill(stub, 1, NOW - 50)
    collector = at.collector([stub])
    events: list[Any] = [event async for page in collector.pages(None, NOW) for event in page.events]
    assert [type(event) for event in events] == [Post]
    assert (collector.source.name, collector.source.kind, collector.source.lateness) == (
        "mastodon",
        "mastodon",
        600,
    )
    assert (collector.poll, collector.streams) == (300, False)
