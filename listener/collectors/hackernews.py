"""Listens to Hacker News: every story and comment, through Algolia's search by date (https://hn.algolia.com/api)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alerts.addresses import public_url
from listener.collectors import read_items
from listener.collectors.base import Collector, Retriable
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Page, Post
from storage.durations import Duration, format_duration
from storage.mention import Cursor, Heard, SetAside, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "hackernews"
MOST_HITS = 1_000
SLICE = 3_600
# Items reach the search index some minutes after they are written; each poll looks back this far.
OVERLAP = 1_800
_SHORTEST_SLICE = 1
_MOST_BYTES = 64_000_000

log = structlog.get_logger(__name__)


class Options(BaseModel):
    """The key `sources.hackernews` of config.yaml. `history` is how far back the first poll reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    poll: Duration = 300
    history: Duration = Field(default=86_400, ge=60, le=366 * 86_400)
    url: str = "https://hn.algolia.com"
    allow_private: bool = False

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url needs an address that begins with http:// or https://")
        return url.strip().rstrip("/")

    @model_validator(mode="after")
    def _is_polite(self) -> Options:
        shortest = 1 if self.allow_private else 30
        if self.poll < shortest:
            raise ValueError(
                f"poll must be at least {format_duration(shortest)}, so as not to burden the server"
            )
        return self


def build(options: Options, client: PoliteClient) -> list[Collector]:
    """Return the one collector of this source."""
    return [HackerNews(options, client)]


@dataclass(frozen=True, slots=True)
class _Slice:
    """What the search gave for one stretch of time; `total` is how much it has."""

    posts: list[Post]
    aside: list[SetAside]
    hits: int
    total: int


class HackerNews:
    """Reads all of Hacker News in slices of time. The cursor holds the time through which it has been read."""

    def __init__(self, options: Options, client: PoliteClient) -> None:
        self._options = options
        self._client = client
        self._source = Source("hackernews", KIND, lateness=2 * options.poll)

    @property
    def source(self) -> Source:
        return self._source

    @property
    def poll(self) -> int:
        return self._options.poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncIterator[Page]:
        """Yield a page per slice, oldest first, each moving the cursor: dying between two of them loses nothing."""
        through = now - self._options.history if cursor is None else min(int(cursor["through"]), now)
        start = through if cursor is None else through - OVERLAP
        # Kept in the cursor, so that a first poll which a crash has cut in two is still one when it goes on.
        baseline = now if cursor is None else int(cursor.get("baseline", 0))
        stretches = [(since, min(since + SLICE, now)) for since in range(start, now, SLICE)]
        stretches.reverse()
        while stretches:
            since, until = stretches.pop()
            found = await self._ask(since, until)
            cut = _incomplete(found)
            if cut:
                if until - since > _SHORTEST_SLICE:
                    middle = (since + until) // 2
                    stretches += [(middle, until), (since, middle)]
                    continue
                log.warning("more items in a second than can be read", missed=found.total - found.hits)
            heard = None if cut or until <= through else Heard(max(since, through), until)
            next_cursor = {"through": max(through, until), "baseline": baseline}
            yield Page(found.posts, next_cursor, heard, until <= baseline, found.aside)

    async def _ask(self, since: int, until: int) -> _Slice:
        # No query: what is said about a brand is found here, so that a changed query needs no other requests.
        asked = {
            "tags": "(story,comment)",
            "numericFilters": f"created_at_i>={since},created_at_i<{until}",
            "hitsPerPage": MOST_HITS,
        }
        url = f"{self._options.url}/api/v1/search_by_date?{urlencode(asked)}"
        fetched = await self._client.get(
            url, allow_private=self._options.allow_private, accept="application/json", max_bytes=_MOST_BYTES
        )
        try:
            return await asyncio.to_thread(_read, fetched.body)
        except (ValueError, RecursionError) as error:
            raise Retriable(f"{public_url(url)} answered something that is no search result") from error


def _incomplete(found: _Slice) -> bool:
    """Tell whether a slice must be halved. `total` may be an estimate, so a few that lack are no reason."""
    return found.total > MOST_HITS or found.total - found.hits > max(1, found.total // 50)


def _read(body: bytes) -> _Slice:
    answer = json.loads(body)
    hits = answer.get("hits") if isinstance(answer, dict) else None
    total = answer.get("nbHits") if isinstance(answer, dict) else None
    if not isinstance(hits, list) or not isinstance(total, int):
        raise ValueError("no list `hits` or no number `nbHits`")
    posts, aside = read_items(hits, to_post, id_key="objectID")
    posts.sort(key=lambda post: post.published_at or 0)
    return _Slice(posts, aside, len(hits), total)


def to_post(hit: Mapping[str, Any]) -> Post | None:
    """Turn a search hit into a Post; None where it is deleted or empty.

    The text of a comment is its own only: with its story's title in it, every comment would name the brand.
    """
    native_id = str(hit["objectID"])
    title = to_plain(hit.get("title") or "") or None
    body = to_plain(hit.get("comment_text") or hit.get("story_text") or "")
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    parent, author = hit.get("parent_id"), hit.get("author") or None
    if not isinstance(author, str | None):
        # Set aside with its item; further on it would end the daemon, at each new start again.
        raise TypeError("author is no text")
    return Post(
        native_id=native_id,
        text=text,
        published_at=int(hit["created_at_i"]),
        title=title,
        author=author,
        url=f"https://news.ycombinator.com/item?id={native_id}",
        in_reply_to=None if parent is None else str(parent),
        thread=str(hit.get("story_id") or native_id),
    )
