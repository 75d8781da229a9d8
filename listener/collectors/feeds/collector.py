"""Listens to RSS, Atom, RDF and JSON feeds by their addresses; each feed is a source of its own."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alerts.addresses import public_url
from listener.collectors import read_items
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable
from listener.collectors.feed_document.discovery import NamesFeed
from listener.collectors.feed_document.document import read_document
from listener.collectors.feed_document.item import to_event
from listener.collectors.feeds.window import first_heard, next_heard, remember
from listener.collectors.post import Page, Post
from storage.durations import Duration, format_duration
from storage.mention import Cursor, Heard, SetAside, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import Fetched, PoliteClient

__all__ = ["GRADE", "PAGE", "Feed", "FeedCollector", "Options", "build", "to_event"]

KIND = "feeds"
GRADE: Grade = "gold"
PAGE = 500
ACCEPT = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_DEFAULT_PORTS = {"http": 80, "https": 443}

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


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
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


@dataclass(frozen=True, slots=True)
class _Look:
    """What the server gave, and from where: `found` is the address that a page named. No reading: nothing changed."""

    fetched: Fetched
    digest: str
    found: str | None
    reading: _Reading | None


def _elsewhere(cursor: Cursor | None) -> Cursor | None:
    """Return a cursor for another address of the same feed: what the old one calls unchanged says nothing there."""
    if cursor is None:
        return None
    return {key: value for key, value in cursor.items() if key not in ("etag", "last_modified", "digest")}


def _page_of(url: str) -> str:
    """What the cursor keeps of the configured address, which may hold a key."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def _host(url: str) -> str | None:
    return urlsplit(url).hostname


class FeedCollector:
    """Polls one feed. The cursor holds its validators, the time of the last reading, and hashes of its items.

    Where the address is a page, it also holds the address of the feed that the page names (`found`). All of that
    belongs to one configured address, whose hash is `page`: a named feed may be given another one.
    """

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
    def streams(self) -> bool:
        return False

    @property
    def poll(self) -> int:
        return self._poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the items of the feed, oldest first; only the last page moves the cursor and says what was heard.

        Items are yielded again at each poll that finds the feed changed: what is known dies on its id.
        """
        cursor = self._of_this_address(cursor)
        look = await self._look(cursor, now)
        reading = look.reading
        if reading is None:
            before = cursor or {}
            heard = Heard(before["polled_at"], now) if now > before["polled_at"] else None
            polled_at = max(now, before["polled_at"])
            yield Page((), {**before, "page": _page_of(self._url), "polled_at": polled_at}, heard)
            return
        after: Cursor = {
            "etag": look.fetched.etag,
            "last_modified": look.fetched.last_modified,
            "digest": look.digest,
            "polled_at": max(now, (cursor or {}).get("polled_at", now)),
            "recent": reading.recent,
            "page": _page_of(self._url),
        }
        if look.found is not None:
            after["found"] = look.found
        for page in self._paged(reading, cursor, after, now):
            yield page
        if not reading.whole:
            raise Retriable(f"its XML breaks off; the {len(reading.posts)} items before that were read")

    def _of_this_address(self, cursor: Cursor | None) -> Cursor | None:
        """Leave out what was learned at another address, or the feed found there would be read for ever."""
        if cursor is None or cursor.get("page", _page_of(self._url)) == _page_of(self._url):
            return cursor
        return {key: value for key, value in (_elsewhere(cursor) or {}).items() if key != "found"}

    async def _look(self, cursor: Cursor | None, now: int) -> _Look:
        """Read the feed at its address; where that is a page, the feed that the page names."""
        found = None if cursor is None else cursor.get("found")
        gone: Permanent | None = None
        if found is not None:
            try:
                return await self._ask(found, cursor, now)
            except Permanent as failure:
                gone = failure
        try:
            return await self._ask(None, cursor if found is None else _elsewhere(cursor), now)
        except NamesFeed as page:
            if gone is not None and page.address == found:
                raise gone from None
            address = page.address
        look = await self._follow(address, cursor, now)
        log.info("feed found on a page", source=self._source.name, feed=public_url(address))
        return look

    async def _follow(self, address: str, cursor: Cursor | None, now: int) -> _Look:
        try:
            return await self._ask(address, _elsewhere(cursor), now)
        except NamesFeed as failure:
            named = public_url(address)
            raise Permanent(
                f"it is an HTML page that names {named} as its feed, and that is a page too"
            ) from failure

    async def _ask(self, found: str | None, cursor: Cursor | None, now: int) -> _Look:
        before = cursor or {}
        fetched = await self._client.get(
            self._url if found is None else self._with_login(found),
            etag=before.get("etag"),
            last_modified=before.get("last_modified"),
            # A page may name any address: only what the operator wrote down may be a private one.
            allow_private=self._allow_private and (found is None or _host(found) == _host(self._url)),
            accept=ACCEPT,
        )
        digest = hashlib.sha256(fetched.body).hexdigest()[:16]
        if cursor is not None and (fetched.not_modified or digest == before.get("digest")):
            return _Look(fetched, digest, found, None)
        # In a thread: a feed of 10,000 items takes a third of a second, and the loop must not wait for it.
        reading = await asyncio.to_thread(_read, fetched, cursor, now, self._source.name)
        return _Look(fetched, digest, found, reading)

    def _with_login(self, found: str) -> str:
        """Send the configured user name and password along, to the server that they were written for only."""
        ours, theirs = urlsplit(self._url), urlsplit(found)
        login, _, host = ours.netloc.rpartition("@")
        if not login or (ours.scheme, host.lower()) != (theirs.scheme, theirs.netloc.lower()):
            return found
        return urlunsplit(theirs._replace(netloc=f"{login}@{theirs.netloc}"))

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
    posts, aside = read_items(document.items, to_event)
    skipped = len(document.items) - len(posts) - len(aside)
    if skipped or aside:
        log.info("feed items without text", source=name, skipped=skipped, set_aside=len(aside))
    if cursor is None:
        heard: Heard | None = first_heard(posts, now)
    else:
        heard = next_heard(posts, cursor["recent"], cursor["polled_at"], now)
    return _Reading(posts, aside, remember(posts, now), heard, document.whole)
