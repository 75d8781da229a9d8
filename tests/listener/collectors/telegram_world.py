"""Telegram as a world of the contract of collectors."""

from __future__ import annotations

import time
from typing import Any

from on_fault_server import OnFaultServer
from telegram_stub import TelegramStub


class TelegramWorld(OnFaultServer):
    """One public channel, twenty messages a page."""

    kind = "telegram"
    several = 25
    late = 10_000
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})

    def begin(self) -> None:
        self.stub = TelegramStub()
        self.server.script("*", lambda seen: self._reply or self.stub.answer(seen))

    @property
    def options(self) -> dict[str, Any]:
        return {
            "channels": ["@morvanenews"],
            "poll": "1s",
            "history": "1d",
            "url": self.server.url(""),
            "allow_private": True,
        }

    def native_id(self, number: int) -> str:
        return f"MorvaneNews/{number + 1}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.stub.say(number + 1, at or int(time.time()), text)

    async def count(self, number: int, seen: int) -> None:
        self.stub.messages[number + 1].views = str(seen)

    async def vanish(self, number: int) -> None:
        del self.stub.messages[number + 1]

    async def edit(self, number: int, text: str) -> None:
        self.stub.messages[number + 1].text = text

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        self.stub.say(number + 1, at, "Morvane", date="yesterday")
