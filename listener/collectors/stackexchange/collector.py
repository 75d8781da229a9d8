"""Listens to Stack Exchange: questions and answers that its search finds for the brands' words, and comments on demand.

The parts: service.py asks and waits as it is told, items.py reads what comes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from listener.collectors import read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, Token, searched
from listener.collectors.base import Collector, Ear, Grade, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Older
from listener.collectors.post import Delete, Edit, Event, Page, Post
from listener.collectors.stackexchange.items import SITE, counters_of, name_of, to_event
from listener.collectors.stackexchange.service import DAY, Service
from storage.durations import Duration
from storage.mention import Cursor, SetAside, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "Options", "StackExchange", "build", "to_event"]

KIND = "stackexchange"
GRADE: Grade = "silver"
AT_ONCE = 100
"""Ids that one request may name, and items that one page holds."""
QUOTA = 300
QUOTA_WITH_KEY = 10_000
MOST_WORDS = 100
# The search index lags behind what is written.
OVERLAP = 3_600
_METHODS = {"q": "/questions", "a": "/answers", "c": "/comments"}


class Options(PoliteOptions):
    """The key `sources.stackexchange` of config.yaml.

    `sites`: as the service calls them (stackoverflow, serverfault, unix); each is a source of its own. `key`: of an
    application, for 10,000 requests a day instead of 300. `comments`: whether every new comment is read too.
    """

    SHORTEST: ClassVar[int] = 300

    sites: tuple[str, ...] = Field(default=("stackoverflow",), min_length=1, max_length=50)
    key: Token | None = None
    comments: bool = False
    poll: Duration = 3_600
    url: Address = "https://api.stackexchange.com/2.3"

    @property
    def needs_words(self) -> bool:
        return True


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return a collector for each site; they share what a day allows. Raises ValueError for a site named twice."""
    sites = [site.strip().lower() for site in options.sites]
    if len(set(sites)) != len(sites) or not all(site and "/" not in site for site in sites):
        raise ValueError("sites: name each site once, by its name, as in stackoverflow")
    key = options.key.get_secret_value() if options.key else None
    service = Service(Asker(client, options.url, allow_private=options.allow_private), key)
    return [StackExchange(options, site, service, ear) for site in sites]


