"""The keyword search of Threads on 127.0.0.1, as far as its documentation describes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from on_fault_server import OnFaultServer
from servers import Reply, Seen


class World(OnFaultServer):
    """Posts by their times, the newest of a stretch first, at most `limit`."""

    kind = "threads"
    several = 130
    late = 1_200
    can = frozenset({"edit", "spoil", "retry-after"})
    secrets: Sequence[str] = ("threadstoken",)

    def begin(self) -> None:
        self.said: dict[str, dict[str, Any]] = {}
        self.serve("/keyword_search", self._answer)

    @property
    def options(self) -> dict[str, Any]:
        url = self.server.url("")
        return {
            "token": "${THREADS_TOKEN}",
            "approved": True,
            "poll": "1h",
            "url": url,
            "allow_private": True,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {"THREADS_TOKEN": "threadstoken"}

    def _answer(self, seen: Seen) -> Reply:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        if headers.get("authorization") != "Bearer threadstoken":
            return Reply(401)
        asked = seen.query
        since, until = int(asked["since"]), int(asked.get("until", 2**60))
        found = [
            one
            for one in self.said.values()
            if since <= datetime.fromisoformat(one["timestamp"]).timestamp() <= until
            and (not isinstance(one["text"], str) or asked["q"].lower() in one["text"].lower())
        ]
        found.sort(key=lambda one: one["timestamp"], reverse=True)
        return Reply(body=json.dumps({"data": found[: int(asked["limit"])]}))

    def native_id(self, number: int) -> str:
        return f"17{number}"

    async def post(self, number: int, at: int | None, text: Any) -> None:
        native_id = self.native_id(number)
        self.said[native_id] = {
            "id": native_id,
            "text": text,
            "permalink": f"https://threads.example/@ann/post/{number}",
            "timestamp": datetime.fromtimestamp(at or 0, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "username": "ann",
        }

    async def edit(self, number: int, text: str) -> None:
        self.said[self.native_id(number)]["text"] = text

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        await self.post(number, at, ["no text"])
