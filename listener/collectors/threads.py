"""Listens to Threads: public posts that hold the brands' words, through its keyword search, with an approved token."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from listener.collectors import read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, Token, searched
from listener.collectors.base import Collector, Ear, Grade
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Place
from listener.collectors.plain import tidy
from listener.collectors.post import LONGEST_TEXT, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "threads"
GRADE: Grade = "silver"
OVERLAP = 3_600
MOST_A_DAY = 2_200
"""Searches that an account may make in any 24 hours; those that find nothing do not count."""
MOST_FOUND = 100
_API = "https://graph.threads.net/v1.0"
_FIELDS = "id,text,permalink,timestamp,username,is_reply,is_quote_post"


class Options(PoliteOptions):
    """The key `sources.threads` of config.yaml.

    `approved` says that Meta has approved your application for `threads_keyword_search`.
    """

    SHORTEST: ClassVar[int] = 300

    token: Token
    approved: bool = False
    history: Duration = Field(default=7 * 86_400, ge=60, le=366 * 86_400)
    url: Address = _API

    @property
    def needs_words(self) -> bool:
        return True

    @model_validator(mode="after")
    def _is_approved(self) -> Options:
        if not self.approved:
            raise ValueError(_UNAPPROVED)
        return self


_UNAPPROVED = (
    "before Meta has approved threads_keyword_search for your application, a search finds your own posts only, which "
    "would look as if nobody spoke of you; once it has, write approved: true"
)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Threads(options, client, ear)]


class Threads:
    """Asks the search for each word of the brands."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        # In a header: what stands in an address ends up in logs.
        headers = {"Authorization": f"Bearer {options.token.get_secret_value()}"}
        self._asker = Asker(client, options.url, allow_private=options.allow_private, headers=headers)
        self.source = Source(KIND, KIND, lateness=2 * options.poll)
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what the search finds of each word, oldest first."""
        asks = max(1, MOST_A_DAY * self.poll // 86_400)
        lanes = [Lane(word, partial(self._ask, word)) for word in searched(self._ear, MOST_A_DAY)]
        pace = Pace(self._options.history, OVERLAP, answers=5, asks=asks)
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    async def _ask(self, word: str, since: int, until: Place | None) -> Listing:
        parameters: dict[str, str | int] = {
            "q": word,
            "search_type": "RECENT",
            "fields": _FIELDS,
            "limit": MOST_FOUND,
            "since": since,
        }
        if until is not None:
            parameters["until"] = until
        items = await self._asker.rows("/keyword_search", parameters, "data")
        posts, aside = read_items(items, to_event)
        posts.sort(key=lambda post: post.published_at or 0, reverse=True)
        oldest = posts[-1].published_at if posts else None
        # An answer that is full may not be all; there is no other way to turn its page.
        more = len(items) >= MOST_FOUND and oldest is not None and (until is None or oldest < int(until))
        return Listing(posts, aside, oldest, oldest if more else None)


def to_event(item: Mapping[str, Any]) -> Post | None:
    """Turn a found post into a Post; None where it has no words."""
    native_id, text, author, url = (item.get(name) for name in ("id", "text", "username", "permalink"))
    if not isinstance(native_id, str) or not native_id:
        raise TypeError("id is no text")
    if not all(isinstance(value, str | None) for value in (text, author, url)):
        raise TypeError("text, username or permalink is no text")
    if not text:
        return None
    return Post(
        native_id=native_id,
        text=tidy(text)[:LONGEST_TEXT],
        published_at=int(datetime.fromisoformat(item["timestamp"]).timestamp()),
        author=author or None,
        url=url or None,
    )
