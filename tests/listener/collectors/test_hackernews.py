"""Hacker News against a local stand-in for Algolia's search (hackernews_stub.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from ears import TestEar
from hackernews_stub import SEARCH as PATH
from hackernews_stub import HackerNewsStub
from pydantic import ValidationError
from servers import FaultServer, Reply
from structlog.testing import capture_logs

from alerts.transport import Transport
from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.hackernews.collector import MOST_HALVINGS, OVERLAP, SLICE, Options, build, to_event
from listener.collectors.post import Page
from listener.http import PoliteClient
from storage.mention import Cursor, Heard

NOW = 1_795_000_000


@pytest.fixture
def algolia(server: FaultServer) -> HackerNewsStub:
    return HackerNewsStub(server)


@pytest.fixture
async def collector(server: FaultServer, algolia: HackerNewsStub) -> AsyncIterator[Collector]:
    async with Transport() as transport:
        options = Options(url=server.url(""), history="3h", allow_private=True)
        (made,) = build(options, PoliteClient(transport), TestEar())
        yield made


async def poll(collector: Collector, cursor: Cursor | None, now: int) -> list[Page]:
    return [page async for page in collector.pages(cursor, now)]


def through(page: Page) -> int:
    assert page.next_cursor is not None
    return int(page.next_cursor["through"])


async def test_the_first_poll_reads_the_history_slice_by_slice(
    algolia: HackerNewsStub, collector: Collector
) -> None:
    for number in range(30):
        algolia.comment(number, NOW - 1 - number * 360)
    pages = await poll(collector, None, NOW)
    assert [page.heard for page in pages] == [
        Heard(NOW - n * SLICE, NOW - (n - 1) * SLICE) for n in (3, 2, 1)
    ]
    assert [through(page) for page in pages] == [NOW - n * SLICE for n in (2, 1, 0)]
    assert all(page.first for page in pages)
    posts = [post for page in pages for post in page.posts]
    assert [int(post.native_id) for post in posts] == list(range(29, -1, -1))
    assert collector.source.kind == "hackernews" and collector.source.lateness == 600


async def test_later_polls_look_back_for_what_was_indexed_late(
    algolia: HackerNewsStub, server: FaultServer, collector: Collector
) -> None:
    algolia.comment(1, NOW - OVERLAP + 5)
    algolia.comment(2, NOW + 100)
    (page,) = await poll(collector, {"through": NOW}, NOW + 300)
    assert [post.native_id for post in page.posts] == ["1", "2"]
    assert (page.heard, through(page), page.first) == (Heard(NOW, NOW + 300), NOW + 300, False)
    assert len(server.requests) == 1


async def test_a_slice_that_does_not_fit_is_halved_until_it_does(
    algolia: HackerNewsStub, server: FaultServer, collector: Collector
) -> None:
    for number in range(2_500):
        algolia.comment(number, NOW - SLICE + number)
    pages = await poll(collector, {"through": NOW - SLICE + OVERLAP}, NOW)
    ids = [int(post.native_id) for page in pages for post in page.posts]
    assert sorted(ids) == list(range(2_500))
    assert len(ids) == 2_500
    assert len(server.requests) < 12
    cursors = [through(page) for page in pages]
    assert cursors == sorted(cursors) and cursors[-1] == NOW
    heard = [page.heard for page in pages if page.heard]
    assert heard[0].since == NOW - SLICE + OVERLAP and heard[-1].until == NOW
    assert all(a.until == b.since for a, b in pairwise(heard))


async def test_more_than_fits_into_a_second_is_cut_and_the_rest_goes_on(
    algolia: HackerNewsStub, collector: Collector
) -> None:
    for number in range(1_300):
        algolia.comment(number, NOW - 1_000)
    algolia.comment(5_000, NOW - 5)
    pages = await poll(collector, {"through": NOW}, NOW + 10)
    ids = {post.native_id for page in pages for post in page.posts}
    assert len(ids) == 1_001 and "5000" in ids
    full = Heard(NOW - 1_000, NOW - 999)
    early = await poll(collector, {"through": NOW - 1_000}, NOW)
    assert full not in [page.heard for page in early]
    assert through(early[-1]) == NOW


async def test_totals_that_lie_are_not_halved_for_ever(
    algolia: HackerNewsStub, server: FaultServer, collector: Collector
) -> None:
    algolia.comment(1, NOW - SLICE - OVERLAP)
    algolia.estimate = 5_000
    pages: list[Page] = []
    with capture_logs() as logs, pytest.raises(Retriable, match="contradicts itself"):
        async for page in collector.pages({"through": NOW - SLICE}, NOW):
            pages.append(page)
    assert len(server.requests) <= MOST_HALVINGS + 3 * 2
    assert through(pages[0]) == NOW - SLICE and all(page.heard is None for page in pages)
    assert len(pages) > 50 and sum(page.cut for page in pages) > 50 * 5_000 - 1
    (line,) = (line for line in logs if line["log_level"] == "warning")
    assert line["missed"] == sum(page.cut for page in pages)


async def test_cut_seconds_are_told_once_a_poll(algolia: HackerNewsStub, collector: Collector) -> None:
    for number in range(2_600):
        algolia.comment(number, NOW - 1_000 - number % 2)
    with capture_logs() as logs:
        pages = await poll(collector, {"through": NOW}, NOW + 10)
    assert sum(page.cut for page in pages) == 600
    assert [line["missed"] for line in logs if line["log_level"] == "warning"] == [600]


async def test_an_estimated_total_is_no_reason_to_halve(
    algolia: HackerNewsStub, server: FaultServer, collector: Collector
) -> None:
    for number in range(100):
        algolia.comment(number, NOW - number)
    algolia.estimate = 2
    assert len(await poll(collector, {"through": NOW}, NOW + 10)) == 1
    assert len(server.requests) == 1


async def test_dying_between_slices_loses_nothing(algolia: HackerNewsStub, collector: Collector) -> None:
    for number in range(30):
        algolia.comment(number, NOW - 1 - number * 360)
    kept: Cursor | None = None
    seen: set[str] = set()
    async for page in collector.pages(None, NOW):
        kept = page.next_cursor
        seen |= {post.native_id for post in page.posts}
        break
    rest = await poll(collector, kept, NOW + 60)
    for page in rest:
        seen |= {post.native_id for post in page.posts}
    assert len(seen) == 30
    # The first poll goes on after the crash: what it still finds of the past makes no rule fire.
    assert [page.first for page in rest] == [through(page) <= NOW for page in rest]
    assert rest[0].first and not rest[-1].first


async def test_a_week_of_silence_is_caught_up(algolia: HackerNewsStub, collector: Collector) -> None:
    algolia.comment(1, NOW + 50 * SLICE)
    pages = await poll(collector, {"through": NOW}, NOW + 168 * SLICE)
    assert [post.native_id for page in pages for post in page.posts] == ["1"]
    assert through(pages[-1]) == NOW + 168 * SLICE


async def test_a_clock_that_went_back_asks_for_no_future(collector: Collector) -> None:
    (page,) = await poll(collector, {"through": NOW + 5_000}, NOW)
    assert page.heard is None and through(page) == NOW


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"hits": 5, "nbHits": 1}', '{"hits": []}', "<html>", "[" * 99_999]
)
async def test_broken_answers_are_retriable(server: FaultServer, collector: Collector, body: str) -> None:
    server.script(PATH, Reply(body=body))
    with pytest.raises(Retriable, match="no search result"):
        await poll(collector, None, NOW)


async def test_refusals_keep_their_meaning(server: FaultServer, collector: Collector) -> None:
    server.script(PATH, Reply(429, headers={"Retry-After": "60"}), Reply(404))
    with pytest.raises(Retriable) as caught:
        await poll(collector, None, NOW)
    assert caught.value.retry_after == 60
    with pytest.raises(Permanent):
        await poll(collector, None, NOW)


async def test_a_broken_hit_is_set_aside(algolia: HackerNewsStub, collector: Collector) -> None:
    algolia.comment(1, NOW - 5)
    algolia.comment(2, NOW - 5, comment_text=["no text"])
    algolia.comment(3, NOW - 5, comment_text=None)
    algolia.comment(4, NOW - 5, author=["ann"])
    (page,) = await poll(collector, {"through": NOW}, NOW + 10)
    assert [post.native_id for post in page.posts] == ["1"]
    assert sorted(str(broken.native_id) for broken in page.set_aside) == ["2", "4"]


def test_a_story() -> None:
    post = to_event(
        {
            "objectID": "10",
            "title": "Ask HN: Is Acme &amp; Co down?",
            "story_text": "It<p>does not answer.",
            "created_at_i": NOW,
            "author": "ann",
            "story_id": 10,
            "parent_id": None,
        }
    )
    assert post is not None
    assert post.text == "Ask HN: Is Acme & Co down?\n\nIt\ndoes not answer."
    assert (post.title, post.author, post.published_at) == ("Ask HN: Is Acme & Co down?", "ann", NOW)
    assert (post.thread, post.in_reply_to) == ("10", None)
    assert post.url == "https://news.ycombinator.com/item?id=10"


def test_a_comment_does_not_carry_its_storys_title() -> None:
    post = to_event(
        {
            "objectID": "12",
            "comment_text": "I like <i>it</i> &#x27;a lot&#x27;",
            "story_title": "Acme launches",
            "created_at_i": NOW,
            "author": "bob",
            "story_id": 10,
            "parent_id": 11,
        }
    )
    assert post is not None
    assert (post.text, post.title) == ("I like it 'a lot'", None)
    assert (post.thread, post.in_reply_to) == ("10", "11")


@pytest.mark.parametrize(
    "options", [{"poll": "1s"}, {"url": "ftp://x"}, {"history": "0s"}, {"history": 5}, {"quick": True}]
)
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
