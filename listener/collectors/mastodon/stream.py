"""The streams of all Mastodon servers that gave us a token, read together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from listener.collectors.base import Permanent, Retriable
from listener.collectors.mastodon.instance import Server
from listener.collectors.mastodon.statuses import local_id, opened

if TYPE_CHECKING:
    from listener.stream import Stream

_REMEDY = (
    "its stream needs a user token of this server with the scope `read`; until then its timelines are read"
)

MOST_AT_ONCE = 500_000
MESSAGE_WEIGHT = 1_000
"""Characters of messages that are read at once, each message counted as if it were so much longer."""

Channel = tuple[str, ...]
"""What a message names its stream by: ("public",), ("hashtag", "acme")."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What one server sent, in order."""

    server: Server
    items: list[dict[str, Any]]


class NoStream(Exception):
    """A server offers no stream, or not to this token; its timelines can still be read."""

    def __init__(self, server: Server, reason: str) -> None:
        super().__init__(reason)
        self.server = server


class Hub:
    """Waits for whichever server says something first."""

    def __init__(self, streams: Mapping[Server, Stream]) -> None:
        self._streams = streams
        self._waiting: dict[asyncio.Task[list[str | bytes]], Server] = {}

    async def take(self, wait: float) -> list[Burst]:
        """Return what has come; where nothing has, what comes within `wait` seconds.

        Raises Retriable and NoStream, once what came before was taken.
        """
        for server, stream in self._streams.items():
            if server not in self._waiting.values():
                self._waiting[asyncio.create_task(stream.take(wait))] = server
        done, _ = await asyncio.wait(self._waiting, return_when=asyncio.FIRST_COMPLETED)
        heard = []
        failed: Retriable | None = None
        for task in done:
            server = self._waiting.pop(task)
            try:
                messages = task.result()
            except Retriable as failure:
                failed = failure
                continue
            if messages:
                heard.append(Burst(server, await _items(messages, server)))
        if failed is not None and not heard:
            raise failed
        return heard

    async def close(self) -> None:
        """Stop waiting."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)


@asynccontextmanager
async def listening(wanted: Mapping[Server, Sequence[Channel]]) -> AsyncIterator[Hub]:
    """Open the streams, all of them or none, and subscribe to their channels. Raises Retriable and NoStream."""
    async with AsyncExitStack() as stack:
        streams: dict[Server, Stream] = {}
        for server, channels in wanted.items():
            try:
                stream = await stack.enter_async_context(server.stream())
            except Permanent as refusal:
                raise NoStream(server, f"{refusal}; {_REMEDY}") from refusal
            streams[server] = stream
            for channel in channels:
                await stream.send(_subscription(channel))
        hub = Hub(streams)
        try:
            yield hub
        finally:
            await hub.close()


def channel_of(item: Mapping[str, Any]) -> Channel:
    """Which channel a message came by."""
    found = item.get("stream")
    return tuple(str(part).lower() for part in found) if isinstance(found, list) else ()


def status_id(item: Mapping[str, Any]) -> str | None:
    """The local id of the new status that a message brings, if it brings one."""
    return local_id(item.get("payload")) if item.get("event") == "update" else None


def _subscription(channel: Channel) -> str:
    asked = {"type": "subscribe", "stream": channel[0]}
    return json.dumps({**asked, "tag": channel[1]} if len(channel) > 1 else asked)


async def _items(messages: Sequence[str | bytes], server: Server) -> list[dict[str, Any]]:
    """Read messages. Thousands may have waited, and everybody else gets a turn in between."""
    items, weight = [], 0
    for message in messages:
        items.append(_item(message, server))
        weight += MESSAGE_WEIGHT + len(message)
        if weight >= MOST_AT_ONCE:
            weight = 0
            await asyncio.sleep(0)
    return items


def _item(message: str | bytes, server: Server) -> dict[str, Any]:
    item = opened(message)
    if "error" in item and "event" not in item:
        raise NoStream(server, f"{server.name} refuses what we ask to hear; {_REMEDY}")
    return item
