"""What the tests of X's collector share: its stub without a network, a purse in a real store, and ways to die."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ears import TestEar
from servers import Reply, Seen
from x_stub import TOKEN, XStub

from listener.collectors.base import Permanent, Retriable, Sought
from listener.collectors.post import Page
from listener.collectors.x.collector import Options, X
from listener.http import Fetched
from listener.purse import StorePurse
from listener.writer import Writer

URL = "https://api.x.example"
NOON = 20_700 * 86_400 + 43_200
HOUR = 3_600
DAY = 86_400


class Died(Exception):
    """The process died."""


class Direct:
    """Stands between collector and stub without a network. `ends` says how the next requests end, "" is well.

    "before": the process dies before it is sent; "after": before the answer is read; "lost": no answer comes;
    "unsent": no connection; "busy": answered with 503.
    """

    def __init__(self, stub: XStub) -> None:
        self.stub = stub
        stub.base = URL
        self.ends: list[str] = []
        self.dated = True

    async def get(self, url: str, **more: Any) -> Fetched:
        return self._ask("GET", url, b"", more["headers"])

    async def post(self, url: str, body: bytes, **more: Any) -> Fetched:
        return self._ask("POST", url, body, more["headers"])

    async def put(self, url: str, body: bytes, **more: Any) -> Fetched:
        return self._ask("PUT", url, body, more["headers"])

    def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        how = self.ends.pop(0) if self.ends else ""
        if how == "before":
            raise Died
        if how == "unsent":
            raise Retriable("no connection")
        parts = urlsplit(url)
        seen = Seen(method, parts.path, url, dict(parse_qsl(parts.query)), headers, body, 0.0)
        answer = self.stub.answer(seen)
        if how == "after":
            raise Died
        if how == "lost":
            raise Retriable("did not answer in time")
        if how == "busy":
            answer = Reply(503)
        return _fetched(answer, url) if self.dated else replace(_fetched(answer, url), headers={})


def _fetched(answer: Reply, url: str) -> Fetched:
    if answer.status >= 500 or answer.status == 429:
        raise Retriable(f"answered {answer.status}")
    if answer.status != 200:
        raise Permanent(f"answered {answer.status}: {answer.body!r}", answer.status)
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    return Fetched(False, body, None, None, None, url, dict(answer.headers))


@dataclass
class House:
    """A collector on a real purse, over the stub. `now` is the service's clock, `off` by how much ours is wrong."""

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    sought: Sequence[Sought] = (Sought("Acme", ("acme", "@acme"), "acme"), Sought("Bolt", ("bolt",)))
    handles: tuple[str, ...] = ()
    now: int = NOON
    off: int = 0
    cursor: Any = None

    def __post_init__(self) -> None:
        self.stub = XStub(lambda: float(self.now))
        self.client = Direct(self.stub)
        self.pages: list[Page] = []
        self.writer: Writer | None = None

    async def open(self) -> None:
        self.writer = Writer(self.path)
        await self.writer.open()
        purse = StorePurse("x", self.writer)
        ear = TestEar(sought=tuple(self.sought), handles=self.handles, purse=purse)
        options = Options(**{"token": TOKEN, "daily_budget": "0.50", "url": URL, **self.options})  # type: ignore[arg-type]
        self.collector = X(options, self.client, ear)  # type: ignore[arg-type]

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    async def poll(self) -> list[Page]:
        """Read to the end, keeping the cursor of every page. Raises what the collector raises, and Died."""
        if self.writer is None:
            await self.open()
        found: list[Page] = []
        try:
            async with aclosing(self.collector.pages(self.cursor, self.now + self.off)) as pages:
                async for page in pages:
                    self.cursor = page.next_cursor
                    found.append(page)
        except Died:
            self.close()
            raise
        finally:
            self.pages += found
        return found

    def dollars(self) -> float:
        """What the service bills for today."""
        return self.stub.bill[self.now // DAY] / 1e6


@asynccontextmanager
async def house(path: Path, **more: Any) -> AsyncIterator[House]:
    """A house that is closed at the end."""
    made = House(path / "x.db", **more)
    try:
        yield made
    finally:
        made.close()


def chatter(stub: XStub, since: int, until: int, each: int, word: str = "acme", start: int = 0) -> int:
    """Let a post appear every `each` seconds; return how many."""
    times = range(since, until, each)
    for n, at in enumerate(times):
        stub.say(str(10**15 + at * 1_000 + start), at, f"{word} number {n}", by="ann")
    return len(times)
