"""Listens to RSS, Atom, RDF and JSON feeds by their addresses; each feed is a source of its own."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from listener.collectors import read_items
from listener.collectors.base import Collector, Retriable
from listener.collectors.feed_document import Item, read_document
from listener.collectors.feed_window import first_heard, next_heard, remember
from listener.collectors.plain import clean, tidy, to_plain
from listener.collectors.post import LONGEST_TEXT, Page, Post
from storage.durations import Duration, format_duration
from storage.mention import Cursor, Heard, SetAside, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import Fetched, PoliteClient

KIND = "feeds"
PAGE = 500
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_LONGEST_ID = 500
_LONGEST_NAME = 200
_LONGEST_TITLE = 1_000
_LONGEST_URL = 2_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PERSON = re.compile(r"\s*[^\s()@]+@[^\s()@]+\s+\((.+)\)\s*")
_PRIMARY = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)")

log = structlog.get_logger(__name__)


class Feed(BaseModel):
    """One feed. `name` is shown instead of its address; `allow_private` reaches hosts in the own network."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(repr=False)
    name: str | None = Field(default=None, min_length=1, max_length=200)
    allow_private: bool | None = None

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url.strip())
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.port == 0:
            raise ValueError("a feed needs an address that begins with http:// or https://")
        return url.strip()

    @property
    def source_name(self) -> str:
        """Return the given name, or feed:host/path; a query string shows only as a hash, it may hold a key."""
        if self.name:
            return self.name
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port and parts.port != _DEFAULT_PORTS[parts.scheme] else ""
        query = f"#{hashlib.sha256(self.url.encode()).hexdigest()[:6]}" if parts.query else ""
        return f"feed:{parts.hostname}{port}{parts.path.rstrip('/')}{query}"


class Options(BaseModel):
    """The key `sources.feeds` of config.yaml. `urls` holds addresses, or mappings with url, name, allow_private."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    urls: tuple[Feed, ...] = ()
    poll: Duration = 900
    allow_private: bool = False

    @field_validator("urls", mode="before")
    @classmethod
    def _plain_addresses(cls, urls: object) -> object:
        if not isinstance(urls, list | tuple):
            return urls
        return [{"url": url} if isinstance(url, str) else url for url in urls]

    @model_validator(mode="after")
    def _is_polite_and_unambiguous(self) -> Options:
        shortest = 1 if self.allow_private else 30
        if self.poll < shortest:
            raise ValueError(
                f"poll must be at least {format_duration(shortest)}, so as not to burden servers"
            )
        counted = Counter(feed.source_name for feed in self.urls)
        twice = sorted(name for name, count in counted.items() if count > 1)
        if twice:
            raise ValueError(
                f"the same feed stands twice; remove one, or name them apart: {', '.join(twice)}"
            )
        return self


def build(options: Options, client: PoliteClient) -> list[Collector]:
    """Return one collector per feed."""
    return [
        FeedCollector(
            feed,
            options.poll,
            client,
            options.allow_private if feed.allow_private is None else feed.allow_private,
        )
        for feed in options.urls
    ]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one reading brought: the posts in the order of the document, and what follows for the next one."""

    posts: list[Post]
    aside: list[SetAside]
    recent: list[str]
    heard: Heard | None
    whole: bool


