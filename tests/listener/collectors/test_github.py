"""GitHub: what searches find, what named repositories hold, discussions, followers, and looks at what is kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ears import TestEar
from github_stub import Hub, account
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable
from listener.collectors.github import collector
from listener.collectors.github.collector import GitHub, Options, build, to_event
from listener.collectors.post import Delete, Edit, Figure, Page, Post
from listener.http import PoliteClient
from storage.mention import Heard, Reading

NOW = 1_800_000_000
DAY = 86_400


@pytest.fixture
def hub(server: FaultServer) -> Hub:
    made = Hub()
    server.script("*", made.reply)
    return made


@pytest.fixture
def ear() -> TestEar:
    return TestEar(searches=("acme", "acme corp"))


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


def made(server: FaultServer, client: PoliteClient, ear: TestEar, **more: Any) -> GitHub:
    (one,) = build(Options(url=server.url(""), allow_private=True, **more), client, ear)
    assert isinstance(one, GitHub)
    return one


async def read(one: GitHub, cursor: Any = None, now: int = NOW) -> list[Page]:
    return [page async for page in one.pages(cursor, now)]


def events(pages: list[Page], kind: type) -> list[Any]:
    return [event for page in pages for event in page.events if isinstance(event, kind)]


async def test_issues_are_searched_for(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    hub.issue("acme/kettle", 12, NOW - 90, "Acme leaks", "It <b>leaks</b>.", reactions={"total_count": 3})
    ear.ids.add("acme/kettle#12")
    pages = await read(made(server, client, ear))
    (edit,) = events(pages, Edit)
    assert edit.post == Post(
        native_id="acme/kettle#12",
        text="Acme leaks\n\nIt leaks.",
        published_at=NOW - 90,
        title="Acme leaks",
        author="ann",
        author_id="583231",
        url="https://github.com/acme/kettle/issues/12",
        thread="acme/kettle#12",
    )
    assert events(pages, Reading) == [Reading("acme/kettle#12", NOW, {"comments": 2, "reactions": 3})]
    (asked,) = server.requests
    since = "created:>=2027-01-08T08:00:00Z"
    assert asked.query["q"] == f'(acme OR "acme corp") in:title,body is:issue {since}'
    assert (asked.query["sort"], asked.query["advanced_search"]) == ("created", "true")
    assert "Authorization" not in asked.headers
    assert pages[-1].heard == Heard(NOW - 7 * DAY, NOW)


async def test_more_than_one_page_is_read(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "LIMIT", 2)
    for number in range(5):
        hub.issue("acme/kettle", number, NOW - 90 + number, "Acme")
    assert len(events(await read(made(server, client, ear)), Post)) == 5
    assert [request.query["page"] for request in server.requests] == ["1", "2", "3"]


async def test_pull_requests_are_asked_for_apart(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    await read(made(server, client, ear, pulls=True))
    assert ["is:pull-request" in request.query["q"] for request in server.requests] == [False, True]


async def test_named_repositories_are_read_whole(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    hub.issue("acme/kettle", 12, NOW - 90, "Leaks")
    hub.issue("acme/kettle", 13, NOW - 80, "A change", pull_request={"url": "https://a.example"})
    hub.comment("acme/kettle", 12, 345, NOW - 60, "Mine too")
    hub.comment("acme/kettle", 12, 346, NOW - 50, "Closing", user=account("bot", 8, "Bot"))
    server.script("/search/issues", Reply(body='{"items": [], "incomplete_results": false}'))
    pages = await read(made(server, client, ear, repositories=("acme/kettle",)))
    issue, comment, bot = events(pages, Post)
    assert (issue.native_id, comment.native_id) == ("acme/kettle#12", "acme/kettle#12/c/345")
    assert (comment.text, comment.in_reply_to, comment.thread, comment.author) == (
        "Mine too",
        issue.native_id,
        issue.native_id,
        "bob",
    )
    assert bot.automatic and not comment.automatic


async def test_discussions_want_a_token(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    hub.discussion("acme/kettle", 6, NOW - 90, "Acme?", "How?")
    assert events(await read(made(server, client, ear)), Post) == []
    pages = await read(made(server, client, ear, token="swordfish"))
    post = events(pages, Post)[0]
    assert (post.native_id, post.text, post.author) == ("acme/kettle/d/6", "Acme?\n\nHow?", "cleo")
    asked = server.seen("/graphql")
    since = "created:>=2027-01-08T08:00:00Z sort:created-desc"
    assert [one.json()["variables"]["q"] for one in asked] == [
        f"acme in:title,body {since}",
        f'"acme corp" in:title,body {since}',
    ]
    assert asked[0].headers["Authorization"] == "Bearer swordfish"


async def test_followers_are_counted_once_a_day(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    ear.handles = ("acme", "nobody")
    one = made(server, client, ear)
    pages = await read(one)
    assert events(pages, Figure) == [Figure("followers", "2027-01-15", 20.0, account="acme")]
    # A handle that is none keeps nothing else from being heard.
    assert pages[-1].heard == Heard(NOW - 7 * DAY, NOW)
    again = await read(one, pages[-1].next_cursor, NOW + 3_600)
    assert events(again, Figure) == [] and len(server.seen("/users/acme")) == 1
    tomorrow = await read(one, again[-1].next_cursor, NOW + DAY)
    assert [figure.day for figure in events(tomorrow, Figure)] == ["2027-01-16"]
    ear.handles = ("acme",)
    assert events(await read(made(server, client, ear, followers=False)), Figure) == []


async def test_a_search_that_gave_up_claims_nothing(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    server.script("/search/issues", Reply(body='{"items": [], "incomplete_results": true}'))
    with pytest.raises(Retriable, match="unexpected"):
        await read(made(server, client, ear))


@pytest.mark.parametrize("path", ["/search/issues", "/graphql"])
async def test_who_asks_too_often_waits(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar, path: str
) -> None:
    server.script(path, Reply(403, '{"message": "API rate limit exceeded for 192.0.2.1."}'))
    with pytest.raises(Retriable, match="too often") as failure:
        await read(made(server, client, ear, token="swordfish"))
    assert failure.value.retry_after == 900
    server.script("*", Reply(403, '{"message": "Resource not accessible"}'))
    server.script(path, Reply(403, '{"message": "Resource not accessible"}'))
    with pytest.raises((Permanent, Retriable), match="403") as refused:
        await read(made(server, client, ear, token="swordfish"))
    assert "swordfish" not in str(refused.value)


async def test_graphql_says_so_in_its_own_way(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    server.script("/graphql", Reply(body='{"errors": [{"type": "RATE_LIMITED"}]}'))
    with pytest.raises(Retriable, match="too often"):
        await read(made(server, client, ear, token="swordfish"))


async def test_visits_bring_edits_counters_and_what_is_gone(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    hub.issue("acme/kettle", 12, NOW - 90, "Edited")
    hub.comment("acme/kettle", 12, 345, NOW - 60, "Edited too")
    hub.discussion("acme/kettle", 6, NOW - 90, "And this")
    server.script("/repos/acme/kettle/issues/13", Reply(410, '{"message": "This issue was deleted"}'))
    ids = ["acme/kettle#12", "acme/kettle#12/c/345", "acme/kettle/d/6"]
    gone = ["acme/kettle#13", "acme/kettle#12/c/346", "acme/kettle/d/7"]
    found = await made(server, client, ear, token="t").visit([*ids, *gone, "what"], NOW)
    assert [one.post.text for one in found.events if isinstance(one, Edit)] == [
        "Edited",
        "Edited too",
        "And this",
    ]
    assert [one.native_id for one in found.events if isinstance(one, Delete)] == gone
    assert Reading("acme/kettle/d/6", NOW, {"comments": 3, "upvotes": 4}) in found.events
    without = await made(server, client, ear).visit(["acme/kettle/d/7"], NOW)
    assert not without.events


@pytest.mark.parametrize(
    "answer",
    [
        '{"errors": [{"type": "FORBIDDEN"}], "data": {"repository": null}}',
        '{"data": {"repository": null}}',
        '{"data": {"repository": {"discussion": null}}}',
        "{}",
    ],
)
async def test_an_error_of_graphql_deletes_nothing(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar, answer: str
) -> None:
    server.script("/graphql", Reply(body=answer))
    with pytest.raises(Retriable):
        await made(server, client, ear, token="t").visit(["acme/kettle/d/6"], NOW)


async def test_what_has_moved_is_not_taken_for_an_edit(
    hub: Hub, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    hub.issue("other/pot", 3, NOW - 90, "Moved")
    moved = json.dumps(hub.issues["other/pot", 3])
    server.script("/repos/acme/kettle/issues/12", Reply(body=moved))
    found = await made(server, client, ear).visit(["acme/kettle#12"], NOW)
    assert not found.events and not found.unseen


def test_who_has_closed_an_account_has_no_name() -> None:
    hub = Hub()
    hub.issue("acme/kettle", 12, NOW, "Leaks", user=None)
    post = to_event(hub.issues["acme/kettle", 12])
    assert post is not None and (post.author, post.author_id, post.text) == (None, None, "Leaks")


@pytest.mark.parametrize(
    "options",
    [
        {"poll": "1m"},
        {"repositories": ["acme"]},
        {"repositories": ["a/b/c"]},
        {"history": "1h"},
        {"token": "two words"},
    ],
)
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as failure:
        Options.model_validate(options)
    assert "two words" not in str(failure.value)
