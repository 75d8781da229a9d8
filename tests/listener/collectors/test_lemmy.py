"""Lemmy: what several instances show is kept once, and looked at again where it was written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ears import TestEar
from lemmy_stub import Instance
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors import lemmy
from listener.collectors.base import Retriable
from listener.collectors.lemmy import LIMIT, Lemmy, Options, build, to_event
from listener.collectors.post import Delete, Edit, Page, Post
from listener.http import PoliteClient
from storage.mention import Heard, Reading

NOW = 1_800_000_000


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


@pytest.fixture
async def other() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
def instance(server: FaultServer) -> Instance:
    made = Instance(server.url(""))
    server.script("*", made.reply)
    return made


def made(client: PoliteClient, *servers: FaultServer, ear: TestEar | None = None, **more: Any) -> Lemmy:
    options = Options(instances=tuple(one.url("") for one in servers), allow_private=True, **more)
    (one,) = build(options, client, ear or TestEar())
    assert isinstance(one, Lemmy)
    return one


async def read(one: Lemmy, cursor: Any = None, now: int = NOW) -> list[Page]:
    return [page async for page in one.pages(cursor, now)]


def posts(pages: list[Page]) -> list[Post]:
    return [event for page in pages for event in page.events if isinstance(event, Post)]


async def test_posts_and_comments(instance: Instance, server: FaultServer, client: PoliteClient) -> None:
    instance.post(5, NOW - 90, "Acme?", "Is *Acme* good?")
    instance.comment(6, 5, NOW - 60, "It is.")
    instance.comment(7, 5, NOW - 50, "No.", path="0.6.7")
    one = made(client, server)
    pages = await read(one)
    post, first, second = posts(pages)
    url = server.url("")
    assert post == Post(
        native_id=f"{url}/post/5",
        text="Acme?\n\nIs *Acme* good?",
        published_at=NOW - 90,
        title="Acme?",
        author=f"ann@{server.host}:{server.port}",
        author_id=f"{url}/u/ann",
        url=f"{url}/post/5",
        thread=f"{url}/post/5",
    )
    assert (first.text, first.title, first.in_reply_to, first.thread) == (
        "It is.",
        None,
        post.native_id,
        post.native_id,
    )
    assert (second.in_reply_to, second.thread) == (None, post.native_id)
    assert pages[-1].heard == Heard(NOW - 6 * 3_600, NOW)
    assert {request.query["type_"] for request in server.requests} == {"All"}


async def test_more_than_one_page_is_read(
    instance: Instance, server: FaultServer, client: PoliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lemmy, "LIMIT", 2)
    for number in range(5):
        instance.post(number, NOW - 90 + number, "Acme")
    pages = await read(made(client, server))
    assert len(posts(pages)) == 5 and pages[-1].heard == Heard(NOW - 6 * 3_600, NOW)
    asked = [request.query["page"] for request in server.seen("/api/v3/post/list")]
    assert asked == ["1", "2", "3"]


async def test_a_featured_post_of_last_year_does_not_end_the_list(
    instance: Instance, server: FaultServer, client: PoliteClient
) -> None:
    instance.post(1, NOW - 365 * 86_400, "Rules", featured_local=True)
    for number in range(2, 2 + LIMIT):
        instance.post(number, NOW - number, "Acme")
    pages = await read(made(client, server))
    assert len(posts(pages)) == LIMIT
    assert pages[-1].heard == Heard(NOW - 6 * 3_600, NOW)


async def test_what_does_not_concern_us_is_dropped(
    instance: Instance, server: FaultServer, client: PoliteClient
) -> None:
    instance.post(5, NOW - 90, "Acme")
    instance.post(6, NOW - 80, "Others")
    pages = await read(made(client, server, ear=TestEar(words=("acme",))))
    assert [post.text for post in posts(pages)] == ["Acme"]


async def test_what_a_brands_account_says_is_kept(
    instance: Instance, server: FaultServer, client: PoliteClient
) -> None:
    instance.post(5, NOW - 90, "Thanks!")
    for view in instance.posts.values():
        view["creator"]["actor_id"] = "https://lemmy.ml/u/ann"
    ear = TestEar(words=("acme",), handles=("ann@lemmy.ml",))
    (post,) = posts(await read(made(client, server, ear=ear)))
    assert post.author == "ann@lemmy.ml"


async def test_what_lives_on_an_instance_of_ours_is_read_there_only(
    instance: Instance, server: FaultServer, other: FaultServer, client: PoliteClient
) -> None:
    second = Instance(other.url(""))
    other.script("*", second.reply)
    instance.post(5, NOW - 90, "Acme, edited")
    # What the other one shows of it is older, and what neither of them wrote may come from both.
    second.post(77, NOW - 90, "Acme", ap_id=f"{server.url('')}/post/5", local=False)
    for here in (instance, second):
        here.post(8, NOW - 80, "Far", ap_id="https://far.example/post/1", local=False)
    found = posts(await read(made(client, server, other)))
    assert [post.text for post in found if post.native_id.endswith("/5")] == ["Acme, edited"]
    assert {post.native_id for post in found if post.text == "Far"} == {"https://far.example/post/1"}


async def test_a_removal_counts_only_where_the_post_lives(
    instance: Instance, server: FaultServer, client: PoliteClient
) -> None:
    instance.comment(6, 5, NOW - 60, "x", removed=True)
    instance.comment(7, 5, NOW - 50, "x", removed=True, local=False)
    instance.comment(8, 5, NOW - 40, "", deleted=True, local=False)
    pages = await read(made(client, server))
    gone = [one.native_id for page in pages for one in page.events if isinstance(one, Delete)]
    assert gone == [f"{server.url('')}/comment/{number}" for number in (6, 8)]


async def test_visits_go_to_where_it_was_written(
    instance: Instance, server: FaultServer, other: FaultServer, client: PoliteClient
) -> None:
    url = server.url("")
    instance.post(5, NOW - 90, "Acme, edited")
    instance.comment(6, 5, NOW - 60, "", deleted=True)
    # An address in our own network that was not configured is never asked.
    ids = [
        f"{url}/post/5",
        f"{url}/comment/6",
        f"{url}/post/7",
        f"{other.url('')}/post/1",
        "https://a.example/x",
    ]
    found = await made(client, server).visit(ids, NOW)
    assert [one.post.text for one in found.events if isinstance(one, Edit)] == ["Acme, edited"]
    assert [one.native_id for one in found.events if isinstance(one, Delete)] == ids[1:3]
    assert Reading(ids[0], NOW, {"upvotes": 6, "comments": 2}) in found.events
    assert other.requests == [] and list(found.unseen) == []


@pytest.mark.parametrize(
    ("reply", "gone"),
    [
        (Reply(400, '{"error": "couldnt_find_post"}'), True),
        (Reply(404, '{"error": "not_found"}'), True),
        (Reply(400, '{"error": "instance_is_private"}'), False),
        (Reply(404, "<html>no Lemmy here</html>"), False),
        (Reply(404, "[]"), False),
    ],
)
async def test_only_what_an_instance_does_not_know_any_more_is_gone(
    server: FaultServer, client: PoliteClient, reply: Reply, gone: bool
) -> None:
    server.script("*", reply)
    native_id = f"{server.url('')}/post/5"
    found = await made(client, server).visit([native_id], NOW)
    assert list(found.events) == ([Delete(native_id)] if gone else [])


async def test_another_posts_answer_is_not_taken_for_this_one(
    instance: Instance, server: FaultServer, client: PoliteClient
) -> None:
    instance.post(5, NOW - 90, "", deleted=True)
    # The same number on a server that was set up anew.
    instance.posts[6] = instance.posts[5]
    native_id = f"{server.url('')}/post/6"
    found = await made(client, server).visit([native_id], NOW)
    assert (list(found.events), list(found.unseen)) == ([], [native_id])


async def test_an_instance_that_is_down_holds_up_no_other(
    instance: Instance, server: FaultServer, other: FaultServer, client: PoliteClient
) -> None:
    other.script("*", Reply(503))
    instance.post(5, NOW - 90, "Acme")
    one = made(client, other, server)
    ids = [f"{other.url('')}/post/1", f"{server.url('')}/post/5"]
    found = await one.visit(ids, NOW)
    assert list(found.unseen) == ids[:1] and len(found.events) == 2
    pages: list[Page] = []
    with pytest.raises(Retriable) as failure:
        async for page in one.pages(None, NOW):
            pages.append(page)
    assert failure.value.partly and len(posts(pages)) == 1
    assert not any(page.heard for page in pages)


def test_a_bot_is_told_as_one() -> None:
    made_here = Instance()
    made_here.post(5, NOW, "Acme")
    view = made_here.posts[5]
    post = to_event({**view, "creator": {**view["creator"], "bot_account": True}})
    assert isinstance(post, Post) and post.automatic and post.author == "ann@lemmy.world"


@pytest.mark.parametrize("address", [None, 5, "", "ftp://a.example/1", "https://a.example/" + "x" * 1_000])
def test_what_has_no_address_is_refused(address: object) -> None:
    made_here = Instance()
    made_here.post(5, NOW, "Acme", ap_id=address)
    with pytest.raises((ValueError, TypeError)):
        to_event(made_here.posts[5])


@pytest.mark.parametrize("options", [{"instances": []}, {"instances": ["ftp://x"]}, {"scope": "some"}])
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)


def test_an_instance_may_be_written_as_its_host() -> None:
    assert Options(instances=("lemmy.ml",)).instances == ("https://lemmy.ml",)
