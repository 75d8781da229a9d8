"""Google News as a world of the contract of collectors."""

from __future__ import annotations

from typing import Any

from googlenews_stub import SEARCH, article, feed
from on_fault_server import OnFaultServer
from servers import Reply, Seen


class GoogleNewsWorld(OnFaultServer):
    """One edition, whose feed shows all that was written."""

    kind = "googlenews"
    several = 5
    late = 10_000
    can = frozenset({"undated", "retry-after"})

    def begin(self) -> None:
        self._items: list[str] = []
        self.serve(SEARCH, self._answer)

    @property
    def options(self) -> dict[str, Any]:
        url = self.server.url("")
        return {"accept_terms": True, "poll": "1s", "history": "1d", "url": url, "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"CBMi{number}"

    def _answer(self, seen: Seen) -> Reply:
        assert seen.query["q"].startswith("Morvane when:")
        return Reply(body=feed(self._items), headers={"Content-Type": "application/xml; charset=utf-8"})

    async def post(self, number: int, at: int | None, text: str) -> None:
        self._items.append(article(number, at, text))

    async def edit(self, number: int, text: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        raise NotImplementedError
