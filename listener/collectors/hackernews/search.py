"""Asks Algolia's search by date over Hacker News (https://hn.algolia.com/api), and reads what it finds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from alerts.addresses import public_url
from listener.collectors import read_items
from listener.collectors.base import Retriable
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Post
from storage.mention import SetAside

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

MOST_HITS = 1_000
ANYTHING = "(story,comment)"
_MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What the search gave for one stretch of time.

    `total` is how much it says that it has, `room` how many hits it puts on a page, `counters` what it counts by id.
    """

    posts: list[Post]
    aside: list[SetAside]
    counters: Mapping[str, Mapping[str, int]]
    hits: int
    total: int
    room: int

    @property
    def cut(self) -> int:
        """How many items were not shown."""
        return max(0, self.total - self.hits)

    @property
    def lacks(self) -> bool:
        """Tell whether a stretch without any query must be halved: what is counted there is nearly exact."""
        return self.total > MOST_HITS or self.total - self.hits > max(1, self.total // 50)

    @property
    def full(self) -> bool:
        """Tell whether a stretch of a query must be halved. Totals of phrases are estimates, a full page is not."""
        return self.hits >= min(self.room, MOST_HITS) and self.total > self.hits


class Search:
    """The search service at one address."""

    def __init__(self, client: PoliteClient, url: str, allow_private: bool) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private

    async def ask(self, since: int, until: int, asked: Mapping[str, str] | None = None) -> Found:
        """Return what was written in [since, until), of what `asked` says more. Raises Retriable, Permanent."""
        parameters = {
            "tags": ANYTHING,
            "numericFilters": f"created_at_i>={since},created_at_i<{until}",
            "hitsPerPage": MOST_HITS,
            **(asked or {}),
        }
        url = f"{self._url}/api/v1/search_by_date?{urlencode(parameters)}"
        fetched = await self._client.get(
            url, allow_private=self._allow_private, accept="application/json", max_bytes=_MOST_BYTES
        )
        try:
            return await asyncio.to_thread(_read, fetched.body)
        except (ValueError, RecursionError) as error:
            raise Retriable(f"{public_url(url)} answered something that is no search result") from error


def _read(body: bytes) -> Found:
    answer = json.loads(body)
    hits = answer.get("hits") if isinstance(answer, dict) else None
    total = answer.get("nbHits") if isinstance(answer, dict) else None
    if not isinstance(hits, list) or not isinstance(total, int):
        raise ValueError("no list `hits` or no number `nbHits`")
    posts, aside = read_items(hits, to_event, id_key="objectID")
    posts.sort(key=lambda post: post.published_at or 0)
    counters = {str(hit["objectID"]): found for hit in hits if (found := _counters(hit))}
    room = answer.get("hitsPerPage")
    return Found(posts, aside, counters, len(hits), total, room if isinstance(room, int) else MOST_HITS)


def to_event(hit: Mapping[str, Any]) -> Post | None:
    """Turn a search hit into a Post; None where it is deleted or empty.

    The text of a comment is its own only: with its story's title in it, every comment would name the brand.
    """
    native_id = str(hit["objectID"])
    title, text = said(hit.get("title"), hit.get("comment_text") or hit.get("story_text"))
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
        url=page_of(native_id),
        in_reply_to=None if parent is None else str(parent),
        thread=str(hit.get("story_id") or native_id),
    )


def said(title: str | None, body: str | None) -> tuple[str | None, str]:
    """Return title and text in plain words; the text includes the title."""
    plain = to_plain(title or "") or None
    return plain, "\n\n".join(part for part in (plain, to_plain(body or "")) if part)[:LONGEST_TEXT]


def page_of(native_id: str) -> str:
    """Where people read it."""
    return f"https://news.ycombinator.com/item?id={native_id}"


def _counters(hit: object) -> dict[str, int]:
    """What is counted of a story; comments have no counters."""
    if not isinstance(hit, Mapping) or not isinstance(hit.get("objectID"), str | int):
        return {}
    found = {"points": hit.get("points"), "comments": hit.get("num_comments")}
    return {name: count for name, count in found.items() if type(count) is int}
