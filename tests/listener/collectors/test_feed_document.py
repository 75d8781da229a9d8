"""Feeds as they come: every format, every encoding, and everything that is none."""

from __future__ import annotations

import contextlib
import json
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from listener.collectors.base import Permanent, Retriable
from listener.collectors.feed_document.document import Document, read_document
from listener.collectors.feeds.collector import to_event

RSS = (
    '<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>t</title>'
    "<language>pt-BR</language>{items}</channel></rss>"
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr-CA"><title>t</title><entry><id>tag:1</id>'
    '<title type="html">Un &amp;amp; deux</title><link href="/p/1"/><author><name>Ada</name></author>'
    '<updated>2026-11-01T10:00:00+01:00</updated><content type="html">&lt;p&gt;Salut&lt;/p&gt;</content>'
    "</entry></feed>"
)
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>t</title></channel>'
    '<item rdf:about="http://example.org/1"><title>One</title><link>http://example.org/1</link>'
    "<dc:date>2026-11-01T09:00:00Z</dc:date></item></rdf:RDF>"
)
NINE = 1_793_523_600  # 2026-11-01T09:00:00Z


def rss(items: str, encoding: str = "UTF-8") -> bytes:
    return RSS.format(items=items, encoding=encoding).encode(encoding, "xmlcharrefreplace")


def one(document: Document) -> dict[str, str | None]:
    (item,) = document.items
    return item


def test_rss() -> None:
    post = to_event(
        one(
            read_document(
                rss(
                    "<item><guid>g1</guid><title>Hi</title><link>https://example.org/1</link>"
                    "<pubDate>Sun, 01 Nov 2026 09:00:00 GMT</pubDate><author>a@example.org (Ann)</author>"
                    "<description>&lt;b&gt;Bold&lt;/b&gt; words</description></item>"
                )
            )
        )
    )
    assert post is not None
    assert (post.native_id, post.title, post.text) == ("g1", "Hi", "Hi\n\nBold words")
    assert (post.published_at, post.author, post.language) == (NINE, "Ann", "pt")
    assert post.url == "https://example.org/1"


def test_atom_with_a_relative_link() -> None:
    post = to_event(one(read_document(ATOM.encode(), base="https://example.org/feed")))
    assert post is not None
    assert (post.native_id, post.text, post.published_at) == ("tag:1", "Un & deux\n\nSalut", NINE)
    assert (post.url, post.author, post.language) == ("https://example.org/p/1", "Ada", "fr")


