"""One collector of YouTube at a stand-in, polled again and again, for tests."""

from __future__ import annotations

from typing import Any

from ears import TestEar
from pydantic import SecretStr
from servers import FaultServer
from youtube_stub import BASE, KEY

from listener.collectors.post import Page
from listener.collectors.youtube.collector import Options, YouTube
from listener.http import PoliteClient
from storage.mention import Cursor


class Listens:
    """Polls as the daemon does: what a page brought is kept before the next one is asked for."""

    def __init__(self, client: PoliteClient, server: FaultServer, ear: TestEar, **more: Any) -> None:
        options = {"key": SecretStr(KEY), "url": server.url(BASE), "allow_private": True, **more}
        self.ear = ear
        self._make = lambda: YouTube(Options(**options), client, ear)
        self.collector = self._make()
        self.cursor: Cursor | None = None

    def start_again(self) -> None:
        """As a process that was started again: nothing is known but the cursor."""
        self.collector = self._make()

    async def poll(self, now: int) -> list[Page]:
        pages: list[Page] = []
        async for page in self.collector.pages(self.cursor, now):
            pages.append(page)
            self.cursor = page.next_cursor
            self.ear.ids.update(post.native_id for post in page.posts)
        return pages


def events(pages: list[Page], kind: type) -> list[Any]:
    """The events of one kind."""
    return [event for page in pages for event in page.events if isinstance(event, kind)]
