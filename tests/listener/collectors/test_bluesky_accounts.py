"""Who is who on Bluesky: the brands' own accounts, and the names and followers of those who speak."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bluesky_listening import NOW, US, at_least, events_of, listening, read
from ears import TestEar
from jetstream_stub import POST, JetstreamStub, commit, did
from structlog.testing import capture_logs

from alerts.transport import Transport
from listener.collectors.bluesky import accounts as bluesky_accounts
from listener.collectors.bluesky.accounts import A_SECOND, AT_A_TIME, AT_ONCE, DAY, Accounts
from listener.collectors.post import Delete, Edit, Event, Post
from listener.http import PoliteClient

RESOLVE = "com.atproto.identity.resolveHandle"
PROFILES = "app.bsky.actor.getProfiles"


@pytest.fixture
async def stub() -> AsyncIterator[JetstreamStub]:
    async with JetstreamStub() as running:
        running.clock_us = lambda: (NOW + 60) * US
        running.world.handles |= {"acme.example": did(1), "bolt.example": did(2)}
        running.world.followers |= {did(1): 1_200, did(2): 7}
        yield running


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def accounts(
    stub: JetstreamStub, ear: TestEar | None = None, watch: Watch | None = None, *, profiles: bool = True
) -> AsyncIterator[Accounts]:
    async with Transport() as transport:
        yield Accounts(
            stub.api,
            ear or TestEar(),
            PoliteClient(transport),
            allow_private=True,
            profiles=profiles,
            monotonic=watch or time.monotonic,
        )


def post(number: int, rkey: str = "a") -> Post:
    author = did(number)
    return Post(f"at://{author}/{POST}/{rkey}", "hello", author=author, author_id=author)


def names(events: list[Event]) -> list[tuple[str | None, int | None]]:
    return [(event.author, event.followers) for event in events if isinstance(event, Post)]


async def test_posts_of_the_brands_are_known_by_their_accounts(stub: JetstreamStub) -> None:
    ear = TestEar(words=("nothing of this",), handles=("@acme.example",))
    await stub.say(
        commit(did(1), "a", NOW * US, text="good morning"), commit(did(2), "b", NOW * US, text="hello")
    )
    async with listening(stub, ear) as collector:
        pages = await read(collector, enough=at_least(1))
    (own,) = events_of(pages)
    assert isinstance(own, Post) and (own.author, own.author_id) == ("acme.example", did(1))
    assert ear.known == {did(1)}


async def test_handles_are_resolved_once_a_day(stub: JetstreamStub) -> None:
    watch, ear = Watch(), TestEar(handles=("acme.example", "did:plc:given"))
    async with accounts(stub, ear, watch) as known:
        await known.learn_own()
        await known.learn_own()
        assert ear.known == {did(1), "did:plc:given"} and len(stub.asked_for(RESOLVE)) == 1
        stub.world.handles["acme.example"] = did(5)
        watch.now += DAY + 1
        await known.learn_own()
        assert did(5) in ear.known and set(known.own) == {did(5), "did:plc:given"}


async def test_a_handle_that_does_not_resolve_is_told_once_and_tried_again(stub: JetstreamStub) -> None:
    watch, ear = Watch(), TestEar(handles=("acme.example", "later.example"))
    with capture_logs() as logs:
        async with accounts(stub, ear, watch) as known:
            for _ in range(3):
                await known.learn_own()
                watch.now += 1_000
            assert len(stub.asked_for(RESOLVE)) == 6
            stub.world.handles["later.example"] = did(9)
            await known.learn_own()
            await known.learn_own()
    assert ear.known == {did(1), did(9)}
    assert len(stub.asked_for(RESOLVE)) == 8
    assert [entry["handle"] for entry in logs] == ["later.example"]


async def test_an_account_that_was_known_stays_so_while_the_service_is_away(stub: JetstreamStub) -> None:
    watch, ear = Watch(), TestEar(handles=("acme.example",))
    async with accounts(stub, ear, watch) as known:
        await known.learn_own()
        stub.faults[RESOLVE] = [(500, {}, "")]
        watch.now += DAY + 1
        await known.learn_own()
        assert known.own == (did(1),)


async def test_authors_get_their_handles_and_followers(stub: JetstreamStub) -> None:
    async with accounts(stub) as known:
        edit = Edit(post(2, "b"))
        named = await known.named([post(1), edit, Delete("x"), post(3)])
    assert names(named) == [("acme.example", 1_200), (did(3), None)]
    assert isinstance(named[1], Edit) and (named[1].post.author, named[1].post.followers) == (
        "bolt.example",
        7,
    )
    assert named[2] == Delete("x")


async def test_profiles_are_asked_for_in_parts_and_remembered_for_a_day(stub: JetstreamStub) -> None:
    watch = Watch()
    people = [post(n) for n in range(2 * AT_A_TIME + 3)]
    async with accounts(stub, watch=watch) as known:
        await known.named([*people, *people])
        asked = [len(request.values("actors")) for request in stub.asked_for(PROFILES)]
        assert sorted(asked) == [3, AT_A_TIME, AT_A_TIME]
        # Those without a profile are not asked for again either.
        assert names(await known.named(people))[1] == ("acme.example", 1_200)
        assert len(stub.asked_for(PROFILES)) == 3
        watch.now += DAY + 1
        await known.named(people[:2])
        assert len(stub.asked_for(PROFILES)) == 4


async def test_only_so_many_names_are_remembered(
    stub: JetstreamStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky_accounts, "MOST_NAMES", 10)
    async with accounts(stub) as known:
        await known.named([post(n) for n in range(40)])
        assert len(known._profiles) == 10


async def test_who_spoke_last_is_forgotten_last(stub: JetstreamStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky_accounts, "MOST_NAMES", 2)
    watch = Watch()
    async with accounts(stub, watch=watch) as known:
        await known.named([post(1)])
        watch.now += DAY - 10
        await known.named([post(2)])
        watch.now += 20
        await known.named([post(1)])
        await known.named([post(3)])
        assert set(known._profiles) == {did(1), did(3)}


async def test_requests_are_saved_up_and_spent_and_a_page_waits_for_one_at_most(stub: JetstreamStub) -> None:
    watch = Watch()
    async with accounts(stub, watch=watch) as known:
        many = [post(n) for n in range(100, 100 + 2 * AT_ONCE * AT_A_TIME)]
        await known.named(many)
        assert len(stub.asked_for(PROFILES)) == AT_ONCE
        # Nothing is saved. Whoever speaks once, and now, is known all the same: no later page asks for him.
        began = time.monotonic()
        assert names(await known.named([post(1)])) == [("acme.example", 1_200)]
        assert time.monotonic() - began >= 0.9 / A_SECOND
        assert len(stub.asked_for(PROFILES)) == AT_ONCE + 1
        # As long as it takes to save one, and not as long as it would take for all.
        await known.named(many)
        assert len(stub.asked_for(PROFILES)) == AT_ONCE + 2
        watch.now += DAY / 2
        await known.named([post(n) for n in range(10_000, 10_000 + 2 * AT_ONCE * AT_A_TIME)])
        assert len(stub.asked_for(PROFILES)) == 2 * AT_ONCE + 2


async def test_pages_that_wait_together_wait_one_after_the_other(stub: JetstreamStub) -> None:
    async with accounts(stub, watch=Watch()) as known:
        await known.named([post(n) for n in range(100, 100 + AT_ONCE * AT_A_TIME)])
        began = time.monotonic()
        await asyncio.gather(*(known.named([post(number)]) for number in (1, 2, 3)))
        assert time.monotonic() - began >= 2.9 / A_SECOND


async def test_names_that_are_all_known_cost_nothing(stub: JetstreamStub) -> None:
    async with accounts(stub, watch=Watch()) as known:
        for _ in range(3 * AT_ONCE):
            await known.named([post(1)])
        assert names(await known.named([post(2)])) == [("bolt.example", 7)]


async def test_an_answer_beyond_measure_is_not_read(stub: JetstreamStub) -> None:
    profile = {"did": did(1), "handle": "acme.example", "followersCount": 5}
    stub.faults[PROFILES] = [(200, {}, json.dumps({"profiles": [profile], "more": "x" * 4_000_000}))]
    async with accounts(stub) as known:
        assert names(await known.named([post(1)])) == [(did(1), None)]


async def test_a_service_that_fails_costs_names_and_is_left_alone_for_a_while(stub: JetstreamStub) -> None:
    watch = Watch()
    stub.faults[PROFILES] = [(500, {}, ""), (429, {"Retry-After": "600"}, ""), (200, {}, "no JSON")]
    with capture_logs() as logs:
        async with accounts(stub, watch=watch) as known:
            assert names(await known.named([post(1)])) == [(did(1), None)]
            assert names(await known.named([post(1)])) == [(did(1), None)]
            assert len(stub.asked_for(PROFILES)) == 1
            watch.now += 61
            await known.named([post(1)])
            watch.now += 599
            await known.named([post(1)])
            assert len(stub.asked_for(PROFILES)) == 2
            watch.now += 2
            await known.named([post(1)])
            watch.now += 3_600
            assert names(await known.named([post(1)])) == [("acme.example", 1_200)]
    assert len(logs) == 1


async def test_one_failure_costs_the_names_of_seconds_and_many_those_of_longer(stub: JetstreamStub) -> None:
    watch = Watch()
    stub.faults[PROFILES] = [(500, {}, "")] * 3
    async with accounts(stub, watch=watch) as known:
        for asked, pause in enumerate((4, 8, 16), start=1):
            await known.named([post(1)])
            watch.now += pause - 1
            await known.named([post(1)])
            assert len(stub.asked_for(PROFILES)) == asked
            watch.now += 1.5
        # Who comes in the first seconds after is famous or not: that is known again from here on.
        assert names(await known.named([post(1)])) == [("acme.example", 1_200)]


async def test_a_service_that_does_not_answer_holds_nothing_up(
    stub: JetstreamStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky_accounts, "PATIENCE", 0.05)
    never = asyncio.Event()
    monkeypatch.setattr(Accounts, "_answer", lambda self, url: never.wait())
    async with accounts(stub) as known:
        assert names(await asyncio.wait_for(known.named([post(1)]), 5)) == [(did(1), None)]


@pytest.mark.parametrize(
    "profile",
    [
        {"handle": "handle.invalid"},
        {"handle": 7},
        {"handle": "<script>"},
        {"handle": "a" * 254 + ".example"},
        {},
    ],
)
async def test_a_handle_that_is_none_is_not_shown(stub: JetstreamStub, profile: dict[str, object]) -> None:
    body = {
        "profiles": [{"did": did(1), "followersCount": -1, **profile}, {"did": did(8), "handle": "x.y"}, 3]
    }
    stub.faults[PROFILES] = [(200, {}, json.dumps(body))]
    async with accounts(stub) as known:
        assert names(await known.named([post(1)])) == [(did(1), None)]
        assert set(known._profiles) == {did(1)}


@pytest.mark.parametrize("body", [{}, {"profiles": 3}, {"profiles": None}])
async def test_an_answer_without_profiles_is_one_without_names(
    stub: JetstreamStub, body: dict[str, object]
) -> None:
    stub.faults[PROFILES] = [(200, {}, json.dumps(body))]
    async with accounts(stub) as known:
        assert names(await known.named([post(1)])) == [(did(1), None)]


async def test_nobody_is_asked_for_profiles_where_they_are_switched_off(stub: JetstreamStub) -> None:
    async with accounts(stub, TestEar(handles=("acme.example",)), profiles=False) as known:
        await known.learn_own()
        assert names(await known.named([post(1), post(2)])) == [("acme.example", None), (did(2), None)]
    assert stub.asked_for(PROFILES) == []


async def test_the_stream_goes_on_without_the_service(stub: JetstreamStub) -> None:
    stub.faults[PROFILES] = [(500, {}, "")] * 9
    stub.faults[RESOLVE] = [(500, {}, "")] * 9
    await stub.say(commit(did(1), "a", NOW * US, text="good morning"))
    async with listening(stub, TestEar(handles=("acme.example",)), profiles=True) as collector:
        pages = await read(collector, enough=at_least(1))
    assert names(events_of(pages)) == [(did(1), None)]
