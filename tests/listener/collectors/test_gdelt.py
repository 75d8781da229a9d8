"""GDELT: what is asked and how often, what is kept of an article, counts of days, and complaints in plain words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime

import pytest
from ears import TestEar
from gdelt_stub import PATH, TOO_FAST, GdeltStub, article, complaint
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable, Sought
from listener.collectors.gdelt import service
from listener.collectors.gdelt.collector import Options, build, to_event
from listener.collectors.gdelt.counts import days_to_count
from listener.collectors.post import Figure, Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor

NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())
DAY = 86_400
MIDNIGHT = NOON - DAY // 2


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
def stub(server: FaultServer) -> GdeltStub:
    made = GdeltStub()
    server.script(PATH, made.answer)
    return made


async def read(
    server: FaultServer,
    cursor: Cursor | None = None,
    now: int = NOON,
    words: Sequence[str] = ("acme",),
    sought: Sequence[Sought] = (Sought("Acme", ("acme",)),),
    history: str = "2d",
) -> tuple[list[Page], Retriable | Permanent | None]:
    options = Options(url=server.url(""), allow_private=True, history=history)
    pages: list[Page] = []
    async with Transport() as transport:
        ear = TestEar(searches=tuple(words), sought=tuple(sought))
        (collector,) = build(options, PoliteClient(transport), ear)
        try:
            async for page in collector.pages(cursor, now):
                pages.append(page)
        except (Retriable, Permanent) as failure:
            return pages, failure
    return pages, None


def figures(pages: Sequence[Page]) -> list[tuple[str, str, str | None, float]]:
    return [
        (one.day, one.metric, one.brand, one.value)
        for page in pages
        for one in page.events
        if isinstance(one, Figure)
    ]


def ids(pages: Sequence[Page]) -> set[str]:
    return {post.native_id for page in pages for post in page.posts}


def test_what_is_kept_of_an_article() -> None:
    assert to_event(article(7, NOON, "Acme &amp; Co : gana", "Spanish")) == Post(
        "https://www.post.example/7",
        "Acme & Co : gana",
        NOON,
        "Acme & Co : gana",
        "post.example",
        "https://www.post.example/7",
        "es",
    )


async def test_a_search_holds_several_words_in_parentheses_and_one_bare(
    server: FaultServer, stub: GdeltStub
) -> None:
    await read(server, words=("acme", "acme corp"), sought=())
    await read(server, words=("acme corp",), sought=())
    assert stub.searches == ['(acme OR "acme corp")', '"acme corp"']


async def test_more_articles_than_fit_are_asked_for_further_back(
    server: FaultServer, stub: GdeltStub
) -> None:
    stub.articles = [article(n, NOON - 60 * n, "acme") for n in range(600)]
    pages, failure = await read(server, sought=())
    assert failure is None and len(ids(pages)) == 600
    assert sum(page.heard.until - page.heard.since for page in pages if page.heard) == 2 * DAY


async def test_a_quarter_of_an_hour_with_more_than_fit_is_not_called_heard(
    server: FaultServer, stub: GdeltStub
) -> None:
    first, _ = await read(server, sought=())
    stub.articles = [article(n, NOON + 900, "acme") for n in range(300)]
    second, _ = await read(server, first[-1].next_cursor, NOON + 1_800, sought=())
    assert len(ids(second)) == 250
    assert [(gap.since, gap.until) for page in second if (gap := page.gap)] == [(NOON, NOON + 900)]


async def test_days_are_counted_once_with_what_was_looked_through(
    server: FaultServer, stub: GdeltStub
) -> None:
    stub.points = [
        (MIDNIGHT - 2 * DAY, 4, 1_000),
        (MIDNIGHT - DAY, 1, 500),
        (MIDNIGHT - DAY + 900, 2, 600),
        (MIDNIGHT, 9, 900),
    ]
    pages, failure = await read(server)
    assert failure is None
    assert figures(pages) == [
        ("2026-11-18", "articles_matching", "Acme", 4),
        ("2026-11-18", "articles_monitored", "Acme", 1_000),
        ("2026-11-19", "articles_matching", "Acme", 3),
        ("2026-11-19", "articles_monitored", "Acme", 1_100),
    ]
    again, _ = await read(server, pages[-1].next_cursor, NOON + 3_600)
    assert figures(again) == []
    stub.points += [(MIDNIGHT - 900, 1, 100)]
    tomorrow, _ = await read(server, (again or pages)[-1].next_cursor, NOON + DAY)
    assert figures(tomorrow) == [
        ("2026-11-19", "articles_matching", "Acme", 4),
        ("2026-11-19", "articles_monitored", "Acme", 1_200),
        ("2026-11-20", "articles_matching", "Acme", 9),
        ("2026-11-20", "articles_monitored", "Acme", 900),
    ]


def test_a_day_that_is_not_told_is_not_counted_as_zero() -> None:
    assert days_to_count(None, 3 * DAY, NOON) == (date(2026, 11, 17), date(2026, 11, 19))
    assert days_to_count(None, 60, NOON) == (date(2026, 11, 19), date(2026, 11, 19))
    assert days_to_count("2026-11-19", DAY, NOON) is None
    assert days_to_count("2026-11-01", DAY, NOON) == (date(2026, 11, 1), date(2026, 11, 19))


async def test_points_that_cannot_be_are_no_figures(server: FaultServer, stub: GdeltStub) -> None:
    day = MIDNIGHT - DAY
    stub.points = [(day, "3", 9), (day, -1, 9), (day, 9, 3), (day, True, 9), (day, float("nan"), 9)]
    pages, failure = await read(server)
    assert failure is None and figures(pages) == []


async def test_a_brand_that_fits_into_no_search_is_left_out(server: FaultServer, stub: GdeltStub) -> None:
    stub.points = [(MIDNIGHT - DAY, 1, 9)]
    many = Sought("Many", tuple(f"word{n}" for n in range(40)))
    pages, _ = await read(
        server, sought=(Sought("Fields"), many, Sought("It", ("it",)), Sought("B", ("bolt",)))
    )
    assert {brand for _, _, brand, _ in figures(pages)} == {"B"}


async def test_too_fast_is_told_in_plain_words_and_waits(server: FaultServer) -> None:
    server.script(PATH, complaint(TOO_FAST))
    _, failure = await read(server)
    assert isinstance(failure, Retriable) and failure.retry_after == 300
    assert len(server.seen(PATH)) == 1


async def test_a_search_that_is_refused_is_named_and_the_others_go_on(
    server: FaultServer, stub: GdeltStub
) -> None:
    stub.articles = [article(1, NOON - 60, "acme")]
    stub.points = [(MIDNIGHT - DAY, 1, 9)]
    long = "acme " + "a" * 195
    pages, failure = await read(server, words=("it", long))
    assert isinstance(failure, Retriable) and failure.partly
    assert "refuses to search for it: The specified phrase is too short." in str(failure)
    assert ids(pages) == {"https://www.post.example/1"} and figures(pages)


async def test_an_empty_answer_is_one_only_as_json(server: FaultServer) -> None:
    server.script(PATH, Reply(headers={"Content-Type": "application/json"}))
    pages, failure = await read(server, sought=())
    assert failure is None and pages[0].heard
    server.script(PATH, Reply(headers={"Content-Type": "text/html"}))
    assert isinstance((await read(server, sought=()))[1], Retriable)


async def test_stray_backslashes_and_control_codes_in_titles_are_read(server: FaultServer) -> None:
    body = '{"articles": [{"url": "https://a.example/1", "title": "acme \\\' \x02", "seendate": "20261120T110000Z"}]}'
    server.script(PATH, Reply(body=body, headers={"Content-Type": "application/json"}))
    pages, failure = await read(server, sought=())
    assert failure is None and len(ids(pages)) == 1


async def test_two_requests_are_seconds_apart(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    class Client:
        async def get(self, url: str, **more: object) -> object:
            return type("Fetched", (), {"body": b"{}", "content_type": "application/json"})

    monkeypatch.setattr(service.asyncio, "sleep", sleep)
    asked = service.Service(Client(), "https://gdelt.example", allow_private=False)  # type: ignore[arg-type]
    for _ in range(3):
        await asked.ask("acme")
    assert slept == [8.0, 8.0]
    asked.begin()
    await asked.ask("acme")
    assert slept == [8.0, 8.0]
