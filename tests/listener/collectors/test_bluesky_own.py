"""Own accounts on Bluesky: followers once a day, and what the stream did not bring: feeds and notifications."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from unittest.mock import ANY

import pytest
from bluesky_listening import NOW, US, at_least, events_of, listening, read
from bluesky_own_stub import OwnStub, View, deleted
from ears import TestEar
from jetstream_stub import commit, did
from structlog.testing import capture_logs

from listener.collectors.bluesky.collector import handle_mistake
from listener.collectors.bluesky.place import Place
from listener.collectors.post import Figure, Page, Post
from storage.mention import Cursor, Gap

DAY = 86_400
ACME, BOLT, ANN = did(1), did(2), did(3)
LOGIN = {"handle": "acme.example", "password": "s3cr3t-app"}


@pytest.fixture
async def stub() -> AsyncIterator[OwnStub]:
    async with OwnStub() as running:
        running.world.handles = {"acme.example": ACME, "bolt.example": BOLT, "ann.example": ANN}
        running.world.followers = {ACME: 1000, BOLT: 50}
        running.world.passwords = {"acme.example": "s3cr3t-app", "ann.example": "s3cr3t-app"}
        running.clock_us = lambda: NOW * US
        yield running


def ear(*handles: str) -> TestEar:
    return TestEar(words=("@acme.example",), handles=handles or ("acme.example", "bolt.example"))


async def hear(
    stub: OwnStub,
    cursor: Cursor | None = None,
    *,
    whom: TestEar | None = None,
    login: dict[str, str] | None = None,
    now: int = NOW,
    gap_since: int | None = None,
) -> list[Page]:
    """All that is due beside the stream, for a process that begins with this cursor; after a gap, where there was one.

    The stream itself may wait seconds for a word, and is not needed for it.
    """
    options = {} if login is None else {"login": {**login, "service": stub.api}}
    async with listening(stub, whom or ear(), **options) as collector:
        place = Place.of(cursor, now, (), 7 * DAY)
        if gap_since is not None:
            place.connect()
            assert place.hear(now * US, now * US, 1, "host") == Gap(gap_since, now, ANY)
        await collector._accounts.learn_own()
        pages: list[Page] = []
        while found := await collector._own.news(place, now):
            pages += found
            assert len(pages) < 20
        # What failed is left in peace.
        assert list(await collector._own.news(place, now)) == []
        return pages


def figures(pages: list[Page]) -> list[tuple[str, str, str, float]]:
    return [
        (one.account, one.metric, one.day, one.value)
        for one in events_of(pages)
        if isinstance(one, Figure) and one.metric == "followers"
    ]


def posts(pages: list[Page]) -> dict[str, Post]:
    return {one.text: one for one in events_of(pages) if isinstance(one, Post)}


# Followers


async def test_followers_of_brand_and_competitor_are_told_once_a_day_and_over_restarts(stub: OwnStub) -> None:
    first = await hear(stub)
    assert figures(first) == [
        ("acme.example", "followers", "2026-11-18", 1000.0),
        ("bolt.example", "followers", "2026-11-18", 50.0),
    ]
    assert await hear(stub, first[-1].next_cursor) == []
    assert len(stub.asked_for("app.bsky.actor.getProfiles")) == 1
    tomorrow = await hear(stub, first[-1].next_cursor, now=NOW + DAY)
    assert [day for _, _, day, _ in figures(tomorrow)] == ["2026-11-19", "2026-11-19"]


async def test_figures_that_were_not_kept_are_told_again(stub: OwnStub) -> None:
    pages = await hear(stub)
    assert figures(pages[:1]) and figures(await hear(stub)) == figures(pages)


async def test_a_service_that_fails_is_told_of_once_and_left_in_peace(stub: OwnStub) -> None:
    stub.faults["app.bsky.actor.getProfiles"] = [(500, {}, "no")] * 9
    with capture_logs() as logs:
        assert await hear(stub) == []
    told = [one for one in logs if one["event"] == "own accounts are not read now; tried again"]
    assert len(told) == 1
    assert len(stub.asked_for("app.bsky.actor.getProfiles")) == 1


# What was said before, or in a gap


def conversation(stub: OwnStub) -> tuple[View, View]:
    question = stub.world.write(ANN, "q", NOW - 5_000, "@acme.example is it down?")
    return question, stub.answer(ACME, "a", NOW - 4_000, "it is up again", question, question)


async def test_answers_of_brands_are_heard_with_what_they_answer(stub: OwnStub) -> None:
    question, answer = conversation(stub)
    pages = await hear(stub)
    found = posts(pages)
    assert list(found) == ["@acme.example is it down?", "it is up again"]
    assert (pages[0].next_cursor or {})["owed"] == NOW - 7 * DAY
    assert (found["it is up again"].author, found["it is up again"].in_reply_to) == (
        "acme.example",
        question["uri"],
    )
    assert [page.first for page in pages if page.posts] == [True]
    assert [one.query["actor"] for one in stub.asked_for("app.bsky.feed.getAuthorFeed")] == [ACME, BOLT]
    assert answer["uri"] in {post.native_id for post in found.values()}


async def test_feeds_are_no_coverage(stub: OwnStub) -> None:
    conversation(stub)
    pages = await hear(stub)
    assert posts(pages) and all(page.heard is None for page in pages)


async def test_what_is_gone_stands_beside_no_answer(stub: OwnStub) -> None:
    question, answer = conversation(stub)
    stub.above[answer["uri"]] = (deleted(question), deleted(question))
    assert list(posts(await hear(stub))) == ["it is up again"]


async def test_all_of_it_is_read_once_and_again_only_after_a_gap(stub: OwnStub) -> None:
    conversation(stub)
    first = await hear(stub)
    assert "owed" not in (first[-1].next_cursor or {})
    assert await hear(stub, first[-1].next_cursor) == []
    assert len(stub.asked_for("app.bsky.feed.getAuthorFeed")) == 2
    # The server forgets, and after two days nobody knows what was said in between.
    later = NOW + 2 * DAY
    stub.world.write(ACME, "old", NOW - 9_000, "before the gap")
    stub.world.write(ACME, "new", later - DAY, "in the gap")
    pages = await hear(stub, first[-1].next_cursor, now=later, gap_since=NOW)
    assert (pages[0].next_cursor or {})["owed"] == NOW
    assert "in the gap" in posts(pages)


async def test_who_was_interrupted_reads_all_of_it(stub: OwnStub) -> None:
    conversation(stub)
    stub.world.write(BOLT, "b", NOW - 3_000, "by the competitor")
    pages = await hear(stub)
    place = next(at for at, page in enumerate(pages) if "it is up again" in posts([page]))
    again = await hear(stub, pages[place].next_cursor)
    assert "by the competitor" in posts(again)


async def test_an_account_that_is_gone_does_not_keep_the_others_from_being_read(stub: OwnStub) -> None:
    stub.world.write(BOLT, "b", NOW - 3_000, "by the competitor")
    stub.faults["app.bsky.feed.getAuthorFeed"] = [(400, {}, '{"error": "AccountDeactivated"}')]
    assert "by the competitor" in posts(await hear(stub))


# Notifications


async def test_replies_are_known_from_notifications_with_a_login_of_a_brand(stub: OwnStub) -> None:
    old = stub.world.write(ACME, "old", NOW - 30 * DAY, "we launched")
    reply = stub.world.write(
        ANN,
        "r",
        NOW - 100,
        "does not work",
        reply={"root": {"uri": old["uri"]}, "parent": {"uri": old["uri"]}},
    )
    stub.notify(reply, "reply", old)
    stub.notify(stub.world.write(ANN, "l", NOW - 90, "somebody likes"), "like", old)
    stub.notify(stub.world.write(ANN, "x", NOW - 30 * DAY, "@acme.example long ago"), "mention")
    pages = await hear(stub, login=LOGIN)
    found = posts(pages)
    # Beside the answer stands what it answers, or nobody would know that it speaks to the brand.
    assert {"we launched", "does not work"} <= set(found)
    assert found["does not work"].in_reply_to == old["uri"]
    assert "@acme.example long ago" not in found
    assert all(page.heard is None for page in pages if page.posts)


async def test_nobody_elses_notifications_are_asked_for(stub: OwnStub) -> None:
    await hear(stub, login={**LOGIN, "handle": "ann.example"})
    assert stub.asked_for("app.bsky.notification.listNotifications") == []


async def test_password_and_tokens_stand_in_no_log_and_no_cursor(stub: OwnStub) -> None:
    stub.faults["app.bsky.notification.listNotifications"] = [(403, {}, "s3cr3t-app access-1")] * 9
    with capture_logs() as logs:
        pages = await hear(stub, login=LOGIN)
    written = json.dumps([logs, [page.next_cursor for page in pages]], default=str)
    assert len(logs) == 1
    assert not any(secret in written for secret in ("s3cr3t-app", "access-", "refresh-"))


@pytest.mark.parametrize("odd", [None, 7, [], {}, "\ud800", "x" * 2_000, {"uri": 5}, [["reply"]]])
async def test_nothing_odd_ends_anything(stub: OwnStub, odd: object) -> None:
    """Each part of what was answered is something else once; what is sound beside it is still read."""
    question, answer = conversation(stub)
    reply = stub.world.write(ANN, "r", NOW - 100, "@acme.example sound")
    for field in ("reason", "reasonSubject", "record", "uri", "author", "indexedAt"):
        stub.notify(reply, "reply", question)
        stub.inbox[0][field] = odd
    stub.notify(reply, "mention")
    stub.above[answer["uri"]] = (odd, question)  # type: ignore[assignment]
    pages = await hear(stub, login=LOGIN)
    assert {"it is up again", "@acme.example sound"} <= set(posts(pages))


async def test_it_comes_beside_the_stream(stub: OwnStub) -> None:
    conversation(stub)
    await stub.say(commit(ANN, "one", NOW * US, text="hello @acme.example"))
    async with listening(stub, ear()) as collector:
        pages = await read(collector, enough=lambda found: bool(figures(found)))
    assert [bool(page.posts) for page in pages] == [True, False]


async def test_without_handles_nothing_is_asked(stub: OwnStub) -> None:
    await stub.say(commit(ANN, "one", NOW * US, text="hello @acme.example"))
    async with listening(stub, TestEar(words=("@acme.example",))) as collector:
        pages = await read(collector, enough=at_least(1))
    assert stub.asked_for("app.bsky.actor.getProfiles") == [] and "owed" not in (pages[-1].next_cursor or {})


@pytest.mark.parametrize("handle", ["acme.example", "@acme.example", did(1)])
def test_a_handle_is_a_domain_or_a_did(handle: str) -> None:
    assert handle_mistake(handle) is None


@pytest.mark.parametrize("handle", ["acme", "@acme", "acme example.com", "handle.invalid"])
def test_what_is_no_handle_is_told_with_how_to_write_it(handle: str) -> None:
    assert "bsky.social" in (handle_mistake(handle) or "")
