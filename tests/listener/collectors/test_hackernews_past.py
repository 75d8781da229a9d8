"""Reading back for the brands' words: what is asked, what counts as heard, and that dying resumes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import pytest
from ears import TestEar
from hackernews_stub import SEARCH, HackerNewsStub
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.base import Collector, Retriable
from listener.collectors.hackernews import past as hackernews_past
from listener.collectors.hackernews.collector import Options, build
from listener.collectors.hackernews.past import MOST_REQUESTS
from listener.collectors.post import Page
from listener.http import PoliteClient
from storage.mention import Cursor, Heard

NOW = 1_795_000_000
HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture
def site(server: FaultServer) -> HackerNewsStub:
    return HackerNewsStub(server)


Make = Callable[..., Collector]


@pytest.fixture
async def make(server: FaultServer) -> AsyncIterator[Make]:
    async with Transport() as transport:
        client = PoliteClient(transport)

        def made(ear: TestEar, **options: object) -> Collector:
            given = {"url": server.url(""), "history": "1h", "allow_private": True, **options}
            (collector,) = build(Options.model_validate(given), client, ear)
            return collector

        yield made


async def poll(collector: Collector, cursor: Cursor | None, now: int) -> list[Page]:
    pages = [page async for page in collector.pages(cursor, now)]
    for page in pages:
        assert page.next_cursor == json.loads(json.dumps(page.next_cursor))
    return pages


async def poll_till_done(collector: Collector, cursor: Cursor | None, now: int) -> list[Page]:
    """Poll every five minutes until nothing is left to read back."""
    pages = await poll(collector, cursor, now)
    while "since" in (pages[-1].next_cursor or {})["back"]:
        now += 300
        pages += await poll(collector, pages[-1].next_cursor, now)
    return pages


def ids(pages: list[Page]) -> list[str]:
    return [post.native_id for page in pages for post in page.posts]


def queries(server: FaultServer) -> list[str]:
    """What the search was asked for in words."""
    return [seen.query["query"] for seen in server.seen(SEARCH) if "query" in seen.query]


async def test_the_past_is_read_for_the_brands_words_only(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    site.comment(1, NOW - 20 * DAY, comment_text="acme corp is old")
    site.story(2, NOW - 10 * DAY, title="Zenith rises")
    site.comment(3, NOW - 10 * DAY, comment_text="of no interest")
    site.comment(4, NOW - 40 * DAY, comment_text="acme corp was founded")
    site.comment(5, NOW - 60, comment_text="anything of today")
    pages = await poll(make(TestEar(searches=("acme corp", "zenith"))), None, NOW)
    assert ids(pages) == ["5", "1", "2"]
    assert all(page.first for page in pages if page.events)
    assert queries(server) == ['"acme corp"', '"zenith"']
    assert [page.heard for page in pages if page.heard] == [
        Heard(NOW - HOUR, NOW),
        Heard(NOW - 28 * DAY, NOW),
    ]
    again = await poll(make(TestEar(searches=("acme corp", "zenith"))), pages[-1].next_cursor, NOW + 300)
    assert len(queries(server)) == 2 and not again[-1].first


async def test_nothing_is_read_back_where_words_do_not_suffice(
    server: FaultServer, site: HackerNewsStub, make: Make
) -> None:
    await poll(make(TestEar(handles=("acme",))), None, NOW)
    await poll(make(TestEar(searches=("acme",)), backfill=None), None, NOW)
    await poll(make(TestEar(searches=(' "" ',))), None, NOW)
    assert all(
        "query" not in seen.query and "author" not in seen.query["tags"] for seen in server.seen(SEARCH)
    )


async def test_the_brands_own_posts_are_read_back_too(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    site.comment(1, NOW - 20 * DAY, comment_text="We are sorry", author="care_team")
    pages = await poll(make(TestEar(searches=("acme",), handles=("@care_team",))), None, NOW)
    assert ids(pages) == ["1"]


async def test_a_quotation_mark_does_not_end_the_phrase(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    await poll(make(TestEar(searches=('acme "corp" -x',))), None, NOW)
    assert queries(server) == ['"acme corp -x"']


async def test_more_hits_than_fit_are_halved_newest_first(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    for number in range(2_500):
        site.comment(number, NOW - 2 * HOUR - number * 900, comment_text="acme")
    pages = await poll(make(TestEar(searches=("acme",))), None, NOW)
    assert sorted(map(int, ids(pages))) == list(range(2_500))
    assert len(queries(server)) < 10
    firsts = [page.posts[0].published_at for page in pages if page.posts]
    assert firsts == sorted(firsts, reverse=True)
    assert pages[-1].heard == Heard(NOW - 28 * DAY, NOW)


async def test_an_overestimated_total_is_no_reason_to_halve(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    site.comment(1, NOW - DAY, comment_text="acme")
    site.phrase_estimate = 40
    pages = await poll(make(TestEar(searches=("acme",))), None, NOW)
    assert len(queries(server)) == 1
    assert pages[-1].heard == Heard(NOW - 28 * DAY, NOW)


async def test_dying_at_any_page_resumes(site: HackerNewsStub, server: FaultServer, make: Make) -> None:
    for number in range(60):
        site.comment(
            number, NOW - 2 * HOUR - number * 9 * HOUR, comment_text="acme" if number % 2 else "zenith"
        )
    site.page_size = 10
    ear = TestEar(searches=("acme", "zenith"))
    whole = await poll_till_done(make(ear), None, NOW)
    assert sorted(map(int, ids(whole))) == list(range(60))
    cursor, seen, heard, deaths = None, set(), set(), 0
    done = False
    while not done:
        async for page in make(ear).pages(cursor, NOW + deaths * 300):
            seen |= {post.native_id for post in page.posts}
            heard |= {page.heard}
            moved = page.next_cursor != cursor
            cursor = page.next_cursor
            if moved and page.first:
                break
        deaths += 1
        done = "since" not in cursor["back"] and len(cursor["back"]["done"]) == 2
    assert deaths > 8 and len(seen) == 60
    assert any(stretch and stretch.until - stretch.since == 28 * DAY for stretch in heard)


async def test_requests_into_the_past_are_bounded_per_poll(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    words = tuple(f"brand{number}" for number in range(2 * MOST_REQUESTS + 5))
    collector = make(TestEar(searches=words))
    pages = await poll(collector, None, NOW)
    assert len(queries(server)) == MOST_REQUESTS
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - HOUR, NOW)]
    pages = await poll(collector, pages[-1].next_cursor, NOW + 300)
    pages = await poll(collector, pages[-1].next_cursor, NOW + 600)
    assert len(queries(server)) == len(words) == len(set(queries(server)))
    assert pages[-1].heard == Heard(NOW - 28 * DAY, NOW)


async def test_one_word_takes_no_more_than_its_share_either(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    for number in range(600):
        site.comment(number, NOW - 2 * HOUR - number * HOUR, comment_text="acme")
    site.page_size = 10
    collector = make(TestEar(searches=("acme",)))
    pages = await poll(collector, None, NOW)
    assert len(queries(server)) == MOST_REQUESTS
    cursor = pages[-1].next_cursor
    assert cursor is not None and "since" in cursor["back"]
    pages += await poll_till_done(collector, cursor, NOW + 300)
    assert set(map(int, ids(pages))) == set(range(600))


async def test_a_new_brand_is_read_back_alone_and_claims_no_past_for_others(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    site.comment(1, NOW - 2 * HOUR, comment_text="zenith")
    pages = await poll(make(TestEar(searches=("acme",))), None, NOW)
    pages = await poll(make(TestEar(searches=("acme", "zenith"))), pages[-1].next_cursor, NOW + DAY)
    assert queries(server) == ['"acme"', '"zenith"']
    assert "1" in ids([page for page in pages if page.first])
    assert all(page.heard is None or page.heard.since >= NOW for page in pages)


async def test_a_brand_that_comes_back_is_read_back_again(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    both, one = TestEar(searches=("acme", "zenith")), TestEar(searches=("acme",))
    pages = await poll(make(both), None, NOW)
    pages = await poll(make(one), pages[-1].next_cursor, NOW + DAY)
    await poll(make(both), pages[-1].next_cursor, NOW + 2 * DAY)
    assert queries(server) == ['"acme"', '"zenith"', '"zenith"']


async def test_who_comes_from_an_older_version_is_read_back(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    site.comment(1, NOW - 9 * DAY, comment_text="acme")
    pages = await poll(make(TestEar(searches=("acme",))), {"through": NOW, "baseline": NOW - DAY}, NOW + 300)
    assert ids(pages) == ["1"] and pages[-1].first


async def test_a_failure_of_the_search_is_told(site: HackerNewsStub, server: FaultServer, make: Make) -> None:
    server.script(SEARCH, site.answer, Reply(429, headers={"Retry-After": "9"}), site.answer)
    collector, pages = make(TestEar(searches=("acme",))), []
    with pytest.raises(Retriable):
        async for page in collector.pages(None, NOW):
            pages.append(page)
    assert [page.heard for page in pages] == [Heard(NOW - HOUR, NOW)]
    assert (await poll(collector, pages[-1].next_cursor, NOW + 300))[-1].heard == Heard(
        NOW + 300 - 28 * DAY, NOW + 300
    )


async def test_what_one_answer_cannot_hold_is_cut_and_not_called_heard(
    site: HackerNewsStub, server: FaultServer, make: Make
) -> None:
    for number in range(1_003):
        site.comment(number, NOW - 2 * HOUR, comment_text="acme")
    pages = await poll_till_done(make(TestEar(searches=("acme",))), None, NOW)
    assert len(ids(pages)) == 1_000 and sum(page.cut for page in pages) == 3
    assert all(page.heard is None or page.heard.since >= NOW - HOUR for page in pages)


async def test_too_many_words_are_bounded(
    site: HackerNewsStub, server: FaultServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hackernews_past, "MOST_WORDS", 3)
    pages = await poll(make(TestEar(searches=tuple("abcdef"))), None, NOW)
    assert queries(server) == ['"a"', '"b"', '"c"']
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - HOUR, NOW)]
