"""Listens to Mastodon: hashtag and public timelines of several servers, asked for or, with a token, streamed.

All servers are one source, for a status has the same uri on each of them, and counts once.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from listener.collectors.base import Collector, Ear, Grade, Visited
from listener.collectors.mastodon import own
from listener.collectors.mastodon.cursor import State
from listener.collectors.mastodon.events import Teller
from listener.collectors.mastodon.instance import Instance, Server
from listener.collectors.mastodon.looks import AT_ONCE, MOST_CALLS, Looks
from listener.collectors.mastodon.round import Outcome, Rounds, Timeline
from listener.collectors.mastodon.statuses import to_event
from listener.collectors.mastodon.stream import Burst, Hub, NoStream, channel_of, listening, status_id
from listener.collectors.post import Page
from storage.durations import Duration, format_duration
from storage.mention import Cursor, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "KIND", "Options", "build", "to_event"]

KIND = "mastodon"
GRADE: Grade = "gold"
RECHECK = 3_600
"""Seconds after which a timeline that is streamed is also read, for counters and what the stream left out."""
NEWS = 30
"""Seconds after which a silent stream says that it hears."""
MUTE = 86_400
"""Seconds for which a server that offers no stream is not asked for it again."""
BURST = 500

log = structlog.get_logger(__name__)


class Options(BaseModel):
    """The key `sources.mastodon` of config.yaml. `history` is how far back the first poll reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    instances: tuple[Instance, ...] = ()
    hashtags: tuple[str, ...] = ()
    public: Literal[False, "local", "all"] = False
    poll: Duration = 300
    history: Duration = Field(default=86_400, ge=60, le=90 * 86_400)
    allow_private: bool = False

    @field_validator("instances", mode="before")
    @classmethod
    def _plain_hosts(cls, instances: object) -> object:
        if not isinstance(instances, list | tuple):
            return instances
        return [{"host": host} if isinstance(host, str) else host for host in instances]

    @field_validator("hashtags", mode="after")
    @classmethod
    def _are_tags(cls, hashtags: tuple[str, ...]) -> tuple[str, ...]:
        tags = tuple(tag.strip().removeprefix("#").lower() for tag in hashtags)
        for tag in tags:
            if not tag.replace("_", "").replace("·", "").isalnum():
                raise ValueError("a hashtag is one word of letters, digits and _, with or without the #")
        return tuple(dict.fromkeys(tags))

    @model_validator(mode="after")
    def _can_listen(self) -> Options:
        names = [instance.name for instance in self.instances]
        if not names:
            raise ValueError("instances needs at least one server, as in [mastodon.social]")
        if len(set(names)) < len(names):
            raise ValueError("the same instance stands twice")
        if not self.hashtags and not self.public:
            raise ValueError(
                "nothing to listen to: add hashtags, as in [acme], or public: local (all that the instances' own "
                "people say) or public: all (and all that reaches them)"
            )
        if any(
            each.token and each.url.startswith("http://") and not self.private(each)
            for each in self.instances
        ):
            raise ValueError("a token is not sent over plain http; write host without http://")
        shortest = 1 if self.allow_private else 30
        if self.poll < shortest:
            raise ValueError(
                f"poll must be at least {format_duration(shortest)}, so as not to burden servers"
            )
        return self

    def private(self, instance: Instance) -> bool:
        """Whether a server may be reached in the own network."""
        return self.allow_private if instance.allow_private is None else instance.allow_private


def handle_mistake(handle: str) -> str | None:
    """Say what is wrong with a brand's account as configured; None where nothing is."""
    return None if "@" in handle.lstrip("@") else f"write it with its server, as in {handle}@mastodon.social"


def build(
    options: Options, client: PoliteClient, ear: Ear, clock: Callable[[], float] = time.time
) -> list[Collector]:
    """Return the one collector of this source."""
    return [Mastodon(options, client, ear, clock)]