class StackExchange:
    """Reads one site: a search for each word, and the texts of what it finds."""

    streams = False
    at_once = AT_ONCE

    def __init__(self, options: Options, site: str, service: Service, ear: Ear) -> None:
        self._options = options
        self._site = site
        self._service = service
        self._ear = ear
        self.source = Source(f"{KIND}:{site}", KIND, 2 * options.poll + OVERLAP, Visits())
        self.poll = options.poll

    @property
    def most_calls(self) -> int:
        return 10 if self._options.key else 1

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was found since the last poll, oldest first."""
        words = searched(self._ear, MOST_WORDS)
        lanes = [Lane(f"word {word}", partial(self._search, word, now)) for word in words]
        if self._options.comments:
            lanes.append(Lane("comments", partial(self._comments, now)))
        quota = QUOTA_WITH_KEY if self._options.key else QUOTA
        # Half of what a day allows: a search that finds something is followed by up to two requests for its texts.
        share = quota * self.poll / DAY / len(self._options.sites) / 2
        pace = Pace(self._options.history, OVERLAP, asks=max(1, int(share)))
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    async def _search(self, word: str, now: int, since: int, token: Older | None) -> Listing:
        phrase = f'"{word}"' if " " in word else word
        answer = await self._service.ask("/search/excerpts", {"q": phrase, **self._newest(since, token)}, now)
        found = self._of_this_site(answer.items)
        _, aside = read_items(found, _check)
        posts, more_aside = await self._texts(found, now)
        times = [made for item in found if (made := _made(item)) is not None]
        oldest = times[-1] if times else None
        return Listing(posts, [*aside, *more_aside], oldest, _next(token) if answer.more else None)

    async def _texts(self, found: Sequence[Any], now: int) -> tuple[list[Event], list[SetAside]]:
        """What the search found, in full: it shows only excerpts, and not who wrote them. Newest first."""
        names = [name_of(item) for item in found if _made(item) is not None]
        new = [name for name in names if not self._ear.kept(name)]
        items = [item for letter in "qa" for item in await self._named(letter, new, now)]
        items.sort(key=lambda item: _made(item) or 0, reverse=True)
        return self._read(items, now)

    async def _comments(self, now: int, since: int, token: Older | None) -> Listing:
        asked = {"filter": "withbody", **self._newest(since, token)}
        answer = await self._service.ask("/comments", asked, now)
        found = self._of_this_site(answer.items)
        events, aside = self._read(found, now)
        times = [made for item in found if (made := _made(item)) is not None]
        return Listing(
            [one for one in events if self._concerns(one)],
            aside,
            times[-1] if times else None,
            _next(token) if answer.more else None,
        )

    def _concerns(self, event: Event) -> bool:
        """Comments come all of them; only some can be a mention, or the answer to one."""
        if not isinstance(event, Post):
            return True
        return self._ear.wanted(event.text, event.author_id, event.in_reply_to)

    def _newest(self, since: int, token: Older | None) -> dict[str, str | int]:
        return {
            "site": self._site,
            "fromdate": since,
            "sort": "creation",
            "order": "desc",
            "pagesize": AT_ONCE,
            "page": int(token or 1),
        }

    async def _named(self, letter: str, names: Iterable[str], now: int) -> list[Any]:
        """The items of one kind among native ids, as far as the service still has them."""
        numbers = [number for name in names for *_, kind, number in [name.split("/")] if kind == letter]
        if not numbers:
            return []
        method = _METHODS[letter]
        asked: dict[str, str | int] = {"site": self._site, "filter": "withbody", "pagesize": AT_ONCE}
        answer = await self._service.ask(f"{method}/ids", asked, now, path=f"{method}/{';'.join(numbers)}")
        return self._of_this_site(answer.items)

    def _of_this_site(self, items: Iterable[Any]) -> list[Any]:
        return [{**item, SITE: self._site} if isinstance(item, dict) else item for item in items]

    def _read(self, items: Sequence[Any], now: int) -> tuple[list[Event], list[SetAside]]:
        posts, aside = read_items(items, to_event)
        counted = [reading for item in items if (reading := counters_of(item, now)) is not None]
        return [*posts, *counted], aside

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again. What two answers in a row leave out is gone: there is no other sign of it."""
        events: list[Event] = []
        aside: list[SetAside] = []
        for letter in _METHODS:
            asked = [name for name in native_ids if name.split("/")[-2:-1] == [letter]]
            items = await self._named(letter, asked, now)
            missing = _missing(asked, items)
            again = await self._named(letter, missing, now)
            found, broken = self._read([*items, *again], now)
            events += [Edit(one) if isinstance(one, Post) else one for one in found]
            events += [Delete(name) for name in _missing(missing, again)]
            aside += broken
        return Visited(events, aside)


def _missing(asked: Iterable[str], items: Iterable[Any]) -> list[str]:
    """Which of these native ids an answer has left out."""
    named = {name_of(item) for item in items if _made(item) is not None}
    return [name for name in asked if name not in named]


def _made(item: object) -> int | None:
    """When an item was written, or None where it is not one that can be named."""
    made = item.get("creation_date") if isinstance(item, dict) else None
    try:
        return made if isinstance(item, dict) and type(made) is int and name_of(item) else None
    except (KeyError, TypeError):
        return None


def _check(item: object) -> None:
    """Refuse what is no search result."""
    if _made(item) is None:
        raise TypeError("a search result without number or date")


def _next(token: Older | None) -> int:
    return int(token or 1) + 1
