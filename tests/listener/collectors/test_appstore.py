"""App Store reviews: whose they are, what is kept of them, stars by day, and answers that are broken."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from appstore_stub import AppStoreStub, review
from appstore_world import AppStoreWorld
from collector_contract import Bench
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.appstore import Options, build, to_event
from listener.collectors.base import Permanent, Retriable, Sought
from listener.collectors.post import Figure, Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor

NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())
DAY = 86_400
EMPTY_WITH_MORE = json.dumps({"feed": {"link": [{"attributes": {"rel": "next", "href": "x"}}]}})


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
def stub(server: FaultServer) -> AppStoreStub:
    made = AppStoreStub()
    server.script("*", made.answer)
    return made


async def read(
    server: FaultServer, cursor: Cursor | None = None, now: int = NOON, **more: Any
) -> tuple[list[Page], Retriable | Permanent | None]:
    options = Options(**{"apps": {"Acme": (1,)}, **more}, url=server.url(""), allow_private=True)
    pages: list[Page] = []
    async with Transport() as transport:
        ear = TestEar(sought=(Sought("Acme"), Sought("Bolt")))
        (collector,) = build(options, PoliteClient(transport), ear)
        try:
            async for page in collector.pages(cursor, now):
                pages.append(page)
        except (Retriable, Permanent) as failure:
            return pages, failure
    return pages, None


def stars(pages: Sequence[Page]) -> dict[str, list[int]]:
    """The stars of each day, from one to five."""
    found: dict[str, list[int]] = {}
    for page in pages:
        for one in page.events:
            if isinstance(one, Figure):
                assert one.metric == "stars"
                found.setdefault(one.day, [0] * 5)[int(one.item) - 1] = int(one.value)
    return found


def test_what_is_kept_of_a_review() -> None:
    where = {"about": "Acme", "page": "https://apps.apple.com/us/app/id1?see-all=reviews"}
    assert to_event({**review(6290024630, NOON, "Works &amp; works", 4, "Great"), **where}) == Post(
        "6290024630",
        "Great\n\nWorks & works",
        NOON,
        "Great",
        "user6290024630",
        where["page"],
        about="Acme",
    )
    undated = to_event({**review(1, None, "fine"), **where})
    assert undated is not None and undated.published_at is None
    assert to_event({**review(1, NOON, ""), **where}) is None


async def test_each_app_is_asked_for_in_each_country(server: FaultServer, stub: AppStoreStub) -> None:
    stub.write(review("a", NOON - 60, "good"))
    stub.write(review("b", NOON - 50, "bad"), 22, "es")
    pages, failure = await read(server, apps={"Acme": (1,), "Bolt": (22,)}, countries=("us", "ES"))
    assert failure is None
    assert {one[:2] for one in stub.asked} == {(1, "us"), (1, "es"), (22, "us"), (22, "es")}
    told = {(post.native_id, post.about, post.url) for page in pages for post in page.posts}
    assert told == {
        ("a", "Acme", "https://apps.apple.com/us/app/id1?see-all=reviews"),
        ("b", "Bolt", "https://apps.apple.com/es/app/id22?see-all=reviews"),
    }


async def test_pages_are_asked_for_until_what_is_known_or_the_tenth(
    server: FaultServer, stub: AppStoreStub
) -> None:
    for number in range(120):
        stub.write(review(f"r{number}", NOON - 3_600 * number, "good"))
    pages, _ = await read(server)
    assert sum(len(page.posts) for page in pages) == 120
    assert [page for _, _, page in stub.asked] == [1, 2, 3, 4]
    stub.asked.clear()
    for number in range(700):
        stub.write(review(f"s{number}", NOON + 60 * number, "good"))
    later, _ = await read(server, pages[-1].next_cursor, NOON + DAY // 2)
    assert len(stub.asked) == 10
    gap = next(page.gap for page in later if page.gap)
    assert (gap.since, gap.until) == (NOON, NOON + 60 * 200)


async def test_stars_are_told_of_days_that_were_read_whole(server: FaultServer, stub: AppStoreStub) -> None:
    midnight = NOON - DAY // 2
    for number, (at, given) in enumerate(
        [
            (midnight + 60, 5),
            (midnight + 30, 1),
            (midnight - 60, 4),
            (midnight - 90, 4),
            (midnight - DAY - 60, 2),
        ]
    ):
        stub.write(review(f"r{number}", at, "fine", given))
    pages, _ = await read(server)
    assert stars(pages) == {
        "2026-11-20": [1, 0, 0, 0, 1],
        "2026-11-19": [0, 0, 0, 2, 0],
        "2026-11-18": [0, 1, 0, 0, 0],
    }
    figure = next(one for page in pages for one in page.events if isinstance(one, Figure))
    assert (figure.brand, figure.account) == ("Acme", "1 us")


async def test_the_day_at_which_a_list_breaks_off_is_not_told(
    server: FaultServer, stub: AppStoreStub
) -> None:
    midnight = NOON - DAY // 2
    for number in range(600):
        stub.write(review(f"r{number}", midnight + 10_000 - 50 * number, "good", 3))
    pages, _ = await read(server)
    assert stars(pages) == {"2026-11-20": [0, 0, 201, 0, 0]}


async def test_a_day_is_counted_again_from_the_reviews_that_are_there(
    server: FaultServer, stub: AppStoreStub
) -> None:
    stub.write(review("a", NOON - 60, "good", 5))
    first, _ = await read(server)
    stub.write(review("b", NOON + 60, "bad", 1))
    second, _ = await read(server, first[-1].next_cursor, NOON + 3_600)
    assert stars(first) == {"2026-11-20": [0, 0, 0, 0, 1]}
    assert stars(second) == {"2026-11-20": [1, 0, 0, 0, 1]}


async def test_an_empty_answer_that_promises_more_is_a_fault(server: FaultServer, stub: AppStoreStub) -> None:
    stub.empty = True
    pages, failure = await read(server)
    assert isinstance(failure, Retriable) and not pages
    stub.empty = False
    pages, failure = await read(server)
    assert failure is None and pages, "an app without reviews"


async def test_a_later_page_that_is_empty_and_promises_more_is_one_too(
    server: FaultServer, stub: AppStoreStub
) -> None:
    for number in range(60):
        stub.write(review(f"r{number}", NOON - 60 * number, "good"))
    page = stub.answer
    server.script("*", lambda seen: Reply(body=EMPTY_WITH_MORE) if "page=2" in seen.path else page(seen))
    pages, failure = await read(server)
    assert isinstance(failure, Retriable) and not any(one.heard for one in pages) and not stars(pages)


@pytest.mark.parametrize("body", ["{}", '{"feed": []}', "[]", '{"feed": "none"}', "<html>"])
async def test_what_is_no_feed_is_no_answer(server: FaultServer, body: str) -> None:
    server.script("*", Reply(body=body))
    assert isinstance((await read(server))[1], Retriable)


async def test_a_brand_that_nobody_configured_is_told(server: FaultServer, stub: AppStoreStub) -> None:
    _, failure = await read(server, apps={"Acmee": (1,)})
    assert isinstance(failure, Permanent) and "Acmee" in str(failure) and not stub.asked


def test_a_country_is_two_letters() -> None:
    with pytest.raises(ValidationError, match="two letters"):
        Options(apps={"Acme": (1,)}, countries=("usa",))


async def test_a_review_is_about_its_app_whether_or_not_it_names_it(tmp_path: Path) -> None:
    async with AppStoreWorld() as world:
        bench = Bench(world, tmp_path)
        world.stub.write(review("named", bench.now - 120, "Morvane is great", 5))
        world.stub.write(review("unnamed", bench.now - 60, "it crashes all day, horrible", 1))
        assert (await bench.poll()).failure is None
        found = bench.rows(
            "SELECT p.native_id, m.query_id IS NOT NULL FROM mentions m JOIN posts p ON p.id = m.post_id ORDER BY 1"
        )
        assert found == [("named", 1), ("unnamed", 0)]
        told = bench.rows(
            "SELECT kind, network, account, item, value FROM measures WHERE value > 0 ORDER BY item"
        )
        assert told == [
            ("snapshot", "appstore", "1 us", "1", 1.0),
            ("snapshot", "appstore", "1 us", "5", 1.0),
        ]
