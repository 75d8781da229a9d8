"""X for the contract of collectors: its API with a budget that reads everything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from on_fault_server import OnFaultServer
from servers import Reply
from x_stub import TOKEN, XServer, XStub

_REPLIES = {
    "429": Reply(429, headers={"Retry-After": "77"}),
    "500": Reply(500),
    "broken": Reply(body='{"broken": ['),
    "drop": Reply(reset=True),
}


class XWorld(OnFaultServer):
    """Recent search and counts on one server."""

    kind = "x"
    several = 250
    can = frozenset({"spoil", "retry-after"})
    secrets: Sequence[str] = (TOKEN,)

    def __init__(self) -> None:
        super().__init__()
        self.stub = XStub()
        # The clock of the bench runs ahead of the real one, and of it nothing may be asked that lies ahead of ours.
        self.stub.clock = lambda: time.time() + 250
        self.stub.strict = False
        self.server = XServer(self.stub)

    @property
    def environment(self) -> dict[str, str]:
        return {"X_TOKEN": TOKEN}

    @property
    def options(self) -> dict[str, Any]:
        url = self.server.url("").rstrip("/")
        return {
            "token": "${X_TOKEN}",
            "daily_budget": 10_000,
            "poll": "1h",
            "url": url,
            "allow_private": True,
        }

    def native_id(self, number: int) -> str:
        return str(1_800_000_000_000_000_000 + number)

    async def fail(self, fault: str) -> None:
        self.server.fault = _REPLIES.get(fault)

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.stub.say(self.native_id(number), at or int(time.time()), text)

    async def edit(self, number: int, text: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        # By its words it is found; its language cannot be read.
        self.stub.say(self.native_id(number), at, "Morvane")["lang"] = {"no": "language"}
