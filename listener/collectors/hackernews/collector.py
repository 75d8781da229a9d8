"""Listens to Hacker News: every story and comment through Algolia's search by date, edits and deletions by its items.

The parts: search.py asks the search, items.py looks at single items, past.py reads back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from listener.collectors.base import Collector, Ear, Grade, Retriable, Visited
from listener.collectors.hackernews.items import AGES, AT_ONCE, MOST_CALLS, Items
from listener.collectors.hackernews.past import Back, Past
from listener.collectors.hackernews.search import MOST_HITS, Found, Search, to_event
from listener.collectors.post import Edit, Event, Page
from storage.durations import Duration, format_duration
from storage.mention import Cursor, Heard, Reading, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "MOST_HITS", "OVERLAP", "SLICE", "HackerNews", "Options", "build", "to_event"]

KIND = "hackernews"
GRADE: Grade = "bronze"
SLICE = 3_600
# Items reach the search index some minutes after they are written; each poll looks back this far.
OVERLAP = 1_800
_SHORTEST_SLICE = 1
MOST_HALVINGS = 200
"""Requests of one poll that halving may cost, and a few more for each slice of a long stretch."""
_SEARCH = "https://hn.algolia.com"
_ITEMS = "https://hacker-news.firebaseio.com"

log = structlog.get_logger(__name__)


class Options(BaseModel):
    """The key `sources.hackernews` of config.yaml.

    `history` is how far back the first poll reads everything, `backfill` how far back it is searched for the brands'
    words (null: not at all). `items` is where edits and deletions are asked for (null: nowhere, which is so by
    default where `url` is another one).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    poll: Duration = 300
    history: Duration = Field(default=86_400, ge=60, le=366 * 86_400)
    backfill: Duration | None = Field(default=28 * 86_400, ge=60, le=3 * 366 * 86_400)
    url: str = _SEARCH
    items: str | None = _ITEMS
    allow_private: bool = False

    @model_validator(mode="before")
    @classmethod
    def _items_belong_to_the_search(cls, given: Any) -> Any:
        # Who searches a server of his own means its items too, never those of the public service.
        if isinstance(given, dict) and "items" not in given and given.get("url", _SEARCH) != _SEARCH:
            return {**given, "items": None}
        return given

    @field_validator("url", "items")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it needs an address that begins with http:// or https://")
        return url.strip().rstrip("/")

    @model_validator(mode="after")
    def _is_polite(self) -> Options:
        shortest = 1 if self.allow_private else 30
        if self.poll < shortest:
            raise ValueError(
                f"poll must be at least {format_duration(shortest)}, so as not to burden the server"
            )
        return self


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [HackerNews(options, client, ear)]


@dataclass
class _Place:
    """Where a poll stands; every page carries a copy of it as its cursor.

    `through`: the time through which everything was read. `baseline`: through when the first poll was to read, kept
    so that a first poll which a crash has cut in two is still one when it goes on. `waiting`: kept posts that have
    changed and are not looked at yet.
    """

    through: int
    baseline: int
    waiting: Sequence[str] = ()
    back: Back = field(default_factory=Back)

    @classmethod
    def of(cls, cursor: Cursor) -> _Place:
        # Older cursors also hold when to look at which post, which the store plans now.
        waiting = cursor.get("waiting", cursor.get("watch", {}).get("waiting", ()))
        back = Back.from_json(cursor.get("back", {}))
        return cls(int(cursor["through"]), int(cursor.get("baseline", 0)), tuple(waiting), back)

    def cursor(self) -> Cursor:
        return {
            "through": self.through,
            "baseline": self.baseline,
            "waiting": list(self.waiting),
            "back": self.back.to_json(),
        }


class HackerNews:
    """Reads all of Hacker News in slices of time; then what has changed, and reads back what is asked for."""

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        visits = Visits(AGES) if options.items else None
        self._source = Source("hackernews", KIND, lateness=2 * options.poll, visits=visits)
        self._search = Search(client, options.url, options.allow_private)
        self._items = (
            Items(client, options.items, options.allow_private, self._source.name) if options.items else None
        )
        self._past = Past(self._search, options.backfill) if options.backfill else None

    @property
    def source(self) -> Source:
        return self._source

    @property
    def streams(self) -> bool:
        return False

    @property
    def poll(self) -> int:
        return self._options.poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what is new, oldest first, then what has changed, then a part of the past.

        Each page moves the cursor: dying between two of them loses nothing.
        """
        if cursor is None:
            place = _Place(now - self._options.history, now)
            start = place.through
        else:
            place = _Place.of(cursor)
            place.through = min(place.through, now)
            start = place.through - OVERLAP
        before = None
        for stage in (self._new(place, start, now), self._changed(place, now), self._before(place, now)):
            async with aclosing(stage):
                async for page in stage:
                    before = page.next_cursor
                    yield page
        if place.cursor() != before:
            yield Page((), place.cursor())

    @property
    def at_once(self) -> int:
        return AT_ONCE

    @property
    def most_calls(self) -> int:
        return MOST_CALLS

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts by the item API. Raises Retriable and Permanent."""
        if self._items is None:
            return Visited(unseen=native_ids)
        return await self._items.visit(native_ids, now)

    async def _new(self, place: _Place, start: int, now: int) -> AsyncGenerator[Page, None]:
        stretches = [(since, min(since + SLICE, now)) for since in range(start, now, SLICE)]
        stretches.reverse()
        left = MOST_HALVINGS + 3 * len(stretches)
        missed = 0
        while stretches:
            if left <= 0:
                # Whose totals never fit would be asked about each single second, thousands of times.
                _tell_missed(missed)
                raise Retriable("the search contradicts itself: it counts items that it never shows")
            left -= 1
            since, until = stretches.pop()
            found = await self._search.ask(since, until)
            if found.lacks and until - since > _SHORTEST_SLICE:
                middle = (since + until) // 2
                stretches += [(middle, until), (since, middle)]
                continue
            missed += found.cut if found.lacks else 0
            known = not found.lacks and until > place.through
            heard = Heard(max(since, place.through), until) if known else None
            place.through = max(place.through, until)
            events = self._heard_of(found, now)
            cut = found.cut if found.lacks else 0
            yield Page(events, place.cursor(), heard, until <= place.baseline, found.aside, cut)
        _tell_missed(missed)

    async def _changed(self, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        if self._items is None:
            return
        changes = await self._items.changes(place.waiting, self._ear, now)
        place.waiting = tuple(changes.waiting)
        if changes.events or changes.aside or changes.cut:
            yield Page(changes.events, place.cursor(), None, False, changes.aside, changes.cut)

    async def _before(self, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        if self._past is None:
            return
        async with aclosing(self._past.steps(place.back, self._ear, now)) as steps:
            async for step in steps:
                place.back = step.back
                found = step.found
                if found is None:
                    yield Page((), place.cursor(), step.heard, True)
                    continue
                yield Page(self._heard_of(found, now), place.cursor(), None, True, found.aside, step.cut)

    def _heard_of(self, found: Found, now: int) -> list[Event]:
        """The posts, those that are kept as they read now, and the counters of what is kept."""
        events = [Edit(post) if self._ear.kept(post.native_id) else post for post in found.posts]
        kept = [
            (key, counters) for key, counters in found.counters.items() if counters and self._ear.kept(key)
        ]
        return [*events, *(Reading(key, now, counters) for key, counters in kept)]


def _tell_missed(missed: int) -> None:
    """Once a poll, not once a second of it."""
    if missed:
        log.warning("more items in a second than can be read", missed=missed)
