"""Google News: off until its terms are accepted, what is asked, what is kept of an article, what counts as heard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from commandline import CommandLine
from ears import TestEar
from googlenews_stub import SEARCH, article, feed
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.asking import searched
from listener.collectors.base import Permanent, Sought
from listener.collectors.feed_document.document import read_document
from listener.collectors.googlenews import TERMS, Options, build, to_event
from listener.collectors.post import Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor

NOW = 1_795_000_000


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


async def read(
    server: FaultServer,
    cursor: Cursor | None = None,
    now: int = NOW,
    words: Sequence[str] = ("acme",),
    **more: Any,
) -> list[Page]:
    options = Options(accept_terms=True, url=server.url(""), allow_private=True, **more)
    async with Transport() as transport:
        (collector,) = build(options, PoliteClient(transport), TestEar(searches=tuple(words)))
        return [page async for page in collector.pages(cursor, now)]


def post_of(item: str) -> Post | None:
    (found,) = read_document(feed([item]).encode(), sources=True).items
    return to_event(found)


@pytest.mark.parametrize("given", [{}, {"accept_terms": False}, {"accept_terms": "true"}, None])
def test_it_is_off_until_its_terms_are_accepted_and_says_them(given: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Options.model_validate(given)
    assert TERMS in str(refused.value)
    assert Options(accept_terms=True).editions == ("en-US",)


def test_check_prints_the_terms_accepted_or_not(line: CommandLine) -> None:
    brands = "brands: [{name: Acme, own: true}]\n"
    line.configure(brands + "sources: {googlenews: {}}\n")
    refused = line("check")
    assert refused.code == 2 and "robots.txt" in refused.err and "accept_terms: true" in refused.err
    line.configure(brands + "sources: {googlenews: {accept_terms: true}}\n")
    assert f"terms: googlenews: {TERMS}" in line.good("check").out


def test_a_query_without_words_is_named() -> None:
    ear = TestEar(sought=(Sought("Acme", ("acme",)), Sought("Bolt")))
    with pytest.raises(Permanent, match="the query of Bolt is true without any word"):
        searched(ear, 10)


@pytest.mark.parametrize("name", ["en", "english-US", "en-USA", "-US", "e_-US", ""])
def test_an_edition_is_a_language_and_a_country(name: str) -> None:
    with pytest.raises(ValidationError, match="an edition is a language and a country"):
        Options(accept_terms=True, editions=(name,))


async def test_each_edition_is_asked_for_each_search(server: FaultServer) -> None:
    server.script(SEARCH, Reply(body=feed([])))
    await read(server, words=("acme", "acme corp"), editions=("en-us", "es-419-MX"))
    asked = [dict(seen.query) for seen in server.seen(SEARCH)]
    assert asked == [
        {"q": 'acme OR "acme corp" when:7d', "hl": "en-US", "gl": "US", "ceid": "US:en"},
        {"q": 'acme OR "acme corp" when:7d', "hl": "es-419", "gl": "MX", "ceid": "MX:es-419"},
    ]


async def test_a_later_poll_asks_only_for_what_may_be_new(server: FaultServer) -> None:
    server.script(SEARCH, Reply(body=feed([article(1, NOW - 60, "acme wins")])))
    first = await read(server)
    assert first[-1].heard or any(page.heard for page in first)
    await read(server, first[-1].next_cursor, NOW + 1_800)
    assert server.seen(SEARCH)[-1].query["q"] == "acme when:4h"


async def test_a_full_answer_is_not_called_heard(server: FaultServer) -> None:
    server.script(SEARCH, Reply(body=feed([article(n, NOW - n, "acme wins") for n in range(99)])))
    first = await read(server)
    assert sum(len(page.posts) for page in first) == 99
    assert any(page.heard for page in first)
    server.script(SEARCH, Reply(body=feed([article(n, NOW + n, "acme wins") for n in range(100)])))
    second = await read(server, first[-1].next_cursor, NOW + 1_800)
    assert not any(page.heard for page in second)
    assert [(gap.since, gap.until) for page in second if (gap := page.gap)] == [(NOW, NOW + 1_800)]


async def test_a_page_that_asks_for_consent_is_told(server: FaultServer) -> None:
    server.script(SEARCH, Reply(body="<!doctype html><html><title>Before you continue</title></html>"))
    with pytest.raises(Permanent, match="asks for consent"):
        await read(server)


def test_what_is_kept_of_an_article() -> None:
    post = post_of(article(7, NOW, "Acme & Co <wins>", "Post & Sons", "https://www.post.example/news?a=b"))
    assert post == Post(
        "CBMi7",
        "Acme & Co <wins>",
        NOW,
        "Acme & Co <wins>",
        "Post & Sons",
        "https://www.post.example/#https://news.google.com/rss/articles/CBMi7?oc=5",
        "en",
    )


@pytest.mark.parametrize("site", ["", "ftp://post.example", "http://[", "javascript:alert(1)"])
def test_without_a_site_of_the_publisher_the_link_is_googles(site: str) -> None:
    post = post_of(article(7, NOW, "acme", site=site))
    assert post is not None and post.url == "https://news.google.com/rss/articles/CBMi7?oc=5"


def test_a_publisher_is_not_named_by_its_own_articles() -> None:
    post = post_of(article(7, NOW, "Kettles recalled", "Acme"))
    assert post is not None and (post.text, post.author) == ("Kettles recalled", "Acme")
