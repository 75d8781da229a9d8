"""Listens to X for money: counts of each brand's words, then a random sample of them, within a budget of the day."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from listener.collectors import read_items
from listener.collectors.base import Collector, Ear, Grade, Visited
from listener.collectors.post import Event, Page
from listener.collectors.x.accounts import Accounts, Known, next_of
from listener.collectors.x.compliance import Compliance
from listener.collectors.x.counts import counts_of
from listener.collectors.x.options import Options, handle_mistake
from listener.collectors.x.paid import COUNTS, POST, USER, Api, Broke, Json, items_of, of_posts
from listener.collectors.x.posts import FIELDS, iso, reading, to_event, with_authors
from listener.collectors.x.queries import query_of
from listener.collectors.x.sampling import Slice, plan
from storage.mention import Counted, Cursor, Gap, Heard, Sampled, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "KIND", "Options", "X", "build", "handle_mistake", "to_event"]

KIND = "x"
GRADE: Grade = "silver"
FRESH = 30
"""Seconds for which a post may not be searchable yet: as young as that nothing is asked for."""
REACH = 7 * 86_400 - 600
"""How far back counts and search of the last seven days are asked for."""
CHECKED = 20 * 3_600
"""Seconds between two checks of what is kept: the service wants deletions followed within a day."""
DAY = 86_400
_FEWEST, _MOST = 10, 100

log = structlog.get_logger(__name__)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [X(options, client, ear)]


@dataclass
class _Place:
    """Where a poll stands; every page carries a copy of it as its cursor.

    `counted`: the time through which posts were counted; `heard`: through which what was drawn of them was read too.
    `baseline`: through when the first poll was to read. `slices` are drawn and not read yet.
    """

    counted: int
    heard: int
    baseline: int
    slices: list[Slice] = field(default_factory=list)
    known: Known = field(default_factory=Known)

    @classmethod
    def of(cls, cursor: Cursor) -> _Place:
        slices = [Slice(str(b), int(s), int(u), int(e)) for b, s, u, e in cursor.get("slices", [])]
        known = Known.of(cursor.get("accounts", {}))
        return cls(
            int(cursor["counted"]), int(cursor["heard"]), int(cursor.get("baseline", 0)), slices, known
        )

    def cursor(self) -> Cursor:
        return {
            "counted": self.counted,
            "heard": self.heard,
            "baseline": self.baseline,
            "slices": [[one.brand, one.since, one.until, one.expected] for one in self.slices],
            "accounts": self.known.to_json(),
        }

    @property
    def first(self) -> bool:
        return self.counted < self.baseline


class X:
    """Counts what holds each brand's words, then reads as much of it, drawn by chance, as the day's money allows."""

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self._source = Source(KIND, KIND, lateness=2 * options.poll, visits=Visits(ages=(), every=CHECKED))
        self._accounts = Accounts(ear, options.account, options.history)
        self._compliance = Compliance(client, options.url, allow_private=options.allow_private)
        self._told: set[str] = set()

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
        """Ids that one list for the service holds."""
        return 20_000

    @property
    def most_calls(self) -> int:
        return 1

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Have the service check a list of kept posts; of what was edited, read the new words if the money allows."""
        api = self._api()
        await api.tell_time(now)
        return await self._compliance.visit(api, native_ids)

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was counted, then what is new in the own account, then slices of the sample.

        Where the day's budget is spent the poll ends early, and that is no failure: what was not counted is counted by
        a later poll, and what was drawn and not read is left out of the sample.
        """
        api = self._api()
        await api.tell_time(now)
        if self._ear.purse is None:
            return
        # What lies ahead of the service's clock is refused, and of ours nobody believes that it was heard.
        now = min(now, api.at)
        start = now - self._options.history
        place = _Place(start, start, now - FRESH) if cursor is None else _Place.of(cursor)
        try:
            for stage in (
                self._count(api, place, now),
                self._own(api, place, now),
                self._read(api, place, now),
            ):
                async with aclosing(stage):
                    async for page in stage:
                        yield page
        except Broke:
            log.info("the day's budget is spent", source=KIND, dollars=str(self._options.daily_budget))
            place.slices = []
            yield self._end(place, now)

    def _api(self) -> Api:
        options = self._options
        return Api(
            self._client,
            options.url,
            options.token,
            self._ear.purse,
            options.budget,
            allow_private=options.allow_private,
        )

    # ---- counts

    async def _count(self, api: Api, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        """Ask how many posts hold each brand's words since the last time; draw which of them are to be read."""
        since, until = max(place.counted, now - REACH), now - FRESH
        if since > place.counted:
            gap = Gap(
                place.counted, since, "counts reach back seven days, and nothing was counted for longer"
            )
            place.counted = place.heard = since
            yield Page((), place.cursor(), gap=gap)
        if until <= since:
            return
        strata: list[Counted] = []
        for brand, query in self._queries().items():
            strata += await counts_of(api, brand, query, since, until)
        posts = await self._affordable(api, until - since)
        first = place.first
        place.slices += plan(strata, posts)
        place.counted = until
        yield Page(strata, place.cursor(), first=first)

    def _queries(self) -> dict[str, str]:
        """What is asked for each brand."""
        found: dict[str, str] = {}
        for sought in self._ear.sought:
            made = query_of(sought, reposts=self._options.reposts)
            if made is None:
                self._tell(sought.brand, "its query can be true without any word, and X is not asked for it")
                continue
            if made[1]:
                self._tell(sought.brand, f"{len(made[1])} of its words found no room in a query of X")
            found[sought.brand] = made[0]
        return found

    def _tell(self, brand: str, what: str) -> None:
        if brand not in self._told:
            self._told.add(brand)
            log.warning("not all of a brand is asked for", source=KIND, brand=brand, reason=what)

    async def _affordable(self, api: Api, elapsed: int) -> int:
        """How many posts may be read for these seconds, so that the rest of the day has as much for each of its own.

        The counts of the rest of the day come first.
        """
        rest = DAY - api.at % DAY
        counts = len(self._queries()) * COUNTS * -(-rest // self.poll)
        money = max(0, await api.left() - counts) * elapsed // (elapsed + rest)
        return money // self._price

    @property
    def _price(self) -> int:
        return POST + (USER if self._options.authors else 0)

    # ---- own accounts

    async def _own(self, api: Api, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        accounts, known = self._accounts, place.known
        for steps in (
            accounts.look(api, known),
            accounts.read(api, known, now),
            accounts.count(api, known, now),
        ):
            async with aclosing(steps):
                async for step in steps:
                    yield Page(step.events, place.cursor(), first=step.first, set_aside=step.aside)

    # ---- the sample

    async def _read(self, api: Api, place: _Place, now: int) -> AsyncGenerator[Page, None]:
        """Read the drawn slices, each to its end."""
        queries = self._queries()
        while place.slices:
            one = place.slices[0]
            if one.brand in queries and one.since >= now - REACH:
                async with aclosing(self._slice(api, place, queries[one.brand], now)) as pages:
                    async for page in pages:
                        yield page
            else:
                del place.slices[0]
        yield self._end(place, now)

    async def _slice(self, api: Api, place: _Place, query: str, now: int) -> AsyncGenerator[Page, None]:
        one, token, posts, first = place.slices[0], "", 0, place.slices[0].since < place.baseline
        size = min(_MOST, max(_FEWEST, one.expected + 5))
        while True:
            answer = await self._search(api, one, query, size, token)
            items = items_of(answer)
            posts += len(items)
            token = next_of(answer)
            events, aside = read_items(with_authors(answer, items), to_event)
            told: list[Event] = [*events]
            told += [found for item in items if isinstance(item, dict) and (found := reading(item, now))]
            if not token:
                # Only what was read to its end tells anything of the whole: its beginning is the newest part.
                told.append(Sampled(one.brand, one.since, one.until, posts))
                del place.slices[0]
            yield Page(told, place.cursor(), first=first, set_aside=aside)
            if not token:
                return

    async def _search(self, api: Api, one: Slice, query: str, size: int, token: str) -> Json:
        asked = {
            "query": query,
            "start_time": iso(one.since),
            "end_time": iso(one.until),
            "max_results": str(size),
            "tweet.fields": FIELDS,
        }
        if self._options.authors:
            asked |= {"expansions": "author_id", "user.fields": "id,username,public_metrics"}
        if token:
            asked["next_token"] = token
        return await api.paid("/2/tweets/search/recent", asked, size * self._price, of_posts(POST))

    def _end(self, place: _Place, now: int) -> Page:
        """What was counted is heard: the sample stands for it, however small the money has left it.

        The last seconds, in which posts may not be searchable yet, are counted by the next poll.
        """
        until = now if place.counted >= now - FRESH else place.counted
        since, place.heard = place.heard, max(place.heard, until)
        heard = Heard(since, place.heard) if place.heard > since else None
        return Page((), place.cursor(), heard, first=since < place.baseline)
