"""What the daemon hears and to whom it speaks in tests: feeds that change, a mail server, a webhook's keys."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from aiosmtpd.smtp import SMTP
from servers import FaultServer, Reply


@dataclass(frozen=True)
class Item:
    """One item of a feed. Without an id or a date it goes out without one."""

    text: str
    id: str | None = None
    at: float | None = None


def rss(items: Iterable[Item], note: str = "") -> bytes:
    """An RSS feed, in the order given; `note` changes the document and none of its items."""
    parts = [f"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>town {note}</title>"]
    for item in items:
        parts.append("<item>")
        parts.append(f"<guid isPermaLink='false'>{item.id}</guid>" if item.id else "")
        parts.append(f"<pubDate>{formatdate(item.at, usegmt=True)}</pubDate>" if item.at is not None else "")
        # Twice: a description is HTML, and the HTML stands in XML.
        parts.append(f"<description>{html.escape(html.escape(item.text))}</description></item>")
    return "".join([*parts, "</channel></rss>"]).encode()


def opening(hours: float = 3) -> Item:
    """An item that lets a feed's first reading reach back so far."""
    return Item("Morvane opens a shop in the old harbour", "opening", time.time() - hours * 3600)


def posts(count: int, *, first: int = 0, text: str = "Morvane again, item {n}") -> list[Item]:
    """That many fresh items, a tenth of a second apart, the last one now."""
    now = time.time()
    return [Item(text.format(n=first + n), f"i{first + n}", now - (count - 1 - n) / 10) for n in range(count)]


class Board:
    """A feed whose items a test changes while the daemon reads it."""

    def __init__(self, server: FaultServer, path: str, items: Iterable[Item] = ()) -> None:
        self.items = list(items)
        self.url = server.url(path)
        self._server = server
        self._path = path
        self._polls = 0
        self._body = b""
        self._shown: list[Item] | None = None
        server.script(path, lambda seen: self._answer())

    def _answer(self) -> Reply:
        if self._shown != self.items:
            self._shown, self._body = list(self.items), rss(self.items)
        return Reply(body=self._body, headers={"Content-Type": "application/rss+xml"})

    async def read(self, times: int = 1, within: float = 20.0) -> None:
        """Wait until the feed was asked for so many more times."""
        await self._server.got(self._path, len(self._server.seen(self._path)) + times, within)


class Mailbox:
    """A real SMTP server that keeps what it takes. `answers` are given to the next messages, then it takes all."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.answers: list[str] = []
        self.port = 0

    async def __aenter__(self) -> Mailbox:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, loop=loop), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def options(self) -> dict[str, Any]:
        """The section channels.email for this server."""
        return {"host": "127.0.0.1", "port": self.port, "from": "l@example.com", "to": ["t@example.com"]}

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(envelope.content)
        return "250 taken"


def keys_of(server: FaultServer, path: str) -> list[str]:
    """The idempotency keys that a webhook was sent, in order."""
    return [seen.headers["Idempotency-Key"] for seen in server.seen(path)]
