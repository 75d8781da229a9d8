"""One round over all timelines of all Mastodon servers, and once the search: statuses become pages, failures wait."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from listener.collectors.base import Ear, Permanent, Retriable
from listener.collectors.mastodon.cursor import Account, Search, State
from listener.collectors.mastodon.events import GONE, Teller, Told, window
from listener.collectors.mastodon.instance import Enough, Server
from listener.collectors.mastodon.own import Inboxes, figures, mentions
from listener.collectors.mastodon.search import search
from listener.collectors.mastodon.statuses import Status, account_id, created, local_id
from listener.collectors.mastodon.timelines import LIMIT, Part, newest_first, read
from listener.collectors.post import Figure, Page, Post
from storage.mention import Gap

ACCOUNT_AGE = 86_400
"""A day: once in each a server is asked by what id it knows a brand's account, and how many follow it."""
FEWEST_PAGES = 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One timeline of one server. `key` names it in the cursor, `channel` in the server's stream, where it has one.

    `handle` is set where it is what one of the brands' own accounts says; then `path` depends on the server's answer.
    `mentions`: it is who spoke to the owner of our token, which tells more of what was said and never all of it.
    """

    key: str
    server: Server
    path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    channel: tuple[str, ...] | None = None
    handle: str | None = None
    mentions: bool = False


@dataclass(slots=True)
class Outcome:
    """How a round went. `whole`: everything was read to its end; `some`: at least one timeline was."""

    now: int
    failures: list[Retriable | Permanent] = field(default_factory=list)
    whole: bool = True
    some: bool = False

    def failed(self, failure: Retriable | Permanent) -> None:
        self.failures.append(failure)
        self.whole = False

    def tell(self) -> None:
        """Raise what failed, all together, once the others have been read."""
        if not self.failures:
            return
        reason = "; ".join(dict.fromkeys(str(failure) for failure in self.failures))
        waits = [failure.retry_after for failure in self.failures if isinstance(failure, Retriable)]
        if not self.some and not waits:
            raise Permanent(reason)
        # One server that asks to be left alone is left alone; the others are asked as ever.
        asked = max((wait for wait in waits if wait is not None), default=None)
        raise Retriable(reason, None if self.some else asked, partly=self.some)


class Rounds:
    """Reads timelines in turn. What it remembers beside the cursor is only in memory, and only saves work."""

    def __init__(self, teller: Teller, ear: Ear, history: int, poll: int) -> None:
        self._teller = teller
        self._ear = ear
        self._history = history
        self._poll = poll
        self._shown: dict[str, dict[str, str]] = {}
        self._unknown: dict[str, int] = {}
        self._inboxes = Inboxes()
        self._figures: list[Figure] = []

    def active(self, timelines: Sequence[Timeline]) -> list[str]:
        """The keys of the timelines that must be read before anything is heard."""
        return [
            timeline.key
            for timeline in timelines
            if timeline.handle not in self._unknown and not timeline.mentions
        ]

    async def read_all(
        self, state: State, outcome: Outcome, due: Sequence[Timeline], timelines: Sequence[Timeline]
    ) -> AsyncGenerator[Page, None]:
        """Yield the news of the timelines that are due; failures go into the outcome."""
        for server in {timeline.server for timeline in due}:
            server.begin(self._poll)
        resting: set[Server] = set()
        # The one that was left out longest comes first: else a limit would always stop at the same ones.
        turns = sorted(due, key=lambda each: place.through if (place := state.places.get(each.key)) else 0)
        for number, timeline in enumerate(turns):
            server = timeline.server
            if server in resting:
                outcome.whole = False
                continue
            others = sum(1 for later in turns[number:] if later.server is server)
            most = max(FEWEST_PAGES, server.left // others)
            try:
                async with aclosing(self._one(state, timeline, timelines, outcome, most)) as pages:
                    async for page in pages:
                        yield page
                outcome.some = outcome.some or not timeline.mentions
            except Enough:
                resting.add(server)
                outcome.whole = False
            except (Retriable, Permanent) as failure:
                if timeline.mentions:
                    self._inboxes.close(server, outcome.now, failure)
                    continue
                if isinstance(failure, Retriable):
                    resting.add(server)
                outcome.failed(failure)

    async def _one(
        self, state: State, timeline: Timeline, timelines: Sequence[Timeline], outcome: Outcome, most: int
    ) -> AsyncGenerator[Page, None]:
        now = outcome.now
        path = await self._path(state, timeline, now)
        server, key = timeline.server, timeline.key
        if self._figures:
            told_today, self._figures = self._figures, []
            yield Page(told_today, state.cursor([each.key for each in timelines]))
        if path is None:
            return

        async def ask(more: dict[str, str]) -> list[Status]:
            answer = await server.ask(path, {"limit": str(LIMIT), **dict(timeline.query), **more})
            return newest_first(answer, f"{server.name}{path}")

        shown: list[Status] = []
        complete = False
        place = state.places.get(key)
        async with aclosing(read(ask, place, now, self._history, most)) as parts:
            async for part in parts:
                shown += part.statuses
                complete = part.complete
                statuses = mentions(part.statuses) if timeline.mentions else part.statuses
                told = await self._teller.tell(statuses, server, now)
                if part.complete and not timeline.mentions:
                    await self._missing(key, shown, server, told)
                first = state.advance(key, part, now, _oldest(part))
                heard = state.now_heard(self.active(timelines))
                cursor = state.cursor([each.key for each in timelines])
                gap = None if timeline.mentions else _gap(part, timeline)
                yield Page(told.events, cursor, heard, first, told.aside, gap=gap)
                self._teller.remember(told)
        # What its share of requests did not reach must be read before a stream says that nothing else was said.
        outcome.whole = outcome.whole and (complete or timeline.mentions)

    async def _path(self, state: State, timeline: Timeline, now: int) -> str | None:
        """Where a timeline is read; None where it is not ours to read."""
        if timeline.handle is not None:
            return await self._account(state, timeline, now)
        if timeline.mentions and not await self._inboxes.ours(timeline.server, self._ear.handles, now):
            return None
        return timeline.path

    async def _missing(self, key: str, shown: Sequence[Status], server: Server, told: Told) -> None:
        """What a timeline showed before something that it still shows, and shows no more, may have been deleted."""
        now_shown = window(shown)
        absent: dict[str, str] = {}
        reached = False
        for uri, name in self._shown.get(key, {}).items():
            reached = reached or uri in now_shown
            if reached and uri not in now_shown:
                absent[uri] = name
        deleted, undecided = await self._teller.missing(absent, server)
        told.events += deleted
        self._shown[key] = {**now_shown, **{uri: absent[uri] for uri in undecided}}

    async def _account(self, state: State, timeline: Timeline, now: int) -> str | None:
        """Where a brand's own account is read; None where the server does not know it."""
        handle, server = timeline.handle or "", timeline.server
        known = state.accounts.get(timeline.key)
        # Each calendar day once, or followers would be told of a little later every day, and of some day not at all.
        if known is None or now // ACCOUNT_AGE != known.at // ACCOUNT_AGE:
            if now - self._unknown.get(handle, -ACCOUNT_AGE) < ACCOUNT_AGE:
                return None
            try:
                answer = await server.ask("/api/v1/accounts/lookup", {"acct": handle})
            except Permanent as refusal:
                if refusal.status not in GONE:
                    # Whoever does not answer has not said that there is no such account.
                    raise
                self._unknown[handle] = now
                log.warning(
                    "a brand's account is not read", handle=handle, status=refusal.status, server=server.name
                )
                return None
            uri = account_id(answer) if isinstance(answer, dict) else None
            number = local_id(answer)
            if uri is None or number is None:
                raise Retriable(f"{server.name} answered something that is no account")
            known = state.accounts[timeline.key] = Account(number, uri, now)
            self._unknown.pop(handle, None)
            self._figures = figures(answer, handle, now)
        self._ear.know([known.uri])
        return f"/api/v1/accounts/{known.id}/statuses"

    async def back_in_time(
        self, state: State, outcome: Outcome, servers: Sequence[Server], timelines: Sequence[Timeline]
    ) -> AsyncGenerator[Page, None]:
        """Yield what the servers that gave us a token find of the brands, from before we listened."""
        since = outcome.now - self._history
        for server in servers:
            place = state.searches.get(server.name, Search())
            if place.done or not server.has_token:
                continue
            try:
                async with aclosing(search(server, self._ear.searches, place, since)) as answers:
                    async for found in answers:
                        told = await self._teller.tell(reversed(found.statuses), server, outcome.now)
                        events = [event for event in told.events if self._concerns(event)]
                        state.searches[server.name] = found.place
                        cursor = state.cursor([each.key for each in timelines])
                        yield Page(events, cursor, None, True, told.aside)
                        self._teller.remember(told)
            except Enough:
                outcome.whole = False
            except Retriable as failure:
                outcome.failed(failure)

    def _concerns(self, event: object) -> bool:
        """A search finds more than was asked for."""
        if not isinstance(event, Post):
            return True
        return self._ear.wanted(event.text, event.author_id, event.in_reply_to)


def _oldest(part: Part) -> int | None:
    return min((made for status in part.statuses if (made := created(status)) is not None), default=None)


def _gap(part: Part, timeline: Timeline) -> Gap | None:
    if part.hole is None:
        return None
    return Gap(
        *part.hole, f"{timeline.key}: more was said than the server gives, or than is read in one poll"
    )
