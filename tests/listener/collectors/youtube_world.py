"""The world of YouTube: a search of videos on one server."""

from __future__ import annotations

import time
from typing import Any

from on_fault_server import OnFaultServer
from youtube_stub import BASE, KEY, YouTubeStub


class YouTubeWorld(OnFaultServer):
    """Videos that a search finds. A deleted one is learned of by a look at it."""

    kind = "youtube"
    several = 60
    late = 9_000
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})
    secrets = (KEY,)

    def begin(self) -> None:
        self.site = YouTubeStub(self.server)
        for method in YouTubeStub.METHODS:
            self.serve(f"{BASE}/{method}", self.site.answer(method))

    @property
    def environment(self) -> dict[str, str]:
        return {"YOUTUBE_KEY": KEY}

    @property
    def options(self) -> dict[str, Any]:
        # More searches than a project has at first, so that each poll of a test may search.
        options = {"key": "${YOUTUBE_KEY}", "url": self.server.url(BASE), "searches": 100_000}
        return {**options, "poll": "1s", "history": "4h", "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"video-{number:05d}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.site.video(self.native_id(number), at or time.time(), text)

    async def edit(self, number: int, text: str) -> None:
        self.site.videos[self.native_id(number)]["snippet"]["title"] = text

    async def count(self, number: int, seen: int) -> None:
        self.site.videos[self.native_id(number)]["statistics"]["viewCount"] = str(seen)

    async def vanish(self, number: int) -> None:
        self.site.gone.add(self.native_id(number))

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        video = self.site.video(self.native_id(number), at, "Morvane")
        video["snippet"] |= {"channelTitle": ["no", "text"]}
