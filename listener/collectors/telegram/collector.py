"""Listens to Telegram: public channels by their names, through the preview that everybody may open in a browser.

preview.py reads the pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from listener.collectors import read_items
from listener.collectors.asking import Address, PoliteOptions
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace, Token
from listener.collectors.post import Delete, Edit, Event, Page, Post
from listener.collectors.telegram.preview import (
    NAME,
    Item,
    Preview,
    number,
    read_preview,
    to_event,
    views,
    written_at,
)
from storage.durations import Duration
from storage.mention import Cursor, Reading, SetAside, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

__all__ = ["GRADE", "Options", "Telegram", "build", "to_event"]

KIND = "telegram"
GRADE: Grade = "bronze"
_OVERLAP = 3 * 3_600
_PAUSE = 1.0
_MOST_BYTES = 4_000_000


def _channel(name: str) -> str:
    bare = name.strip().removeprefix("https://").removeprefix("t.me/").removeprefix("s/").removeprefix("@")
    if NAME.fullmatch(bare) is None:
        raise ValueError(
            "a channel is named as in @acme or https://t.me/acme; one without a name has no preview"
        )
    return bare


class Options(PoliteOptions):
    """The key `sources.telegram` of config.yaml. `channels` are public ones; `url` is another one only for tests."""

    SHORTEST = 300

    channels: tuple[Annotated[str, AfterValidator(_channel)], ...] = Field(min_length=1, max_length=200)
    poll: Duration = 900
    history: Duration = Field(default=7 * 86_400, ge=60, le=90 * 86_400)
    url: Address = "https://t.me"


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Telegram(options, client, ear)]


class Telegram:
    """Reads one list for each channel, and looks at kept messages again, one by one."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self._pause = 0.0 if options.allow_private else _PAUSE
        visits = Visits(every=30 * 86_400)
        self.source = Source(KIND, KIND, lateness=2 * options.poll, visits=visits)
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the messages that are new, oldest first."""
        channels = {name.lower(): name for name in self._options.channels}
        lanes = [self._lane(name, now) for name in channels.values()]
        pace = Pace(self._options.history, _OVERLAP, answers=10, asks=200, pause=self._pause)
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    def _lane(self, name: str, now: int) -> Lane:
        async def ask(since: int, token: Token | None) -> Listing:
            shown = await self._shown(name, "" if token is None else f"?before={token}")
            posts, aside = _read(shown.items)
            numbers = [found for item in shown.items if (found := number(item)) is not None]
            first = min(numbers, default=1)
            events: list[Event] = []
            for post, item in reversed(posts):
                events += [post, *_counted(post, item, now)]
            oldest = min((at for item in shown.items if (at := _written(item)) is not None), default=None)
            return Listing(events, aside, oldest, first if first > 1 else None)

        return Lane(name.lower(), ask)

    async def _shown(self, name: str, query: str) -> Preview:
        """The newest messages, or those before one. Raises Permanent where the channel shows none to strangers."""
        path = f"/s/{name}"
        shown, at = await self._page(f"{path}{query}")
        # Whom it lets see nothing it leads to the channel's door.
        if shown.channel and at.lower() == path.lower():
            return shown
        if shown.telegram:
            raise Permanent(
                f"t.me shows no preview of {name}: there is no such public channel, or it lets nobody look in without"
                " an account; look at its address in a browser"
            )
        raise Retriable(f"t.me answered something unexpected about {name}")

    async def _page(self, path: str) -> tuple[Preview, str]:
        """Return a page, and the path at which it was in the end."""
        fetched = await self._client.get(
            f"{self._options.url}{path}",
            allow_private=self._options.allow_private,
            accept="text/html",
            max_bytes=_MOST_BYTES,
        )
        # In a thread: a page takes some milliseconds, and a hostile one more.
        return await asyncio.to_thread(read_preview, fetched.body), urlsplit(fetched.url).path

    # ---- kept messages, again

    @property
    def at_once(self) -> int:
        return 10

    @property
    def most_calls(self) -> int:
        return 3

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept messages, each at its own address: what it says there is certain."""
        events: list[Event] = []
        aside: list[SetAside] = []
        unseen: list[str] = []
        for place, native_id in enumerate(native_ids):
            if number({"id": native_id}) is None:
                # Never of our own keeping: what stands there would become a part of an address.
                unseen.append(native_id)
                continue
            if place and self._pause:
                await asyncio.sleep(self._pause)
            shown, _ = await self._page(f"/{native_id}?embed=1&mode=tme")
            posts, spoiled = _read([item for item in shown.items if item["id"] == native_id])
            aside += spoiled
            if shown.gone and not shown.items:
                events.append(Delete(native_id))
            elif not posts and not spoiled:
                # Neither the message nor that it is gone: a channel that was closed, say, or another page.
                unseen.append(native_id)
            for post, item in posts:
                events += [Edit(post), *_counted(post, item, now)]
        return Visited(events, aside, unseen)


def _read(items: Sequence[Item]) -> tuple[list[tuple[Post, Item]], list[SetAside]]:
    """Each message that says something, with the item that it was read from."""
    found: list[tuple[Post, Item]] = []
    aside: list[SetAside] = []
    for item in items:
        posts, spoiled = read_items([item], to_event)
        found += [(post, item) for post in posts]
        aside += spoiled
    return found, aside


def _counted(post: Post, item: Item, now: int) -> list[Reading]:
    seen = views(item)
    return [] if seen is None else [Reading(post.native_id, now, {"views": seen})]


def _written(item: Item) -> int | None:
    try:
        return written_at(item)
    except (TypeError, ValueError, OverflowError):
        return None
