"""Stack Exchange as a world of the contract of collectors."""

from __future__ import annotations

import time
from typing import Any

from on_fault_server import OnFaultServer
from stackexchange_stub import Site


class StackExchangeWorld(OnFaultServer):
    """One site. Nothing is taken back by itself: that is found by visits."""

    kind = "stackexchange"
    several = 6
    late = 3_000
    can = frozenset({"spoil", "retry-after", "visit", "vanish"})
    secrets = ("se-key-hunter2",)

    def begin(self) -> None:
        self.site = Site()
        self.serve("*", self.site.reply)

    @property
    def environment(self) -> dict[str, str]:
        return {"STACK_KEY": "se-key-hunter2"}

    @property
    def options(self) -> dict[str, Any]:
        return {"poll": "30m", "url": self.server.url(""), "allow_private": True, "key": "${STACK_KEY}"}

    def native_id(self, number: int) -> str:
        return f"stackoverflow/q/{1_000 + number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.site.ask(1_000 + number, at or int(time.time()), f"<p>{text}</p>", title="")

    async def count(self, number: int, seen: int) -> None:
        self.site.questions[1_000 + number]["score"] = seen

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def edit(self, number: int, text: str) -> None:
        self.site.questions[1_000 + number]["body"] = f"<p>{text}</p>"

    async def delete(self, number: int) -> None:
        del self.site.questions[1_000 + number]

    async def spoil(self, number: int, at: int) -> None:
        self.site.ask(1_000 + number, at, {"no": "text"})
