"""DEV: few requests for many articles, and what is said under those that are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from devto_stub import Site, comment
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors import devto as module
from listener.collectors.base import Permanent
from listener.collectors.devto import Devto, Options, build, to_event
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
async def devto(server: FaultServer, ear: TestEar) -> AsyncIterator[Devto]:
    async with Transport() as transport:
        options = Options(url=server.url(""), allow_private=True, tags=("#Kettles",))
        (one,) = build(options, PoliteClient(transport), ear)
        assert isinstance(one, Devto)
        yield one


async def read(one: Devto, cursor: Any = None, now: int = NOW) -> list[Page]:
    return [page async for page in one.pages(cursor, now)]


def posts(pages: list[Page]) -> list[Post]:
    return [event for page in pages for event in page.events if isinstance(event, Post)]


async def test_only_what_may_concern_us_is_asked_for_in_full(
    site: Site, server: FaultServer, devto: Devto
) -> None:
    site.article(1, NOW - 90, "Acme &amp; tea", "<p>Long <b>text</b></p>")
    site.article(2, NOW - 80, "Others", "<p>acme</p>")
    site.article(3, NOW - 70, "Tea", "<p>x</p>", tags=("kettles",))
    site.article(4, NOW - 60, "Tea", "<p>y</p>", tags=("acme",))
    site.article(5, NOW - 50, "News", "<p>z</p>", user={"username": "acme_inc"})
    pages = await read(devto)
    found = posts(pages)
    assert [post.native_id for post in found] == ["1", "3", "4", "5"]
    assert found[0] == Post(
        native_id="1",
        text="Acme & tea\n\nLong text",
        published_at=NOW - 90,
        title="Acme & tea",
        author="ann",
        author_id="ann",
        url="https://dev.to/ann/1",
        thread="1",
    )
    assert len(server.requests) == 5
    assert server.requests[0].headers["Accept"] == "application/vnd.forem.api-v1+json"
    assert pages[-1].heard == Heard(NOW - 86_400, NOW)


async def test_more_than_one_page_is_read(
    site: Site, server: FaultServer, devto: Devto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT", 2)
    for number in range(1, 6):
        site.article(number, NOW - 90 + number, "Acme")
    assert len(posts(await read(devto))) == 5
    assert [one.query["page"] for one in server.seen("/api/articles/latest")] == ["1", "2", "3"]


async def test_many_texts_of_one_answer_wait_for_a_look(
    site: Site, server: FaultServer, devto: Devto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TEXTS", 2)
    for number in range(1, 6):
        site.article(number, NOW - 90 + number, "Acme", "<p>text</p>")
    found = posts(await read(devto))
    assert sorted(post.text for post in found) == ["Acme\n\nFive dollar toast..."] * 3 + ["Acme\n\ntext"] * 2


async def test_what_is_kept_is_counted_and_not_read_again(
    site: Site, server: FaultServer, devto: Devto, ear: TestEar
) -> None:
    site.article(1, NOW - 90, "Acme", "<p>text</p>")
    pages = await read(devto)
    ear.ids.add("1")
    later = await read(devto, pages[-1].next_cursor, NOW + 60)
    assert [event for page in later for event in page.events] == [
        Reading("1", NOW + 60, {"reactions": 7, "comments": 0})
    ]
    assert len(server.seen("/api/articles/1")) == 1


async def test_visits_bring_edits_comments_and_what_is_gone(
    site: Site, server: FaultServer, devto: Devto, ear: TestEar
) -> None:
    site.article(1, NOW - 90, "Acme", "<p>edited</p>", comments_count=4)
    answer = comment("2b", NOW - 40, "<p>Thanks</p>", by="acme_inc")
    site.comments[1] = [
        comment("2a", NOW - 50, "<p>No</p>", answer),
        comment("2c", NOW, "acme"),
        comment("2d", NOW, "x"),
    ]
    ear.ids.update({"1", "9", "c/2z"})
    await read(devto)
    found = await devto.visit(["1", "9", "c/2z"], NOW)
    edits = [one.post.text for one in found.events if isinstance(one, Edit)]
    assert edits == ["Acme\n\nedited"]
    assert Reading("1", NOW, {"reactions": 7, "comments": 4}) in found.events
    assert [one.native_id for one in found.events if isinstance(one, Delete)] == ["9", "c/2z"]
    # An answer to a kept post is heard whatever it says.
    said = {one.native_id: one for one in found.events if isinstance(one, Post)}
    assert set(said) == {"c/2a", "c/2b", "c/2c", "c/2d"}
    assert (said["c/2b"].in_reply_to, said["c/2b"].thread) == ("c/2a", "1")
    assert (said["c/2a"].in_reply_to, said["c/2a"].published_at) == ("1", NOW - 50)


async def test_comments_that_are_taken_back_and_kept_ones(site: Site, devto: Devto, ear: TestEar) -> None:
    site.article(1, NOW - 90, "Acme", comments_count=2)
    site.comments[1] = [comment("2a", NOW, "<p>[deleted]</p>", by=None), comment("2b", NOW, "<p>edited</p>")]
    ear.ids.update({"1", "c/2a", "c/2b"})
    found = await devto.visit(["c/2a", "c/2b"], NOW)
    assert Delete("c/2a") in found.events
    assert [one.post.text for one in found.events if isinstance(one, Edit)] == ["edited"]
    assert not any(isinstance(one, Post) for one in (await devto.visit(["1"], NOW)).events)


async def test_a_refusal_deletes_nothing(site: Site, server: FaultServer, devto: Devto) -> None:
    server.script("/api/articles/1", Reply(401))
    with pytest.raises(Permanent):
        await devto.visit(["1"], NOW)
    server.script("/api/articles/1", Reply(body='{"id": 2}'))
    assert list((await devto.visit(["1"], NOW)).unseen) == ["1"]


def test_a_listed_article_reads_by_its_description() -> None:
    site = Site()
    site.article(1, NOW, "Acme", "")
    post = to_event(site.articles[1])
    assert isinstance(post, Post) and post.text == "Acme\n\nFive dollar toast..."


@pytest.mark.parametrize("options", [{"poll": "1m"}, {"url": "dev.to"}, {"tag": ["x"]}])
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
