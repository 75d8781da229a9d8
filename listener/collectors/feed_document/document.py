"""A feed as it came off the wire -> its items, whatever its format, encoding and state of repair."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import fastfeedparser
from fastfeedparser.main import _parse_date as _date_made_of

from listener.collectors.base import Permanent, Retriable
from listener.collectors.feed_document.discovery import NamesFeed, feed_named_by
from listener.collectors.feed_document.encoding import to_utf8

Item = dict[str, str | None]
"""id, title, link, body, author, published (ISO 8601), language, and kind: "html" or "text".

Where it was asked for, `source` and `source_url`: what RSS calls the channel that an item comes from.
"""

# Whatever a parser trips over in a hostile document. Not `Exception`: running out of memory is no parse error.
_PARSER_FAILURES = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    SyntaxError,
    RecursionError,
    AssertionError,
)
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_FEED_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
_ITEM_TAG = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ITEM_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_CLOSED = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>|<(?:\w+:)?(?:rss|feed|rdf)\b[^<>]*/>", re.IGNORECASE)
# Markup that is not escaped (Atom's type="xhtml", careless RSS): the fast parser keeps only what stands before it.
_NAKED = re.compile(
    rb"<(?:title|description|summary|content)\b[^<>]*>[^<]*<[a-z]|\bmode=[\"']base64[\"']", re.IGNORECASE
)
_LANGUAGE = re.compile(rb"<(?:dc:)?language>\s*([A-Za-z]{2,3})\b")
_OPENING = re.compile(rb"<!(?:--|\[CDATA\[|ENTITY)")
# Reading one tag takes a time that grows with the square of its attributes, and everything else waits meanwhile.
_LONG_TAG = re.compile(rb"""<[A-Za-z_:](?>(?:[^<>"']|"[^"<]*"|'[^'<]*'){10000})""")
# Each tag is looked up among the namespaces declared around it: 500,000,000 such looks take half a second.
_MOST_LOOKS = 500_000_000
# The lenient parser takes some 15 microseconds a tag: 16 MB of them would hold one processor for minutes.
_MOST_LENIENT = 2_000_000
_DATE_TAGS = (b"<pubDate", b"<dc:date", b"<published", b"<pubdate", b"<date")


@dataclass(frozen=True, slots=True)
class Document:
    """The items in the order of the document. `whole` is False where the document breaks off before its end."""

    items: list[Item]
    whole: bool = True


def read_document(
    body: bytes, content_type: str | None = None, base: str = "", *, sources: bool = False
) -> Document:
    """Read RSS, Atom, RDF or JSON Feed; links are made absolute against `base`.

    `sources`: read <source> too, where each item comes from. It takes twenty times as long.
    Raises Retriable for what is probably a passing fault of the server, NamesFeed for a page that names a feed, and
    Permanent for what is no feed.
    """
    document = to_utf8(body, content_type)
    if not document.strip():
        raise Retriable("the answer is empty; the feed's server seems to have a problem")
    start = document.lstrip()[:1]
    if start in (b"{", b"["):
        return Document([_absolute(item, base) for item in _read_json(document)])
    head = document[:4096]
    if _HTML.search(head) and not _FEED_ROOT.search(head):
        address = feed_named_by(document, base)
        if address is not None:
            raise NamesFeed(address)
        raise Permanent("it is an HTML page, not a feed; look for the feed's own address")
    if _declares_entities(document):
        raise Permanent(
            "it declares XML entities, which can hide attacks; ask the publisher for a plain feed"
        )
    _refuse_monsters(document)
    items = _read_xml(document, sources)
    # A broken-off document may lack items, and nothing in it says how many.
    whole = not items or _CLOSED.search(document) is not None
    if not whole and _last(_ITEM_TAG, document) > _last(_ITEM_END, document):
        # Half a text would be kept under its item's id, and the whole one never again.
        items.pop()
    return Document([_absolute(item, base) for item in items], whole)


def _last(tag: re.Pattern[bytes], document: bytes) -> int:
    """Where a tag stands last; -1 where it does not."""
    return max((found.start() for found in tag.finditer(document)), default=-1)


def _declares_entities(document: bytes) -> bool:
    """Tell whether `<!ENTITY` stands outside of comments and CDATA, where an article may quote it.

    A search by hand: the obvious regular expression takes minutes on 300,000 sections that never end.
    """
    if b"<!ENTITY" not in document:
        return False
    place = 0
    while (found := _OPENING.search(document, place)) is not None:
        if found.group() == b"<!ENTITY":
            return True
        end = document.find(b"-->" if found.group() == b"<!--" else b"]]>", found.end())
        if end < 0:
            return document.find(b"<!ENTITY", found.end()) >= 0
        place = end + 3
    return False


def _refuse_monsters(document: bytes) -> None:
    """Raise Permanent for what no feed holds and what stops the whole process while it is parsed."""
    if _LONG_TAG.search(document):
        raise Permanent("one of its tags is longer than any feed needs; its publisher must repair it")
    if document.count(b"xmlns") * document.count(b"<") > _MOST_LOOKS:
        raise Permanent("it declares namespaces over and over; ask the publisher for a shorter feed")


def _read_xml(document: bytes, sources: bool) -> list[Item]:
    """Ask the fast parser, and the lenient one only where the fast one refuses or overlooks items."""
    found: list[Item] | None
    try:
        found = _fast(document)
    except _PARSER_FAILURES:
        found = None
    if found:
        # What the fast parser has no eye for.
        return _with_whole_texts(found, document, sources) if sources or _NAKED.search(document) else found
    # Without its end, an empty document is no empty feed: it broke off before its first item.
    if found is not None and not _ITEM_TAG.search(document) and _CLOSED.search(document):
        return found
    if found is None and not _FEED_ROOT.search(document[:65_536]):
        raise Permanent(
            "it is no feed (neither RSS, Atom, RDF nor JSON Feed); look for the feed's own address"
        )
    second = _lenient(document, sources)
    if second:
        return second
    if _CLOSED.search(document) is None:
        raise Retriable(
            "its XML is broken or breaks off; nothing could be read, its publisher must repair it"
        )
    if found is None:
        raise Permanent(
            "it is a feed without a channel, so there is nothing to read; look for another address"
        )
    return found


def _with_whole_texts(items: list[Item], document: bytes, sources: bool) -> list[Item]:
    """Take the texts from the lenient parser; identity stays as it was, or each item would come a second time."""
    second = _lenient(document, sources)
    if len(second) != len(items):
        return items
    identity = ("id", "link", "published", "language")
    return [
        {**whole, **{name: quick[name] for name in identity}}
        for quick, whole in zip(items, second, strict=True)
    ]


def _fast(document: bytes) -> list[Item]:
    feed = fastfeedparser.parse(document, include_tags=False, include_enclosures=False)
    entries: list[dict[str, Any]] = feed["entries"]
    language = feed["feed"].get("language") or _language(document)
    trusted = any(document.count(tag) >= len(entries) for tag in _DATE_TAGS)
    return [_from_fast(entry, language, trusted) for entry in entries]


def _from_fast(entry: Mapping[str, Any], language: str | None, trusted: bool) -> Item:
    published = entry.get("published") or entry.get("updated")
    # Where an item has no date the parser reads one out of its guid: "m3" becomes the third second of today.
    if published and not trusted and entry.get("id") and _date_made_of(entry["id"]) == published:
        published = None
    return {
        "id": entry.get("id"),
        "title": entry.get("title"),
        "link": entry.get("link"),
        "body": _longest_content(entry) or entry.get("description") or _media_text(entry),
        "author": entry.get("author"),
        "published": published,
        "language": entry.get("language") or language,
        "kind": "html",
    }


def _lenient(document: bytes, sources: bool) -> list[Item]:
    if len(document) > _MOST_LENIENT:
        raise Permanent(
            "its XML is careless, and it is longer than the 2 MB up to which that is read; ask for a shorter feed"
        )
    # Imported only when needed: it is twenty times slower, and hardly any feed needs it.
    import feedparser

    try:
        # As a stream: handed bytes, it first tries whether they are the name of a file on this machine.
        feed = feedparser.parse(io.BytesIO(document))
    except _PARSER_FAILURES:
        return []
    language = feed.feed.get("language") or _language(document)
    return [
        {
            "id": entry.get("id"),
            "title": entry.get("title"),
            "link": entry.get("link"),
            "body": _longest_content(entry) or entry.get("summary"),
            "author": entry.get("author"),
            "published": _iso(entry.get("published_parsed") or dict.get(entry, "updated_parsed")),
            "language": entry.get("language") or language,
            "kind": "html",
            **(_source(entry) if sources else {}),
        }
        for entry in feed.entries
    ]


def _source(entry: Mapping[str, Any]) -> Item:
    found = entry.get("source") or {}
    return {"source": found.get("title"), "source_url": found.get("href")}


def _longest_content(entry: Mapping[str, Any]) -> str | None:
    values = [part.get("value") or "" for part in entry.get("content") or ()]
    return max(values, key=len, default="") or None


def _media_text(entry: Mapping[str, Any]) -> str | None:
    """Video feeds keep their text in the media extension."""
    return next((m["description"] for m in entry.get("media_content") or () if m.get("description")), None)


def _iso(parsed: Iterable[int] | None) -> str | None:
    if parsed is None:
        return None
    year, month, day, hour, minute, second, *_ = parsed
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).isoformat()
    except ValueError:
        return None


def _language(document: bytes) -> str | None:
    """Return what RSS says in <language>, ahead of the first item; the fast parser does not read it."""
    found = _LANGUAGE.search(document, 0, 8192)
    return found.group(1).decode("ascii") if found else None


def _absolute(item: Item, base: str) -> Item:
    link = item["link"]
    if link and base and not link.startswith(("http://", "https://")):
        try:
            item["link"] = urljoin(base, link.strip())
        except ValueError:
            item["link"] = None
        if item["id"] == link:
            item["id"] = item["link"]
    return item


def _read_json(document: bytes) -> list[Item]:
    """Read JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), trusting no type in it."""
    try:
        feed = json.loads(document.removeprefix(codecs.BOM_UTF8))
    except RecursionError as error:
        raise Permanent("its JSON is nested too deeply to be a feed") from error
    except ValueError as error:
        raise Retriable("its JSON is broken or breaks off; its publisher must repair it") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise Permanent(
            "it is JSON, but no JSON Feed (it has no list `items`); look for the feed's own address"
        )
    language = _text(feed.get("language"))
    return [_from_json(item, feed, language) for item in items if isinstance(item, dict)]


def _from_json(item: Mapping[str, Any], feed: Mapping[str, Any], language: str | None) -> Item:
    markup, text = _text(item.get("content_html")), _text(item.get("content_text"))
    return {
        "id": _text(item.get("id")) or _text(item.get("url")),
        "title": _text(item.get("title")),
        "link": _text(item.get("url")) or _text(item.get("external_url")),
        "body": markup or text or _text(item.get("summary")),
        "author": _json_author(item) or _json_author(feed),
        "published": _text(item.get("date_published")) or _text(item.get("date_modified")),
        "language": _text(item.get("language")) or language,
        "kind": "html" if markup else "text",
    }


def _json_author(holder: Mapping[str, Any]) -> str | None:
    authors = holder.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else holder.get("author")
    return _text(first.get("name")) if isinstance(first, dict) else None


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
