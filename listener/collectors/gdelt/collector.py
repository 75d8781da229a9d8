"""Listens to GDELT: the news of the world by title and address, and how many articles of a day name a brand.

The parts: service.py asks, articles.py reads what is listed, counts.py what is counted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from listener.collectors import read_items
from listener.collectors.asking import Address, PoliteOptions, any_of, searched
from listener.collectors.base import Collector, Ear, Grade, Retriable
from listener.collectors.gdelt.articles import seen_at, stamp, to_event
from listener.collectors.gdelt.counts import LONGEST_SEARCH, MOST_WORDS, count, days_to_count, grouped
from listener.collectors.gdelt.service import Service
from listener.collectors.lanes import Lane, Lanes, Listing, Pace, Token
from listener.collectors.post import Page
from storage.durations import Duration
from storage.mention import Cursor, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "Gdelt", "Options", "build", "to_event"]

KIND = "gdelt"
GRADE: Grade = "bronze"
MOST_RECORDS = 250
_OVERLAP = 2 * 3_600
_MOST_SEARCHED = 100


class Options(PoliteOptions):
    """The key `sources.gdelt` of config.yaml. It searches the last 90 days. `url` is another one only for tests."""

    SHORTEST = 900

    poll: Duration = 1_800
    history: Duration = Field(default=7 * 86_400, ge=60, le=90 * 86_400)
    url: Address = "https://api.gdeltproject.org"

    @property
    def needs_words(self) -> bool:
        return True


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Gdelt(options, client, ear)]


class Gdelt:
    """Reads one list for each search, and counts once a day. Its cursor is that of the lists, and the day `counted`."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._service = Service(client, options.url, allow_private=options.allow_private)
        self.source = Source(KIND, KIND, lateness=2 * options.poll + _OVERLAP)
        self.poll = options.poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the articles that are new, oldest first; then, once a day, the counts of the days before."""
        self._service.begin()
        searches = any_of(searched(self._ear, _MOST_SEARCHED), LONGEST_SEARCH, most=MOST_WORDS)
        counted = (cursor or {}).get("counted")
        place = {key: value for key, value in cursor.items() if key != "counted"} if cursor else None
        failure: Exception | None = None
        lanes = Lanes(self._ear, Pace(self._options.history, _OVERLAP, answers=10, asks=30), now)
        try:
            async with aclosing(lanes.pages([self._lane(one, now) for one in searches], place)) as pages:
                async for page in pages:
                    place = page.next_cursor
                    yield replace(page, next_cursor=_cursor(place, counted))
        except Retriable as found:
            if not found.partly:
                raise
            # Some searches are refused for good: that must not keep the days from being counted.
            failure = found
        days = days_to_count(counted, self._options.history, now)
        if days is not None and place is not None:
            figures = await count(self._service, self._ear.sought, *days)
            yield Page(figures, _cursor(place, days[1].isoformat()))
        if failure is not None:
            raise failure

    def _lane(self, search: str, now: int) -> Lane:
        async def ask(since: int, token: Token | None) -> Listing:
            until = now if token is None else int(token)
            asked: dict[str, Any] = {"mode": "artlist", "sort": "datedesc", "maxrecords": MOST_RECORDS}
            times = {"startdatetime": stamp(since), "enddatetime": stamp(until)}
            answer = await self._service.ask(grouped(search), **asked, **times)
            articles = answer.get("articles", [])
            if not isinstance(articles, list):
                raise Retriable("GDELT answered something unexpected")
            posts, aside = read_items(articles, to_event, id_key="url")
            oldest = min((at for one in articles if (at := _seen(one)) is not None), default=None)
            full = len(articles) >= MOST_RECORDS
            # Times are quarters of an hour: of one with more articles than fit, the others cannot be asked for.
            more = full and oldest is not None and since < oldest < until
            return Listing(posts, aside, oldest, oldest if more else None, cut=full and not more)

        return Lane(search, ask)


def _cursor(place: Mapping[str, Any] | None, counted: str | None) -> Cursor:
    return {**(place or {}), "counted": counted}


def _seen(article: object) -> int | None:
    try:
        return seen_at(article) if isinstance(article, Mapping) else None
    except (KeyError, TypeError, ValueError):
        return None
