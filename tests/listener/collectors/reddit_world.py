"""The world of Reddit: a search on one server, that an app's token opens."""

from __future__ import annotations

import time
from typing import Any

from on_fault_server import OnFaultServer
from reddit_stub import CLIENT_ID, CLIENT_SECRET, TOKEN, RedditStub


class RedditWorld(OnFaultServer):
    """Posts that a search finds. A deleted one is learned of by a look at it."""

    kind = "reddit"
    several = 120
    late = 3_000
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})
    secrets = (CLIENT_SECRET, "token-1")

    def begin(self) -> None:
        self.site = RedditStub(self.server)
        self.serve(TOKEN, self.site.login)
        self.serve("/search", self.site.search)
        self.serve("/api/info", self.site.info)

    @property
    def environment(self) -> dict[str, str]:
        return {"REDDIT_ID": CLIENT_ID, "REDDIT_SECRET": CLIENT_SECRET}

    @property
    def options(self) -> dict[str, Any]:
        app = {"client_id": "${REDDIT_ID}", "client_secret": "${REDDIT_SECRET}", "username": "ann"}
        url = self.server.url("")
        return {**app, "url": url, "login": url, "poll": "1s", "history": "1h", "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"t3_{1_000 + number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.site.post(1_000 + number, at or time.time(), text)

    async def edit(self, number: int, text: str) -> None:
        self._data(number)["title"] = text

    def _data(self, number: int) -> dict[str, Any]:
        name = self.native_id(number)
        found: dict[str, Any] = next(t for t in self.site.things if t["data"]["name"] == name)["data"]
        return found

    async def count(self, number: int, seen: int) -> None:
        self._data(number)["score"] = seen

    async def vanish(self, number: int) -> None:
        # Reddit shows it no more in its lists; asked for by its name it is a shell.
        self.site.unlisted.add(self.native_id(number))
        self._data(number).update(author="[deleted]", selftext="[deleted]", selftext_html=None)

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        self.site.post(1_000 + number, at, "Morvane")["author"] = ["no", "text"]
