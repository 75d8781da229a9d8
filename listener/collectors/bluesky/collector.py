"""Listens to Bluesky: every post of the network through Jetstream, and with a login what was said before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from listener.collectors.base import Collector, Ear, Grade, Retriable, Visited
from listener.collectors.bluesky.accounts import Accounts
from listener.collectors.bluesky.events import Batch, read_batch, to_event
from listener.collectors.bluesky.own import Own
from listener.collectors.bluesky.place import SECOND, Place
from listener.collectors.bluesky.posts import POST, valid_handle
from listener.collectors.bluesky.search import GaveUp, Login, Search, Step, begin, web_address
from listener.collectors.bluesky.views import AT_ONCE, MOST_CALLS, Views
from listener.collectors.post import AHEAD, Event, Page
from storage.durations import Duration
from storage.mention import Cursor, Gap, Heard, SetAside, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient
    from listener.stream import Stream

__all__ = ["GRADE", "KIND", "Login", "Options", "build", "to_event"]

KIND = "bluesky"
GRADE: Grade = "gold"
PAGE = 500
"""Events after which a page is full."""
MOST_ASIDE = 100
"""Items of a page that are set aside; anybody may write what is no post, and more would only fill the disk."""
LATENESS = 60
QUIET = 5.0
"""Seconds without a message after which the stream counts as silent."""
SILENCE = 60.0
"""Seconds of silence after which a stream that was never silent is given up: its instance has stalled."""
_BREATH = 0.2
_NEWS = 2.0
_MARGIN = 5
_SLOW_START = 30.0
# A part of what has come that is read without letting others have the loop: under 20 ms, whatever it holds.
_PART, _PART_BYTES = 250, 250_000
# The server leaves out what is longer than the first; the second is our own limit.
_LONGEST_MESSAGE, _MOST_BYTES = 1_000_000, 2_000_000

log = structlog.get_logger(__name__)


class Options(BaseModel):
    """The key `sources.bluesky` of config.yaml. `urls` are instances of Jetstream, the next one after a failure.

    `poll` is the pause before a broken stream is opened again. `api` is asked for accounts, with `profiles: false`
    only for the brands' own, and for the counters of kept posts, with `counters: false` not at all. With `login` what
    was said in the last `history` is searched for once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    urls: tuple[str, ...] = Field(
        default=(
            "wss://jetstream2.us-east.bsky.network/subscribe",
            "wss://jetstream1.us-west.bsky.network/subscribe",
            "wss://jetstream1.us-east.bsky.network/subscribe",
            "wss://jetstream2.us-west.bsky.network/subscribe",
        ),
        min_length=1,
    )
    poll: Duration = Field(default=10, ge=1)
    api: str = "https://public.api.bsky.app"
    profiles: bool = True
    counters: bool = True
    login: Login | None = None
    history: Duration = Field(default=7 * 86_400, ge=60, le=366 * 86_400)
    allow_private: bool = False

    @field_validator("urls")
    @classmethod
    def _are_streams(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(web_address(url, ("wss", "ws"), "urls") for url in urls)

    @field_validator("api")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return web_address(url, ("https", "http"), "api")

    @model_validator(mode="after")
    def _keeps_the_password(self) -> Options:
        plain = self.login is not None and urlsplit(self.login.service).scheme == "http"
        if plain and not self.allow_private:
            raise ValueError("a password is not sent over plain http; write login.service with https://")
        return self


def handle_mistake(handle: str) -> str | None:
    """Say what is wrong with a brand's account as configured; None where nothing is."""
    if handle.startswith("did:") or valid_handle(handle.removeprefix("@")) is not None:
        return None
    return f"write it with its domain, as in {handle.lstrip('@')}.bsky.social, or as a DID"


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Bluesky(options, client, ear)]


@dataclass(slots=True)
class _Draft:
    """The page that is being filled. `fresh` are its posts, which are not stored yet."""

    events: list[Event] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)
    cut: int = 0
    gap: Gap | None = None

    def add(self, batch: Batch) -> None:
        self.events += batch.events
        self.aside += batch.aside
        self.cut += max(0, len(self.aside) - MOST_ASIDE)
        del self.aside[MOST_ASIDE:]

    def __bool__(self) -> bool:
        return bool(self.events or self.aside or self.gap)


