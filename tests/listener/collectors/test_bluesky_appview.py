"""Searching back, feeds and profiles against a real PDS with the real AppView behind it.

Its search looks for the query as it is written, quotation marks and all, and takes no notice of times: it says how a
login, the pages and the fields go, and nothing about what a query finds.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from bluesky_listening import events_of, listening, read
from bluesky_network import Person, RealNetwork, installed, real_network
from bluesky_stores import stores, stores_installed
from ears import TestEar
from jetstream_stub import JetstreamStub
from structlog.testing import capture_logs

from listener.collectors.bluesky.search import Search
from listener.collectors.post import Page, Post

pytestmark = [pytest.mark.server, installed(), stores_installed(), pytest.mark.asyncio(loop_scope="module")]
MANY = 230


@dataclass
class Town:
    """A network on which something was said before anybody listened."""

    network: RealNetwork
    brand: Person
    ann: Person


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with stores() as environment, real_network(tmp_path_factory.mktemp("pds"), environment) as network:
        brand, ann = await network.pds.join("acmeco.test"), await network.pds.join("ann.test")
        for start in range(0, MANY, 100):
            numbers = range(start, min(start + 100, MANY))
            await ann.post_many([f'they call it "zeta", number {n}' for n in numbers])
        question = await ann.post('is "zeta" theirs?')
        await brand.post("no, it is not", {"root": question, "parent": question})
        await network.indexed()
        yield Town(network, brand, ann)


async def hear(town: Town, *, profiles: bool, password: str = "pass-ann.test") -> list[Page]:
    """Read the past, and the first page of a stream on which nothing is said."""
    ear = TestEar(words=("zeta",), searches=("zeta",), handles=("acmeco.test",))
    login = {"handle": "ann.test", "password": password, "service": town.network.pds.url}
    async with JetstreamStub() as stub:
        api = town.network.appview.replace("localhost", "127.0.0.1")
        async with listening(stub, ear, api=api, login=login, profiles=profiles) as collector:
            now = int(time.time()) + 1
            return await read(
                collector, enough=lambda pages: not pages[-1].first or bool(pages[-1].heard), now=now
            )


async def test_what_was_said_before_is_found_page_by_page(town: Town) -> None:
    pages = await hear(town, profiles=True)
    posts = [post for post in events_of(pages) if isinstance(post, Post)]
    assert len({post.native_id for post in posts}) == MANY + 2
    assert sum(len(page.set_aside) for page in pages) == 0
    assert {post.author for post in posts} == {"ann.test", "acmeco.test"}
    assert {post.followers for post in posts} == {0}
    (answer,) = [post for post in posts if post.author == "acmeco.test"]
    (question,) = [post for post in posts if post.text.endswith("theirs?")]
    assert (answer.in_reply_to, answer.thread) == (question.native_id, question.native_id)
    assert pages[-1].heard is not None


async def test_search_names_the_authors_where_profiles_are_off(town: Town) -> None:
    posts = [post for post in events_of(await hear(town, profiles=False)) if isinstance(post, Post)]
    assert {(post.author, post.followers) for post in posts} == {("ann.test", None), ("acmeco.test", None)}


async def test_a_token_that_the_server_does_not_take_is_renewed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = Search._get

    async def spoil(self: Search, path: str) -> object:
        answer = await get(self, path)
        self._access = "spoiled"
        return answer

    monkeypatch.setattr(Search, "_get", spoil)
    with capture_logs() as logs:
        pages = await hear(town, profiles=False)
    assert len({post.native_id for post in events_of(pages) if isinstance(post, Post)}) == MANY + 2
    assert logs == []
