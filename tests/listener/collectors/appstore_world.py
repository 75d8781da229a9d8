"""The App Store as a world of the contract of collectors."""

from __future__ import annotations

import time
from typing import Any

from appstore_stub import AppStoreStub, review
from on_fault_server import OnFaultServer


class AppStoreWorld(OnFaultServer):
    """One app in one country."""

    kind = "appstore"
    several = 60
    late = 200_000
    can = frozenset({"edit", "spoil", "undated", "forget", "retry-after"})

    def begin(self) -> None:
        self.stub = AppStoreStub()
        self.server.script("*", lambda seen: self._reply or self.stub.answer(seen))

    @property
    def options(self) -> dict[str, Any]:
        return {"apps": {"Morvane": [1]}, "poll": "1s", "url": self.server.url(""), "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"r{number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.stub.write(review(self.native_id(number), at, text))

    async def edit(self, number: int, text: str) -> None:
        for one in self.stub.reviews[1, "us"]:
            if one["id"]["label"] == self.native_id(number):
                one["content"]["label"] = text

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        self.stub.write(review(self.native_id(number), at or int(time.time()), {"no": "text"}))

    async def forget(self) -> None:
        self.stub.reviews.clear()
