"""Kept statuses on Mastodon are looked at again: which server is asked, and what its answers may and may not say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mastodon_listening import NOW, Scene, scene
from mastodon_stub import Fault, Stub, iso

from listener.collectors.base import Permanent, Retriable, Visited
from listener.collectors.mastodon.collector import Mastodon
from listener.collectors.post import Delete, Edit
from storage.mention import Reading, Visits

HOUR = 3_600


@pytest.fixture
async def at() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


def visitor(at: Scene, *stubs: Stub) -> Mastodon:
    made = at.collector(stubs)
    assert isinstance(made, Mastodon)
    return made


def local(stub: Stub, text: str = "#acme", **more: Any) -> dict[str, Any]:
    """A status of the server's own people, whose uri is of the form that Mastodon gives it."""
    status = stub.arrive(text, NOW - 60, **more)
    status["uri"] = f"{stub.host}/users/ann/statuses/{status['id']}"
    return status


def looked_for(stub: Stub) -> list[str]:
    return [path.rpartition("/")[2] for path, _, _ in stub.asked if path.startswith("/api/v1/statuses/")]


def deletions(found: Visited) -> list[str]:
    return [event.native_id for event in found.events if isinstance(event, Delete)]


async def test_a_status_of_a_server_of_ours_is_found_by_its_uri_right_after_a_start(at: Scene) -> None:
    async with Stub() as stub:
        one = local(stub, favourites_count=3, reblogs_count=1, replies_count=2, quotes_count=0)
        found = await visitor(at, stub).visit([one["uri"]], NOW)
        counters = {"likes": 3, "reposts": 1, "replies": 2, "quotes": 0}
        assert found.events == [Reading(one["uri"], NOW, counters)]
        assert visitor(at, stub).source.visits == Visits((3_600, 86_400, 604_800), None)


@pytest.mark.parametrize(
    "path", ["/users/ann/statuses/{}", "/ap/users/17/statuses/{}", "/users/ann/statuses/{}/activity"]
)
async def test_the_forms_of_a_uri_that_name_the_id(at: Scene, path: str) -> None:
    async with Stub() as stub:
        one = local(stub)
        one["uri"] = stub.host + path.format(one["id"])
        found = await visitor(at, stub).visit([one["uri"]], NOW)
        assert len(found.events) == 1 and looked_for(stub) == [one["id"]]


async def test_a_status_from_elsewhere_is_looked_at_where_it_was_shown(at: Scene) -> None:
    async with Stub() as stub:
        far = stub.arrive("#acme", NOW - 60, acct="bo@far.example")
        other = stub.arrive("#acme", NOW - 50, acct="cy@far.example")
        collector = visitor(at, stub)
        assert (await collector.visit([far["uri"]], NOW)).unseen == [far["uri"]]
        await at.store().poll(collector, NOW)
        far["favourites_count"] = 4
        found = await collector.visit([far["uri"], "https://unknown.example/users/x/statuses/1"], NOW)
        (reading,) = found.events
        assert isinstance(reading, Reading) and reading.counters["likes"] == 4
        assert list(found.unseen) == [] and looked_for(stub) == [far["id"]]
        # Another server that loses its copy has not heard that its author took it back.
        del stub.statuses[other["id"]]
        found = await collector.visit([other["uri"]], NOW)
        assert (list(found.events), list(found.unseen)) == ([], [])


async def test_what_its_own_server_has_no_more_is_deleted(at: Scene) -> None:
    async with Stub() as stub:
        one = local(stub)
        del stub.statuses[one["id"]]
        assert deletions(await visitor(at, stub).visit([one["uri"]], NOW)) == [one["uri"]]


async def test_a_server_that_answers_members_only_shows_by_the_page_whether_it_is_gone(at: Scene) -> None:
    async with Stub() as stub:
        one, two = local(stub), local(stub)
        stub.hidden_parents = True
        stub.faults = [Fault(f"users/ann/statuses/{one['id']}", 410), Fault("users/ann", 200)]
        found = await visitor(at, stub).visit([one["uri"], two["uri"]], NOW)
        assert deletions(found) == [one["uri"]] and list(found.unseen) == []


async def test_another_status_than_the_one_asked_for_says_nothing(at: Scene) -> None:
    async with Stub() as stub:
        one, two = local(stub, favourites_count=9), local(stub)
        stub.statuses[two["id"]] = one
        assert list((await visitor(at, stub).visit([two["uri"]], NOW)).events) == []
        stub.faults = [Fault("statuses", 200, body="[3]")]
        assert list((await visitor(at, stub).visit([one["uri"]], NOW)).events) == []


async def test_an_edit_is_told_once_and_a_lower_number_is_not_believed(at: Scene) -> None:
    async with Stub() as stub:
        one = local(stub, favourites_count=5)
        collector = visitor(at, stub)
        await at.store().poll(collector, NOW)
        one |= {"content": "<p>#acme again</p>", "edited_at": iso(NOW), "favourites_count": 8}
        found = await collector.visit([one["uri"]], NOW + HOUR)
        (edit, reading) = found.events
        assert isinstance(edit, Edit) and edit.post.text == "#acme again"
        one["favourites_count"] = 2
        (reading,) = (await collector.visit([one["uri"]], NOW + 2 * HOUR)).events
        assert isinstance(reading, Reading) and reading.counters["likes"] == 8


async def test_a_broken_edit_is_set_aside(at: Scene) -> None:
    async with Stub() as stub:
        one = local(stub)
        one |= {"content": {"no": "text"}, "edited_at": iso(NOW)}
        found = await visitor(at, stub).visit([one["uri"]], NOW)
        assert len(found.aside) == 1 and len(found.events) == 1


@pytest.mark.parametrize(("status", "failure"), [(500, Retriable), (400, Permanent)])
async def test_one_that_fails_costs_no_other(at: Scene, status: int, failure: type[Exception]) -> None:
    async with Stub() as stub:
        one, two = local(stub), local(stub)
        stub.faults = [Fault(one["id"], status)]
        collector = visitor(at, stub)
        found = await collector.visit([one["uri"], two["uri"]], NOW)
        assert (found.unseen, len(found.events)) == ([one["uri"]], 1)
        with pytest.raises(failure):
            await collector.visit([one["uri"]], NOW)


async def test_a_server_that_wants_to_be_left_alone_is(at: Scene) -> None:
    async with Stub() as stub:
        one = local(stub)
        stub.faults = [Fault("statuses", 429, headers={"Retry-After": "77"}, times=1)]
        collector = visitor(at, stub)
        for _ in range(2):
            with pytest.raises(Retriable) as raised:
                await collector.visit([one["uri"]], NOW)
            assert raised.value.retry_after == 77
        assert len(looked_for(stub)) == 1
        at.clock.at += 78
        stub.remaining = 20
        assert (await collector.visit([one["uri"]], NOW)).unseen == []
        # What the server says is left belongs to others.
        assert (await collector.visit([one["uri"]], NOW)).unseen == [one["uri"]]
        assert len(looked_for(stub)) == 2
