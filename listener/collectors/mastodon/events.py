"""Turns statuses of several servers into events: each told once, answers tied to what they answer, changes noticed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from listener.collectors import read_items
from listener.collectors.base import Ear, Permanent, Retriable
from listener.collectors.mastodon.instance import Enough, Server
from listener.collectors.mastodon.statuses import (
    STAMP,
    Status,
    edited,
    local_id,
    native_id,
    reading,
    to_event,
)
from listener.collectors.post import Delete, Edit, Event, Post
from storage.mention import Reading, SetAside

MOST_KNOWN = 50_000
MOST_LOOKUPS = 20
"""Questions to one server per page about what a status answers, or whether it is gone."""
AT_ONCE = 50
"""Messages of a stream that are heard before everybody else gets a turn."""
GONE = (404, 410)
CLOSED = (401, 403, 422)
"""A server shows this to its members only."""

K = TypeVar("K")
V = TypeVar("V")


class Recently(OrderedDict[K, V], Generic[K, V]):
    """Remembers the newest MOST_KNOWN things."""

    def note(self, key: K, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > MOST_KNOWN:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Tie:
    """A status as one server knows it: its uri, and the uri at the root of its conversation, where that is known."""

    uri: str
    thread: str | None


@dataclass(slots=True)
class Told:
    """What a page says, and what is to be remembered once the page is kept: a page that is lost is told again."""

    events: list[Event] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    versions: dict[str, str | None] = field(default_factory=dict)
    counters: dict[str, Mapping[str, int]] = field(default_factory=dict)
    places: dict[str, tuple[Server, str]] = field(default_factory=dict)


class Teller:
    """Remembers in memory what was told. After a restart things are told again, and the store knows them.

    `began`: something was, since the start.
    """

    def __init__(self, ear: Ear) -> None:
        self.began = False
        self._ear = ear
        self._ties: Recently[tuple[str, str], _Tie] = Recently()
        self._places: Recently[str, tuple[Server, str]] = Recently()
        self._versions: Recently[str, str | None] = Recently()
        self._counters: Recently[str, Mapping[str, int]] = Recently()

    def remember(self, told: Told) -> None:
        """The page with these events is kept."""
        for name, version in told.versions.items():
            self._versions.note(name, version)
        for name, counters in told.counters.items():
            self._counters.note(name, counters)
        for name, place in told.places.items():
            # Of a whole public timeline few are kept, and those must be found a week later.
            if self._ear.kept(name):
                self._places.note(name, place)
        self.began = True

    async def tell(self, statuses: Iterable[Status], server: Server, at: int) -> Told:
        """Say what is new about statuses of a timeline."""
        told = Told()
        fresh: list[dict[str, Any]] = []
        for status in statuses:
            name = _name(status, server)
            version = edited(status)
            self._tie(status, name, server)
            if (here := local_id(status)) is not None:
                told.places[name] = (server, here)
            if not self._ear.kept(name):
                if self._was_told(name, version):
                    continue
                fresh.append(self._stamped(status, server))
            else:
                if version is not None and self._versions.get(name) != version:
                    fresh.append(self._stamped(status, server))
                self._count(status, name, at, told)
            told.versions[name] = version
        events, told.aside = read_items(fresh, to_event)
        posts = [event for event in events if isinstance(event, Post)]
        tied = await self._tie_all(posts, fresh, server)
        told.events[:0] = [Edit(post) if self._ear.kept(post.native_id) else post for post in tied]
        return told

    async def hear(self, items: Sequence[dict[str, Any]], server: Server, at: int) -> Told:
        """Say which messages of a stream concern us."""
        told = Told()
        # One after the other: an answer may come right behind what it answers, before that is kept.
        for number, item in enumerate(items):
            if number % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            status = _carried(item)
            stamp = self._stamp(status, item.get("payload"), server)
            events: list[Post | Edit | Delete]
            events, aside = read_items([{**item, STAMP: stamp}], to_event)
            told.aside += aside
            for event in events:
                if not isinstance(event, Delete):
                    await self._hear_post(event, status or {}, server, at, told)
                elif self._ear.kept(event.native_id):
                    told.events.append(event)
        return told

    async def _hear_post(
        self, event: Post | Edit, status: Status, server: Server, at: int, told: Told
    ) -> None:
        post = event.post if isinstance(event, Edit) else event
        name, version = post.native_id, edited(status)
        if self._was_told(name, version) or (name in told.versions and told.versions[name] == version):
            # It came by another channel, or from another server, before.
            return
        kept = self._ear.kept(name)
        wanted = kept or post.in_reply_to in told.versions
        if not wanted and not self._ear.wanted(post.text, post.author_id, post.in_reply_to):
            return
        (post,) = await self._tie_all([post], [status], server)
        told.events.append(Edit(post) if isinstance(event, Edit) else post)
        told.versions[name] = version
        if (here := local_id(status)) is not None:
            told.places[name] = (server, here)
        if kept:
            self._count(status, name, at, told)

    async def missing(self, absent: Mapping[str, str], server: Server) -> tuple[list[Delete], list[str]]:
        """Of statuses that a timeline shows no more (uri -> local id): those that are gone, and the undecided."""
        gone: list[Delete] = []
        undecided: list[str] = []
        kept = [uri for uri in absent if self._ear.kept(uri)]
        for number, uri in enumerate(kept):
            try:
                if number >= MOST_LOOKUPS:
                    raise Enough
                if await _is_gone(uri, absent[uri], server):
                    gone.append(Delete(uri))
            except (Enough, Retriable):
                undecided.append(uri)
        return gone, undecided

    def place_of(self, uri: str) -> tuple[Server, str] | None:
        """A server that has shown a kept status since the start, and the id by which it knows it."""
        return self._places.get(uri)

    def tell_again(self, status: Status, uri: str, server: Server, at: int, told: Told) -> None:
        """Say how a kept status reads now and what its counters are; another one than this says nothing of it."""
        if not _uri(status) or native_id(status) != uri:
            return
        version = edited(status)
        if version is not None and self._versions.get(uri) != version:
            events, aside = read_items([self._stamped(status, server)], to_event)
            told.events += [Edit(event) for event in events if isinstance(event, Post)]
            told.aside += aside
            self._versions.note(uri, version)
        before = self._counters.get(uri, {})
        best = {name: max(n, before.get(name, 0)) for name, n in reading(status, at).counters.items()}
        if best:
            told.events.append(Reading(uri, at, best))
            self._counters.note(uri, best)

    def _was_told(self, name: str, version: str | None) -> bool:
        return name in self._versions and self._versions[name] == version

    def _tie(self, status: Status, name: str, server: Server) -> None:
        here = local_id(status)
        if here is None or not _uri(status) or (server.name, here) in self._ties:
            return
        answered = status.get("in_reply_to_id")
        above = self._ties.get((server.name, answered)) if isinstance(answered, str) else None
        thread = name if answered is None else None if above is None else above.thread
        self._ties.note((server.name, here), _Tie(name, thread))

    def _count(self, status: Status, name: str, at: int, told: Told) -> None:
        """Servers know only a part of what happens to a status of another one: the highest number is the best one."""
        now = reading(status, at).counters
        before = told.counters.get(name, self._counters.get(name, {}))
        best = {counter: max(number, before.get(counter, 0)) for counter, number in now.items()}
        if best != before:
            told.events.append(Reading(name, at, best))
            told.counters[name] = best

    def _stamped(self, status: Status, server: Server) -> dict[str, Any]:
        return {**status, STAMP: self._stamp(status, None, server)}

    def _stamp(self, status: Status | None, payload: object, server: Server) -> dict[str, Any]:
        stamp: dict[str, Any] = {"instance": server.home}
        if status is None:
            tie = self._ties.get((server.name, payload)) if isinstance(payload, str) else None
            return {**stamp, "uri": tie.uri} if tie is not None else stamp
        answered = status.get("in_reply_to_id")
        tie = self._ties.get((server.name, answered)) if isinstance(answered, str) else None
        return stamp if tie is None else {**stamp, "parent": tie.uri, "thread": tie.thread}

    async def _tie_all(self, posts: Sequence[Post], statuses: Sequence[Status], server: Server) -> list[Post]:
        """Find what answers answer: a server names it by its own id only. Asked only where the post may concern us."""
        by_name = {_name(status, server): status for status in statuses}
        lookups = MOST_LOOKUPS
        tied = []
        for post in posts:
            status = by_name[post.native_id]
            name, answered = local_id(status), status.get("in_reply_to_id")
            found = post
            above = self._ties.get((server.name, answered)) if isinstance(answered, str) else None
            if above is not None:
                found = replace(post, in_reply_to=above.uri, thread=above.thread)
            elif (
                answered is not None
                and lookups
                and name
                and self._ear.wanted(post.text, post.author_id, None)
            ):
                lookups -= 1
                found = await self._ask_about(post, name, server)
            if name is not None:
                self._ties.note((server.name, name), _Tie(found.native_id, found.thread))
            tied.append(found)
        return tied

    async def _ask_about(self, post: Post, name: str, server: Server) -> Post:
        try:
            context = await server.ask(f"/api/v1/statuses/{name}/context")
        except (Permanent, Retriable, Enough):
            # Some servers tell this to their members only; the answer itself is worth keeping without it, and a
            # server that fails on this one question must not be silenced by it.
            return post
        ancestors = context.get("ancestors") if isinstance(context, Mapping) else None
        if not isinstance(ancestors, list):
            return post
        line = [status for status in ancestors if isinstance(status, Mapping) and _uri(status)]
        if not line:
            return post
        # Of a line that is cut at its upper end the root is not known.
        whole = line[0].get("in_reply_to_id") is None
        thread = native_id(line[0]) if whole else None
        for status in line:
            if (ancestor := local_id(status)) is not None:
                self._ties.note((server.name, ancestor), _Tie(native_id(status), thread))
        return replace(post, in_reply_to=native_id(line[-1]), thread=thread)


async def _is_gone(uri: str, name: str, server: Server) -> bool:
    """Ask the server whether a status is still there; where it answers members only, the page of the status itself."""
    try:
        await server.ask(f"/api/v1/statuses/{name}")
    except Permanent as failure:
        if failure.status in CLOSED and uri.startswith(f"{server.url}/"):
            return await server.is_gone(uri)
        return failure.status in GONE
    return False


def window(statuses: Iterable[Status]) -> dict[str, str]:
    """What a timeline showed, uri -> local id, oldest first as it was shown."""
    return {native_id(status): name for status in statuses if (name := local_id(status)) and _uri(status)}


def _carried(item: Mapping[str, Any]) -> Status | None:
    payload = item.get("payload")
    return payload if isinstance(payload, Mapping) else None


def _uri(status: Status) -> bool:
    found = status.get("uri")
    return isinstance(found, str) and bool(found.strip())


def _name(status: Status, server: Server) -> str:
    """By which name it is remembered that a status was told: its uri, or what stands for it where it has none."""
    if _uri(status):
        return native_id(status)
    return f"{server.name} {local_id(status) or hash(str(status))}"
