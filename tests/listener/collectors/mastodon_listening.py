"""What tests of the Mastodon collector share: a store that is a dictionary, and a collector at some stubs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ears import TestEar

from alerts.transport import Transport
from listener.collectors.base import Collector
from listener.collectors.mastodon.collector import Options, build
from listener.collectors.post import Delete, Edit, Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor, Gap, Heard, Reading, SetAside

NOW = 1_795_000_000
HOUR = 3_600


class Clock:
    """A clock that tests move."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class Died(Exception):
    """The process died."""


@dataclass
class Kept:
    """Keeps what pages bring, as a store does. What is kept is `kept` for the ear too, and what was heard without a
    break is one stretch."""

    ear: TestEar
    cursor: Cursor | None = None
    posts: dict[str, Post] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    edits: list[Post] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    again: int = 0

    def commit(self, page: Page) -> None:
        self.pages.append(page)
        for event in page.events:
            if isinstance(event, Post):
                self._keep(event)
            elif isinstance(event, Edit):
                self.edits.append(event.post)
                self.posts[event.post.native_id] = event.post
            elif isinstance(event, Delete):
                self.deleted.append(event.native_id)
            elif isinstance(event, Reading):
                self.readings.append(event)
        self.aside += page.set_aside
        self.cursor = page.next_cursor
        if page.heard is not None:
            if self.heard and self.heard[-1].until == page.heard.since:
                page = replace(page, heard=Heard(self.heard.pop().since, page.heard.until))
            assert page.heard is not None
            self.heard.append(page.heard)
        if page.gap is not None:
            self.gaps.append(page.gap)

    def _keep(self, post: Post) -> None:
        if post.native_id in self.posts:
            self.again += 1
            return
        self.posts[post.native_id] = post
        self.order.append(post.native_id)
        self.ear.ids.add(post.native_id)

    @property
    def texts(self) -> list[str]:
        return [self.posts[name].text for name in self.order]

    async def poll(self, collector: Collector, now: int, die_before: int | None = None) -> int:
        """Read to the end, or die before so many pages are committed. Returns the number of pages."""
        count = 0
        async with aclosing(collector.pages(self.cursor, now)) as pages:
            async for page in pages:
                if count == die_before:
                    raise Died
                self.commit(page)
                count += 1
        return count


@dataclass
class Scene:
    """A client, a clock and an ear, from which any number of collectors (processes) can be made."""

    client: PoliteClient
    clock: Clock = field(default_factory=Clock)
    ear: TestEar = field(default_factory=TestEar)

    def collector(self, servers: Sequence[Any], **options: Any) -> Collector:
        """A collector at some servers, given as running ones, or as mappings where they need a token."""
        hosts = [server if isinstance(server, dict) else {"host": server.host} for server in servers]
        asked: dict[str, Any] = {"hashtags": ["acme"], "allow_private": True, **options}
        (made,) = build(Options(instances=hosts, **asked), self.client, self.ear, self.clock)
        return made

    def store(self) -> Kept:
        return Kept(self.ear)


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    async with Transport() as transport:
        yield Scene(PoliteClient(transport))
