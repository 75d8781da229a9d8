"""One feed, polled: what is yielded, what the cursor keeps, and how much may be called heard."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from email.utils import formatdate

import pytest
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.feeds.collector import PAGE, Options, build, to_event
from listener.collectors.post import Page
from listener.http import PoliteClient
from storage.mention import Cursor, Heard

NOW = 1_795_000_000
HOUR = 3_600


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


@pytest.fixture
def feed(server: FaultServer, client: PoliteClient) -> Collector:
    (collector,) = build(
        Options(urls=[server.url("/feed")], poll="15m", allow_private=True), client, TestEar()
    )
    return collector


def item(name: str, at: int | None = None, text: str | None = None) -> str:
    date = f"<pubDate>{formatdate(at, usegmt=True)}</pubDate>" if at is not None else ""
    body = f"<title>{name}</title>" if text is None else f"<description>{text}</description>"
    return f"<item><guid isPermaLink='false'>{name}</guid>{body}{date}</item>"


def rss(items: Sequence[str]) -> str:
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'
    )


async def poll(collector: Collector, cursor: Cursor | None, now: int) -> list[Page]:
    return [page async for page in collector.pages(cursor, now)]


async def test_the_first_poll(server: FaultServer, feed: Collector) -> None:
    server.script("/feed", Reply(body=rss([item("b", NOW - HOUR), item("a", NOW - 9 * HOUR)])))
    (page,) = await poll(feed, None, NOW)
    assert page.first
    assert [post.native_id for post in page.posts] == ["a", "b"]
    assert page.heard == Heard(NOW - 9 * HOUR, NOW)
    assert page.next_cursor is not None and page.next_cursor["polled_at"] == NOW
    assert feed.source.kind == "feeds" and feed.source.lateness == 1_800 and feed.poll == 900


async def test_an_unchanged_feed_is_asked_for_with_its_validators(
    server: FaultServer, feed: Collector
) -> None:
    kept = {"ETag": '"1"', "Last-Modified": formatdate(NOW - 5, usegmt=True)}
    server.script("/feed", Reply(body=rss([item("a", NOW - HOUR)]), headers=kept), Reply(304))
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    asked = server.seen("/feed")[1].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"1"', kept["Last-Modified"])
    assert (second.posts, second.heard, second.first) == ([], Heard(NOW, NOW + 900), False)
    assert first.next_cursor is not None
    assert second.next_cursor == {**first.next_cursor, "polled_at": NOW + 900}


async def test_a_feed_without_validators_is_not_read_twice(server: FaultServer, feed: Collector) -> None:
    server.script("/feed", Reply(body=rss([item("a", NOW - HOUR)])))
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    assert (second.posts, second.heard) == ([], Heard(NOW, NOW + 900))


async def test_later_polls_have_heard_everything_since(server: FaultServer, feed: Collector) -> None:
    one, two, three = item("1", NOW - HOUR), item("2", NOW + 100), item("3", NOW + 200)
    server.script("/feed", Reply(body=rss([one])), Reply(body=rss([three, two, one])))
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    assert [post.native_id for post in second.posts] == ["1", "2", "3"]
    assert second.heard == Heard(NOW, NOW + 900)
    assert not second.first


async def test_an_item_with_an_older_date_that_appears_late_is_yielded(
    server: FaultServer, feed: Collector
) -> None:
    one, late = item("1", NOW - HOUR), item("late", NOW - 50 * HOUR)
    server.script("/feed", Reply(body=rss([one])), Reply(body=rss([one, late])))
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    assert "late" in {post.native_id for post in second.posts}


async def test_a_feed_that_rolled_over_shows_its_gap(server: FaultServer, feed: Collector) -> None:
    old = [item(f"o{n}", NOW - n * HOUR) for n in range(1, 21)]
    new = [item(f"n{n}", NOW + 10 * HOUR - n * 60) for n in range(1, 21)]
    server.script("/feed", Reply(body=rss(old)), Reply(body=rss(new)))
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 10 * HOUR)
    assert second.heard == Heard(NOW + 10 * HOUR - 20 * 60, NOW + 10 * HOUR)


async def test_a_pinned_item_neither_pretends_a_past_nor_hides_a_gap(
    server: FaultServer, feed: Collector
) -> None:
    pinned = item("pinned", NOW - 9_000 * HOUR)
    old = [item(f"o{n}", NOW - n * HOUR) for n in range(1, 11)]
    new = [item(f"n{n}", NOW + 10 * HOUR - n * 60) for n in range(1, 11)]
    server.script("/feed", Reply(body=rss([pinned, *old])), Reply(body=rss([pinned, *new])))
    (first,) = await poll(feed, None, NOW)
    assert first.heard == Heard(NOW - 10 * HOUR, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 10 * HOUR)
    assert second.heard == Heard(NOW + 10 * HOUR - 10 * 60, NOW + 10 * HOUR)


async def test_a_feed_without_order_has_no_false_gap(server: FaultServer, feed: Collector) -> None:
    mixed = [item(f"m{n}", NOW - (n * 7 % 20) * HOUR) for n in range(20)]
    server.script(
        "/feed", Reply(body=rss(mixed)), Reply(body=rss([item("new", NOW + 60), *mixed[::-1][:15]]))
    )
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    assert second.heard == Heard(NOW, NOW + 900)


async def test_a_feed_without_dates_or_ids(server: FaultServer, feed: Collector) -> None:
    def bare(n: int) -> str:
        return f"<item><title>title {n}</title><description>text {n}</description></item>"

    server.script(
        "/feed", Reply(body=rss([bare(n) for n in range(20)])), Reply(body=rss([bare(n) for n in range(21)]))
    )
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    ids = {post.native_id for post in first.posts}
    assert len(ids) == 20 and ids < {post.native_id for post in second.posts}
    assert all(post.published_at is None for post in first.posts)
    assert (first.heard, second.heard) == (Heard(NOW - 1, NOW), Heard(NOW, NOW + 900))


async def test_impossible_dates_are_yielded_and_not_believed(server: FaultServer, feed: Collector) -> None:
    body = rss([item("future", 3_155_760_000), item("now", NOW - 60), item("past", 86_400), item("1969", -5)])
    server.script("/feed", Reply(body=body))
    (page,) = await poll(feed, None, NOW)
    dates = {post.native_id: post.published_at for post in page.posts}
    assert dates == {"future": 3_155_760_000, "now": NOW - 60, "past": 86_400, "1969": -5}
    assert page.heard == Heard(NOW - 60, NOW)


async def test_a_feed_that_was_empty(server: FaultServer, feed: Collector) -> None:
    server.script("/feed", Reply(body=rss([])), Reply(body=rss([item("a", NOW + 60)])), Reply(body=rss([])))
    (first,) = await poll(feed, None, NOW)
    assert (first.posts, first.heard) == ([], Heard(NOW - 1, NOW))
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    assert second.heard == Heard(NOW, NOW + 900)
    (third,) = await poll(feed, second.next_cursor, NOW + 1_800)
    assert third.heard == Heard(NOW + 900, NOW + 1_800)


async def test_history_that_appears_in_an_empty_feed_is_heard_like_that_of_a_first_poll(
    server: FaultServer, feed: Collector
) -> None:
    days = [item(f"d{n}", NOW - n * 24 * HOUR) for n in range(3)]
    server.script("/feed", Reply(body=rss([])), Reply(body=rss(days)))
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW + 900)
    assert second.heard == Heard(NOW - 48 * HOUR, NOW + 900)
    assert (first.first, second.first) == (True, False)


async def test_a_clock_that_went_back_claims_nothing(server: FaultServer, feed: Collector) -> None:
    server.script(
        "/feed", Reply(body=rss([item("a", NOW)])), Reply(body=rss([item("a", NOW), item("b", NOW)]))
    )
    (first,) = await poll(feed, None, NOW)
    (second,) = await poll(feed, first.next_cursor, NOW - 500)
    assert second.heard is None
    assert second.next_cursor is not None and second.next_cursor["polled_at"] == NOW


async def test_a_big_feed_comes_in_pages_and_only_the_last_moves_the_cursor(
    server: FaultServer, feed: Collector
) -> None:
    many = [item(f"i{n}", NOW - n) for n in range(2 * PAGE + 1)]
    server.script("/feed", Reply(body=rss(many)), Reply(body=rss([item("new", NOW + 5), *many])))
    pages = await poll(feed, None, NOW)
    assert [len(page.posts) for page in pages] == [PAGE, PAGE, 1]
    assert [page.next_cursor is None for page in pages] == [True, True, False]
    assert [page.heard is None for page in pages] == [True, True, False]
    assert all(page.first for page in pages)
    old = pages[-1].next_cursor
    again = await poll(feed, old, NOW + 900)
    assert [page.next_cursor == old for page in again] == [True, True, False]
    assert not any(page.first for page in again)


async def test_a_feed_that_breaks_off_is_read_and_reported(server: FaultServer, feed: Collector) -> None:
    body = rss([item("a", NOW - 60), item("b", NOW - 120)])
    server.script("/feed", Reply(body=body[: body.rindex("<item>") + 10]))
    pages: list[Page] = []
    with pytest.raises(Retriable, match="breaks off"):
        async for page in feed.pages(None, NOW):
            pages.append(page)
    assert [post.native_id for page in pages for post in page.posts] == ["a"]
    assert all(page.heard is None and page.next_cursor is None for page in pages)


async def test_failures_name_the_source_and_no_key(server: FaultServer, client: PoliteClient) -> None:
    url = server.url("/feed?key=hunter2", userinfo="ann:hunter2")
    (feed,) = build(Options(urls=[url], allow_private=True), client, TestEar())
    answers = [Reply(500), Reply(404), Reply(body="<html><body>no</body></html>"), Reply(body="")]
    server.script("/feed", *answers)
    for error in (Retriable, Permanent, Permanent, Retriable):
        with pytest.raises(error) as caught:
            await poll(feed, None, NOW)
        assert "hunter2" not in str(caught.value)
    assert "hunter2" not in feed.source.name
    assert server.seen("/feed")[0].headers["Authorization"].startswith("Basic ")


async def test_a_private_address_is_refused_unless_allowed(server: FaultServer, client: PoliteClient) -> None:
    (feed,) = build(Options(urls=[server.url("/feed")]), client, TestEar())
    with pytest.raises(Permanent, match="private"):
        await poll(feed, None, NOW)
    only_this = Options(urls=[{"url": server.url("/feed"), "allow_private": True}])
    server.script("/feed", Reply(body=rss([])))
    assert await poll(build(only_this, client, TestEar())[0], None, NOW)


def test_a_query_string_shows_as_a_hash_only() -> None:
    url = "https://ann:pw@News.Example.org:8443/a/feed.xml?key=hunter2"
    options = Options(urls=[url, "https://news.example.org/", {"url": "http://x.org/f", "name": "mine"}])
    digest = hashlib.sha256(url.encode()).hexdigest()[:6]
    assert [feed.source_name for feed in options.urls] == [
        f"feed:news.example.org:8443/a/feed.xml#{digest}",
        "feed:news.example.org",
        "mine",
    ]
    assert "hunter2" not in repr(options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"urls": ["https://a.org/f", "http://a.org/f/"]}, "stands twice.*feed:a.org/f"),
        ({"urls": ["a.org/f"]}, "http"),
        ({"urls": ["file:///etc/passwd"]}, "http"),
        ({"urls": ["http://a.org:99999/f"]}, "urls.0"),
        ({"urls": ["https://a.org/f"], "poll": "5s"}, "at least 30s"),
        ({"poll": 900}, "unit"),
        ({"polls": "1m"}, "polls"),
        ({"urls": "https://a.org/f"}, "urls"),
    ],
)
def test_mistakes_in_the_options_are_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Options.model_validate(options)


def test_options_of_the_own_network_may_poll_fast() -> None:
    assert Options.model_validate({"poll": "1s", "allow_private": True}).poll == 1


def make(**given: str | None) -> dict[str, str | None]:
    names = ("id", "title", "link", "body", "author", "published", "language")
    return {**dict.fromkeys(names), "kind": "html", **given}


def test_to_event_skips_what_says_nothing() -> None:
    assert to_event(make(id="1", body="<p> </p>")) is None


def test_to_event_does_not_say_the_title_twice() -> None:
    same = to_event(make(title="Acme fails", body="<b>Acme fails</b> again"))
    short = to_event(make(title="Acme fails ag…", body="Acme fails again and again"))
    assert same is not None and same.text == "Acme fails again"
    assert short is not None and short.text == "Acme fails again and again"


def test_to_event_takes_only_web_addresses_and_bounds_everything() -> None:
    post = to_event(
        make(
            id="x" * 900, title="t" * 3_000, link="javascript:alert(1)", body="y" * 100_000, author="a" * 900
        )
    )
    assert post is not None and post.url is None and post.author is not None and post.title is not None
    assert (len(post.native_id), len(post.author), len(post.title)) == (64, 200, 1_000)
    assert len(post.text) == 3_000 + 2 + 100_000


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("2026-11-01T09:00:00+00:00", 1_793_523_600),
        ("2026-11-01T09:00:00.9Z", 1_793_523_600),
        ("2026-11-01T09:00:00", 1_793_523_600),
        ("1969-12-31T23:59:59.5Z", -1),
        ("yesterday", None),
        ("", None),
    ],
)
def test_to_event_reads_dates(given: str, seconds: int | None) -> None:
    post = to_event(make(title="x", published=given))
    assert post is not None and post.published_at == seconds


@pytest.mark.parametrize(
    ("given", "language"), [("en-US", "en"), ("DE", "de"), ("zh_Hant", "zh"), ("english", None), ("", None)]
)
def test_to_event_reads_languages(given: str, language: str | None) -> None:
    post = to_event(make(title="x", language=given))
    assert post is not None and post.language == language


@pytest.mark.parametrize(
    ("given", "author"),
    [
        ("ann@example.org (Ann Lee)", "Ann Lee"),
        ("Ann Lee (ann@example.org)", "Ann Lee"),
        ("Ann (the first)", "Ann (the first)"),
        ("ann@example.org", "ann@example.org"),
    ],
)
def test_to_event_keeps_the_name_and_not_the_mail(given: str, author: str) -> None:
    post = to_event(make(title="x", author=given))
    assert post is not None and post.author == author
