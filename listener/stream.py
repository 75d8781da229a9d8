"""A websocket as a streaming collector reads it: what has come, in order, until the connection ends."""

from __future__ import annotations

import asyncio
from collections import deque

import aiohttp

from listener.collectors.base import Retriable

MOST_WAITING = 5_000
"""Messages that wait to be read; while so many wait, the server is made to wait too."""
MOST_BYTES_WAITING = 16_000_000
"""The same, counted by their length."""


class Stream:
    """The messages of one websocket, read ahead by a task of its own until too many wait."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, host: str) -> None:
        self._socket = socket
        self._host = host
        self._waiting: deque[str | bytes] = deque()
        self._bytes = 0
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended: str | None = None
        self._pump = asyncio.create_task(self._read_ahead())

    async def take(self, wait: float) -> list[str | bytes]:
        """Return all that has come, in order; where nothing has, what comes within `wait` seconds, if anything.

        Raises Retriable once the stream has ended and all that it brought was taken.
        """
        if not self._waiting and self._ended is None:
            try:
                async with asyncio.timeout(wait):
                    await self._came.wait()
            except TimeoutError:
                return []
        taken = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        self._came.clear()
        self._room.set()
        if not taken and self._ended is not None:
            raise Retriable(self._ended)
        return taken

    async def send(self, text: str) -> None:
        """Send a text message. Raises Retriable where the stream has ended."""
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            raise Retriable(f"the stream of {self._host} has ended") from error

    async def close(self) -> None:
        """End the stream; the server has a second to say goodbye."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        await self._socket.close()

    async def _read_ahead(self) -> None:
        reason = f"the stream of {self._host} was closed"
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.ERROR:
                    reason = f"the stream of {self._host} sent what is no message, or one that is too long"
                    break
                self._waiting.append(message.data)
                self._bytes += len(message.data)
                self._came.set()
                if len(self._waiting) >= MOST_WAITING or self._bytes >= MOST_BYTES_WAITING:
                    self._room.clear()
                    await self._room.wait()
        except (aiohttp.ClientError, OSError):
            reason = f"the stream of {self._host} broke off"
        self._ended = reason
        self._came.set()
