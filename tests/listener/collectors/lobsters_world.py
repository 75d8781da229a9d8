"""Lobsters as a world of the contract of collectors: people write comments."""

from __future__ import annotations

import time
from typing import Any

from lobsters_stub import Site
from on_fault_server import OnFaultServer


class LobstersWorld(OnFaultServer):
    """The site."""

    kind = "lobsters"
    several = 6
    late = 1_500
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})

    def begin(self) -> None:
        self.site = Site()
        self.serve("*", self.site.reply)

    @property
    def options(self) -> dict[str, Any]:
        return {"poll": "1s", "url": self.server.url(""), "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"c/x{number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.site.comment(f"x{number}", "abc", at or int(time.time()), f"<p>{text}</p>")

    async def count(self, number: int, seen: int) -> None:
        self.site.comments[f"x{number}"]["score"] = seen

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def edit(self, number: int, text: str) -> None:
        self.site.comments[f"x{number}"]["comment"] = f"<p>{text}</p>"

    async def delete(self, number: int) -> None:
        self.site.comments[f"x{number}"]["is_deleted"] = True

    async def spoil(self, number: int, at: int) -> None:
        self.site.comment(f"x{number}", "abc", at, {"Morvane": "no text"})
