"""Lobsters: stories as JSON, comments found in RSS and asked for one by one, looks at what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ears import TestEar
from lobsters_stub import Site
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable
from listener.collectors.lobsters import Lobsters, Options, build
from listener.collectors.post import Delete, Edit, Page, Post
from listener.http import PoliteClient
from storage.mention import Heard, Reading

NOW = 1_800_000_000


@pytest.fixture
def site(server: FaultServer) -> Site:
    made = Site()
    server.script("*", made.reply)
    return made


@pytest.fixture
def ear() -> TestEar:
    return TestEar(words=("acme",), handles=("acme_inc",))


@pytest.fixture
async def lobsters(server: FaultServer, ear: TestEar) -> AsyncIterator[Lobsters]:
    async with Transport() as transport:
        options = Options(url=server.url(""), allow_private=True)
        (one,) = build(options, PoliteClient(transport), ear)
        assert isinstance(one, Lobsters)
        yield one


async def read(one: Lobsters, cursor: Any = None, now: int = NOW) -> list[Page]:
    return [page async for page in one.pages(cursor, now)]


def posts(pages: list[Page]) -> list[Post]:
    return [event for page in pages for event in page.events if isinstance(event, Post)]


async def test_a_web_page_instead_of_data_says_so(server: FaultServer, lobsters: Lobsters) -> None:
    server.script("*", Reply(200, " <!doctype html><html><body>Sign in</body></html>"))
    with pytest.raises(Retriable, match="with a web page instead of data; check the address"):
        await read(lobsters)


async def test_stories_and_comments(site: Site, server: FaultServer, lobsters: Lobsters) -> None:
    site.story("abc", NOW - 90, "Acme &amp; tea", "<p>Is it good?</p>")
    site.comment("d1", "abc", NOW - 60, "<p>Acme is.</p>")
    site.comment("d2", "abc", NOW - 50, "<p>Others are.</p>")
    site.comment("d3", "abc", NOW - 40, "<p>Thanks!</p>", commenting_user="acme_inc", parent_comment="d1")
    pages = await read(lobsters)
    story, comment, own = posts(pages)
    assert story == Post(
        native_id="s/abc",
        text="Acme & tea\n\nIs it good?",
        published_at=NOW - 90,
        title="Acme & tea",
        author="ann",
        author_id="ann",
        url=server.url("/s/abc"),
        thread="s/abc",
    )
    assert (comment.native_id, comment.text, comment.in_reply_to, comment.thread) == (
        "c/d1",
        "Acme is.",
        "s/abc",
        "s/abc",
    )
    assert (own.author, own.in_reply_to, own.thread) == ("acme_inc", "c/d1", "s/abc")
    assert [one.path for one in server.requests if "/c/" in one.path] == ["/c/d3.json", "/c/d1.json"]
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 86_400, NOW)]


async def test_more_than_one_page_is_read(site: Site, server: FaultServer, lobsters: Lobsters) -> None:
    for number in range(30):
        site.story(f"s{number}", NOW - 1_000 + number, "Acme")
        site.comment(f"c{number}", "s1", NOW - 1_000 + number, "x")
    pages = await read(lobsters)
    assert len(posts(pages)) == 30
    asked = [request.path for request in server.requests]
    assert "/newest/page/2.json" in asked and "/comments/page/2.rss" in asked


async def test_a_comment_that_goes_meanwhile_costs_no_other(
    site: Site, server: FaultServer, lobsters: Lobsters
) -> None:
    for number in ("d1", "d2"):
        site.comment(number, "abc", NOW - 60, "acme")
    server.script("/c/d1.json", Reply(400, "can't find comment"))
    assert [post.native_id for post in posts(await read(lobsters))] == ["c/d2"]


async def test_what_is_no_feed_is_retriable(site: Site, server: FaultServer, lobsters: Lobsters) -> None:
    server.script("/comments.rss", Reply(body="<html>soon</html>"))
    with pytest.raises(Retriable, match="no feed"):
        await read(lobsters)


async def test_visits_bring_edits_counters_and_what_is_gone(
    site: Site, server: FaultServer, lobsters: Lobsters
) -> None:
    site.story("abc", NOW - 90, "Acme, edited")
    site.comment("d1", "abc", NOW - 60, "<em>Comment removed by author</em>", is_deleted=True)
    site.comment("d2", "abc", NOW - 60, "<em>Comment removed by moderator</em>", is_moderated=True)
    ids = ["s/abc", "c/d1", "c/d2", "c/d3", "s/xyz"]
    found = await lobsters.visit(ids, NOW)
    assert [one.post.text for one in found.events if isinstance(one, Edit)] == ["Acme, edited"]
    assert [one.native_id for one in found.events if isinstance(one, Delete)] == ids[1:]
    assert Reading("s/abc", NOW, {"score": 5, "comments": 2}) in found.events


async def test_another_refusal_deletes_nothing(site: Site, server: FaultServer, lobsters: Lobsters) -> None:
    server.script("/c/d1.json", Reply(400, "bad request"))
    with pytest.raises(Permanent):
        await lobsters.visit(["c/d1"], NOW)
    server.script("/c/d1.json", Reply(body='{"short_id": "d2", "commenting_user": "x", "is_deleted": true}'))
    found = await lobsters.visit(["c/d1"], NOW)
    assert (found.events, found.unseen) == ([], ["c/d1"])


@pytest.mark.parametrize("options", [{"poll": "1m"}, {"url": "lobste.rs"}, {"history": "0s"}])
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
