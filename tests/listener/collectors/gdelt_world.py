"""GDELT as a world of the contract of collectors."""

from __future__ import annotations

import time
from typing import Any

from gdelt_stub import PATH, GdeltStub, article
from on_fault_server import OnFaultServer


class GdeltWorld(OnFaultServer):
    """One search, whose articles are listed by the time at which they were seen."""

    kind = "gdelt"
    several = 5
    late = 7_000
    can = frozenset({"spoil", "retry-after"})

    def begin(self) -> None:
        self.stub = GdeltStub()
        self.serve(PATH, self.stub.answer)

    @property
    def options(self) -> dict[str, Any]:
        return {"poll": "1s", "history": "1d", "url": self.server.url(""), "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"https://www.post.example/{number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.stub.articles.append(article(number, at or int(time.time()), text))

    async def edit(self, number: int, text: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        self.stub.articles.append(article(number, at, {"no": "title"}))
