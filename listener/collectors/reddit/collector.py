"""Listens to Reddit: a search for the brands' words, named subreddits with their comments, and the brands' accounts.

The parts: service.py asks Reddit, things.py reads what it answers, visiting.py looks at kept posts again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import Field, field_validator, model_validator

from listener.collectors import read_items
from listener.collectors.asking import Address, PoliteOptions, Token, any_of, searched
from listener.collectors.base import Collector, Ear, Grade, Permanent, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as After
from listener.collectors.post import Delete, Event, Figure, Page
from listener.collectors.reddit import visiting
from listener.collectors.reddit.service import App, Service
from listener.collectors.reddit.things import Thing, oldest, reading, to_event
from storage.durations import Duration
from storage.mention import Cursor, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "Options", "Reddit", "build", "to_event"]

KIND = "reddit"
GRADE: Grade = "gold"
DUTY = 86_400
"""Reddit wants what was deleted to go; each kept post is looked at once a day."""
LIMIT = 100
"""Things that Reddit gives at most in one answer."""
SHOWN = 900
"""A list ends after about 1,000 things without saying so: one that is as long as this may have more."""
OVERLAP = 3_600
LONGEST_QUERY = 512
MOST_WORDS = 500
TOGETHER = 20
"""Subreddits that are read as one list."""
_ANSWERS = 10
_MOST_VISITS = 8
_INBOX = ("mentions", "comments", "selfreply")
_SUBREDDIT = re.compile(r"[A-Za-z0-9_]{2,50}")
_USER = re.compile(r"[A-Za-z0-9_-]{2,30}")

log = structlog.get_logger(__name__)


class Options(PoliteOptions):
    """The key `sources.reddit` of config.yaml.

    `client_id`, `client_secret`: of an app that Reddit has approved; `username`: the account that registered it, which
    Reddit wants to be told with each request. `refresh_token`: of a brand's account, so that its inbox is read too.
    `url` and `login`: where the API and its tokens are; others only for tests.
    """

    client_id: Token
    client_secret: Token
    username: str
    refresh_token: Token | None = None
    subreddits: tuple[str, ...] = Field(default=(), max_length=200)
    search: bool = True
    poll: Duration = 300
    url: Address = "https://oauth.reddit.com"
    login: Address = "https://www.reddit.com"

    @property
    def needs_words(self) -> bool:
        return self.search

    @field_validator("username")
    @classmethod
    def _is_a_user(cls, name: str) -> str:
        found = name.strip().removeprefix("/").removeprefix("u/")
        if not _USER.fullmatch(found):
            raise ValueError("it is no name of a Reddit account: letters, digits, _ and - only")
        return found

    @field_validator("subreddits")
    @classmethod
    def _are_subreddits(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        found = [name.strip().removeprefix("/").removeprefix("r/") for name in names]
        wrong = next((name for name in found if not _SUBREDDIT.fullmatch(name)), None)
        if wrong is not None:
            raise ValueError("a subreddit is written as its name alone: letters, digits and _")
        return tuple(dict.fromkeys(name.lower() for name in found))

    @model_validator(mode="after")
    def _can_be(self) -> Options:
        if not (self.search or self.subreddits or self.refresh_token):
            raise ValueError("nothing would be read: switch search on, or name subreddits")
        if not self.allow_private and not (self.url + self.login).count("https://") == 2:
            raise ValueError("url and login must begin with https://, or the token could be read on the way")
        return self


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Reddit(options, client, ear)]


class Reddit:
    """Reads Reddit's lists, newest first, each from where it was left; and looks at kept posts again."""

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._source = Source("reddit", KIND, lateness=2 * options.poll, visits=Visits(every=DUTY))
        agent = f"python:listener:v0.1 (by /u/{options.username})"
        app = App(options.client_id, options.client_secret, options.refresh_token, agent)
        self._service = Service(client, app, options.url, options.login, options.allow_private)
        self._unknown: set[str] = set()

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
        return visiting.AT_ONCE

    @property
    def most_calls(self) -> int:
        return _MOST_VISITS

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again. Raises Retriable and Permanent."""
        return await visiting.visit(self._service, native_ids, now)

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield once a day how many follow the brands' accounts, then what is new in each list."""
        lanes = self._lanes(now)
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        before: dict[str, Any] = {} if cursor is None else cursor
        places = {
            "heard": None,
            "lanes": {},
            **{name: told for name, told in before.items() if name != "day"},
        }
        if self._ear.handles and before.get("day") != day:
            figures = await self._figures(day, now)
            yield Page(figures, {**places, "day": day}, first=cursor is None)
        reader = Lanes(self._ear, Pace(self._options.history, OVERLAP, _ANSWERS), now)
        async with aclosing(reader.pages(lanes, places)) as pages:
            async for page in pages:
                yield replace(page, next_cursor={**(page.next_cursor or {}), "day": day})

    def _lanes(self, now: int) -> list[Lane]:
        """Every list that is read."""
        lanes = []
        if self._options.search:
            for query in any_of(searched(self._ear, MOST_WORDS), LONGEST_QUERY):
                asked: dict[str, str | int] = {"q": query, "sort": "new", "type": "link"}
                lanes.append(self._lane(f"search {query}", "/search", asked, now))
        names = self._options.subreddits
        for start in range(0, len(names), TOGETHER):
            place = f"/r/{'+'.join(names[start : start + TOGETHER])}"
            lanes += [
                self._lane(f"{place}/{part}", f"{place}/{part}", {}, now) for part in ("new", "comments")
            ]
        for handle in self._handles():
            for part in ("submitted", "comments"):
                path = f"/user/{handle}/{part}"
                lanes.append(self._lane(path, path, {"sort": "new"}, now, handle))
        if self._options.refresh_token is not None:
            paths = [f"/message/{part}" for part in _INBOX]
            lanes += [self._lane(path, path, {"mark": "false"}, now) for path in paths]
        return lanes

    def _handles(self) -> list[str]:
        """The brands' accounts. Raises Permanent: what an account named otherwise writes would count as nobody's."""
        found = [handle.lstrip("@") for handle in self._ear.handles]
        if not all(_USER.fullmatch(handle) for handle in found):
            raise Permanent("a handle on Reddit is the account's name alone (acme_team, not u/acme_team)")
        return sorted({handle.lower() for handle in found})

    def _lane(
        self, key: str, path: str, asked: dict[str, str | int], now: int, handle: str | None = None
    ) -> Lane:
        async def ask(since: int, token: After | None) -> Listing:
            before, _, after = str(token or "0 ").partition(" ")
            more: dict[str, str | int] = {"after": after, "count": int(before)} if after else {}
            try:
                things, further = await self._service.listing(path, {"limit": LIMIT, **asked, **more}, now)
            except Permanent as refusal:
                if handle is None or not self._is_unknown(handle, refusal):
                    raise
                return Listing()
            return self._listing(things, further, int(before), now)

        return Lane(key, ask)

    def _listing(self, things: Sequence[Thing], after: str | None, before: int, now: int) -> Listing:
        events, aside = read_items(things, to_event, id_key="name")
        told: list[Event] = [
            one for one in events if not isinstance(one, Delete) or self._ear.kept(one.native_id)
        ]
        told += [one for thing in things if (one := reading(thing, now)) is not None]
        shown = before + len(things)
        further = f"{shown} {after}" if after and things else None
        return Listing(told, aside, oldest(things), further, cut=further is None and shown >= SHOWN)

    def _is_unknown(self, handle: str, refusal: Permanent) -> bool:
        """Whether Reddit has no such account, or shows nothing of it: that must not hold back everything else."""
        if refusal.status not in (403, 404):
            return False
        if handle not in self._unknown:
            self._unknown.add(handle)
            log.warning("Reddit shows nothing of this account", account=handle, status=refusal.status)
        return True

    async def _figures(self, day: str, now: int) -> list[Event]:
        """How many follow each of the brands' accounts."""
        found: list[Event] = []
        for handle in self._handles():
            try:
                answer = await self._service.get(f"/user/{handle}/about", {}, now)
            except Permanent as refusal:
                if not self._is_unknown(handle, refusal):
                    raise
                continue
            count = _followers(answer)
            if count is not None:
                found.append(Figure("followers", day, count, account=handle))
        return found


def _followers(answer: Any) -> int | None:
    """The subscribers of an account's own page; accounts that have none show no such page."""
    data = answer.get("data") if isinstance(answer, dict) else None
    page = data.get("subreddit") if isinstance(data, dict) else None
    count = page.get("subscribers") if isinstance(page, dict) else None
    return count if type(count) is int and 0 <= count < 2**53 else None
