"""Wikipedia as a world of the contract of collectors: it brings figures, and no posts."""

from __future__ import annotations

from typing import Any

from on_fault_server import OnFaultServer
from wikipedia_stub import WikipediaStub


class WikipediaWorld(OnFaultServer):
    """One article of one brand."""

    kind = "wikipedia"
    several = 0
    can = frozenset({"figures"})

    def begin(self) -> None:
        self.stub = WikipediaStub()
        # The days stand in the path, so that each request has another one.
        self.server.script("*", lambda seen: self._reply or self.stub.answer(seen))

    @property
    def options(self) -> dict[str, Any]:
        return {
            "articles": {"Morvane": ["en:Morvane"]},
            "poll": "1s",
            "url": self.server.url(""),
            "allow_private": True,
        }

    def native_id(self, number: int) -> str:
        raise NotImplementedError

    async def post(self, number: int, at: int | None, text: str) -> None:
        raise NotImplementedError

    async def edit(self, number: int, text: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        raise NotImplementedError
