"""Listens to YouTube: videos that a search finds within a day's quota, their comments, and the brands' channels.

The parts: service.py asks YouTube, quota.py counts what is asked, resources.py and reader.py read what it answers,
channels.py knows the brands' channels, comments.py reads under videos, visiting.py looks at kept posts again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from listener.collectors.asking import Address, PoliteOptions, Token, any_of, searched
from listener.collectors.base import Collector, Ear, Grade, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as After
from listener.collectors.post import Page
from listener.collectors.youtube import visiting
from listener.collectors.youtube.channels import Channels
from listener.collectors.youtube.comments import Comments, Watch
from listener.collectors.youtube.quota import Quota, spread
from listener.collectors.youtube.reader import Reader
from listener.collectors.youtube.resources import as_time, identity, seconds, to_event
from listener.collectors.youtube.service import MOST_IDS, Service
from storage.durations import Duration
from storage.mention import Cursor, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "Options", "YouTube", "build", "to_event"]

KIND = "youtube"
GRADE: Grade = "gold"
DUTY = 29 * 86_400
"""YouTube wants what is kept refreshed or deleted within 30 days; a day is left for a failing service."""
OVERLAP = 3 * 3_600
# Not in the documentation: longer questions than this are cut or refused by the site's own search.
LONGEST_QUERY = 300
MOST_WORDS = 500
_SEARCHES = 10
"""Answers of one search in a poll, fifty videos each: more than five hundred YouTube never shows."""
_ANSWERS = 5
_MOST_VISITS = 9


class Options(PoliteOptions):
    """The key `sources.youtube` of config.yaml.

    `searches` and `units`: what the key's project has a day. `comments`: how long after a found video was published
    what is said under it is read (null: not at all). `url`: where the API is; another one only for tests.
    """

    SHORTEST = 300

    key: Token
    poll: Duration = 3_600
    searches: int = Field(default=100, ge=1, le=1_000_000)
    units: int = Field(default=10_000, ge=100, le=100_000_000)
    comments: Duration | None = Field(default=14 * 86_400, ge=3_600, le=366 * 86_400)
    url: Address = "https://www.googleapis.com/youtube/v3"

    @property
    def needs_words(self) -> bool:
        return True

    @model_validator(mode="after")
    def _is_safe(self) -> Options:
        if not self.allow_private and not self.url.startswith("https://"):
            raise ValueError("url must begin with https://, or the key could be read on the way")
        return self


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [YouTube(options, client, ear)]


@dataclass
class _Place:
    """Where a poll stands; every page carries it as its cursor. `own`, `found`: places of two kinds of lanes."""

    quota: Quota
    channels: Channels
    own: dict[str, Any] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)

    @classmethod
    def of(cls, cursor: Cursor | None, quota: Quota, handles: Sequence[str]) -> _Place:
        value: dict[str, Any] = cursor or {}
        quota.learn(Quota.from_json(value.get("quota", {})))
        channels = Channels.from_json(value.get("channels", {}), handles)
        watch = Watch.from_json(value.get("watch", {}))
        return cls(quota, channels, value.get("own", {}), value.get("found", {}), watch)

    def cursor(self, handles: Sequence[str]) -> Cursor:
        return {
            "quota": self.quota.to_json(),
            "channels": self.channels.to_json(handles),
            "own": self.own,
            "found": self.found,
            "watch": self.watch.to_json(),
        }


class YouTube:
    """Searches as often as a day's quota allows; reads comments and channels in between."""

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._source = Source("youtube", KIND, lateness=_lateness(options, ear), visits=Visits(every=DUTY))
        limits = (options.searches, options.units)
        self._service = Service(client, options.url, options.key, limits, options.allow_private)
        self._owners: dict[str, str] = {}

    @property
    def source(self) -> Source:
        return self._source

    @property
    def streams(self) -> bool:
        return False

    @property
    def poll(self) -> int:
        return self._options.poll

    @property
    def at_once(self) -> int:
        return MOST_IDS

    @property
    def most_calls(self) -> int:
        return _MOST_VISITS

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again. Raises Retriable and Permanent."""
        reader = Reader(self._service, self._ear, self._owners, now)
        return await visiting.visit(self._service, reader, native_ids, now)

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what the brands' channels say and are told, what the searches find, and what is said under that."""
        handles = self._handles()
        place = _Place.of(cursor, self._service.quota, handles)
        self._service.quota.begin(now)
        stages = (self._followers(place, now), self._own(place, now), self._found(place, now))
        for stage in (*stages, self._comments(place, now)):
            async with aclosing(stage):
                async for page in stage:
                    first = cursor is None or page.first
                    yield replace(page, next_cursor=place.cursor(handles), first=first)
        if place.cursor(handles) != cursor or place.watch.left_out:
            yield Page((), place.cursor(handles), first=cursor is None, cut=place.watch.left_out)

    def _handles(self) -> list[str]:
        return sorted({handle.strip().lstrip("@") for handle in self._ear.handles} - {""})

    async def _followers(self, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        handles, day = self._handles(), datetime.fromtimestamp(now, UTC).date().isoformat()
        if handles and place.channels.day != day:
            figures = await place.channels.look_up(self._service, handles, now)
            yield Page(figures, None)
        self._owners = place.channels.owners
        self._ear.know(list(self._owners))

    async def _own(self, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        """What the channels upload and are told. Their own coverage is not that of the source: a search's is."""
        reader = Reader(self._service, self._ear, self._owners, now)
        lanes = place.channels.lanes(self._service, reader, now)
        pace = Pace(self._options.history, OVERLAP, _ANSWERS)
        async with aclosing(Lanes(self._ear, pace, now).pages(lanes, place.own)) as pages:
            async for page in pages:
                place.own = page.next_cursor or {}
                yield replace(page, heard=None)

    async def _found(self, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        """What the searches find: as many of them as have their time, those that waited longest first."""
        reader = Reader(self._service, self._ear, self._owners, now)
        queries = any_of(searched(self._ear, MOST_WORDS), LONGEST_QUERY, either="|")
        lanes = [self._lane(query, reader, now) for query in queries]
        may = max(0, spread(self._options.searches, now) - place.quota.searches)
        pace = Pace(self._options.history, OVERLAP, _SEARCHES, lanes=may)
        async with aclosing(Lanes(self._ear, pace, now).pages(lanes, place.found)) as pages:
            async for page in pages:
                place.found = page.next_cursor or {}
                yield page
                # What is said under the brands' own videos comes with their channels.
                others = [post for post in page.posts if post.author_id not in self._owners]
                place.watch.see(others, self._ear, now, self._options.comments or 0)

    def _lane(self, query: str, reader: Reader, now: int) -> Lane:
        async def ask(since: int, token: After | None) -> Listing:
            if token is not None and self._service.quota.searches >= self._options.searches:
                # What was found so far is worth more than a failure; what lies behind it counts as not heard.
                return Listing(cut=True)
            asked: dict[str, str | int] = {
                "part": "snippet",
                "type": "video",
                "order": "date",
                "maxResults": MOST_IDS,
                "q": query,
                "publishedAfter": as_time(since),
            }
            answer = await self._service.search(
                asked if token is None else {**asked, "pageToken": token}, now
            )
            found = [place for item in answer.items if (place := _found(item)) is not None]
            events, aside = await reader.videos([name for name, _ in found])
            return Listing(events, aside, found[-1][1] if found else None, answer.next)

        return Lane(f"search {query}", ask)

    async def _comments(self, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        if self._options.comments is None:
            return
        reader = Reader(self._service, self._ear, self._owners, now)
        comments = Comments(self._service, reader, self._ear, now)
        async with aclosing(comments.round(place.watch, self._options.poll)) as pages:
            async for page in pages:
                yield page


def _lateness(options: Options, ear: Ear | None) -> int:
    """How long after its publication a video may arrive: until its search has its turn, twice."""
    searches = [] if ear is None else any_of(list(ear.searches), LONGEST_QUERY, either="|")
    return 2 * max(options.poll, 86_400 * len(searches) // options.searches)


def _found(item: Any) -> tuple[str, int] | None:
    """The id of a found video and when it was published. What is no video has none."""
    try:
        return identity(item["id"]["videoId"]), seconds(item["snippet"]["publishedAt"])
    except (KeyError, TypeError, ValueError):
        return None
