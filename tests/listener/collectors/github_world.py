"""GitHub as a world of the contract of collectors: people open issues that a search finds."""

from __future__ import annotations

import time
from typing import Any

from github_stub import Hub
from on_fault_server import OnFaultServer


class GitHubWorld(OnFaultServer):
    """One repository, asked without a login but for what is searched; with a token in every request."""

    kind = "github"
    several = 6
    late = 3_000
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})
    secrets = ("gh-token-hunter2",)

    def begin(self) -> None:
        self.hub = Hub()
        self.serve("*", self.hub.reply)

    @property
    def environment(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": "gh-token-hunter2"}

    @property
    def options(self) -> dict[str, Any]:
        return {"poll": "1s", "url": self.server.url(""), "allow_private": True, "token": "${GITHUB_TOKEN}"}

    def native_id(self, number: int) -> str:
        return f"acme/kettle#{1_000 + number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.hub.issue("acme/kettle", 1_000 + number, at or int(time.time()), text)

    async def count(self, number: int, seen: int) -> None:
        self.hub.issues["acme/kettle", 1_000 + number]["comments"] = seen

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def edit(self, number: int, text: str) -> None:
        self.hub.issues["acme/kettle", 1_000 + number]["title"] = text

    async def delete(self, number: int) -> None:
        del self.hub.issues["acme/kettle", 1_000 + number]

    async def spoil(self, number: int, at: int) -> None:
        self.hub.issue("acme/kettle", 1_000 + number, at, {"no": "text"})
