"""Stack Exchange: what a search finds is read in full, waits are obeyed, what is gone is found by visits."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply
from stackexchange_stub import Site

from alerts.transport import Transport
from listener.collectors import read_items
from listener.collectors.base import Permanent, Retriable
from listener.collectors.post import Delete, Edit, Page, Post
from listener.collectors.stackexchange import service
from listener.collectors.stackexchange.collector import Options, StackExchange, build
from listener.collectors.stackexchange.items import SITE, host_of, to_event
from listener.http import PoliteClient
from storage.mention import Cursor, Heard, Reading

NOW = 1_800_000_000
DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = DATA / "recordings" / "discourse_stackexchange" / "stackexchange"


@pytest.fixture
def site(server: FaultServer) -> Site:
    made = Site()
    server.script("*", made.reply)
    return made


@pytest.fixture
def ear() -> TestEar:
    return TestEar(searches=("acme",), words=("acme",))


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


def made(server: FaultServer, client: PoliteClient, ear: TestEar, **more: Any) -> StackExchange:
    options = Options(url=server.url(""), allow_private=True, **more)
    (one,) = build(options, client, ear)
    assert isinstance(one, StackExchange)
    return one


async def read(one: StackExchange, ear: TestEar, cursor: Cursor | None = None, now: int = NOW) -> list[Page]:
    pages = []
    async for page in one.pages(cursor, now):
        pages.append(page)
        ear.ids.update(post.native_id for post in page.posts)
    return pages


async def test_what_is_found_is_read_in_full(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.ask(5, NOW - 90, "<p>Is <b>Acme</b> good &amp; cheap?</p>", title="Acme &quot;Pro&quot;")
    site.answer(6, 5, NOW - 60, "<p>Acme is.</p>")
    pages = await read(made(server, client, ear), ear)
    question, answer = (post for page in pages for post in page.posts)
    assert question == Post(
        native_id="stackoverflow/q/5",
        text='Acme "Pro"\n\nIs Acme good & cheap?',
        published_at=NOW - 90,
        title='Acme "Pro"',
        author="Ann & Bob",
        author_id="stackoverflow/3",
        url="https://stackoverflow.com/q/5",
        thread="stackoverflow/q/5",
    )
    assert (answer.native_id, answer.text, answer.url) == (
        "stackoverflow/a/6",
        "Acme is.",
        "https://stackoverflow.com/a/6",
    )
    assert answer.in_reply_to == answer.thread == "stackoverflow/q/5"
    readings = [one for page in pages for one in page.events if isinstance(one, Reading)]
    counted = {"score": 1, "views": 17, "answers": 0}
    assert sorted(readings, key=lambda one: one.native_id)[1] == Reading("stackoverflow/q/5", NOW, counted)
    assert pages[-1].heard == Heard(NOW - 7 * 86_400, NOW)
    (asked,) = server.seen("/search/excerpts")
    assert asked.query["q"] == "acme" and asked.query["sort"] == "creation"
    assert "gzip" in asked.headers["Accept-Encoding"]


async def test_what_is_kept_is_not_fetched_again(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.ask(5, NOW - 90, "acme")
    one = made(server, client, ear)
    pages = await read(one, ear)
    await read(one, ear, pages[-1].next_cursor, NOW + 60)
    assert len(server.seen("/search/excerpts")) == 2 and len(server.seen("/questions/5")) == 1


async def test_comments_come_on_demand_and_only_those_that_concern_us(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.comment(8, 5, NOW - 50, "acme, of course")
    site.comment(9, 6, NOW - 40, "no", of="answer")
    pages = await read(made(server, client, ear, comments=True), ear)
    (comment,) = (post for page in pages for post in page.posts)
    assert comment.native_id == "stackoverflow/c/8"
    assert comment.in_reply_to == comment.thread == "stackoverflow/q/5"
    assert comment.url == "https://stackoverflow.com/q/5#comment8_5"


async def test_a_short_backoff_is_waited_for(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "GRACE", 0.0)
    site.wrapper["backoff"] = 0.1
    for number in range(101):
        site.ask(1 + number, NOW - 90, "acme")
    await read(made(server, client, ear), ear)
    first, second = server.seen("/search/excerpts")
    assert second.query["page"] == "2" and second.at - first.at >= 0.1
    # Another method need not wait.
    assert first.at < next(one.at for one in server.requests if "/questions/" in one.path) < first.at + 0.1


async def test_a_long_backoff_is_told(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.wrapper["backoff"] = 90
    one = made(server, client, ear)
    pages = await read(one, ear)
    with pytest.raises(Retriable, match="left alone") as failure:
        await read(one, ear, pages[-1].next_cursor, NOW + 60)
    assert failure.value.retry_after is not None and 85 < failure.value.retry_after <= 92
    assert len(server.requests) == 1


async def test_used_up_requests_are_asked_for_no_more_until_midnight(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.wrapper["quota_remaining"] = 0
    one, another = build(
        Options(sites=("stackoverflow", "unix"), url=server.url(""), allow_private=True), client, ear
    )
    assert isinstance(one, StackExchange) and isinstance(another, StackExchange)
    await read(one, ear)
    left = 86_400 - (NOW + 60) % 86_400
    with pytest.raises(Retriable, match="used up") as failure:
        await read(another, ear, None, NOW + 60)
    assert failure.value.retry_after == left and len(server.requests) == 1
    await read(another, ear, None, NOW + 60 + left)
    assert server.requests[-1].query["site"] == "unix"


async def test_many_words_share_what_a_day_allows(
    site: Site, server: FaultServer, client: PoliteClient
) -> None:
    ear = TestEar(searches=tuple(f"word{number}" for number in range(20)))
    one = made(server, client, ear)
    pages = await read(one, ear)
    # 300 a day, an hour between polls, half of it for searches.
    assert len(server.requests) == 6
    await read(one, ear, pages[-1].next_cursor, NOW + 3_600)
    assert len({request.query["q"] for request in server.requests}) == 12


async def test_a_refusal_says_what_it_may_mean_and_never_the_key(
    server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    server.script("/search/excerpts", Reply(400, '{"error_id": 400, "error_name": "bad_parameter"}'))
    with pytest.raises(Permanent, match="may not know the site") as failure:
        await read(made(server, client, ear, key="swordfish"), ear)
    assert server.requests[0].query["key"] == "swordfish" and "swordfish" not in str(failure.value)


async def test_requests_that_another_program_has_used_up_are_waited_for(
    server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    said = "too many requests from this IP, more requests available in 81390 seconds"
    body = {"error_id": 502, "error_name": "throttle_violation", "error_message": said}
    server.script("/search/excerpts", Reply(400, json.dumps(body)))
    with pytest.raises(Retriable, match="used up") as failure:
        await read(made(server, client, ear), ear)
    assert failure.value.retry_after == 81_390


async def test_visits_bring_counters_edits_and_what_is_gone(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.ask(5, NOW - 90, "acme, edited")
    site.answer(6, 5, NOW - 60, "acme")
    ids = ["stackoverflow/q/5", "stackoverflow/a/6", "stackoverflow/a/7", "stackoverflow/c/8"]
    found = await made(server, client, ear).visit(ids, NOW)
    assert [one.post.text for one in found.events if isinstance(one, Edit)] == [
        "A question\n\nacme, edited",
        "acme",
    ]
    assert {one.native_id for one in found.events if isinstance(one, Reading)} == set(ids[:2])
    assert [one.native_id for one in found.events if isinstance(one, Delete)] == ids[2:]
    assert [request.path for request in server.requests] == [
        "/questions/5",
        "/answers/6;7",
        "/answers/7",
        "/comments/8",
        "/comments/8",
    ]


async def test_an_answer_that_leaves_out_a_post_once_deletes_nothing(
    site: Site, server: FaultServer, client: PoliteClient, ear: TestEar
) -> None:
    site.ask(5, NOW - 90, "acme")
    server.script("/questions/5", Reply(body='{"items": [], "has_more": false}'), site.reply)
    found = await made(server, client, ear).visit(["stackoverflow/q/5"], NOW)
    assert not any(isinstance(one, Delete) for one in found.events)


@pytest.mark.parametrize("body", ["[]", "{}", '{"items": {}}'])
async def test_an_answer_without_items_deletes_nothing(
    server: FaultServer, client: PoliteClient, ear: TestEar, body: str
) -> None:
    server.script("*", Reply(body=body))
    with pytest.raises(Retriable, match="unexpected"):
        await made(server, client, ear).visit(["stackoverflow/q/5"], NOW)


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("stackoverflow", "stackoverflow.com"),
        ("es.stackoverflow", "es.stackoverflow.com"),
        ("unix", "unix.stackexchange.com"),
        ("mathoverflow", "mathoverflow.net"),
        ("meta.superuser", "meta.superuser.com"),
        ("unix.stackexchange.com", "unix.stackexchange.com"),
    ],
)
def test_the_hosts_of_sites(site: str, host: str) -> None:
    assert host_of(site) == host


@pytest.mark.parametrize(
    "options", [{"poll": "1m"}, {"sites": []}, {"key": ""}, {"key": "two words"}, {"quick": True}]
)
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as failure:
        Options.model_validate(options)
    assert "two words" not in str(failure.value)


def test_a_site_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="each site once"):
        build(Options(sites=("unix", "Unix")), None, TestEar())  # type: ignore[arg-type]


@pytest.mark.data
@pytest.mark.parametrize("name", ["question", "question_page", "question_page_2", "question_backoff_page"])
def test_recorded_answers_are_read(name: str) -> None:
    """The recorder emptied all words: some are put in, or there would be nothing to keep."""
    wrapper = json.loads((RECORDED / f"stackexchange_{name}").read_text(encoding="utf-8"))
    assert isinstance(wrapper["has_more"], bool) and isinstance(wrapper["quota_remaining"], int)
    for question in wrapper["items"]:
        parts = [question, *question["answers"], *question["comments"]]
        posts, aside = read_items(
            [{**one, "body": "<p>x</p>", SITE: "stackoverflow"} for one in parts], to_event
        )
        assert not aside and len(posts) == len(parts) == 3
        for post, recorded in zip(posts, parts, strict=True):
            assert post.author == recorded["owner"]["display_name"]
            assert post.published_at == recorded["creation_date"]
            number = recorded.get("question_id", recorded.get("post_id"))
            assert post.thread == f"stackoverflow/q/{number}"
            assert post.in_reply_to == (None if recorded is question else post.thread)
        assert to_event({**question, SITE: "stackoverflow"}) is None


@pytest.mark.data
def test_the_stand_in_writes_as_the_recorded_service_does() -> None:
    wrapper = json.loads((RECORDED / "stackexchange_question_page").read_text(encoding="utf-8"))
    recorded = wrapper["items"][0]
    site = Site()
    site.ask(5, NOW, "x")
    site.answer(6, 5, NOW, "x")
    site.comment(8, 5, NOW, "x")
    pairs = [
        (site.questions[5], recorded),
        (site.answers[6], recorded["answers"][0]),
        (site.comments[8], recorded["comments"][0]),
        (site.questions[5]["owner"], recorded["owner"]),
        ({**site.wrapper, "has_more": True, "items": []}, wrapper),
    ]
    # The recorder asked for Markdown instead of `body`; comments tell no last activity.
    left_out = {"body", "last_activity_date"}
    for ours, theirs in pairs:
        told = {key: value for key, value in ours.items() if key not in left_out}
        assert [key for key, value in told.items() if type(value) is not type(theirs.get(key))] == []
