"""A page that names a feed: which one is taken, how it is followed, and which addresses are never reached."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from ears import TestEar
from servers import FaultServer, Reply
from structlog.testing import capture_logs

from alerts.transport import Transport
from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.feed_document.discovery import feed_named_by
from listener.collectors.feeds.collector import Options, build
from listener.collectors.post import Page
from listener.http import PoliteClient
from storage.mention import Cursor, Heard

NOW = 1_795_000_000
RSS = (
    '<rss version="2.0"><channel><title>t</title>'
    "<item><guid isPermaLink='false'>{}</guid><title>{}</title></item></channel></rss>"
)


def page(*links: str) -> str:
    return f"<!doctype html><html><head><title>Shop</title>{''.join(links)}</head><body>Hello</body></html>"


def link(href: str, kind: str = "application/rss+xml", more: str = "") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" {more}>'


# ---- which address a page names


@pytest.mark.parametrize(
    ("links", "address"),
    [
        ([link("/feed")], "https://a.org/feed"),
        ([link("feed.xml", "application/atom+xml")], "https://a.org/blog/feed.xml"),
        ([link("//b.org/f.json", "application/feed+json; charset=utf-8")], "https://b.org/f.json"),
        ([link("/c/feed", more="title='Shop: Comments Feed'"), link("/feed")], "https://a.org/feed"),
        ([link("/comments/feed/"), link("/feed")], "https://a.org/feed"),
        ([link("/comments/feed/")], "https://a.org/comments/feed/"),
        ([link("/one"), link("/two")], "https://a.org/one"),
        ([link("/f?a=1&amp;b=2")], "https://a.org/f?a=1&b=2"),
        (["<base href='https://c.org/x/'>", link("feed")], "https://c.org/x/feed"),
        (["<LINK REL='Alternate feed' TYPE='Application/RSS+XML' HREF='/feed'>"], "https://a.org/feed"),
        ([f"<!-- {link('/old')} -->", link("/new")], "https://a.org/new"),
        ([f"<script>var x = '{link('/old')}'</script>", link("/new")], "https://a.org/new"),
        ([link("/api", "application/json+oembed"), link("/wp-json", "application/json")], None),
        ([link("/feed").replace("alternate", "stylesheet")], None),
        ([link("javascript:alert(1)"), link("ftp://a.org/x"), link("http://[broken/feed")], None),
        ([link("https://ann:pw@a.org/feed")], None),
        ([f"<!-- {link('/open')}"], None),
        ([], None),
    ],
)
def test_the_feed_that_a_page_names(links: list[str], address: str | None) -> None:
    assert feed_named_by(page(*links).encode(), "https://a.org/blog/") == address


@pytest.mark.parametrize(
    "body",
    [b"<!--" * 500_000, b"<link " * 400_000, b"<div>" * 400_000, b"<link>" * 400_000, b"<script>" * 300_000],
)
def test_hostile_pages_take_no_time(body: bytes) -> None:
    started = time.process_time()
    assert feed_named_by(b"<!doctype html>" + body) is None
    assert time.process_time() - started < 1


# ---- following it


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


@pytest.fixture
def feed(server: FaultServer, client: PoliteClient) -> Collector:
    options = Options(urls=[server.url("/blog?key=hunter2", userinfo="ann:pw")], allow_private=True)
    (collector,) = build(options, client, TestEar())
    return collector


async def poll(collector: Collector, cursor: Cursor | None, now: int) -> Page:
    pages = [page async for page in collector.pages(cursor, now)]
    assert len(pages) == 1
    return pages[0]


def ids(found: Page) -> list[str]:
    return [post.native_id for post in found.posts]


async def test_the_feed_of_a_page_is_read_and_remembered(server: FaultServer, feed: Collector) -> None:
    server.script("/blog", Reply(body=page(link("/feed?token=hunter2"))))
    server.script("/feed", Reply(body=RSS.format("a", "a"), headers={"ETag": '"1"'}), Reply(304))
    with capture_logs() as logs:
        first = await poll(feed, None, NOW)
        assert (ids(first), first.first) == (["a"], True)
        second = await poll(feed, first.next_cursor, NOW + 900)
    assert (second.heard, second.first) == (Heard(NOW, NOW + 900), False)
    assert second.next_cursor is not None and second.next_cursor["found"] == server.url("/feed?token=hunter2")
    assert (len(server.seen("/blog")), len(server.seen("/feed"))) == (1, 2)
    assert server.seen("/feed")[1].headers["If-None-Match"] == '"1"'
    assert feed.source.name.startswith(f"feed:127.0.0.1:{server.port}/blog#")
    assert [line["event"] for line in logs] == ["feed found on a page"]
    assert logs[0]["feed"] == server.url("/feed") and "hunter2" not in str(logs)


async def test_the_login_goes_to_the_same_server_only(server: FaultServer, feed: Collector) -> None:
    server.script("/blog", Reply(body=page(link("/feed"))))
    server.script("/feed", Reply(body=RSS.format("a", "a")))
    first = await poll(feed, None, NOW)
    assert server.seen("/feed")[0].headers["Authorization"].startswith("Basic ")
    assert "pw" not in str(first.next_cursor)
    async with FaultServer() as other:
        server.script("/blog", Reply(body=page(link(other.url("/feed")))))
        other.script("/feed", Reply(body=RSS.format("b", "b")))
        assert ids(await poll(feed, None, NOW)) == ["b"]
        assert "Authorization" not in other.seen("/feed")[0].headers


async def test_a_feed_that_has_moved_is_looked_for_on_the_page_again(
    server: FaultServer, feed: Collector
) -> None:
    server.script("/blog", Reply(body=page(link("/old"))), Reply(body=page(link("/new"))))
    same = {"ETag": '"1"'}
    server.script("/old", Reply(body=RSS.format("a", "a"), headers=same), Reply(410))
    server.script("/new", Reply(body=RSS.format("a", "a"), headers=same))
    first = await poll(feed, None, NOW)
    second = await poll(feed, first.next_cursor, NOW + 900)
    assert "If-None-Match" not in server.seen("/new")[0].headers
    assert (ids(second), second.heard, second.first) == (["a"], Heard(NOW, NOW + 900), False)
    assert second.next_cursor is not None and second.next_cursor["found"] == server.url("/new")


async def test_a_feed_that_is_gone_is_told_as_it_is(server: FaultServer, feed: Collector) -> None:
    server.script("/blog", Reply(body=page(link("/old"))))
    server.script("/old", Reply(body=RSS.format("a", "a")), Reply(410), Reply(503), Reply(404))
    first = await poll(feed, None, NOW)
    for error, says in (
        (Permanent, "/old answered 410"),
        (Retriable, "/old answered 503"),
        (Permanent, "404"),
    ):
        with pytest.raises(error, match=says):
            await poll(feed, first.next_cursor, NOW + 900)
    # A passing fault is no reason to look at the page.
    assert len(server.seen("/blog")) == 3


async def test_a_page_that_has_become_a_feed_is_one(server: FaultServer, feed: Collector) -> None:
    server.script("/blog", Reply(body=page(link("/old"))), Reply(body=RSS.format("b", "b")))
    server.script("/old", Reply(body=RSS.format("a", "a")), Reply(404))
    first = await poll(feed, None, NOW)
    second = await poll(feed, first.next_cursor, NOW + 900)
    assert ids(second) == ["b"]
    assert second.next_cursor is not None and "found" not in second.next_cursor


async def test_a_page_that_names_a_page_is_no_feed(server: FaultServer, feed: Collector) -> None:
    server.script("/blog", Reply(body=page(link("/blog2"))))
    server.script("/blog2", Reply(body=page(link("/blog"))))
    with pytest.raises(Permanent, match=r"names .*/blog2 as its feed, and that is a page too"):
        await poll(feed, None, NOW)
    assert len(server.requests) == 2


async def test_a_page_without_a_feed_stays_permanent(server: FaultServer, feed: Collector) -> None:
    server.script("/blog", Reply(body=page()))
    with pytest.raises(Permanent, match="look for the feed's own address"):
        await poll(feed, None, NOW)


async def test_another_private_host_is_refused_whatever_the_page_says(
    server: FaultServer, client: PoliteClient
) -> None:
    async with FaultServer("127.0.0.2") as inner:
        inner.script("/feed", Reply(body=RSS.format("secret", "secret")))
        server.script("/blog", Reply(body=page(link(inner.url("/feed")))))
        allowed = Options(urls=[server.url("/blog")], allow_private=True)
        (feed,) = build(allowed, client, TestEar())
        with pytest.raises(Permanent, match="private"):
            await poll(feed, None, NOW)
        # Nor where it was once remembered.
        cursor = {"polled_at": NOW, "recent": [], "found": inner.url("/feed")}
        with pytest.raises(Permanent, match="private"):
            await poll(feed, cursor, NOW + 900)
        assert inner.requests == []


async def test_without_allow_private_no_private_feed_is_reached(
    server: FaultServer, client: PoliteClient
) -> None:
    (feed,) = build(Options(urls=[server.url("/blog")]), client, TestEar())
    server.script("/feed", Reply(body=RSS.format("secret", "secret")))
    cursor = {"polled_at": NOW, "recent": [], "found": server.url("/feed")}
    with pytest.raises(Permanent, match="private"):
        await poll(feed, cursor, NOW + 900)
    assert server.requests == []


async def test_a_named_feed_with_another_address_forgets_what_the_old_one_named(
    server: FaultServer, client: PoliteClient
) -> None:
    def named(path: str) -> Collector:
        feed = {"url": server.url(path), "name": "news"}
        return build(Options(urls=[feed], allow_private=True), client, TestEar())[0]

    server.script("/old", Reply(body=page(link("/feed"))))
    server.script("/feed", Reply(body=RSS.format("a", "a"), headers={"ETag": '"1"'}))
    server.script("/new", Reply(body=RSS.format("b", "b")))
    first = await poll(named("/old"), None, NOW)
    second = await poll(named("/new"), first.next_cursor, NOW + 900)
    assert (ids(second), second.first) == (["b"], False)
    assert second.next_cursor is not None and "found" not in second.next_cursor
    assert "If-None-Match" not in server.seen("/new")[0].headers
    assert len(server.seen("/feed")) == 1


async def test_what_an_older_version_remembered_is_kept_and_gets_its_address(
    server: FaultServer, feed: Collector
) -> None:
    server.script("/blog", Reply(body=page(link("/feed"))))
    server.script("/feed", Reply(body=RSS.format("a", "a")))
    first = await poll(feed, None, NOW)
    older = {key: value for key, value in (first.next_cursor or {}).items() if key != "page"}
    second = await poll(feed, older, NOW + 900)
    assert second.next_cursor == {**(first.next_cursor or {}), "polled_at": NOW + 900}
    assert (len(server.seen("/blog")), "hunter2" in str(second.next_cursor)) == (1, False)
