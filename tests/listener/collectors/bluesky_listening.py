"""What the tests of the Bluesky collector share: a collector on a stub, and reading from it until enough has come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

from ears import TestEar
from jetstream_stub import JetstreamStub

from alerts.transport import Transport
from listener.collectors.bluesky.collector import Bluesky, Options, build
from listener.collectors.post import AccountGone, Delete, Edit, Event, Page, Post
from listener.http import PoliteClient
from storage.mention import Cursor

NOW = 1_795_000_000
US = 1_000_000


@asynccontextmanager
async def listening(
    stub: JetstreamStub, ear: TestEar | None = None, **options: object
) -> AsyncIterator[Bluesky]:
    """A collector on the stub, whose time is that of the stub."""
    made = Options.model_validate(
        {"urls": [stub.stream], "api": stub.api, "allow_private": True, "profiles": False, **options}
    )
    async with Transport() as transport:
        (collector,) = build(made, PoliteClient(transport), ear or TestEar())
        assert isinstance(collector, Bluesky)
        collector._clock = lambda: stub.clock_us() / US
        yield collector


async def read(
    collector: Bluesky,
    cursor: Cursor | None = None,
    *,
    enough: Callable[[list[Page]], bool],
    now: int = NOW,
    ear: TestEar | None = None,
) -> list[Page]:
    """Read pages until they are enough. An `ear` is told what was kept, as the daemon tells it after each commit."""
    pages: list[Page] = []
    async with asyncio.timeout(20), aclosing(collector.pages(cursor, now)) as coming:
        async for page in coming:
            pages.append(page)
            if ear is not None:
                ear.ids |= {post.native_id for post in page.posts}
            if enough(pages):
                break
    return pages


def events_of(pages: Sequence[Page]) -> list[Event]:
    return [event for page in pages for event in page.events]


def at_least(count: int) -> Callable[[list[Page]], bool]:
    """Enough is so many events and items set aside."""
    return lambda pages: len(events_of(pages)) + sum(len(page.set_aside) for page in pages) >= count


def native_ids(pages: Sequence[Page]) -> list[str]:
    """What each event is about, in order."""
    found = []
    for event in events_of(pages):
        if isinstance(event, Post | Delete):
            found.append(event.native_id)
        elif isinstance(event, Edit):
            found.append(event.post.native_id)
        elif isinstance(event, AccountGone):
            found.append(event.author_id)
    return found
