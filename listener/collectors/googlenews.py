"""Listens to Google News: search feeds by language and country. Unofficial, so off until its terms are accepted.

Kept of an article are its title, its address and its date; nobody reads the article itself.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import AfterValidator, Field, model_validator

from listener.collectors import read_items
from listener.collectors.asking import Address, PoliteOptions, any_of, searched
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable
from listener.collectors.feed_document import item as feed_item
from listener.collectors.feed_document.document import Document, Item, read_document
from listener.collectors.lanes import Lane, Lanes, Listing, Pace, Token
from listener.collectors.post import Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import Fetched, PoliteClient

KIND = "googlenews"
GRADE: Grade = "bronze"
TERMS = (
    "Google offers no interface to Google News: these are the feeds of its site, made for a person's feed reader, and"
    " they may change or stop at any time. Google's terms of service (https://policies.google.com/terms) forbid"
    " automated access against the instructions of its robots.txt, and where Google has licensed its feeds at all, it"
    " was for personal, non-commercial use. Whether your use is allowed you must judge yourself."
)
_SITE = "https://news.google.com"
_OVERLAP = 3 * 3_600
"""An article is often found some time after the hour that it bears."""
_FULL = 100
"""Articles that a feed shows at most; nobody promises which ones, where there are more."""
_LONGEST_SEARCH = 150
_MOST_WORDS = 8
_MOST_SEARCHED = 100
_LONGEST_URL = 2_000
_EDITION = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,4})?-[A-Za-z]{2}", re.ASCII)
_HOUR, _DAY = 3_600, 86_400


def _edition(name: str) -> str:
    if _EDITION.fullmatch(name.strip()) is None:
        raise ValueError("an edition is a language and a country, as in en-US, es-ES or es-419-MX")
    language, _, country = name.strip().rpartition("-")
    return f"{language}-{country.upper()}"


Edition = Annotated[str, AfterValidator(_edition)]


class Options(PoliteOptions):
    """The key `sources.googlenews` of config.yaml.

    `accept_terms`: it is off without `true`. `editions`: languages with their countries; each is asked for each search.
    `url` is another one only for tests.
    """

    SHORTEST = 300

    accept_terms: Literal[True]
    editions: tuple[Edition, ...] = Field(default=("en-US",), min_length=1, max_length=30)
    poll: Duration = 1_800
    history: Duration = Field(default=7 * _DAY, ge=60, le=30 * _DAY)
    url: Address = _SITE

    @property
    def needs_words(self) -> bool:
        return True

    @model_validator(mode="before")
    @classmethod
    def _accepts_the_terms(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("accept_terms") is not True:
            raise ValueError(f"it is off until it says accept_terms: true. {TERMS}")
        return given


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [GoogleNews(options, client, ear)]


class GoogleNews:
    """Reads one list for each edition and search."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self.source = Source(KIND, KIND, lateness=2 * options.poll + _OVERLAP)
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the articles that are new, oldest first."""
        searches = any_of(searched(self._ear, _MOST_SEARCHED), _LONGEST_SEARCH, most=_MOST_WORDS)
        editions = dict.fromkeys(self._options.editions)
        lanes = [self._lane(edition, search, now) for edition in editions for search in searches]
        pause = 0.0 if self._options.allow_private else 2.0
        pace = Pace(self._options.history, _OVERLAP, answers=1, asks=60, pause=pause)
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    def _lane(self, edition: str, search: str, now: int) -> Lane:
        async def ask(since: int, token: Token | None) -> Listing:
            fetched = await self._feed(edition, f"{search} when:{_back(now - since)}")
            # In a thread: the parser that sees publishers takes a tenth of a second, and the loop must not wait.
            document = await asyncio.to_thread(_read, fetched)
            items = [{**item, "language": edition} for item in document.items]
            posts, aside = read_items(items, to_event)
            # They stand in no order of time, so that a full answer does not even say when it begins.
            return Listing(posts, aside, cut=len(items) >= _FULL)

        return Lane(f"{edition} {search}", ask)

    async def _feed(self, edition: str, search: str) -> Fetched:
        language, _, country = edition.rpartition("-")
        where = {
            "hl": language if "-" in language else edition,
            "gl": country,
            "ceid": f"{country}:{language}",
        }
        return await self._client.get(
            f"{self._options.url}/rss/search?{urlencode({'q': search, **where})}",
            allow_private=self._options.allow_private,
            accept="application/rss+xml, application/xml;q=0.9",
        )


def _back(seconds: int) -> str:
    """How far back to ask, as the search writes it."""
    return f"{math.ceil(seconds / _HOUR)}h" if seconds <= _DAY else f"{math.ceil(seconds / _DAY)}d"


def _read(fetched: Fetched) -> Document:
    try:
        document = read_document(fetched.body, fetched.content_type, fetched.url, sources=True)
    except Permanent as failure:
        raise Permanent(
            "Google answers with no feed but perhaps with a page that asks for consent"
        ) from failure
    if not document.whole:
        raise Retriable("the feed of Google News breaks off")
    return document


def to_event(item: Item) -> Post | None:
    """Turn an article into a Post; None where it has no title.

    Google's own link only leads on to the article. So that `site:` and counts of publishers work, the address is the
    publisher's site, with Google's link behind a #.
    """
    post = feed_item.to_event({**item, "body": None, "author": item.get("source")})
    if post is None or post.title is None:
        return None
    # The publisher stands behind each title; a brand that publishes is not named by its own articles.
    title = (post.title.removesuffix(f" - {post.author}") if post.author else post.title) or post.title
    return replace(post, text=title, title=title, url=_address(item.get("source_url"), post.url or ""))


def _address(site: str | None, link: str) -> str | None:
    try:
        parts = urlsplit((site or "").strip())
    except ValueError:
        return link or None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return link or None
    address = f"{parts.scheme}://{parts.netloc}/"
    return f"{address}#{link}" if link and len(address) + len(link) < _LONGEST_URL else address
