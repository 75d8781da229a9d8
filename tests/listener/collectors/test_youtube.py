"""Listening to YouTube, against a stand-in for its API (youtube_stub.py)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ears import TestEar
from pydantic import SecretStr, ValidationError
from servers import FaultServer, Reply
from structlog.testing import capture_logs
from youtube_listening import Listens, events
from youtube_stub import BASE, KEY, WITNESS, YouTubeStub, iso

from alerts.transport import Transport
from listener.collectors.base import Permanent, Retriable, Visitor
from listener.collectors.post import Delete, Edit, Figure, Post
from listener.collectors.youtube.collector import Options, to_event
from listener.http import PoliteClient
from storage.mention import Heard, Reading

# Noon in the Pacific, in summer.
NOW = int(datetime(2026, 7, 1, 19, tzinfo=UTC).timestamp())
HOUR, DAY = 3_600, 86_400
ACME = "UCacmeacmeacmeacmeacmeac"


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


@pytest.fixture
def site(server: FaultServer) -> YouTubeStub:
    return YouTubeStub(server)


@pytest.fixture
def ear() -> TestEar:
    return TestEar(searches=("acme", "acme corp"))


def asked(server: FaultServer, method: str) -> list[dict[str, str]]:
    return [dict(seen.query) for seen in server.seen(f"{BASE}/{method}")]


async def test_a_search_finds_videos_that_are_read_whole(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - 60, "Acme <3 & more", "It leaks", defaultAudioLanguage="en-GB")
    listens = Listens(client, server, ear)
    pages = await listens.poll(NOW)
    assert events(pages, Post) == [
        Post(
            native_id="vvvvvvvvvv1",
            text="Acme <3 & more\n\nIt leaks",
            published_at=NOW - 60,
            title="Acme <3 & more",
            author="Somebody",
            url="https://www.youtube.com/watch?v=vvvvvvvvvv1",
            language="en",
            thread="vvvvvvvvvv1",
            author_id="UCsomebodysomebodysomebo",
        )
    ]
    assert events(pages, Reading) == [Reading("vvvvvvvvvv1", NOW, {"views": 10, "likes": 3, "comments": 1})]
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 7 * DAY, NOW)]
    (search,) = asked(server, "search")
    assert (search["q"], search["order"], search["type"]) == ('acme|"acme corp"', "date", "video")
    assert search["publishedAfter"] == iso(NOW - 7 * DAY)


async def test_the_key_stands_in_no_address(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    await Listens(client, server, ear).poll(NOW)
    assert server.requests and not any(KEY in seen.target for seen in server.requests)
    site.refusals["search"] = (403, "accessNotConfigured")
    with pytest.raises(Permanent, match="check the key") as told:
        await Listens(client, server, ear).poll(NOW)
    assert KEY not in str(told.value) and "acme" not in str(told.value)


async def test_comments_under_found_videos_are_read_with_all_answers(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.comment("Ug_first_comment_1234", "vvvvvvvvvv1", NOW - 600, "Is it good?")
    for number in range(5):
        site.reply("Ug_first_comment_1234", number, NOW - 500 + number, f"answer {number}")
    listens = Listens(client, server, ear)
    posts = {post.native_id: post for post in events(await listens.poll(NOW), Post)}
    assert len(posts) == 7
    first = posts["Ug_first_comment_1234"]
    assert (first.thread, first.in_reply_to, first.author) == (first.native_id, "vvvvvvvvvv1", "ann")
    assert first.url == "https://www.youtube.com/watch?v=vvvvvvvvvv1&lc=Ug_first_comment_1234"
    for number in range(5):
        answer = posts[f"Ug_first_comment_1234.{number}"]
        assert (answer.thread, answer.in_reply_to) == ("Ug_first_comment_1234", "Ug_first_comment_1234")
    # Two of them came with the thread; nothing was asked for a second time in vain.
    assert [one["parentId"] for one in asked(server, "comments")] == ["Ug_first_comment_1234"]


async def test_a_comment_that_was_deleted_a_moment_ago_costs_no_other(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    for name in ("Ug_first_comment_1234", "Ug_other_comment_5678"):
        site.comment(name, "vvvvvvvvvv1", NOW - 600, "Is it good?")
        for number in range(3):
            site.reply(name, number, NOW - 500, "yes")
    site.refusals["comments"] = (404, "commentNotFound")
    posts = events(await Listens(client, server, ear).poll(NOW), Post)
    assert len(posts) == 7


async def test_what_stands_in_one_page_answers_what_stands_before_it(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.comment("Ug_first_comment_1234", "vvvvvvvvvv1", NOW - 600, "Is it good?")
    site.reply("Ug_first_comment_1234", 1, NOW - 500, "yes")
    site.comment("Ug_later_comment_5678", "vvvvvvvvvv1", NOW - 400, "And cheap?")
    posts = events(await Listens(client, server, ear).poll(NOW), Post)
    names = [post.native_id for post in posts]
    assert names == [
        "vvvvvvvvvv1",
        "Ug_first_comment_1234",
        "Ug_first_comment_1234.1",
        "Ug_later_comment_5678",
    ]


async def test_a_video_is_read_the_more_often_the_younger_it_is(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.video("vvvvvvvvvv2", NOW - 5 * DAY, "acme")
    listens = Listens(client, server, ear)
    first = await listens.poll(NOW)
    assert all(page.first for page in first)
    for hour in range(1, 12):
        await listens.poll(NOW + hour * HOUR)
    read = [one["videoId"] for one in asked(server, "commentThreads")]
    assert read.count("vvvvvvvvvv1") == 12 and read.count("vvvvvvvvvv2") == 2
    await listens.poll(NOW + 14 * DAY)
    assert listens.cursor is not None and listens.cursor["watch"] == {}


async def test_comments_that_are_disabled_are_no_failure(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.refusals["commentThreads"] = (403, "commentsDisabled")
    listens = Listens(client, server, ear)
    pages = await listens.poll(NOW)
    assert any(page.heard for page in pages)
    await listens.poll(NOW + DAY // 2)
    assert len(asked(server, "commentThreads")) == 1


async def test_a_hundred_searches_a_day_are_never_exceeded_and_spread_over_it(
    client: PoliteClient, server: FaultServer, site: YouTubeStub
) -> None:
    """Forty searches that are each due at every poll, with a process that is started again each time."""
    ear = TestEar(searches=tuple(f"acme{'x' * 280}{number}" for number in range(40)))
    listens = Listens(client, server, ear, comments=None)
    midnight = NOW - 12 * HOUR
    done = []
    for quarter in range(96):
        before = len(asked(server, "search"))
        await listens.poll(midnight + quarter * 900)
        listens.start_again()
        done.append(len(asked(server, "search")) - before)
    assert sum(done) == 100 and max(done) == done[0] == 5
    assert max(done[1:]) <= 2
    # In turn: no search is asked for a third time before each was asked for twice.
    queries = [one["q"] for one in asked(server, "search")]
    assert len(set(queries[:40])) == len(set(queries[40:80])) == 40
    await listens.poll(midnight + 24 * HOUR)
    assert len(asked(server, "search")) == 105


async def test_searches_that_failed_count_as_well(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.refusals["search"] = (403, "rateLimitExceeded")
    listens = Listens(client, server, ear, searches=3)
    for _ in range(5):
        with pytest.raises(Retriable) if len(asked(server, "search")) < 2 else _nothing():
            await listens.poll(NOW)
    # Noon: 1.6 of 3 searches have their time by then.
    assert len(asked(server, "search")) == 2


class _nothing:  # noqa: N801 - used like contextlib.nullcontext
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("status", "reason", "wait"),
    [
        (403, "quotaExceeded", 12 * HOUR),
        (403, "dailyLimitExceeded", 12 * HOUR),
        (403, "rateLimitExceeded", 60),
    ],
)
async def test_a_quota_that_is_used_up_waits_until_it_is_counted_anew(
    client: PoliteClient,
    server: FaultServer,
    site: YouTubeStub,
    ear: TestEar,
    status: int,
    reason: str,
    wait: int,
) -> None:
    site.refusals["search"] = (status, reason)
    with pytest.raises(Retriable, match=reason) as told:
        await Listens(client, server, ear).poll(NOW)
    assert told.value.retry_after == wait


async def test_units_are_kept_for_the_whole_day(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    for number in range(30):
        site.video(f"v{number:010d}", NOW - HOUR, "acme")
    listens = Listens(client, server, ear, units=100)
    # At noon 55 of 100 units have had their time, and others have used 50.
    listens.collector._service.quota.begin(NOW)
    listens.collector._service.quota.units = 50
    await listens.poll(NOW)
    assert len(asked(server, "videos")) == 1
    assert len(asked(server, "commentThreads")) == 4
    listens.collector._service.quota.units = 100
    with pytest.raises(Retriable, match="units") as told:
        await listens.collector.visit(["vvvvvvvvvv1"], NOW)
    assert told.value.retry_after == 12 * HOUR


async def test_no_search_goes_beyond_the_day_whoever_asks(
    client: PoliteClient, server: FaultServer, site: YouTubeStub
) -> None:
    """The turn of two searches has come, and the first one needs all that is left for its pages."""
    ear = TestEar(searches=("acme", "b" * 299))
    for number in range(180):
        site.video(f"v{number:010d}", NOW - 2 * HOUR + number, "acme")
    listens = Listens(client, server, ear, searches=3, comments=None)
    with pytest.raises(Retriable, match="searches") as told:
        await listens.poll(NOW)
    assert told.value.retry_after == 12 * HOUR and told.value.partly
    assert len(asked(server, "search")) == 3


async def test_a_day_that_ends_within_a_search_keeps_what_was_found(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    for number in range(120):
        site.video(f"v{number:010d}", NOW - 2 * HOUR + number, "acme")
    listens = Listens(client, server, ear, searches=2, comments=None)
    pages = await listens.poll(NOW)
    assert len(events(pages, Post)) == 100
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 2 * HOUR + 20, NOW)]


async def test_the_channels_of_brands_are_known_counted_and_read(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.channel("acme", ACME, 1_200)
    site.channel("rival", "UCrivalrivalrivalrivalri", None)
    site.video("vvvvvvvvvv1", NOW - HOUR, "Our kettles", channelId=ACME, channelTitle="Acme Corp")
    site.comment("Ug_first_comment_1234", "vvvvvvvvvv1", NOW - 600, "Is it good?")
    site.reply("Ug_first_comment_1234", 1, NOW - 300, "It is!", channel=ACME, authorDisplayName="@AcmeCorp")
    ear.handles = ("@acme", "rival", "nobody")
    listens = Listens(client, server, ear)
    with capture_logs() as logs:
        pages = await listens.poll(NOW)
    assert events(pages, Figure) == [Figure("followers", "2026-07-01", 1_200, account="acme")]
    assert [line["account"] for line in logs if line["event"] == "YouTube has no such channel"] == ["nobody"]
    posts = {post.native_id: post for post in events(pages, Post)}
    # The channel calls itself otherwise than its handle; answers count by the handle.
    assert posts["vvvvvvvvvv1"].author == "acme"
    assert posts["Ug_first_comment_1234.1"].author == "acme"
    assert posts["Ug_first_comment_1234"].author == "ann"
    assert ear.known == {ACME, "UCrivalrivalrivalrivalri"}
    again = await listens.poll(NOW + HOUR)
    assert events(again, Figure) == [] and len(asked(server, "channels")) == 3
    # A handle that is added is looked up at once, a figure again the next day.
    ear.handles = ("@acme", "rival", "nobody", ACME)
    assert len(events(await listens.poll(NOW + 2 * HOUR), Figure)) == 2
    tomorrow = await listens.poll(NOW + 6 * HOUR)
    assert {figure.day for figure in events(tomorrow, Figure)} == {"2026-07-02"}


async def test_a_channel_that_is_gone_holds_nothing_back(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.channel("acme", ACME, 5)
    ear.handles = ("acme",)
    site.refusals |= {"playlistItems": (404, "playlistNotFound"), "commentThreads": (403, "channelClosed")}
    pages = await Listens(client, server, ear).poll(NOW)
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 7 * DAY, NOW)]


async def test_kept_posts_are_refreshed_or_deleted_within_thirty_days(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.video("vvvvvvvvvv2", NOW - HOUR, "acme again")
    first = "Ug_first_comment_1234"
    site.comment(first, "vvvvvvvvvv1", NOW - 600, "Is it good?")
    site.comment("Ug_other_comment_5678", "vvvvvvvvvv1", NOW - 600, "hm")
    site.reply(first, 1, NOW - 300, "It is!")
    site.reply(first, 2, NOW - 200, "It is not!")
    site.gone = {"vvvvvvvvvv2", "Ug_other_comment_5678", f"{first}.2"}
    collector = Listens(client, server, ear).collector
    assert isinstance(collector, Visitor)
    visits = collector.source.visits
    assert visits is not None and visits.every == 29 * DAY
    ids = ["vvvvvvvvvv1", "vvvvvvvvvv2", first, "Ug_other_comment_5678", f"{first}.1", f"{first}.2"]
    visited = await collector.visit(ids, NOW)
    assert {e.native_id for e in visited.events if isinstance(e, Delete)} == site.gone
    assert {e.post.native_id for e in visited.events if isinstance(e, Edit)} == set(ids) - site.gone
    assert list(visited.unseen) == [] and not visited.aside
    assert len(server.requests) == 6


async def test_where_no_answer_is_found_by_its_id_none_is_taken_for_gone(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    first = "Ug_first_comment_1234"
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.comment(first, "vvvvvvvvvv1", NOW - 600, "Is it good?")
    site.reply(first, 1, NOW - 300, "It is!")
    site.reply(first, 2, NOW - 200, "It is not!")
    site.gone = {f"{first}.1", f"{first}.2"}
    visited = await Listens(client, server, ear).collector.visit([first, f"{first}.1", f"{first}.2"], NOW)
    assert not any(isinstance(event, Delete) for event in visited.events)
    assert list(visited.unseen) == [f"{first}.1", f"{first}.2"]


async def test_a_late_answer_of_a_brand_is_heard_by_a_visit(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.video("vvvvvvvvvv1", NOW - HOUR, "acme")
    site.comment("Ug_first_comment_1234", "vvvvvvvvvv1", NOW - 600, "Is it good?")
    site.reply("Ug_first_comment_1234", 1, NOW - 300, "It is!")
    visited = await Listens(client, server, ear).collector.visit(["Ug_first_comment_1234"], NOW)
    late = [e.post for e in visited.events if isinstance(e, Edit)]
    assert [post.native_id for post in late] == ["Ug_first_comment_1234.1", "Ug_first_comment_1234"]


async def test_an_answer_that_lacks_even_the_witness_deletes_nothing(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    site.gone.add(WITNESS)
    visited = await Listens(client, server, ear).collector.visit(
        ["vvvvvvvvvv1", "Ug_x_comment_12345678"], NOW
    )
    assert not visited.events and list(visited.unseen) == ["vvvvvvvvvv1", "Ug_x_comment_12345678"]


async def test_a_strange_token_is_not_taken_for_the_end(
    client: PoliteClient, server: FaultServer, site: YouTubeStub, ear: TestEar
) -> None:
    body = {"kind": "youtube#searchListResponse", "items": [], "nextPageToken": ["x"]}
    server.script(f"{BASE}/search", Reply(body=json.dumps(body)))
    with pytest.raises(Retriable):
        await Listens(client, server, ear).poll(NOW)


VIDEO = {
    "kind": "youtube#video",
    "id": "vvvvvvvvvv1",
    "snippet": {"title": "acme", "publishedAt": "2026-07-01T10:00:00Z", "channelId": ACME, "description": ""},
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", None),
        ("title", ["acme"]),
        ("description", {"no": "text"}),
        ("publishedAt", 5),
        ("publishedAt", "soon"),
        ("channelId", None),
        ("channelId", "UC/../x"),
        ("channelTitle", 5),
    ],
)
def test_a_field_of_the_wrong_type_is_not_taken(key: str, value: Any) -> None:
    assert isinstance(to_event(VIDEO), Post)
    with pytest.raises((KeyError, TypeError, ValueError)):
        to_event({**VIDEO, "snippet": {**VIDEO["snippet"], key: value}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": ""}, "no token"),
        ({"searches": 0}, "greater than or equal to 1"),
        ({"poll": "1m"}, "at least 5m"),
        ({"url": "http://example.com"}, "https://"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    assert Options(key=SecretStr("x")).searches == 100
    with pytest.raises(ValidationError, match=said):
        Options(**{"key": "x", **options})
