"""Listens to GitHub: issues by its search, all issues and comments of named repositories, discussions with a token.

The parts: service.py asks, items.py reads what comes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from listener.collectors import fields, read_items
from listener.collectors.asking import Address, PoliteOptions, Token, any_of, searched
from listener.collectors.base import Collector, Ear, Grade, Permanent, Visited
from listener.collectors.github.items import NATIVE, counters_of, name_of, to_event
from listener.collectors.github.service import Service
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Older
from listener.collectors.post import Delete, Edit, Event, Figure, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, SetAside, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "GitHub", "Options", "build", "to_event"]

KIND = "github"
GRADE: Grade = "silver"
LIMIT = 100
MOST_WORDS = 100
# A query has at most 256 characters and five operators.
LONGEST_QUERY = 160
MOST_OF_A_QUERY = 5
# The search index lags behind what is written.
OVERLAP = 3_600
_GONE = frozenset({404, 410})


def _repository(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII):
        raise ValueError("it needs a repository by its full name, as in owner/name")
    return name


class Options(PoliteOptions):
    """The key `sources.github` of config.yaml.

    `token`: 30 searches a minute instead of 10, and discussions. `repositories`: whose issues and comments are read,
    all of them. `pulls`: whether pull requests are read too. `followers`: whether those of the brands' accounts are
    counted once a day.
    """

    SHORTEST: ClassVar[int] = 300

    token: Token | None = None
    repositories: tuple[Annotated[str, AfterValidator(_repository)], ...] = Field(default=(), max_length=100)
    pulls: bool = False
    followers: bool = True
    poll: Duration = 900
    history: Duration = Field(default=7 * 86_400, ge=86_400, le=366 * 86_400)
    url: Address = "https://api.github.com"

    @property
    def needs_words(self) -> bool:
        return True


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [GitHub(options, client, ear)]


class GitHub:
    """Reads what searches find, then named repositories; visits what is kept one by one."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._token = options.token.get_secret_value() if options.token else None
        self._service = Service(client, options.url, self._token, allow_private=options.allow_private)
        self.source = Source(KIND, KIND, 2 * options.poll + OVERLAP, Visits())
        self.poll = options.poll

    @property
    def at_once(self) -> int:
        return 10 if self._token else 5

    @property
    def most_calls(self) -> int:
        return 5 if self._token else 1

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was written since the last poll, oldest first within each list."""
        # Searches: 30 a minute with a token, else 10; everything else: 5,000 an hour, else 60.
        pause = 0.0 if self._options.allow_private else 2.1 if self._token else 6.1
        pace = Pace(self._options.history, OVERLAP, asks=200 if self._token else 10, pause=pause)
        return Lanes(self._ear, pace, now).pages(self._lanes(now), cursor)

    def _lanes(self, now: int) -> list[Lane]:
        words = searched(self._ear, MOST_WORDS)
        kinds = ("issue", "pull-request") if self._options.pulls else ("issue",)
        lanes = [
            Lane(f"{kind} {terms}", partial(self._search, terms, kind, now))
            for terms in any_of(words, LONGEST_QUERY, most=MOST_OF_A_QUERY)
            for kind in kinds
        ]
        if self._token:
            found = any_of(words, LONGEST_QUERY, most=1)
            lanes += [Lane(f"discussion {term}", partial(self._discussions, term, now)) for term in found]
        for name in self._options.repositories:
            lanes.append(Lane(f"{name} issues", partial(self._of_repository, name, "issues", now)))
            lanes.append(Lane(f"{name} comments", partial(self._of_repository, name, "issues/comments", now)))
        if self._options.followers:
            handles = [handle.lstrip("@") for handle in self._ear.handles]
            lanes += [
                Lane(f"followers {handle}", partial(self._followers, handle, now)) for handle in handles
            ]
        return lanes

    async def _search(self, terms: str, kind: str, now: int, since: int, token: Older | None) -> Listing:
        page = int(token or 1)
        query = f"({terms}) in:title,body is:{kind} created:>={_iso(since)}"
        asked: dict[str, str | int] = {
            "q": query,
            "sort": "created",
            "order": "desc",
            "advanced_search": "true",
        }
        answer = await self._service.get("/search/issues", {**asked, "per_page": LIMIT, "page": page})
        items = answer.get("items") if isinstance(answer, dict) else None
        # A search that gave up before its end says so; what it has left out must not count as heard.
        if not isinstance(items, list) or answer.get("incomplete_results") is True:
            raise self._service.strange("/search/issues")
        return self._listing(items, "created_at", page + 1 if len(items) >= LIMIT else None, now)

    async def _discussions(self, term: str, now: int, since: int, token: Older | None) -> Listing:
        query = f"{term} in:title,body created:>={_iso(since)} sort:created-desc"
        nodes, after = await self._service.discussions(query, None if token is None else str(token))
        return self._listing(nodes, "createdAt", after, now)

    async def _of_repository(
        self, name: str, path: str, now: int, since: int, token: Older | None
    ) -> Listing:
        page = int(token or 1)
        asked: dict[str, str | int] = {
            "sort": "created",
            "direction": "desc",
            "since": _iso(since),
            "per_page": LIMIT,
            "page": page,
        }
        if path == "issues":
            asked["state"] = "all"
        items = await self._service.rows(f"/repos/{name}/{path}", asked)
        more = page + 1 if len(items) >= LIMIT else None
        pulls = self._options.pulls
        shown = [one for one in items if pulls or not isinstance(one, dict) or "pull_request" not in one]
        return self._listing(shown, "created_at", more, now)

    async def _followers(self, handle: str, now: int, since: int, token: Older | None) -> Listing:
        """How many follow an account, once a day: the place of this list says when it was asked last."""
        day = _iso(now)[:10]
        if since > now - self._options.history and _iso(since + OVERLAP)[:10] == day:
            return Listing()
        try:
            user = await self._service.get(f"/users/{handle}")
        except Permanent as failure:
            # A handle that is none must not keep everything else from being heard.
            if failure.status not in _GONE:
                raise
            return Listing()
        count = user.get("followers") if isinstance(user, dict) else None
        if type(count) is not int:
            raise self._service.strange("/users")
        return Listing([Figure("followers", day, float(count), account=handle)])

    def _listing(self, items: Sequence[Any], when: str, more: Older | None, now: int) -> Listing:
        events, aside = self._read(items, now)
        times = [at for one in items if (at := fields.instant_or_none(one, when)) is not None]
        return Listing(events, aside, times[-1] if times else None, more)

    def _read(self, items: Sequence[Any], now: int) -> tuple[list[Event], list[SetAside]]:
        posts, aside = read_items(items, to_event)
        counted = [reading for item in items if (reading := counters_of(item, now)) is not None]
        return [*posts, *counted], aside

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again, one request for each."""
        return Visited.together([await self._look(native_id, now) for native_id in native_ids])

    async def _look(self, native_id: str, now: int) -> Visited:
        named = NATIVE.fullmatch(native_id)
        if named is None:
            return Visited()
        owner, name, kind, number, comment = named.groups()
        if kind == "/d/":
            return await self._look_at_discussion(native_id, owner, name, int(number), now)
        path = f"comments/{comment}" if comment else number
        try:
            item = await self._service.get(f"/repos/{owner}/{name}/issues/{path}")
        except Permanent as failure:
            if failure.status not in _GONE:
                raise
            return Visited([Delete(native_id)])
        return self._seen(native_id, item, now)

    async def _look_at_discussion(
        self, native_id: str, owner: str, name: str, number: int, now: int
    ) -> Visited:
        if not self._token:
            return Visited()
        item = await self._service.discussion(owner, name, number)
        return Visited([Delete(native_id)]) if item is None else self._seen(native_id, item, now)

    def _seen(self, native_id: str, item: Any, now: int) -> Visited:
        events, aside = self._read([item], now)
        if not aside and (not isinstance(item, dict) or name_of(item).lower() != native_id.lower()):
            # It has moved to another repository: that is another post.
            return Visited()
        return Visited([Edit(one) if isinstance(one, Post) else one for one in events], aside)


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