class Bluesky:
    """Reads the stream of the network. The cursor holds how far, and how far the past was searched."""

    def __init__(
        self, options: Options, client: PoliteClient, ear: Ear, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self._clock = clock
        visits = Visits() if options.counters else None
        self._source = Source("bluesky", KIND, lateness=LATENESS, visits=visits)
        private = options.allow_private
        self._views = Views(options.api, client, allow_private=private)
        self._accounts = Accounts(options.api, ear, client, allow_private=private, profiles=options.profiles)
        self._search = None if options.login is None else Search(options.login, client, allow_private=private)
        login = options.login.handle if options.login else None
        self._own = Own(self._accounts, ear, self._search, login)
        self._hosts = frozenset(urlsplit(url).hostname or "" for url in options.urls)
        self._turn = 0

    @property
    def source(self) -> Source:
        return self._source

    @property
    def streams(self) -> bool:
        return True

    @property
    def poll(self) -> int:
        return self._options.poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was searched of the past, if anything is left to search, then the stream for as long as it holds.

        Where the stream begins is settled before the search, so that nothing between the two is lost.
        """
        place = Place.of(cursor, now, self._hosts, self._options.history if self._ear.handles else None)
        await self._accounts.learn_own()
        for part in (self._past(place, now), self._live(place)):
            async with aclosing(part) as pages:
                async for page in pages:
                    yield page

    @property
    def at_once(self) -> int:
        return AT_ONCE

    @property
    def most_calls(self) -> int:
        return MOST_CALLS

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Read the counters of kept posts. Raises Retriable and Permanent."""
        return await self._views.visit(native_ids, now)

    # ---- the past ------------------------------------------------------------------------------------------------

    async def _past(self, place: Place, now: int) -> AsyncGenerator[Page, None]:
        if self._search is None:
            return
        steps = [*(Step(by=did) for did in self._accounts.own), *(Step(words=w) for w in self._ear.searches)]
        progress = begin(place.backfill, steps, self._options.history, now)
        if progress is None or not self._ear.searches:
            return
        try:
            async with aclosing(self._search.read(progress, steps)) as answers:
                async for found in answers:
                    last = found.progress is None
                    place.backfill = {"done": True} if found.progress is None else found.progress.kept()
                    wanted = [
                        post
                        for post in found.posts
                        if self._ear.wanted(post.text, post.author_id, post.in_reply_to)
                    ]
                    events = await self._accounts.named(wanted)
                    # Where every question was refused, nothing of it was heard.
                    heard = Heard(progress.since, progress.until) if last and self._search.answered else None
                    yield Page(events, place.cursor(), heard, True, found.aside)
        except GaveUp as reason:
            # Only once: the stream is what counts, and at the next start it is tried again.
            self._search = None
            place.backfill = place.backfill or progress.kept()
            log.warning(
                "the past cannot be searched now; the next start tries again", source=KIND, reason=str(reason)
            )

    # ---- the stream ----------------------------------------------------------------------------------------------

    async def _live(self, place: Place) -> AsyncGenerator[Page, None]:
        url = self._options.urls[self._turn % len(self._options.urls)]
        # However this connection ends, the next one goes to the next instance.
        self._turn += 1
        asked = {
            "wantedCollections": POST,
            "maxMessageSizeBytes": _LONGEST_MESSAGE,
            "cursor": place.connect(),
        }
        async with (
            self._client.stream(
                f"{url}?{urlencode(asked)}", allow_private=self._options.allow_private, max_bytes=_MOST_BYTES
            ) as stream,
            aclosing(self._read(stream, place, urlsplit(url).hostname or "")) as pages,
        ):
            async for page in pages:
                yield page

    async def _read(self, stream: Stream, place: Place, host: str) -> AsyncGenerator[Page, None]:
        draft, silent, told = _Draft(), 0.0, time.monotonic()
        while True:
            messages = await stream.take(QUIET)
            silent = 0.0 if messages else silent + QUIET
            if not messages:
                self._hear_silence(place, silent, host)
            for part in _parts(messages):
                self._hear(part, draft, place, host)
                if len(draft.events) >= PAGE:
                    yield await self._page(draft, place)
                    draft = _Draft()
                # Others need the loop between two parts of a replay that comes at full speed.
                await asyncio.sleep(0)
            if draft or not messages or time.monotonic() - told >= _NEWS:
                yield await self._page(draft, place)
                draft, told = _Draft(), time.monotonic()
            if len(messages) < PAGE:
                await asyncio.sleep(_BREATH)
            await self._accounts.learn_own()
            # What stands in a draft is in no page yet, and the place is ahead of it.
            for page in () if draft else await self._own.news(place, int(self._clock())):
                yield page

    def _hear(self, messages: Sequence[str | bytes], draft: _Draft, place: Place, host: str) -> None:
        batch = read_batch(messages, self._ear, draft.fresh)
        if batch.last_us > (self._clock() + AHEAD) * SECOND:
            # Kept, such a time would be asked for at each new connection, and nothing ever come again.
            raise Retriable(f"the clock of {host} is more than a day ahead")
        if batch.last_us:
            draft.gap = place.hear(batch.first_us, batch.last_us, len(messages), host) or draft.gap
        draft.add(batch)

    def _hear_silence(self, place: Place, seconds: float, host: str) -> None:
        """A small network may have nothing to say. One that always speaks and falls silent has stalled."""
        if place.steady:
            if seconds >= SILENCE:
                raise Retriable(f"the stream of {host} fell silent")
            return
        until = int(self._clock()) - _MARGIN
        # Before it says anything a server may be busy looking up what it still has.
        if place.asked_us is None or seconds >= _SLOW_START or until - place.through <= _SLOW_START:
            place.hear_silence(until)

    async def _page(self, draft: _Draft, place: Place) -> Page:
        # The cursor first: while names are asked for, nothing else is read, but it must stand for this page alone.
        cursor, heard = place.cursor(), place.heard()
        events = await self._accounts.named(draft.events)
        return Page(events, cursor, heard, False, draft.aside, draft.cut, draft.gap)


def _parts(messages: Sequence[str | bytes]) -> Iterator[Sequence[str | bytes]]:
    """Cut what has come into parts that are quickly read."""
    start = size = 0
    for index, message in enumerate(messages):
        size += len(message)
        if index - start >= _PART or size > _PART_BYTES:
            if index > start:
                yield messages[start:index]
            start, size = index, len(message)
    if start < len(messages):
        yield messages[start:]
