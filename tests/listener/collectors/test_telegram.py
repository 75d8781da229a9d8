"""Telegram: what is read of a message, how far back, channels without a preview, and kept messages looked at again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply
from telegram_stub import Message, TelegramStub

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable, Visited, Visitor
from listener.collectors.post import Delete, Edit, Page, Post
from listener.collectors.telegram.collector import Options, build
from listener.collectors.telegram.preview import read_preview, to_event, views
from listener.http import PoliteClient
from storage.mention import Cursor, Reading

NOW = 1_795_000_000
CHANNEL = "MorvaneNews"


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        yield running


@pytest.fixture
def stub(server: FaultServer) -> TelegramStub:
    made = TelegramStub()
    server.script("*", made.answer)
    return made


def options(server: FaultServer, *channels: str) -> Options:
    return Options(channels=channels or (CHANNEL,), url=server.url(""), allow_private=True, history="1d")


async def read(
    server: FaultServer,
    *channels: str,
    cursor: Cursor | None = None,
    now: int = NOW,
    ear: TestEar | None = None,
) -> tuple[list[Page], Retriable | Permanent | None]:
    pages: list[Page] = []
    async with Transport() as transport:
        (collector,) = build(options(server, *channels), PoliteClient(transport), ear or TestEar())
        try:
            async for page in collector.pages(cursor, now):
                pages.append(page)
        except (Retriable, Permanent) as failure:
            return pages, failure
    return pages, None


async def visit(server: FaultServer, native_ids: Sequence[str]) -> Visited:
    async with Transport() as transport:
        (collector,) = build(options(server), PoliteClient(transport), TestEar())
        assert isinstance(collector, Visitor) and collector.source.visits
        return await collector.visit(native_ids, NOW)


def post_of(message: Message) -> Post | None:
    page = f'<section class="tgme_channel_history">{message.html(CHANNEL)}</section>'
    (item,) = read_preview(page.encode()).items
    return to_event(item)


def test_what_is_read_of_a_message() -> None:
    text = 'Acme &amp; <b>Co</b><br/>wins <i class="emoji" style="x"><b>😀</b></i> <a href="https://a.example">here</a>'
    assert post_of(Message(7, NOW, text)) == Post(
        "MorvaneNews/7",
        "Acme & Co\nwins 😀 here",
        NOW,
        author="MorvaneNews",
        url="https://t.me/MorvaneNews/7",
    )


def test_a_forward_is_a_copy_and_a_reply_does_not_say_what_it_answers() -> None:
    forwarded = (
        '<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from <a'
        ' class="tgme_widget_message_forwarded_from_name" href="https://t.me/acme_news/555"><span>Acme</span></a></div>'
    )
    reply = (
        '<a class="tgme_widget_message_reply user-color-default" href="https://t.me/MorvaneNews/3">'
        '<div class="tgme_widget_message_author"><span>Morvane</span></div>'
        '<div class="tgme_widget_message_text js-message_reply_text">Bolt is better</div></a>'
    )
    post = post_of(Message(7, NOW, "acme", extra=forwarded + reply))
    assert post is not None
    assert (post.text, post.copy_of, post.in_reply_to) == ("acme", "acme_news/555", "MorvaneNews/3")


@pytest.mark.parametrize("link", ["https://t.me/c/123/4", "https://evil.example/acme/1", "tg://resolve", ""])
def test_a_forward_from_nowhere_public_is_no_copy(link: str) -> None:
    extra = f'<a class="tgme_widget_message_forwarded_from_name" href="{link}">x</a>'
    post = post_of(Message(7, NOW, "acme", extra=extra))
    assert post is not None and post.copy_of is None


def test_a_text_within_a_text_is_read_once() -> None:
    # So pages of 2026 show the captions of albums.
    inner = '<div class="tgme_widget_message_text js-message_text" dir="auto">Acme <br/>$1&nbsp;450</div>'
    post = post_of(Message(7, NOW, inner))
    assert post is not None and post.text == "Acme\n$1 450"


def test_a_picture_alone_and_service_messages_are_no_posts() -> None:
    assert (
        post_of(Message(7, NOW, "", extra='<a class="tgme_widget_message_photo_wrap" href="x"></a>')) is None
    )
    assert (
        read_preview(Message(7, NOW, "Channel created", kind="service_message").html(CHANNEL).encode()).items
        == []
    )


def test_a_poll_says_its_question() -> None:
    post = post_of(
        Message(7, NOW, "", extra='<div class="tgme_widget_message_poll_question">Acme or Bolt?</div>')
    )
    assert post is not None and post.text == "Acme or Bolt?"


@pytest.mark.parametrize(
    ("said", "count"), [("882", 882), ("1.2K", 1_200), ("3.45M", 3_450_000), ("many", None), ("", None)]
)
def test_views_as_they_are_rounded(said: str, count: int | None) -> None:
    assert views({"views": said}) == count


def test_a_page_that_is_nested_without_end_is_not_read() -> None:
    began = time.perf_counter()
    assert not read_preview(b'<div class="tgme_page">' * 170_000).telegram
    assert time.perf_counter() - began < 0.5


async def test_pages_are_asked_for_back_to_what_is_known(server: FaultServer, stub: TelegramStub) -> None:
    for number in range(1, 51):
        stub.say(number, NOW - 60 * (50 - number), "acme")
    pages, failure = await read(server)
    assert failure is None
    assert [post.native_id for page in pages for post in page.posts] == [
        f"{CHANNEL}/{n}" for n in range(1, 51)
    ]
    assert [seen.query.get("before") for seen in server.requests] == [None, "31", "11"]
    assert sum(page.heard.until - page.heard.since for page in pages if page.heard) == 86_400
    server.requests.clear()
    for number in range(51, 400):
        stub.say(number, NOW + number, "acme")
    later, _ = await read(server, cursor=pages[-1].next_cursor, now=NOW + 900)
    assert len(server.requests) == 10
    assert [page.gap is not None for page in later if page.gap] == [True]


async def test_views_come_with_their_messages(server: FaultServer, stub: TelegramStub) -> None:
    stub.say(1, NOW - 60, "acme", views="1.5K")
    pages, _ = await read(server, ear=TestEar(ids={f"{CHANNEL}/1"}))
    assert [one for page in pages for one in page.events if isinstance(one, Reading)] == [
        Reading(f"{CHANNEL}/1", NOW, {"views": 1_500})
    ]


async def test_a_channel_without_a_preview_is_told_and_costs_no_other(
    server: FaultServer, stub: TelegramStub
) -> None:
    stub.say(1, NOW - 60, "acme")
    pages, failure = await read(server, CHANNEL, "closed_one")
    assert isinstance(failure, Retriable) and failure.partly and "no preview of closed_one" in str(failure)
    assert [post.native_id for page in pages for post in page.posts] == [f"{CHANNEL}/1"]
    stub.closed = True
    pages, failure = await read(server)
    assert isinstance(failure, Permanent) and not pages


async def test_a_page_of_nobody_is_no_answer(server: FaultServer) -> None:
    server.script("*", Reply(body="<html><body>Welcome to our hotel's network</body></html>"))
    pages, failure = await read(server)
    assert isinstance(failure, Retriable) and not pages


async def test_an_empty_channel_is_heard(server: FaultServer, stub: TelegramStub) -> None:
    pages, failure = await read(server)
    assert failure is None and pages[0].heard


async def test_kept_messages_are_looked_at_one_by_one(server: FaultServer, stub: TelegramStub) -> None:
    stub.say(1, NOW - 60, "acme again", views="9K")
    found = await visit(server, [f"{CHANNEL}/1", f"{CHANNEL}/2"])
    assert [type(event) for event in found.events] == [Edit, Reading, Delete]
    assert found.events[-1] == Delete(f"{CHANNEL}/2")
    assert server.requests[0].target == f"/{CHANNEL}/1?embed=1&mode=tme"


@pytest.mark.parametrize(
    "body",
    [
        '<div class="tgme_widget_message_error">Channel with username @MorvaneNews not found</div>',
        '<div class="tgme_page">Telegram</div>',
        "Post not found",
        "",
    ],
)
async def test_only_what_is_said_to_be_gone_is_deleted(server: FaultServer, body: str) -> None:
    server.script("*", Reply(body=body))
    assert await visit(server, [f"{CHANNEL}/2"]) == Visited([], [], [f"{CHANNEL}/2"])


@pytest.mark.parametrize(
    "name", ["", "@ab", "+invite", "https://t.me/joinchat/x", "https://t.me/c/1/2", "a b cd"]
)
def test_a_channel_needs_a_name(name: str) -> None:
    with pytest.raises(ValidationError, match="a channel is named"):
        Options(channels=(name,))


def test_a_channel_is_named_in_any_way() -> None:
    given: Any = ("@acme", "t.me/s/acme", "https://t.me/acme", "acme")
    assert set(Options(channels=given).channels) == {"acme"}


async def test_an_id_that_is_none_is_not_asked_for(server: FaultServer, stub: TelegramStub) -> None:
    assert (await visit(server, ["../login?x=", "MorvaneNews/0"])).unseen == ["../login?x=", "MorvaneNews/0"]
    assert not server.requests
