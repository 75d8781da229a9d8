"""An instance of Lemmy as a world of the contract of collectors: people write comments."""

from __future__ import annotations

import time
from typing import Any

from lemmy_stub import Instance
from on_fault_server import OnFaultServer


class LemmyWorld(OnFaultServer):
    """One instance."""

    kind = "lemmy"
    several = 6
    late = 1_500
    can = frozenset({"edit", "delete", "spoil", "retry-after", "visit", "vanish"})

    def begin(self) -> None:
        self.instance = Instance(self.server.url(""))
        self.serve("*", self.instance.reply)

    @property
    def options(self) -> dict[str, Any]:
        return {"poll": "1s", "instances": [self.server.url("")], "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"{self.server.url('')}/comment/{1_000 + number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.instance.comment(1_000 + number, 5, at or int(time.time()), text)

    async def count(self, number: int, seen: int) -> None:
        self.instance.comments[1_000 + number]["counts"]["upvotes"] = seen

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def edit(self, number: int, text: str) -> None:
        self.instance.comments[1_000 + number]["comment"]["content"] = text

    async def delete(self, number: int) -> None:
        self.instance.comments[1_000 + number]["comment"] |= {"deleted": True, "content": ""}

    async def spoil(self, number: int, at: int) -> None:
        self.instance.comment(1_000 + number, 5, at, {"no": "text"})
