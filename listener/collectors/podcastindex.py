"""Listens to podcasts: titles and descriptions of new episodes, through the Podcast Index, with a free key.

Every episode that the index learns of is read, and the brands are found here: the index does not learn whom you
listen for.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from listener.collectors import fields, read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, Token
from listener.collectors.base import Collector, Ear, Grade
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Place
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "podcastindex"
GRADE: Grade = "silver"
MOST_EPISODES = 1_000
"""Episodes of one answer: the most that the service gives."""
OVERLAP = 3_600
_API = "https://api.podcastindex.org/api/1.0"
_RECENT = "/recent/episodes"


class Options(PoliteOptions):
    """The key `sources.podcastindex` of config.yaml. `key` and `secret` are free, from api.podcastindex.org."""

    SHORTEST: ClassVar[int] = 300

    key: Token
    secret: Token
    history: Duration = Field(default=6 * 3_600, ge=60, le=7 * 86_400)
    url: Address = _API


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [PodcastIndex(options, client, ear)]


class PodcastIndex:
    """Walks back through the newest episodes of all podcasts until it meets what it has read before."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self.source = Source(KIND, KIND, lateness=2 * options.poll + OVERLAP)
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the episodes that may concern us, oldest first."""
        asker = self._asker(now)

        async def ask(since: int, before: Place | None) -> Listing:
            more = {} if before is None else {"before": before}
            items = await asker.rows(_RECENT, {"max": MOST_EPISODES, "fulltext": "true", **more}, "items")
            return self._listing(items)

        lanes = Lanes(self._ear, Pace(self._options.history, OVERLAP, answers=20), now)
        return lanes.pages([Lane("episodes", ask)], cursor)

    def _asker(self, now: int) -> Asker:
        key, secret = self._options.key.get_secret_value(), self._options.secret.get_secret_value()
        # The service's own way to sign: https://podcastindex-org.github.io/docs-api/#auth
        signature = hashlib.sha1(f"{key}{secret}{now}".encode()).hexdigest()  # noqa: S324
        headers = {"X-Auth-Key": key, "X-Auth-Date": str(now), "Authorization": signature}
        return Asker(
            self._client, self._options.url, allow_private=self._options.allow_private, headers=headers
        )

    def _listing(self, items: list[Any]) -> Listing:
        posts, aside = read_items(items, to_event)
        wanted = [post for post in posts if self._ear.wanted(post.text, post.author_id)]
        last = items[-1] if items and isinstance(items[-1], Mapping) else {}
        # Episodes stand in the order in which the index found them; when they were published is another matter.
        found = last.get("dateCrawled") or last.get("datePublished")
        number = last.get("id")
        more = number if len(items) >= MOST_EPISODES and type(number) is int else None
        return Listing(wanted, aside, oldest=found if type(found) is int else None, next=more)


def to_event(item: Mapping[str, Any]) -> Post | None:
    """Turn an episode into a Post: its title and description; None where it has neither. By its podcast."""
    title, description = (
        to_plain(fields.text(item, "title") or ""),
        to_plain(fields.text(item, "description") or ""),
    )
    text = "\n\n".join(part for part in (title, description) if part)[:LONGEST_TEXT]
    if not text:
        return None
    feed = item.get("feedId")
    published = item["datePublished"]
    if type(item["id"]) is not int or type(published) is not int:
        raise TypeError("id or datePublished is no number")
    return Post(
        native_id=str(item["id"]),
        text=text,
        published_at=published or None,
        title=title or None,
        author=fields.text(item, "feedTitle"),
        url=fields.text(item, "link") or fields.text(item, "enclosureUrl"),
        language=fields.text(item, "feedLanguage"),
        author_id=None if feed is None else str(feed),
    )
