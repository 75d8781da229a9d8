"""A world that is one HTTP server on 127.0.0.1: the base for the worlds of services that are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from collector_contract import Keep
from servers import FaultServer, Reply, Seen

HTTP_FAULTS = ("429", "500", "broken", "drop")
_REPLIES = {
    "429": Reply(429, headers={"Retry-After": "77"}),
    "500": Reply(500),
    "broken": Reply(body='{"broken": ['),
    "drop": Reply(reset=True),
}


class OnFaultServer:
    """A network that is one HTTP server."""

    faults: Sequence[str] = HTTP_FAULTS
    secrets: Sequence[str] = ()
    late: int | None = None
    pace = 60

    def __init__(self) -> None:
        self.server = FaultServer()
        self._reply: Reply | None = None

    async def __aenter__(self) -> Any:
        await self.server.__aenter__()
        self.begin()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.server.stop()

    def begin(self) -> None:
        """Serve."""

    @property
    def environment(self) -> dict[str, str]:
        return {}

    def serve(self, path: str, answer: Callable[[Seen], Reply]) -> None:
        """Answer one path, unless there is a fault."""
        self.server.script(path, lambda seen: self._reply or answer(seen))

    async def fail(self, fault: str) -> None:
        self._reply = _REPLIES.get(fault)

    async def forget(self) -> None:
        """It forgets nothing."""

    async def push(self, keep: Keep) -> None:
        """Nothing is sent by itself."""

    def mark(self) -> None:
        """Whoever asks is given everything again."""

    def rewind(self) -> None:
        """Whoever asks is given everything again."""
