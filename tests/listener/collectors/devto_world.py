"""DEV as a world of the contract of collectors."""

from __future__ import annotations

import time
from typing import Any

from devto_stub import Site
from on_fault_server import OnFaultServer


class DevtoWorld(OnFaultServer):
    """The site. People write titles only; what is edited or taken back is found by looks."""

    kind = "devto"
    several = 6
    late = 1_500
    can = frozenset({"spoil", "retry-after", "visit", "vanish"})

    def begin(self) -> None:
        self.site = Site()
        self.serve("*", self.site.reply)

    @property
    def options(self) -> dict[str, Any]:
        return {"poll": "1s", "url": self.server.url(""), "allow_private": True}

    def native_id(self, number: int) -> str:
        return str(1_000 + number)

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.site.article(1_000 + number, at or int(time.time()), text, description="")

    async def count(self, number: int, seen: int) -> None:
        self.site.articles[1_000 + number]["public_reactions_count"] = seen

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def edit(self, number: int, text: str) -> None:
        self.site.articles[1_000 + number]["title"] = text

    async def delete(self, number: int) -> None:
        del self.site.articles[1_000 + number]

    async def spoil(self, number: int, at: int) -> None:
        self.site.article(1_000 + number, at, {"Morvane": "no text"})
