"""Listening to Reddit, against a stand-in for its API (reddit_stub.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ears import TestEar
from pydantic import SecretStr, ValidationError
from reddit_stub import CLIENT_ID, CLIENT_SECRET, REFRESH, TOKEN, RedditStub
from servers import FaultServer, Reply
from structlog.testing import capture_logs

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable, Visitor
from listener.collectors.post import Delete, Edit, Figure, Page, Post
from listener.collectors.reddit.collector import DUTY, Options, Reddit, to_event
from listener.http import PoliteClient
from storage.mention import Cursor, Heard, Reading

NOW = 1_800_000_000
HOUR = 3_600


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


@pytest.fixture
def site(server: FaultServer) -> RedditStub:
    return RedditStub(server)


@pytest.fixture
def ear() -> TestEar:
    return TestEar(searches=("acme", "acme corp"))


class Listens:
    """One collector at the stub, polled again and again."""

    def __init__(self, client: PoliteClient, server: FaultServer, ear: TestEar, **more: Any) -> None:
        options = {
            "client_id": SecretStr(CLIENT_ID),
            "client_secret": SecretStr(CLIENT_SECRET),
            "username": "/u/Ann",
            "url": server.url(""),
            "login": server.url(""),
            "allow_private": True,
            **more,
        }
        self.ear = ear
        self.collector = Reddit(Options(**options), client, ear)
        self.cursor: Cursor | None = None

    async def poll(self, now: int = NOW) -> list[Page]:
        pages = []
        async for page in self.collector.pages(self.cursor, now):
            pages.append(page)
            self.cursor = page.next_cursor
            # As the daemon does once a page is kept.
            self.ear.ids.update(post.native_id for post in page.posts)
        return pages


def events(pages: list[Page], kind: type) -> list[Any]:
    return [event for page in pages for event in page.events if isinstance(event, kind)]


async def test_a_search_asks_for_the_brands_words_and_reads_posts(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    site.post(7, NOW - 60, "Acme &lt;3", "I like acme corp", score=5, num_comments=2, crosspost_parent="t3_3")
    site.post(8, NOW - 50, "Something else")
    listens = Listens(client, server, ear)
    pages = await listens.poll()
    assert events(pages, Post) == [
        Post(
            native_id="t3_7",
            text="Acme <3\n\nI like acme corp",
            published_at=NOW - 60,
            title="Acme <3",
            author="ann",
            author_id="t2_ann",
            url="https://www.reddit.com/r/acme/comments/7/a_title/",
            thread="t3_7",
            copy_of="t3_3",
        )
    ]
    assert events(pages, Reading) == [Reading("t3_7", NOW, {"points": 5, "comments": 2})]
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 7 * 86_400, NOW)]
    (asked,) = server.seen("/search")
    assert asked.query == {
        "limit": "100",
        "q": 'acme OR "acme corp"',
        "sort": "new",
        "type": "link",
        "raw_json": "1",
    }
    assert asked.headers["User-Agent"] == "python:listener:v0.1 (by /u/Ann)"
    assert server.seen(TOKEN)[0].headers["User-Agent"] == "python:listener:v0.1 (by /u/Ann)"


async def test_subreddits_are_read_with_their_comments_page_by_page(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    site.serve("/r/acme+kettles/new", "/r/acme+kettles/comments")
    for number in range(250):
        site.comment(1_000 + number, NOW - 2_000 + number, "so it is")
    site.comment(9, NOW - 5, "yes", link_id="t3_5", parent_id="t1_8", subreddit="Kettles", score_hidden=True)
    listens = Listens(client, server, ear, search=False, subreddits=["r/acme", "Kettles"])
    pages = await listens.poll()
    posts = events(pages, Post)
    assert len(posts) == 251 and posts[0].native_id == "t1_1000"
    assert (posts[-1].thread, posts[-1].in_reply_to, posts[-1].title) == ("t3_5", "t1_8", None)
    asked = server.seen("/r/acme+kettles/comments")
    assert [(one.query.get("after"), one.query.get("count")) for one in asked] == [
        (None, None),
        ("t1_1151", "100"),
        ("t1_1051", "200"),
    ]
    assert "t1_9" not in {reading.native_id for reading in events(pages, Reading)}
    assert all(page.heard is None for page in pages[:-1]) and pages[-1].heard is not None


async def test_a_list_that_ends_after_a_thousand_is_not_called_heard_before_that(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    """Where /new shows no more though there is more, the stretch that is out of sight is a gap."""
    site.serve("/r/acme/new", "/r/acme/comments")
    listens = Listens(client, server, ear, search=False, subreddits=["acme"])
    await listens.poll()
    site.most = 950
    for number in range(1_200):
        site.comment(1_000 + number, NOW + 100 + number, "so it is")
    pages = await listens.poll(NOW + 2_000)
    (gap,) = [page.gap for page in pages if page.gap]
    assert (gap.since, gap.until) == (NOW, NOW + 350)
    assert [page.heard for page in pages if page.heard] == [Heard(NOW + 350, NOW + 2_000)]


async def test_a_few_that_are_all_there_is_leave_no_gap(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    listens = Listens(client, server, ear)
    await listens.poll()
    site.post(7, NOW + 60, "acme")
    pages = await listens.poll(NOW + 9_000)
    assert not any(page.gap for page in pages)
    assert [page.heard for page in pages if page.heard] == [Heard(NOW, NOW + 9_000)]


async def test_the_limit_of_requests_is_obeyed(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    site.serve("/r/acme/new", "/r/acme/comments")
    site.left, site.reset = 1.0, 90
    listens = Listens(client, server, ear, subreddits=["acme"])
    with pytest.raises(Retriable, match="limit of requests") as failure:
        await listens.poll()
    assert failure.value.retry_after == 91 and failure.value.partly
    before = len(server.requests)
    with pytest.raises(Retriable):
        await listens.poll(NOW + 80)
    assert len(server.requests) == before
    site.left = 900.0
    await listens.poll(NOW + 91)
    assert len(server.requests) == before + 3


async def test_a_token_is_kept_renewed_in_time_and_renewed_when_it_is_taken_back(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    listens = Listens(client, server, ear)
    await listens.poll()
    await listens.poll(NOW + 3_400)
    assert len(site.logins) == 1
    await listens.poll(NOW + 3_500)
    assert len(site.logins) == 2
    site.good = "token-2"
    await listens.poll(NOW + 3_600)
    assert len(site.logins) == 3
    assert site.logins[0] == {"grant_type": ["client_credentials"]}


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Reply(401, "{}"), Permanent),
        (Reply(body='{"error": "invalid_grant"}'), Permanent),
        (Reply(body="{}"), Retriable),
        (Reply(body="<html>"), Retriable),
        (Reply(body='{"access_token": "a\\nb"}'), Retriable),
    ],
)
async def test_a_refused_app_is_told_what_to_do_without_its_secret(
    client: PoliteClient,
    server: FaultServer,
    site: RedditStub,
    ear: TestEar,
    answer: Reply,
    failure: type[Exception],
) -> None:
    server.script(TOKEN, answer)
    with pytest.raises(failure) as told:
        await Listens(client, server, ear, refresh_token=SecretStr(REFRESH)).poll()
    said = repr(told.value) + repr(told.value.__cause__)
    assert not any(secret in said for secret in (CLIENT_SECRET, REFRESH, CLIENT_ID))
    if failure is Permanent:
        assert "client_secret" in said


async def test_the_inbox_of_an_account_brings_answers_with_their_threads(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    """The inbox gives no link_id and no permalink; its context leads to both. Private messages are not asked for."""
    for path in ("/user/acme/submitted", "/user/acme/comments"):
        site.serve(path)
    site.comment(20, NOW - 90, "we mend it", author="acme")
    told = site.comment(21, NOW - 60, "thanks", author="bob", parent_id="t1_20")
    site.things.pop()
    del told["link_id"], told["permalink"]
    told["context"] = "/r/kettles/comments/77/it_leaks/21/?context=3"
    site.inbox["comments"] = [
        {"kind": "t1", "data": told},
        {"kind": "t4", "data": {"name": "t4_9", "body": "psst"}},
    ]
    server.script("/user/acme/about", site.about)
    site.followers["acme"] = 12
    ear.handles = ("@Acme",)
    listens = Listens(client, server, ear, refresh_token=SecretStr(REFRESH))
    pages = await listens.poll()
    posts = {post.native_id: post for post in events(pages, Post)}
    assert set(posts) == {"t1_20", "t1_21"}
    answer = posts["t1_21"]
    assert (answer.thread, answer.in_reply_to, answer.author) == ("t3_77", "t1_20", "bob")
    assert answer.url == "https://www.reddit.com/r/kettles/comments/77/it_leaks/21/"
    assert site.logins[0] == {"grant_type": ["refresh_token"], "refresh_token": [REFRESH]}
    assert all(one.query["mark"] == "false" for one in server.seen("/message/mentions"))
    assert not any(page.set_aside for page in pages)


async def test_followers_are_noted_once_a_day(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    for name in ("acme", "rival", "gone"):
        site.serve(f"/user/{name}/submitted", f"/user/{name}/comments")
        server.script(f"/user/{name}/about", site.about)
    site.followers = {"acme": 12, "rival": None}
    ear.handles = ("acme", "rival", "gone")
    listens = Listens(client, server, ear)
    with capture_logs() as logs:
        first = await listens.poll()
        again = await listens.poll(NOW + HOUR)
    assert events(first, Figure) == [Figure("followers", "2027-01-15", 12, account="acme")]
    assert events(again, Figure) == []
    assert [line["account"] for line in logs] == ["gone"]
    site.followers["acme"] = 13
    assert events(await listens.poll(NOW + 24 * HOUR), Figure) == [
        Figure("followers", "2027-01-16", 13, account="acme")
    ]


async def test_an_account_that_is_no_more_holds_nothing_back(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    ear.handles = ("gone",)
    pages = await Listens(client, server, ear).poll()
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 7 * 86_400, NOW)]


async def test_a_handle_that_names_no_account_is_told(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    ear.handles = ("u/acme",)
    with pytest.raises(Permanent, match="not u/acme_team"):
        await Listens(client, server, ear).poll()


async def test_what_was_deleted_is_learned_by_a_visit(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    listens = Listens(client, server, ear)
    assert isinstance(listens.collector, Visitor)
    visits = listens.collector.source.visits
    assert visits is not None and visits.every == DUTY == 86_400
    for number in range(7):
        site.post(number + 1, NOW - 60, "acme", "text")
    site.things[1]["data"] |= {"author": "[deleted]", "selftext": "[deleted]"}
    site.things[2]["data"] |= {"selftext": "[removed]", "removed_by_category": "moderator"}
    site.things[3]["data"]["author"] = "[deleted]"
    site.things[4]["data"]["title"] = "acme mended it"
    site.gone.add("t3_6")
    site.things[6]["data"]["selftext"] = {"no": "text"}
    visited = await listens.collector.visit([f"t3_{n}" for n in range(1, 8)], NOW)
    assert [e.native_id for e in visited.events if isinstance(e, Delete)] == ["t3_2", "t3_3", "t3_4", "t3_6"]
    assert [e.post.text for e in visited.events if isinstance(e, Edit)] == [
        "acme\n\ntext",
        "acme mended it\n\ntext",
    ]
    assert len(visited.aside) == 1 and list(visited.unseen) == []


async def test_a_link_that_moderators_removed_is_gone_though_its_title_stands(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    site.post(1, NOW - 60, "acme", is_self=False, removed_by_category="moderator")
    visited = await Listens(client, server, ear).collector.visit(["t3_1"], NOW)
    assert Delete("t3_1") in visited.events


@pytest.mark.parametrize(("witness", "unseen", "deleted"), [(True, [], ["t3_1"]), (False, ["t3_1"], [])])
async def test_an_answer_that_lacks_everything_says_nothing(
    client: PoliteClient,
    server: FaultServer,
    site: RedditStub,
    ear: TestEar,
    witness: bool,
    unseen: list[str],
    deleted: list[str],
) -> None:
    """Only beside something that Reddit surely has, what it lacks is gone."""
    site.has_witness = witness
    visited = await Listens(client, server, ear).collector.visit(["t3_1"], NOW)
    assert [e.native_id for e in visited.events if isinstance(e, Delete)] == deleted
    assert list(visited.unseen) == unseen


async def test_a_hundred_that_are_missing_are_asked_for_within_the_limit(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    names = [f"t3_{number}" for number in range(100)]
    visited = await Listens(client, server, ear).collector.visit(names, NOW)
    assert len(visited.events) == 99 and list(visited.unseen) == ["t3_99"]


async def test_what_is_shown_as_removed_deletes_what_is_kept_and_nothing_else(
    client: PoliteClient, server: FaultServer, site: RedditStub, ear: TestEar
) -> None:
    site.serve("/r/acme/new", "/r/acme/comments")
    kept, other = (
        site.comment(2, NOW - 60, "acme"),
        site.comment(3, NOW - 50, "[removed]", author="[deleted]"),
    )
    listens = Listens(client, server, ear, search=False, subreddits=["acme"])
    first = await listens.poll()
    assert events(first, Delete) == [] and len(events(first, Post)) == 1
    kept |= {"body": "[ Removed by Reddit ]", "body_html": None}
    assert other["name"] == "t1_3"
    assert events(await listens.poll(NOW + 60), Delete) == [Delete("t1_2")]


@pytest.mark.parametrize(
    "strange",
    [
        {"name": "t3_1/../x"},
        {"name": "t1_1"},
        {"author": None},
        {"author": {"no": "text"}},
        {"created_utc": "soon"},
        {"created_utc": float("nan")},
        {"created_utc": True},
        {"title": 5},
        {"crosspost_parent": ["t3_2"]},
    ],
)
def test_a_field_of_the_wrong_type_is_not_taken(strange: dict[str, Any]) -> None:
    good = {
        "kind": "t3",
        "name": "t3_1",
        "author": "ann",
        "created_utc": 1.0,
        "title": "acme",
        "selftext": "",
    }
    assert isinstance(to_event(good), Post)
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        to_event({**good, **strange})


def test_an_address_that_leads_elsewhere_is_not_taken() -> None:
    thing = {
        "kind": "t1",
        "name": "t1_1",
        "author": "ann",
        "created_utc": 1,
        "body": "x",
        "permalink": "//evil.example",
    }
    post = to_event(thing)
    assert isinstance(post, Post) and post.url is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"client_id": ""}, "no token"),
        ({"username": "not a name"}, "no name of a Reddit account"),
        ({"subreddits": ["acme/../x"]}, "its name alone"),
        ({"search": False}, "nothing would be read"),
        ({"url": "http://oauth.example", "allow_private": False}, "https://"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    good = {"client_id": "a", "client_secret": "b", "username": "ann"}
    Options(**good)
    with pytest.raises(ValidationError, match=said):
        Options(**{**good, **options})
