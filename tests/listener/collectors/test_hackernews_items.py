"""Edits, deletions and counters of what is kept, from the search and from the item API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from ears import TestEar
from hackernews_stub import SEARCH, UPDATES, HackerNewsStub
from servers import FaultServer, Reply
from structlog.testing import capture_logs

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable
from listener.collectors.hackernews.collector import HackerNews, Options
from listener.collectors.hackernews.items import (
    AGES,
    MOST_ITEMS,
    MOST_WAITING,
    Changes,
    item_to_event,
)
from listener.collectors.post import Delete, Edit, Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor, Reading, Visits

NOW = 1_795_000_000
MINUTE = 60
DAY = 86_400


@pytest.fixture
def site(server: FaultServer) -> HackerNewsStub:
    return HackerNewsStub(server)


@pytest.fixture
def ear() -> TestEar:
    return TestEar()


@pytest.fixture
async def collector(server: FaultServer, ear: TestEar) -> AsyncIterator[HackerNews]:
    async with Transport() as transport:
        options = Options(url=server.url(""), items=server.url(""), history="1h", allow_private=True)
        yield HackerNews(options, PoliteClient(transport), ear)


async def poll(collector: HackerNews, ear: TestEar, cursor: Cursor | None, now: int) -> list[Page]:
    """Poll once; what is posted is kept, as the store would."""
    pages = []
    async for page in collector.pages(cursor, now):
        json.dumps(page.next_cursor)
        ear.ids.update(post.native_id for post in page.posts if "Acme" in post.text)
        pages.append(page)
    return pages


def last(pages: list[Page]) -> Cursor:
    cursor = pages[-1].next_cursor
    assert cursor is not None
    return cursor


def edits(pages: list[Page]) -> list[Post]:
    return [event.post for page in pages for event in page.events if isinstance(event, Edit)]


def deleted(pages: list[Page]) -> list[str]:
    return [event.native_id for page in pages for event in page.events if isinstance(event, Delete)]


def readings(pages: list[Page]) -> list[Reading]:
    return [event for page in pages for event in page.events if isinstance(event, Reading)]


@pytest.mark.parametrize("state", ["deleted", "dead"])
async def test_what_is_taken_back_is_deleted_once(
    site: HackerNewsStub, collector: HackerNews, ear: TestEar, state: str
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    site.comment(8, NOW - 60)
    pages = await poll(collector, ear, None, NOW)
    site.delete(7, state)
    site.delete(8, state)
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert deleted(pages) == ["7"]
    ear.ids.remove("7")
    assert deleted(await poll(collector, ear, last(pages), NOW + 10 * MINUTE)) == []


async def test_an_edit_is_learned_from_the_list_of_changes(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down", story_id=5, parent_id=6)
    pages = await poll(collector, ear, None, NOW)
    site.changed = [7, 7, 99]
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert {post.text for post in edits(pages)} == {"Acme is down"}
    assert len(server.seen("/v0/item/7.json")) == 1
    site.changed = []
    # Past the overlap of the search.
    pages = await poll(collector, ear, last(pages), NOW + 60 * MINUTE)
    site.edit(7, comment_text="Acme is up again")
    pages = await poll(collector, ear, last(pages), NOW + 62 * MINUTE)
    (post,) = edits(pages)
    assert (post.text, post.in_reply_to) == ("Acme is up again", "6")
    assert (post.author, post.published_at) == ("user0", NOW - 60)
    site.changed = []
    assert edits(await poll(collector, ear, last(pages), NOW + 65 * MINUTE)) == []


async def test_an_edit_shows_in_the_search_too(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    server.script(UPDATES, Reply(500))
    site.story(7, NOW - 60, title="Acme launches")
    pages = await poll(collector, ear, None, NOW)
    site.edit(7, title="Acme launches a kettle", told=False)
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert [post.text for post in edits(pages)] == ["Acme launches a kettle"]
    assert [post.native_id for page in pages for post in page.posts] == []


def test_kept_posts_are_looked_at_when_their_author_can_change_them_no_more(collector: HackerNews) -> None:
    assert collector.source.visits == Visits((3_600, 7_500, DAY, 7 * DAY), None)
    # Hacker News lets its people edit for two hours.
    assert any(7_200 < age < 7_800 for age in AGES)


async def test_a_look_tells_counters_words_and_what_was_taken_back(
    site: HackerNewsStub, collector: HackerNews
) -> None:
    site.story(7, NOW - 60, title="Acme launches", points=41, num_comments=3)
    site.comment(8, NOW - 60, comment_text="Acme is up again", story_id=7, parent_id=7)
    for number, state in ((9, "deleted"), (10, "dead")):
        site.comment(number, NOW - 60, comment_text="Acme!")
        site.delete(number, state, told=False)
    found = await collector.visit(["7", "8", "9", "10"], NOW)
    told = {event.post.native_id: event.post.text for event in found.events if isinstance(event, Edit)}
    assert told == {"7": "Acme launches", "8": "Acme is up again"}
    assert [event for event in found.events if isinstance(event, Delete)] == [Delete("9"), Delete("10")]
    assert [event for event in found.events if isinstance(event, Reading)] == [
        Reading("7", NOW, {"points": 41, "comments": 3})
    ]
    assert (found.unseen, found.aside) == ([], [])


async def test_an_item_that_fails_costs_no_other_and_is_asked_for_again(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews
) -> None:
    for number in (7, 8, 9):
        site.comment(number, NOW - 60, comment_text="Acme is down")
        site.delete(number, told=False)
    server.script("/v0/item/8.json", Reply(503))
    found = await collector.visit(["7", "8", "9"], NOW)
    assert (found.events, found.unseen) == ([Delete("7"), Delete("9")], ["8"])
    with pytest.raises(Retriable, match="503"):
        await collector.visit(["8"], NOW)
    server.script("/v0/item/8.json", Reply(403))
    with pytest.raises(Permanent, match="403"):
        await collector.visit(["8"], NOW)


async def test_who_asks_to_be_left_alone_is_left_alone_by_looks_and_polls(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    for number in (7, 8, 9):
        site.comment(number, NOW - 60, comment_text="Acme is down")
    server.script("/v0/item/8.json", Reply(429, headers={"Retry-After": "400"}), site.item)
    with pytest.raises(Retriable, match="429") as failure:
        await collector.visit(["7", "8", "9"], NOW)
    assert failure.value.retry_after == 400 and server.seen("/v0/item/9.json") == []
    with pytest.raises(Retriable, match="left alone") as failure:
        await collector.visit(["9"], NOW + 300)
    assert failure.value.retry_after == 100 and server.seen("/v0/item/9.json") == []
    await poll(collector, ear, None, NOW + 300)
    assert server.seen(UPDATES) == []
    assert (await collector.visit(["9"], NOW + 400)).unseen == []


@pytest.mark.parametrize("body", ["null", '{"id": 7, "type": "story"}'])
async def test_silence_of_a_look_is_no_deletion(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, body: str
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    server.script("/v0/item/7.json", Reply(body=body))
    found = await collector.visit(["7"], NOW)
    assert (found.events, found.unseen) == ([], [])


async def test_the_deletion_of_another_item_is_not_taken_for_this_ones_by_a_look(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    server.script("/v0/item/7.json", Reply(body='{"id": 8, "deleted": true}'))
    with pytest.raises(Retriable, match="not the item asked for"):
        await collector.visit(["7"], NOW)


async def test_without_items_nobody_is_looked_at(server: FaultServer, ear: TestEar) -> None:
    async with Transport() as transport:
        made = HackerNews(Options(url=server.url(""), allow_private=True), PoliteClient(transport), ear)
        assert made.source.visits is None
        assert list((await made.visit(["7"], NOW)).unseen) == ["7"]


async def test_the_cursor_of_an_older_version_is_read(
    site: HackerNewsStub, collector: HackerNews, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    site.delete(7, told=False)
    ear.ids.add("7")
    watch = {"posts": {"7": [NOW + DAY, "0a1b2c3d", "5"]}, "waiting": ["7"]}
    pages = await poll(collector, ear, {"through": NOW, "baseline": NOW, "watch": watch}, NOW + 5 * MINUTE)
    assert deleted(pages) == ["7"]
    assert "watch" not in last(pages) and last(pages)["waiting"] == []


async def test_counters_of_kept_stories_come_with_the_search(
    site: HackerNewsStub, collector: HackerNews, ear: TestEar
) -> None:
    site.story(7, NOW - 60, title="Acme launches", points=3, num_comments=2)
    site.story(8, NOW - 60, title="Others launch", points=9)
    site.comment(9, NOW - 60, comment_text="Acme!")
    pages = await poll(collector, ear, None, NOW)
    assert readings(pages) == []
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert readings(pages) == [Reading("7", NOW + 5 * MINUTE, {"points": 3, "comments": 2})]


async def test_changes_looked_at_are_bounded_and_the_rest_waits(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    many = range(100, 100 + 2 * MOST_ITEMS)
    for number in many:
        site.comment(number, NOW - 60, comment_text=f"Acme {number}")
    pages = await poll(collector, ear, None, NOW)
    for number in many:
        site.delete(number)
    first = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    site.changed = []
    second = await poll(collector, ear, last(first), NOW + 10 * MINUTE)
    assert (len(deleted(first)), len(deleted(second))) == (MOST_ITEMS, MOST_ITEMS)
    assert {*deleted(first), *deleted(second)} == {str(number) for number in many}
    assert sum(page.cut for page in first + second) == 0
    assert len([seen for seen in server.requests if "/item/" in seen.path]) == 2 * MOST_ITEMS


def test_what_finds_no_room_is_counted() -> None:
    changes, ids = Changes([]), [str(number) for number in range(MOST_WAITING + 30)]
    ear = TestEar(ids=set(ids))
    changes.note(ids, ear)
    assert changes.cut == 30
    changes.note(ids[:10], ear)
    changes.note([*ids[:10], "9999"], ear)
    assert (changes.cut, len(changes.waiting)) == (30, MOST_WAITING)


async def test_an_edit_is_learned_though_we_died_right_after_keeping_the_post(
    site: HackerNewsStub, collector: HackerNews, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    async for page in collector.pages(None, NOW):
        cursor = page.next_cursor
        ear.ids.update(post.native_id for post in page.posts)
        break
    site.edit(7, comment_text="Acme is up again")
    pages = await poll(collector, ear, cursor, NOW + 5 * MINUTE)
    assert {post.text for post in edits(pages)} == {"Acme is up again"}


async def test_a_failing_item_api_does_not_stop_hearing(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    server.script(
        UPDATES,
        Reply(500),
        Reply(body="{"),
        Reply(404),
        Reply(body="[]"),
        Reply(429, headers={"Retry-After": "400"}),
        site.updates,
    )
    site.delete(7, told=True)
    site.gone.clear()
    cursor = None
    with capture_logs() as logs:
        for turn in range(5):
            pages = await poll(collector, ear, cursor, NOW + turn * 5 * MINUTE)
            cursor = last(pages)
            assert any(page.heard for page in pages)
        assert len(server.seen(UPDATES)) == 5
        # It asked to be left alone for longer than until the next poll.
        pages = await poll(collector, ear, cursor, NOW + 25 * MINUTE)
        assert len(server.seen(UPDATES)) == 5
        site.delete(7)
        pages = await poll(collector, ear, last(pages), NOW + 30 * MINUTE)
    assert deleted(pages) == ["7"]
    assert [line["event"] for line in logs] == [
        "edits and deletions are not heard",
        "edits and deletions are heard again",
    ]


async def test_a_failure_in_the_middle_keeps_what_was_learned(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    for number in (7, 8, 9):
        site.comment(number, NOW - 60, comment_text="Acme is down")
    pages = await poll(collector, ear, None, NOW)
    for number in (7, 8, 9):
        site.delete(number)
    server.script("/v0/item/8.json", Reply(503), site.item)
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert deleted(pages) == ["7"]
    site.changed = []
    pages = await poll(collector, ear, last(pages), NOW + 10 * MINUTE)
    assert deleted(pages) == ["8", "9"]


@pytest.mark.parametrize(
    ("body", "aside"),
    [("null", 0), ('{"id": 7, "type": "story"}', 0), ('{"id": 7, "text": "x", "time": "soon"}', 1)],
)
async def test_an_item_that_says_nothing_of_use_changes_nothing(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar, body: str, aside: int
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    pages = await poll(collector, ear, None, NOW)
    server.script("/v0/item/7.json", Reply(body=body))
    site.changed = [7]
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert deleted(pages) == [] and {post.text for post in edits(pages)} == {"Acme is down"}
    assert sum(len(page.set_aside) for page in pages) == aside


async def test_the_deletion_of_another_item_is_not_taken_for_this_ones(
    site: HackerNewsStub, server: FaultServer, collector: HackerNews, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    pages = await poll(collector, ear, None, NOW)
    server.script("/v0/item/7.json", Reply(body='{"id": 8, "deleted": true}'))
    site.changed = [7]
    with capture_logs() as logs:
        assert deleted(await poll(collector, ear, last(pages), NOW + 5 * MINUTE)) == []
    assert "not the item asked for" in logs[0]["reason"]


async def test_who_searches_another_server_asks_no_public_items(server: FaultServer) -> None:
    assert Options(url=server.url("")).items is None
    assert Options().items == "https://hacker-news.firebaseio.com"
    assert Options(items=None).items is None


def test_the_documented_items() -> None:
    story = {"id": 1, "type": "story", "by": "ann", "time": NOW, "title": "A &amp; B", "score": 3}
    post = item_to_event(story)
    assert isinstance(post, Post) and (post.text, post.title, post.thread) == ("A & B", "A & B", "1")
    comment = {"id": 2, "type": "comment", "by": "bob", "time": NOW, "text": "Hm<p>no", "parent": 1}
    post = item_to_event(comment)
    assert isinstance(post, Post) and (post.text, post.in_reply_to, post.thread) == ("Hm\nno", "1", None)
    assert item_to_event({"id": 3, "deleted": True, "time": NOW}) == Delete("3")
    assert item_to_event({"id": 4, "dead": True, "text": "[flagged]", "by": "x"}) == Delete("4")


async def test_the_first_search_failing_asks_for_no_items(
    server: FaultServer, site: HackerNewsStub, collector: HackerNews, ear: TestEar
) -> None:
    server.script(SEARCH, Reply(500))
    with pytest.raises(Exception, match="500"):
        await poll(collector, ear, None, NOW)
    assert server.seen(UPDATES) == []