class FeedCollector:
    """Polls one feed. The cursor holds its validators, the time of the last reading, and hashes of its items."""

    def __init__(self, feed: Feed, poll: int, client: PoliteClient, allow_private: bool) -> None:
        self._url = feed.url
        self._client = client
        self._allow_private = allow_private
        self._poll = poll
        self._source = Source(feed.source_name, KIND, lateness=2 * poll)

    @property
    def source(self) -> Source:
        return self._source

    @property
    def poll(self) -> int:
        return self._poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncIterator[Page]:
        """Yield the items of the feed, oldest first; only the last page moves the cursor and says what was heard.

        Items are yielded again at each poll that finds the feed changed: what is known dies on its id.
        """
        before = cursor or {}
        fetched = await self._client.get(
            self._url,
            etag=before.get("etag"),
            last_modified=before.get("last_modified"),
            allow_private=self._allow_private,
            accept=ACCEPT,
        )
        digest = hashlib.sha256(fetched.body).hexdigest()[:16]
        if cursor is not None and (fetched.not_modified or digest == before.get("digest")):
            heard = Heard(before["polled_at"], now) if now > before["polled_at"] else None
            yield Page((), {**before, "polled_at": max(now, before["polled_at"])}, heard)
            return
        reading = await self._read(fetched, cursor, now)
        after: Cursor = {
            "etag": fetched.etag,
            "last_modified": fetched.last_modified,
            "digest": digest,
            "polled_at": max(now, before.get("polled_at", now)),
            "recent": reading.recent,
        }
        for page in self._paged(reading, cursor, after, now):
            yield page
        if not reading.whole:
            raise Retriable(f"its XML breaks off; the {len(reading.posts)} items before that were read")

    async def _read(self, fetched: Fetched, cursor: Cursor | None, now: int) -> _Reading:
        # In a thread: a feed of 10,000 items takes a third of a second, and the loop must not wait for it.
        return await asyncio.to_thread(_read, fetched, cursor, now, self._source.name)

    def _paged(self, reading: _Reading, old: Cursor | None, new: Cursor, now: int) -> Iterator[Page]:
        posts = sorted(
            reading.posts, key=lambda post: now if post.published_at is None else post.published_at
        )
        first = old is None
        starts = range(0, max(len(posts), 1), PAGE)
        for start in starts:
            last = start == starts[-1]
            part: Sequence[Post] = posts[start : start + PAGE]
            if last and reading.whole:
                yield Page(part, new, reading.heard, first, reading.aside)
            else:
                yield Page(part, old, None, first, reading.aside if last else ())


def _read(fetched: Fetched, cursor: Cursor | None, now: int, name: str) -> _Reading:
    document = read_document(fetched.body, fetched.content_type, fetched.url)
    posts, aside = read_items(document.items, to_post)
    skipped = len(document.items) - len(posts) - len(aside)
    if skipped or aside:
        log.info("feed items without text", source=name, skipped=skipped, set_aside=len(aside))
    if cursor is None:
        heard: Heard | None = first_heard(posts, now)
    else:
        heard = next_heard(posts, cursor["recent"], cursor["polled_at"], now)
    return _Reading(posts, aside, remember(posts, now), heard, document.whole)


def to_post(item: Item) -> Post | None:
    """Turn an item into a Post; None where it has neither title nor text."""
    plain = to_plain if item["kind"] == "html" else _as_it_is
    title = _one_line(plain(item["title"] or ""))
    body = plain(item["body"] or "")
    if not title and not body:
        return None
    text = _join(title, body)
    return Post(
        native_id=_native_id(item, text),
        text=text,
        published_at=_seconds(item["published"]),
        title=title[:_LONGEST_TITLE] or None,
        author=_author(item["author"]),
        url=_web_address(item["link"]),
        language=_language(item["language"]),
    )


def _join(title: str, body: str) -> str:
    if not body or not title or body.startswith(title):
        return (body or title)[:LONGEST_TEXT]
    # Services without titles put the beginning of the text there, shortened.
    if title.endswith(("…", "...")) and body.startswith(title.rstrip("….").rstrip()):
        return body
    return f"{title}\n\n{body}"[:LONGEST_TEXT]


def _native_id(item: Item, text: str) -> str:
    found = clean(item["id"] or item["link"] or "").strip()
    if found and len(found) <= _LONGEST_ID:
        return found
    seed = found or f"{text}\n{item['published'] or ''}"
    return hashlib.sha256(seed.encode()).hexdigest()


def _seconds(published: str | None) -> int | None:
    if not published:
        return None
    try:
        when = datetime.fromisoformat(published.strip())
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        return None


def _author(author: str | None) -> str | None:
    """Return the name; RSS writes `mail@host (Name)`."""
    found = _PERSON.fullmatch(author or "")
    return _one_line(to_plain(found.group(1) if found else author or ""))[:_LONGEST_NAME] or None


def _language(language: str | None) -> str | None:
    found = _PRIMARY.match(language or "")
    return found.group(1).lower() if found else None


def _web_address(link: str | None) -> str | None:
    address = clean(link or "").strip()
    fits = address.lower().startswith(("http://", "https://")) and len(address) <= _LONGEST_URL
    return address if fits else None


def _as_it_is(text: str) -> str:
    return tidy(clean(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
