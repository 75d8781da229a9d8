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
from listener.collectors.base import Collector
from listener.collectors.hackernews.collector import Options, build
from listener.collectors.hackernews.items import (
    MOST_ITEMS,
    MOST_WAITING,
    MOST_WATCHED,
    VISITS,
    Watch,
    item_to_event,
)
from listener.collectors.post import Delete, Edit, Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor, Reading

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
async def collector(server: FaultServer, ear: TestEar) -> AsyncIterator[Collector]:
    async with Transport() as transport:
        options = Options(url=server.url(""), items=server.url(""), history="1h", allow_private=True)
        (made,) = build(options, PoliteClient(transport), ear)
        yield made


async def poll(collector: Collector, ear: TestEar, cursor: Cursor | None, now: int) -> list[Page]:
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
    site: HackerNewsStub, collector: Collector, ear: TestEar, state: str
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
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down", story_id=5, parent_id=6)
    pages = await poll(collector, ear, None, NOW)
    site.changed = [7, 7, 99]
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert edits(pages) == [] and len(server.seen("/v0/item/7.json")) == 1
    # Past the overlap of the search.
    pages = await poll(collector, ear, last(pages), NOW + 60 * MINUTE)
    site.edit(7, comment_text="Acme is up again")
    pages = await poll(collector, ear, last(pages), NOW + 62 * MINUTE)
    (post,) = edits(pages)
    assert (post.text, post.thread, post.in_reply_to) == ("Acme is up again", "5", "6")
    assert (post.author, post.published_at) == ("user0", NOW - 60)
    assert edits(await poll(collector, ear, last(pages), NOW + 65 * MINUTE)) == []


async def test_an_edit_shows_in_the_search_too(
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
) -> None:
    server.script(UPDATES, Reply(500))
    site.story(7, NOW - 60, title="Acme launches")
    pages = await poll(collector, ear, None, NOW)
    site.edit(7, title="Acme launches a kettle", told=False)
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert [post.text for post in edits(pages)] == ["Acme launches a kettle"]
    assert edits(await poll(collector, ear, last(pages), NOW + 10 * MINUTE)) == []


async def test_kept_posts_are_visited_again_at_a_few_ages(
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
) -> None:
    site.story(7, NOW - 60, title="Acme launches", points=1)
    pages = await poll(collector, ear, None, NOW)
    # From here on the search does not look back so far any more.
    pages = await poll(collector, ear, last(pages), NOW + 60 * MINUTE)
    seen = []
    for age in VISITS:
        for at in (NOW - 61 + age, NOW - 60 + age, NOW + age):
            site.edit(7, told=False, points=age)
            pages = await poll(collector, ear, last(pages), at)
            seen += [(reading.at, reading.counters["points"]) for reading in readings(pages)]
    assert seen == [(NOW - 60 + age, age) for age in VISITS]
    assert len(server.seen("/v0/item/7.json")) == len(VISITS)
    assert last(pages)["watch"]["posts"] == {}


async def test_a_quiet_deletion_is_found_by_a_visit(
    site: HackerNewsStub, collector: Collector, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    pages = await poll(collector, ear, None, NOW)
    site.delete(7, told=False)
    pages = await poll(collector, ear, last(pages), NOW + DAY)
    assert deleted(pages) == ["7"]


async def test_counters_of_kept_stories_come_with_the_search(
    site: HackerNewsStub, collector: Collector, ear: TestEar
) -> None:
    site.story(7, NOW - 60, title="Acme launches", points=3, num_comments=2)
    site.story(8, NOW - 60, title="Others launch", points=9)
    site.comment(9, NOW - 60, comment_text="Acme!")
    pages = await poll(collector, ear, None, NOW)
    assert readings(pages) == []
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert readings(pages) == [Reading("7", NOW + 5 * MINUTE, {"points": 3, "comments": 2})]
    assert set(last(pages)["watch"]["posts"]) == {"7", "9"}


async def test_visits_are_bounded_and_the_rest_waits(
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
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
    watch, ids = Watch(), [str(number) for number in range(MOST_WAITING + 30)]
    ear = TestEar(ids=set(ids))
    assert watch.changed(ids, ear) == 30
    assert watch.changed(ids[:10], ear) == 0
    assert watch.changed([*ids[:10], "9999"], ear) == 0
    assert len(watch.waiting) == MOST_WAITING
    many = [Post(str(number), "Acme", NOW) for number in range(MOST_WATCHED + 5)]
    watch.see(many, TestEar(ids={post.native_id for post in many}), NOW)
    assert len(watch.posts) == MOST_WATCHED


async def test_an_edit_is_learned_though_we_died_right_after_keeping_the_post(
    site: HackerNewsStub, collector: Collector, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    async for page in collector.pages(None, NOW):
        cursor = page.next_cursor
        ear.ids.update(post.native_id for post in page.posts)
        break
    site.edit(7, comment_text="Acme is up again")
    pages = await poll(collector, ear, cursor, NOW + 5 * MINUTE)
    assert [post.text for post in edits(pages)] == ["Acme is up again"]


async def test_dying_before_the_visits_loses_none_of_them(
    site: HackerNewsStub, collector: Collector, ear: TestEar
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    pages = await poll(collector, ear, None, NOW)
    site.delete(7)
    async for page in collector.pages(last(pages), NOW + 5 * MINUTE):
        cursor = page.next_cursor
        break
    site.changed = []
    pages = await poll(collector, ear, cursor, NOW + 3 * 3_600)
    assert deleted(pages) == ["7"]


async def test_a_failing_item_api_does_not_stop_hearing(
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
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
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
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
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar, body: str, aside: int
) -> None:
    site.comment(7, NOW - 60, comment_text="Acme is down")
    pages = await poll(collector, ear, None, NOW)
    server.script("/v0/item/7.json", Reply(body=body))
    site.changed = [7]
    pages = await poll(collector, ear, last(pages), NOW + 5 * MINUTE)
    assert (deleted(pages), edits(pages)) == ([], [])
    assert sum(len(page.set_aside) for page in pages) == aside


async def test_the_deletion_of_another_item_is_not_taken_for_this_ones(
    site: HackerNewsStub, server: FaultServer, collector: Collector, ear: TestEar
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
    server: FaultServer, site: HackerNewsStub, collector: Collector, ear: TestEar
) -> None:
    server.script(SEARCH, Reply(500))
    with pytest.raises(Exception, match="500"):
        await poll(collector, ear, None, NOW)
    assert server.seen(UPDATES) == []


async def test_posts_that_find_no_room_to_be_watched_are_counted_once(
    site: HackerNewsStub, collector: Collector, ear: TestEar
) -> None:
    full = {f"p{number}": [NOW + DAY, "", None] for number in range(MOST_WATCHED - 1)}
    cursor = {"through": NOW, "watch": {"posts": full, "waiting": []}}
    for number in range(3):
        site.comment(number, NOW + MINUTE, comment_text="Acme is down")
    pages = await poll(collector, ear, cursor, NOW + 5 * MINUTE)
    assert [page.cut for page in pages] == [0, 2]
    pages = await poll(collector, ear, last(pages), NOW + 10 * MINUTE)
    assert sum(page.cut for page in pages) == 0


def test_a_date_in_the_future_holds_no_place_for_ever() -> None:
    watch = Watch()
    watch.see([Post("1", "Acme", NOW + 10**9)], TestEar(ids={"1"}), NOW)
    assert watch.posts["1"][0] == NOW + VISITS[0]