ATOM_ENTRY = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>1</id><updated>2026-11-01T09:00:00Z</updated>
<link href="/a"/>{}</entry></feed>"""


@pytest.mark.parametrize(
    ("body", "title", "text"),
    [
        (
            '<title>T</title><content type="xhtml"><div>I like <a href="x">Acme</a>'
            "<p>and more</p></div></content>",
            "T",
            "I like Acme\nand more",
        ),
        ("<title>About <b>Acme</b> today</title><summary>s</summary>", "About Acme today", "s"),
        ('<title>T</title><summary mode="base64" type="text/html">QWNtZQ==</summary>', "T", "Acme"),
    ],
)
def test_text_with_markup_that_is_not_escaped_is_read_whole(body: str, title: str, text: str) -> None:
    (item,) = read_document(ATOM_ENTRY.format(body).encode(), None, "https://x.example/").items
    post = to_event(item)
    assert post is not None and (post.title, post.text) == (title, f"{title}\n\n{text}")
    assert (post.native_id, post.url, post.published_at) == ("1", "https://x.example/a", 1_793_523_600)


def test_rdf() -> None:
    post = to_event(one(read_document(RDF.encode())))
    assert post is not None
    assert (post.text, post.published_at, post.url) == ("One", NINE, "http://example.org/1")


def test_json_feed_with_types_that_lie() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "language": "de",
        "authors": [{"name": "Ada"}],
        "items": [
            {"id": 7, "content_html": "<p>Hallo</p>", "date_published": "2026-11-01T09:00:00Z"},
            {
                "id": "8",
                "title": "a < b",
                "content_text": "x <y> z",
                "author": "no object",
                "date_published": 5,
            },
            "no item",
            {"id": None, "title": ["no text"], "tags": 5},
        ],
    }
    items = read_document(json.dumps(feed).encode()).items
    posts = [to_event(item) for item in items]
    assert posts[0] is not None and posts[1] is not None
    assert (posts[0].native_id, posts[0].text, posts[0].published_at) == ("7", "Hallo", NINE)
    assert (posts[0].author, posts[0].language) == ("Ada", "de")
    assert (posts[1].text, posts[1].published_at) == ("a < b\n\nx <y> z", None)
    assert posts[2:] == [None]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("koi8-r", "Привет, мир и ещё слова"),
        ("windows-1251", "Привет, мир и ещё слова"),
        ("iso-8859-1", "déjà vu à Besançon"),
        ("iso-8859-2", "zażółć gęślą jaźń"),
        ("windows-1256", "مرحبا بالعالم"),
        ("shift_jis", "こんにちは世界"),
        ("euc-jp", "こんにちは世界"),
        ("iso-2022-jp", "こんにちは世界"),
        ("gb2312", "你好世界"),
        ("big5", "你好世界"),
        ("euc-kr", "안녕하세요"),
        ("utf-16", "Привет, мир"),
        ("utf-8", "Привет, мир"),
    ],
)
def test_declared_encodings(encoding: str, words: str) -> None:
    item = one(read_document(rss(f"<item><title>{words}</title></item>", encoding)))
    assert item["title"] == words


def test_the_servers_charset_is_used_where_the_document_is_silent() -> None:
    body = "<rss version='2.0'><channel><item><title>Привет</title></item></channel></rss>".encode("koi8-r")
    assert one(read_document(body, "text/xml; charset=KOI8-R"))["title"] == "Привет"


def test_what_is_valid_utf8_is_read_as_utf8_whatever_was_declared() -> None:
    lying = RSS.format(items="<item><title>déjà vu</title></item>", encoding="iso-8859-1").encode("utf-8")
    assert one(read_document(lying, "text/xml; charset=iso-8859-1"))["title"] == "déjà vu"


def test_undeclared_legacy_text_and_broken_utf8() -> None:
    latin = "<rss version='2.0'><channel><item><title>déjà vu à Paris</title></item></channel></rss>"
    assert one(read_document(latin.encode("latin-1")))["title"] == "déjà vu à Paris"
    broken = rss("<item><title>déjà vu à Paris, été, où, ça #</title></item>").replace(b"#", b"\xff")
    assert one(read_document(broken))["title"] == "déjà vu à Paris, été, où, ça \ufffd"
    assert (
        one(read_document(rss("<item><title>a#b</title></item>").replace(b"#", b"\x00\x0b")))["title"] == "ab"
    )


@pytest.mark.parametrize("guid", ["m3", "12", "1", "20261101", "2026-11-01"])
def test_no_date_is_read_out_of_a_guid(guid: str) -> None:
    item = one(read_document(rss(f"<item><guid isPermaLink='false'>{guid}</guid><title>x</title></item>")))
    assert item["published"] is None


def test_dates_stay_where_some_items_have_none() -> None:
    dated = "<item><guid>5</guid><title>x</title><pubDate>Sun, 01 Nov 2026 09:00:00 GMT</pubDate></item>"
    bare = "<item><guid>6</guid><title>y</title></item>"
    first, second = (to_event(item) for item in read_document(rss(dated + bare)).items)
    assert first is not None and second is not None
    assert (first.published_at, second.published_at) == (NINE, None)


PAGE = '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/feed?k=1"></head></html>'


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b"", Retriable, "empty"),
        (b" \n ", Retriable, "empty"),
        (PAGE.encode(), Permanent, "names this feed: https://example.org/feed"),
        (b"<html><body>Hi</body></html>", Permanent, "HTML page"),
        (b"just words", Permanent, "no feed"),
        (b"<opml><body/></opml>", Permanent, "no feed"),
        (b'{"a": 1}', Permanent, "no JSON Feed"),
        (b"[1, 2]", Permanent, "no JSON Feed"),
        (b'{"items": [', Retriable, "JSON is broken"),
        (b'{"items":' + b"[" * 100_000, Permanent, "nested"),
        (b'<rss version="2.0"></rss>', Permanent, "without a channel"),
        (b'<?xml version="1.0"?><rss version="2.0"><chan', Retriable, "broken"),
        (b'<?xml version="1.0" encoding="utf-7"?>+ADw-rss+AD4-', Permanent, "no feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_remedy(body: bytes, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        read_document(body, None, "https://example.org/")


def test_a_feed_that_breaks_off_is_read_up_to_there() -> None:
    body = rss("<item><title>one</title></item><item><title>two</title></item>")
    document = read_document(body[: body.index(b"two") + 1])
    assert not document.whole
    assert document.items[0]["title"] == "one"
    assert read_document(body).whole


def test_an_empty_feed_is_a_feed() -> None:
    assert read_document(rss("")) == Document([])


def test_a_stray_ampersand_costs_no_item() -> None:
    body = rss("<item><title>A</title></item><item><title>B & C</title></item><item><title>D</title></item>")
    assert [item["title"] for item in read_document(body).items][::2] == ["A", "D"]


def bomb(use: str) -> bytes:
    entities = "".join(
        f'<!ENTITY {chr(98 + level)} "{("&" + chr(97 + level) + ";") * 10}">' for level in range(8)
    )
    return (
        f'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">{entities}]><rss version="2.0"><channel>'
        f"<item><title>{use}</title></item></channel></rss>"
    ).encode()


@pytest.mark.parametrize(
    "body",
    [
        bomb("&i;"),
        bomb("&i;").decode().encode("utf-16"),
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><item><title>&x;'
        b"</title></item></channel></rss>",
        b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><rss version="2.0"></rss>',
    ],
)
def test_entity_attacks_are_refused_at_once(body: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(Permanent, match="entities"):
        read_document(body)
    assert time.process_time() - started < 1
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_an_article_about_entities_is_no_attack() -> None:
    item = "<item><title>t</title><description><![CDATA[write <!ENTITY x 'y'> there]]></description></item>"
    assert len(read_document(rss(f"<!-- <!ENTITY a 'b'> -->{item}")).items) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<rss version='2.0'><channel>" + b"<item>" * 300_000,
        b"<rss version='2.0'><channel><item>" + b"<a>" * 300_000,
        b"<![CDATA[" * 200_000 + b"<!ENTITY",
        b"<!--" * 200_000 + b"<!ENTITY",
        b"<html>" + b"<div>\n" * 200_000,
        b"<" * 2_000_000,
    ],
)
def test_hostile_documents_take_no_time(body: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(Permanent, Retriable):
        read_document(body)
    assert time.process_time() - started < 3


DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = DATA / "recordings" / "feeds"


@pytest.mark.data
@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded feeds beside the project (see LISTENER_DATA)")
def test_every_recorded_feed_is_read_or_refused_with_a_reason() -> None:
    files = sorted({*RECORDED.rglob("*.xml"), *RECORDED.glob("gofeed/testdata/parser/json/*.json")})
    assert len(files) > 500
    refused: dict[str, str] = {}
    items = 0
    for file in files:
        try:
            document = read_document(file.read_bytes())
        except (Permanent, Retriable) as error:
            refused[file.name] = str(error)
            continue
        items += len([to_event(item) for item in document.items])
    assert all("version_rss_" in name or "_feed" in name for name in refused), refused
    assert len(refused) <= 11
    assert items > 500


@pytest.mark.data
@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded feeds beside the project (see LISTENER_DATA)")
def test_recorded_legacy_encodings_show_no_broken_character() -> None:
    for file in RECORDED.glob("large/**/*.xml"):
        posts = [to_event(item) for item in read_document(file.read_bytes()).items]
        texts = [post.text for post in posts if post is not None]
        assert texts and not any("\ufffd" in text for text in texts), file.name


# ---- what would stop the whole process

_ITEM = b"<rss version='2.0'><channel><item><guid>x</guid><title>t</title>"
_END = b"</item></channel></rss>"


@pytest.mark.parametrize(
    ("middle", "says"),
    [
        (b"<x" + b"".join(b' a%d=""' % number for number in range(40_000)) + b"/>", "one of its tags"),
        (b"<x " + b"a " * 200_000, "one of its tags"),
        (b'<x xmlns:a="u">' * 30_000, "namespaces"),
        (b'<x xmlns:a="u">' * 10_000 + b"<x/>" * 100_000, "namespaces"),
        (b"<description>" + b"<b>" * 700_000 + b"</description>", "2 MB"),
    ],
)
def test_a_monster_is_refused_at_once(middle: bytes, says: str) -> None:
    started = time.process_time()
    with pytest.raises(Permanent, match=says):
        read_document(_ITEM + middle + _END)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("close", [b"", b"</b>" * 300_000])
def test_a_deep_document_is_read_at_once(close: bytes) -> None:
    started = time.process_time()
    assert len(read_document(_ITEM + b"<x>" + b"<b>" * 300_000 + close + _END).items) == 1
    assert time.process_time() - started < 2


def test_a_long_quoted_value_is_no_monster() -> None:
    picture = b"<x a='data:" + b"A" * 100_000 + b"'/>"
    assert len(read_document(_ITEM + picture + b'<y xmlns:a="u"/>' * 1_000 + _END).items) == 1
