"""What every collector keeps to, whichever network it reads: run over each one with a `World` that plays its network.

A bench opens the real station (store, pipeline, ears) for each poll anew, as a process that was started again, and
compares what is kept in the end with what the world says was written. Each kind of collector says in its world what its
network can do; what it cannot (feeds delete nothing) is not asked of it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import structlog

from listener import listening
from listener.collectors import COLLECTORS
from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.post import Page
from listener.config import load
from listener.station import Station, open_station

QUIET = 0.6
"""Seconds without a page after which a stream is taken to have said all that it has to say."""
BRAND = "Morvane"

Keep = Callable[[Page], Awaitable[object]]


class World(Protocol):
    """A network on 127.0.0.1. `post`, `edit` and `delete` change it; the collector finds out by listening.

    `several`: how many posts make more than one page. `late`: by how many seconds a post may be dated back and must
    still be found (None: the network gives what it gives in order). `can`: edit, delete, spoil, undated (posts without
    a date), forget, stream, refuses (a broken item is told to its sender), retry-after (told in an answer),
    figures (it brings figures alone, and is asked for no posts). `faults`:
    what it can be made to do wrong. `secrets`: what must stand in no log and no error. `pace`: seconds from one poll to
    the next; 0 where the collector looks at the real clock, so that no time may be invented.
    """

    kind: str
    several: int
    late: int | None
    can: frozenset[str]
    faults: Sequence[str]
    secrets: Sequence[str]
    pace: int

    async def __aenter__(self) -> World: ...

    async def __aexit__(self, *failure: object) -> None: ...

    @property
    def options(self) -> dict[str, Any]:
        """What stands under `sources.KIND`."""
        ...

    @property
    def environment(self) -> dict[str, str]: ...

    def native_id(self, number: int) -> str: ...

    async def post(self, number: int, at: int | None, text: str) -> None: ...

    async def edit(self, number: int, text: str) -> None: ...

    async def delete(self, number: int) -> None: ...

    async def spoil(self, number: int, at: int) -> None:
        """Let an item appear that cannot be read."""
        ...

    async def fail(self, fault: str) -> None:
        """Do something wrong from now on: "429" (with Retry-After: 77), "500", "broken", "drop"; "" ends it."""
        ...

    async def forget(self) -> None:
        """Show nothing any more of what was written until now."""
        ...

    async def push(self, keep: Keep) -> None:
        """Send what is sent instead of asked for, again until it was taken."""
        ...

    def rewind(self) -> None:
        """Forget that anything was taken that was not taken yet when the bench was saved."""
        ...

    def mark(self) -> None:
        """Remember what has not been taken yet."""
        ...


class Died(Exception):
    """The process died."""


@dataclass
class Truth:
    """What was written, by native id; None where it was taken back."""

    world: World
    texts: dict[str, str | None] = field(default_factory=dict)

    async def post(self, number: int, at: int | None, text: str | None = None) -> None:
        words = text or f"{BRAND} says {number}"
        self.texts[self.world.native_id(number)] = words
        await self.world.post(number, at, words)

    async def edit(self, number: int, text: str) -> None:
        self.texts[self.world.native_id(number)] = text
        await self.world.edit(number, text)

    async def delete(self, number: int) -> None:
        self.texts[self.world.native_id(number)] = None
        await self.world.delete(number)


@dataclass
class Poll:
    """What one poll brought. `failure` is what it ended with."""

    pages: list[Page] = field(default_factory=list)
    failure: Retriable | Permanent | None = None


class Bench:
    """One store in a folder, polled again and again by processes that may die."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.now = int(time.time())
        self.truth = Truth(world)
        self.logged: list[str] = []
        self._polled_at: int | None = None
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "timezone": "UTC",
            "brands": [{"name": BRAND, "own": True}],
            "sources": {world.kind: world.options},
            "storage": {"url": "sqlite:///listener.db"},
        }
        (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")

    # ---- polling

    async def poll(self, *, die_after: int | None = None, die_before: int | None = None) -> Poll:
        """Start a process some time later, read to the end, or die after (before) keeping so many pages."""
        self.now = self.now + self.world.pace if self.world.pace else int(time.time())
        found = Poll()
        with structlog.testing.capture_logs(processors=[self._log]):
            async with self.open() as station:
                (collector,) = station.collectors
                mortal = _Mortal(self, station, collector, found, die_after, die_before)
                try:
                    await self.world.push(mortal.keep)
                    await self._read(station, collector, mortal)
                except Died:
                    return found
                except (Retriable, Permanent) as failure:
                    found.failure = failure
                    self.logged.append(str(failure))
        if found.failure is None:
            self._polled_at = self.now
        return found

    def open(self) -> Any:
        """The station on this folder."""
        config = load(self.folder / "config.yaml", self.world.environment)
        return open_station(config, lambda: float(self.now))

    def _log(self, logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self.logged.append(repr(event))
        return event

    async def _read(self, station: Station, collector: Collector, mortal: _Mortal) -> None:
        cursor = await station.writer.store(lambda store: store.cursor(collector.source.name))
        assert cursor == json.loads(json.dumps(cursor))
        patience = QUIET if collector.streams else 60.0
        async with aclosing(collector.pages(cursor, self.now)) as pages:
            while True:
                try:
                    page = await asyncio.wait_for(anext(pages), patience)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    assert collector.streams, "a poll takes too long"
                    return
                self._check(page, collector, cursor)
                await mortal.keep(page)

    def _check(self, page: Page, collector: Collector, cursor: Mapping[str, Any] | None) -> None:
        """What is true of every page of every collector."""
        assert page.next_cursor == json.loads(json.dumps(page.next_cursor))
        if page.heard is None:
            return
        # A stream is heard up to what it has said, which may be a moment later than when it was opened.
        latest = max(self.now, int(time.time()) + 1) if collector.streams else self.now
        assert page.heard.since < page.heard.until <= latest
        if cursor is not None and not page.first and self._polled_at is not None:
            assert page.heard.since >= self._polled_at - (latest - self.now) - 2 * QUIET, (
                "heard before it asked"
            )

    # ---- what is kept

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the store, while no station is open."""
        with aclosing_connection(self._database) as connection:
            return connection.execute(sql).fetchall()

    @property
    def _database(self) -> Path:
        return self.folder / "listener.db"

    @property
    def kept(self) -> dict[str, str | None]:
        """Texts by native id; None where only the count is left."""
        rows = self.rows("SELECT native_id, text, erased_at FROM posts")
        found = {row[0]: None if row[2] is not None else row[1] for row in rows}
        assert len(found) == len(rows)
        return found

    def agrees(self) -> bool:
        """Whether what is kept is what was written."""
        return self.kept == self.truth.texts

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    @property
    def progress(self) -> tuple[Any, Any]:
        """Cursor and coverage: what a failed poll must not move."""
        return (
            self.rows("SELECT cursor FROM sources"),
            self.rows("SELECT since, until FROM coverage ORDER BY since"),
        )

    def save(self) -> None:
        """Remember the store as it is now, if there is one."""
        if self._database.exists():
            shutil.copy(self._database, self.folder / "saved.db")
        self.world.mark()
        self._saved = (self.now, self._polled_at)

    def restore(self) -> None:
        """Go back to what was remembered."""
        for end in ("", "-wal", "-shm"):
            (self.folder / f"listener.db{end}").unlink(missing_ok=True)
        if (self.folder / "saved.db").exists():
            shutil.copy(self.folder / "saved.db", self._database)
        self.world.rewind()
        self.now, self._polled_at = self._saved


class _Mortal:
    """Keeps pages as the daemon does, and dies where the test says."""

    def __init__(
        self,
        bench: Bench,
        station: Station,
        collector: Collector,
        found: Poll,
        die_after: int | None,
        die_before: int | None,
    ) -> None:
        self._bench, self._station, self._collector, self._found = bench, station, collector, found
        self._die_after, self._die_before = die_after, die_before

    async def keep(self, page: Page) -> None:
        if len(self._found.pages) + 1 == self._die_before:
            raise Died
        await listening.keep(self._station, self._collector, page)
        self._found.pages.append(page)
        if len(self._found.pages) == self._die_after:
            raise Died


class aclosing_connection:  # noqa: N801 - used like contextlib.closing
    """A read-only connection to a store."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


# ---- the contract


async def opened(bench: Bench) -> None:
    """A first poll that has found a little."""
    for number in range(3):
        await bench.truth.post(number, bench.now - 120 + number)
    first = await bench.poll()
    assert first.failure is None and bench.agrees()


async def grown(bench: Bench) -> None:
    """Since then enough was written for several pages; some of it was changed and taken back."""
    count = bench.world.several
    for number in range(10, 10 + count):
        await bench.truth.post(number, bench.now - 30 + number % 25)
    if "edit" in bench.world.can:
        await bench.truth.edit(1, f"{BRAND} says it otherwise")
    if "delete" in bench.world.can:
        await bench.truth.delete(2)


async def dying_after_any_page_changes_nothing(bench: Bench) -> None:
    """From cursor A to the end is the same as from A, dying after (or before) any page, and to the end."""
    await opened(bench)
    bench.save()
    await grown(bench)
    bench.world.mark()
    whole = await bench.poll()
    assert whole.failure is None
    assert bench.agrees(), difference(bench)
    mentions = bench.count("mentions")
    assert len(whole.pages) > 1, "one page only: this shows nothing"
    for number in range(1, len(whole.pages) + 1):
        for how in ("die_after", "die_before"):
            bench.restore()
            await bench.poll(**{how: number})
            rest = await bench.poll()
            assert rest.failure is None
            assert bench.agrees(), f"{how} {number}: {difference(bench)}"
            assert bench.count("mentions") == mentions


async def a_first_poll_that_dies_is_finished(bench: Bench) -> None:
    """The same from the very beginning; a stream begins once it was opened."""
    if "stream" in bench.world.can:
        await opened(bench)
    bench.save()
    await grown_from_nothing(bench)
    bench.world.mark()
    for number in (1, 2):
        bench.restore()
        await bench.poll(die_after=number)
        await bench.poll()
        assert bench.agrees(), difference(bench)


async def grown_from_nothing(bench: Bench) -> None:
    for number in range(10, 10 + bench.world.several):
        await bench.truth.post(number, bench.now - 30 + number % 25)


async def polling_again_changes_nothing(bench: Bench) -> None:
    """What was heard once is not counted twice."""
    await opened(bench)
    before = bench.kept, bench.count("mentions")
    for _ in range(3):
        again = await bench.poll()
        assert again.failure is None
    assert (bench.kept, bench.count("mentions")) == before


async def a_fault_is_retriable_and_claims_nothing(bench: Bench, fault: str) -> None:
    """Nothing is called heard, the cursor stays, and what was written meanwhile is found afterwards."""
    await opened(bench)
    before = bench.progress
    await bench.world.fail(fault)
    await bench.truth.post(20, bench.now)
    failed = await bench.poll()
    assert isinstance(failed.failure, Retriable), failed
    if fault == "429" and "retry-after" in bench.world.can:
        assert failed.failure.retry_after == 77
    assert bench.progress == before
    assert all(page.heard is None for page in failed.pages)
    await bench.world.fail("")
    mended = await bench.poll()
    assert mended.failure is None and bench.agrees(), difference(bench)


async def what_is_gone_is_not_called_heard(bench: Bench) -> None:
    """Where a network shows only its newest posts, what came and went between two polls is a hole in what was heard."""
    await opened(bench)
    last = bench.now
    await bench.truth.post(20, last + 5)
    await bench.world.forget()
    await bench.truth.post(21, last + 50)
    await bench.poll()
    assert bench.world.native_id(21) in bench.kept and bench.world.native_id(20) not in bench.kept
    spans = bench.rows("SELECT since, until FROM coverage")
    assert not any(since < last + 50 and until > last for since, until in spans), spans


async def nothing_new_is_fine(bench: Bench) -> None:
    """A world in which nobody says anything."""
    first = await bench.poll()
    second = await bench.poll()
    assert (first.failure, second.failure) == (None, None)
    assert bench.kept == {}


async def a_broken_item_costs_no_other(bench: Bench) -> None:
    """It is set aside, or refused to who sent it, and the others come."""
    await opened(bench)
    await bench.truth.post(20, bench.now)
    await bench.world.spoil(21, bench.now)
    await bench.truth.post(22, bench.now)
    found = await bench.poll()
    assert found.failure is None and bench.agrees(), difference(bench)
    assert "refuses" in bench.world.can or bench.count("quarantine") == 1


async def a_late_item_is_found(bench: Bench) -> None:
    """One that appears with an older date than what was heard already; several, the latest of them the oldest."""
    assert bench.world.late is not None
    for number in range(4):
        await bench.truth.post(number, bench.now - number * bench.world.late // 4)
    first = await bench.poll()
    assert first.failure is None and bench.agrees(), (first.failure, difference(bench))
    for number in range(20, 24):
        await bench.truth.post(number, bench.now - (number - 19) * bench.world.late // 4)
    second = await bench.poll()
    assert second.failure is None and bench.agrees(), (second.failure, difference(bench))


async def an_item_without_a_date_is_kept_once(bench: Bench) -> None:
    """It stands at the time when it was fetched."""
    await bench.truth.post(1, None)
    for _ in range(3):
        await bench.poll()
    assert bench.agrees(), difference(bench)
    assert bench.rows("SELECT dated FROM posts") == [(0,)]


async def edits_and_deletions_arrive_once(bench: Bench) -> None:
    """A text that was taken back is gone; its count stays."""
    await opened(bench)
    if "edit" in bench.world.can:
        await bench.truth.edit(1, f"{BRAND} says it otherwise")
    if "delete" in bench.world.can:
        await bench.truth.delete(2)
    for _ in range(2):
        found = await bench.poll()
        assert found.failure is None
        assert bench.agrees(), difference(bench)
    assert bench.count("mentions") == 3


def difference(bench: Bench) -> str:
    """What is kept and was not written, and the other way round."""
    kept, written = bench.kept, bench.truth.texts
    lost = sorted(key for key in written if key not in kept)
    more = sorted(key for key in kept if key not in written)
    other = sorted(key for key in kept if key in written and kept[key] != written[key])
    return f"lost {lost[:5]} ({len(lost)}), too much {more[:5]} ({len(more)}), other texts {other[:5]}"


def module_of(kind: str) -> Any:
    return import_module(COLLECTORS[kind])