class Mastodon:
    """Reads all timelines one after the other; then, where a server gave us a token, what its stream brings."""

    def __init__(self, options: Options, client: PoliteClient, ear: Ear, clock: Callable[[], float]) -> None:
        self._options = options
        self._ear = ear
        self._clock = clock
        self._source = Source(KIND, KIND, lateness=2 * options.poll, visits=Visits())
        self._servers = [Server(each, client, options.private(each), clock) for each in options.instances]
        self._teller = Teller(ear)
        self._looks = Looks(self._servers, self._teller)
        self._rounds = Rounds(self._teller, ear, options.history, options.poll)
        self._mute: dict[Server, float] = {}

    @property
    def source(self) -> Source:
        return self._source

    @property
    def poll(self) -> int:
        return self._options.poll

    @property
    def streams(self) -> bool:
        return bool(self._streaming())

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what is new in every timeline, oldest first, and then, with a token, what the streams bring.

        The cursor holds the newest ids of each timeline and moves with each page. A server that fails is told of
        only after the others were read.
        """
        state = State.of(cursor)
        timelines = self._timelines()
        outcome = Outcome(now)
        async with aclosing(self._rounds.read_all(state, outcome, timelines, timelines)) as pages:
            async for page in pages:
                yield page
        async with aclosing(self._rounds.back_in_time(state, outcome, self._servers, timelines)) as pages:
            async for page in pages:
                yield page
        outcome.tell()
        if outcome.whole and self.streams:
            async with aclosing(self._live(state, timelines)) as pages:
                async for page in pages:
                    yield page

    @property
    def at_once(self) -> int:
        return AT_ONCE

    @property
    def most_calls(self) -> int:
        return MOST_CALLS

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept statuses. Raises Retriable and Permanent."""
        return await self._looks.visit(native_ids, now)

    def _timelines(self) -> list[Timeline]:
        found = []
        for server in self._servers:
            for tag in self._options.hashtags:
                path = f"/api/v1/timelines/tag/{quote(tag, safe='')}"
                found.append(Timeline(f"{server.name} #{tag}", server, path, channel=("hashtag", tag)))
            if self._options.public:
                local = self._options.public == "local"
                query, channel = ((("local", "true"),), "public:local") if local else ((), "public")
                key = f"{server.name} {channel}"
                found.append(Timeline(key, server, "/api/v1/timelines/public", query, (channel,)))
            for handle in self._ear.handles:
                if self._home_of(handle) is server:
                    query = (("exclude_reblogs", "true"),)
                    found.append(Timeline(f"{server.name} @{handle}", server, query=query, handle=handle))
            if server.has_token and self._ear.handles:
                key = f"{server.name} mentions"
                found.append(Timeline(key, server, own.PATH, own.QUERY, mentions=True))
        return found

    def _home_of(self, handle: str) -> Server | None:
        """The server on which a brand's account is read: its own if we listen there, else the first one."""
        domain = handle.rpartition("@")[2].lower() if "@" in handle else None
        if domain is None:
            return None
        return next((server for server in self._servers if server.home == domain), self._servers[0])

    def _streaming(self) -> list[Server]:
        now = self._clock()
        return [s for s in self._servers if s.has_token and now - self._mute.get(s, -MUTE) >= MUTE]

    async def _live(self, state: State, timelines: Sequence[Timeline]) -> AsyncGenerator[Page, None]:
        """Subscribe, read what was said until then, and go on with what the streams bring."""
        servers = self._streaming()
        heard = [t for t in timelines if t.channel is not None and t.server in servers]
        channels = {s: [t.channel for t in heard if t.server is s and t.channel] for s in servers}
        try:
            async with listening(channels) as hub:
                desk = _Desk(state, timelines, heard, self._clock)
                async with aclosing(self._follow(hub, desk)) as pages:
                    async for page in pages:
                        yield page
        except NoStream as refusal:
            # It is asked for again in a day, and until then its timelines are read like those of the others.
            self._mute[refusal.server] = self._clock()
            log.warning("no stream from this server", server=refusal.server.name, reason=str(refusal))

    async def _follow(self, hub: Hub, desk: _Desk) -> AsyncGenerator[Page, None]:
        now = int(self._clock())
        due: Sequence[Timeline] = desk.timelines
        read_at = checked_at = told_at = now
        while True:
            if due:
                outcome = Outcome(now)
                async with aclosing(self._rounds.read_all(desk.state, outcome, due, desk.timelines)) as pages:
                    async for page in pages:
                        yield page
                outcome.tell()
                if not outcome.whole:
                    return
            bursts = await hub.take(1.0)
            now = int(self._clock())
            for burst in bursts:
                async with aclosing(self._burst(burst, desk, now)) as pages:
                    async for page in pages:
                        yield page
            if now - told_at >= NEWS:
                told_at = now
                yield desk.news(now, self._rounds.active(desk.timelines))
            due = ()
            if now - checked_at >= RECHECK:
                due, checked_at, read_at = desk.timelines, now, now
            elif now - read_at >= self.poll:
                due, read_at = [t for t in desk.timelines if t not in desk.heard], now

    async def _burst(self, burst: Burst, desk: _Desk, now: int) -> AsyncGenerator[Page, None]:
        for start in range(0, len(burst.items), BURST):
            items = burst.items[start : start + BURST]
            told = await self._teller.hear(items, burst.server, now)
            # What waits behind these items has not been read yet.
            desk.pass_on(burst.server, items, now if start + BURST >= len(burst.items) else 0)
            if told.events or told.aside:
                heard = desk.state.now_heard(self._rounds.active(desk.timelines))
                yield Page(told.events, desk.cursor(), heard, set_aside=told.aside)
            self._teller.remember(told)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is needed while streams are followed: the cursor's state, all timelines, and those that are streamed."""

    state: State
    timelines: Sequence[Timeline]
    heard: Sequence[Timeline]
    clock: Callable[[], float]

    def cursor(self) -> Cursor:
        return self.state.cursor([timeline.key for timeline in self.timelines])

    def pass_on(self, server: Server, items: Sequence[dict[str, Any]], now: int) -> None:
        """Move the places of one server's timelines behind what its stream brought."""
        for timeline in self.heard:
            if timeline.server is not server:
                continue
            mine = [item for item in items if channel_of(item) == timeline.channel]
            names = [name for item in mine if (name := status_id(item)) is not None]
            self.state.pass_on(timeline.key, names, now)

    def news(self, now: int, active: Sequence[str]) -> Page:
        """Say that nothing more was said up to now."""
        for timeline in self.heard:
            self.state.pass_on(timeline.key, (), now)
        return Page((), self.cursor(), self.state.now_heard(active))
