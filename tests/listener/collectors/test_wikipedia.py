"""Page views of Wikipedia: which days are asked for, what a missing day means, and what is told of a wrong title."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply
from wikipedia_stub import WikipediaStub

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable, Sought
from listener.collectors.post import Figure, Page
from listener.collectors.wikipedia import Options, build
from listener.http import PoliteClient
from storage.mention import Cursor

NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())
DAY = 86_400
ACME = {"Acme": ("en:Acme Corporation",)}


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
def stub(server: FaultServer) -> WikipediaStub:
    made = WikipediaStub()
    server.script("*", made.answer)
    return made


async def read(
    server: FaultServer,
    cursor: Cursor | None = None,
    now: int = NOON,
    articles: dict[str, tuple[str, ...]] | None = None,
    **more: Any,
) -> tuple[list[Page], Retriable | Permanent | None]:
    given = {"articles": articles or ACME, "history": "5d", **more}
    options = Options(url=server.url(""), allow_private=True, **given)
    pages: list[Page] = []
    async with Transport() as transport:
        ear = TestEar(sought=(Sought("Acme", ("acme",)), Sought("Bolt")))
        (collector,) = build(options, PoliteClient(transport), ear)
        try:
            async for page in collector.pages(cursor, now):
                pages.append(page)
        except (Retriable, Permanent) as failure:
            return pages, failure
    return pages, None


def told(pages: Sequence[Page]) -> list[tuple[str | None, str, str, float]]:
    return [
        (one.brand, one.item, one.day, one.value)
        for page in pages
        for one in page.events
        if isinstance(one, Figure) and one.metric == "page_views"
    ]


async def test_the_first_poll_goes_back_and_a_later_one_on_from_there(
    server: FaultServer, stub: WikipediaStub
) -> None:
    views = stub.views["en.wikipedia/Acme_Corporation"] = {"20261110": 1, "20261117": 30, "20261118": 40}
    pages, failure = await read(server)
    assert failure is None
    item = "en:Acme Corporation"
    assert told(pages) == [("Acme", item, "2026-11-17", 30), ("Acme", item, "2026-11-18", 40)]
    assert server.requests[-1].path.endswith("/daily/2026111500/2026111900")
    assert pages[0].first and pages[0].heard is None
    # Yesterday was not there yet: it is asked for again, together with the last day that was.
    views["20261119"] = 50
    later, _ = await read(server, pages[-1].next_cursor, NOON + 3_600)
    assert server.requests[-1].path.endswith("/daily/2026111800/2026111900")
    assert told(later) == [("Acme", item, "2026-11-18", 40), ("Acme", item, "2026-11-19", 50)]
    asked = len(server.requests)
    again, _ = await read(server, later[-1].next_cursor, NOON + 7_200)
    assert not again and len(server.requests) == asked, "all is told until tomorrow"


async def test_a_day_without_views_is_zero_only_between_days_that_are_told(
    server: FaultServer, stub: WikipediaStub
) -> None:
    stub.views["en.wikipedia/Acme_Corporation"] = {"20261116": 3, "20261118": 4}
    pages, _ = await read(server)
    assert [(day, value) for _, _, day, value in told(pages)] == [
        ("2026-11-16", 3),
        ("2026-11-17", 0),
        ("2026-11-18", 4),
    ]


async def test_titles_and_projects_are_asked_for_as_they_are_spelled_there(
    server: FaultServer, stub: WikipediaStub
) -> None:
    stub.views["de.wikipedia/AC/DC_&_Söhne?"] = {"20261119": 1}
    stub.views["en.wikinews/Acme"] = {"20261119": 2}
    articles = {"Acme": ("de:AC/DC_& Söhne?", "en.wikinews:Acme"), "Bolt": ("en.wikinews:Acme",)}
    pages, failure = await read(server, articles=articles)
    assert failure is None
    assert {(brand, item, value) for brand, item, _, value in told(pages)} == {
        ("Acme", "de:AC/DC & Söhne?", 1),
        ("Acme", "en.wikinews:Acme", 2),
        ("Bolt", "en.wikinews:Acme", 2),
    }


async def test_a_wrong_title_is_told_and_costs_no_other_article(
    server: FaultServer, stub: WikipediaStub
) -> None:
    stub.views["en.wikipedia/Bolt"] = {"20261119": 9}
    pages, failure = await read(server, articles={"Acme": ("en:Acmme",), "Bolt": ("en:Bolt",)})
    assert isinstance(failure, Retriable) and failure.partly
    assert "en:Acmme" in str(failure) and "title" in str(failure)
    assert [brand for brand, *_ in told(pages)] == ["Bolt"]
    alone, refused = await read(server, articles={"Acme": ("en:Acmme",)})
    assert isinstance(refused, Permanent) and not alone


async def test_no_views_of_a_known_article_are_no_failure(server: FaultServer, stub: WikipediaStub) -> None:
    _, failure = await read(server, {"counted": {"en:Acme Corporation": "2026-11-10"}})
    assert failure is None


async def test_a_brand_that_nobody_configured_is_told_before_anything_is_asked(server: FaultServer) -> None:
    pages, failure = await read(server, articles={"Acmee": ("en:Acme",)})
    assert isinstance(failure, Permanent) and "Acmee" in str(failure)
    assert not pages and not server.requests


async def test_a_server_that_fails_is_asked_again_from_the_same_day(
    server: FaultServer, stub: WikipediaStub
) -> None:
    server.script("*", Reply(503, headers={"Retry-After": "30"}))
    pages, failure = await read(server)
    assert isinstance(failure, Retriable) and failure.retry_after == 30 and not pages


async def test_a_count_that_is_none_is_set_aside(server: FaultServer, stub: WikipediaStub) -> None:
    stub.views["en.wikipedia/Acme_Corporation"] = {"20261117": "many", "20261118": -1, "20261119": 7}
    pages, failure = await read(server)
    assert failure is None and [value for *_, value in told(pages)] == [7]
    assert sum(len(page.set_aside) for page in pages) == 2


async def test_wikimedia_is_told_whom_to_write_to(server: FaultServer, stub: WikipediaStub) -> None:
    await read(server, contact="ops@acme.example")
    assert "ops@acme.example" in server.requests[-1].headers["User-Agent"]
    await read(server)
    assert server.requests[-1].headers["User-Agent"].startswith("Listener/")


@pytest.mark.parametrize(
    "name", ["Acme", "en:", "EN:Acme", ":Acme", "en: ", "e:Acme", "en.wikipedia.org:Acme"]
)
def test_an_article_is_a_language_and_a_title(name: str) -> None:
    with pytest.raises(ValidationError, match="an article is a language and its title"):
        Options(articles={"Acme": (name,)})
