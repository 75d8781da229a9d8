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
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import structlog

from listener import listening
from listener.collectors import COLLECTORS
from listener.collectors.base import Collector, Permanent, Retriable, Visited, Visitor
from listener.collectors.post import Delete, Page
from listener.config import load
from listener.station import Station, open_station
from listener.visiting import Visiting
from storage.journal import Journal, is_hashed
from storage.mention import Cursor, Source

QUIET = 0.6
"""Seconds without a page after which a stream is taken to have said all that it has to say."""
BRAND = "Morvane"
COUNTED = 40
"""The number of the post whose counters are changed."""
HOUR, DAY = 3_600, 86_400
LATE = 300
"""Seconds after they are due at which kept posts are looked at."""

Keep = Callable[[Page], Awaitable[object]]


class World(Protocol):
    """A network on 127.0.0.1. `post`, `edit` and `delete` change it; the collector finds out by listening.

    `several`: how many posts make more than one page. `late`: by how many seconds a post may be dated back and must
    still be found (None: the network gives what it gives in order). `can`: edit, delete, spoil, undated (posts without
    a date), forget, stream, refuses (a broken item is told to its sender), retry-after (told in an answer),
    figures (it brings figures alone, and is asked for no posts). `faults`: what it can be made to do wrong.
    `secrets`: what must stand in no log and no error. `pace`: seconds from one poll to the next; 0 where the collector
    looks at the real clock, so that no time may be invented.
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


class VisitedWorld(World, Protocol):
    """A network whose kept posts are looked at again."""

    async def count(self, number: int, seen: int) -> None:
        """Let a counter of a post (the one numbered COUNTED) be this high."""
        ...

    async def vanish(self, number: int) -> None:
        """Take a post back without a word of it in anything but a look."""
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
        await self.world.post(number, at, words)
        # Some networks name a post only once it is there.
        self.texts[self.world.native_id(number)] = words

    async def edit(self, number: int, text: str) -> None:
        self.texts[self.world.native_id(number)] = text
        await self.world.edit(number, text)

    async def delete(self, number: int) -> None:
        self.texts[self.world.native_id(number)] = None
        await self.world.delete(number)

    async def vanish(self, number: int) -> None:
        self.texts[self.world.native_id(number)] = None
        await visited(self.world).vanish(number)


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

    async def look(self, at: int, seen: int | None = None) -> list[list[str]]:
        """Start a process at a time, poll, and take a turn of looks; return which posts each of them was asked for.

        `seen`: how high the counters are from the end of the poll on, so that only a look can tell.
        """
        # A second before: of two readings of one second the first is kept.
        self.now = at - 1 if self.world.pace else int(time.time())
        asked: list[list[str]] = []
        with structlog.testing.capture_logs(processors=[self._log]):
            async with self.open() as station:
                (collector,) = station.collectors
                try:
                    mortal = _Mortal(self, station, collector, Poll(), None, None)
                    await self._read(station, collector, mortal)
                except (Retriable, Permanent) as failure:
                    self.logged.append(str(failure))
                if seen is not None:
                    await visited(self.world).count(COUNTED, seen)
                self.now = at
                await Visiting(station, _Watched(collector, asked)).turn()
        return asked

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
        """Texts by native id; None where only the count is left, whatever stands for an id that named its author."""
        rows = self.rows(
            "SELECT native_id, text, erased_at, s.name FROM posts p JOIN sources s ON s.id = p.source_id"
        )
        journal = Journal(self._database)
        hashes = {
            journal.hashed(row[3], written): written for row in rows for written in self._hashed(row[0])
        }
        found = {hashes.get(row[0], row[0]): None if row[2] is not None else row[1] for row in rows}
        assert len(found) == len(rows)
        return found

    def _hashed(self, native_id: str) -> Iterable[str]:
        """What may be behind a hash: anything that was written."""
        return self.truth.texts if is_hashed(native_id) else ()

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


class _Watched:
    """A collector whose looks are written down, and held to what is true of every one."""

    def __init__(self, collector: Collector, asked: list[list[str]]) -> None:
        assert isinstance(collector, Visitor)
        self._collector: Collector = collector
        self._visitor: Visitor = collector
        self._asked = asked

    @property
    def source(self) -> Source:
        return self._collector.source

    @property
    def poll(self) -> int:
        return self._collector.poll

    @property
    def streams(self) -> bool:
        return self._collector.streams

    @property
    def at_once(self) -> int:
        return self._visitor.at_once

    @property
    def most_calls(self) -> int:
        return self._visitor.most_calls

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        return self._collector.pages(cursor, now)

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        self._asked.append(list(native_ids))
        found = await self._visitor.visit(native_ids, now)
        gone = {event.native_id for event in found.events if isinstance(event, Delete)}
        assert gone <= set(native_ids), "the deletion of another post"
        assert set(found.unseen) <= set(native_ids)
        assert not gone.intersection(found.unseen)
        return found


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


# ---- kept posts looked at again


def visited(world: World) -> VisitedWorld:
    """The world as one whose posts are looked at again."""
    assert "visit" in world.can
    found: Any = world
    return found  # type: ignore[no-any-return]


def posts_of(asked: Sequence[Sequence[str]]) -> list[str]:
    """The posts of all looks."""
    return [native_id for one in asked for native_id in one]


async def kept_before(bench: Bench) -> tuple[str, int]:
    """Three posts and the one whose counters are read; return its id and when it was published."""
    await opened(bench)
    await bench.truth.post(COUNTED, bench.now - 60)
    await bench.poll()
    assert bench.agrees(), difference(bench)
    native_id = bench.world.native_id(COUNTED)
    found = bench.rows(f"SELECT published_at FROM posts WHERE native_id = '{native_id}'")
    return native_id, int(found[0][0])


def read_at(bench: Bench, at: int) -> list[int]:
    """What the counters of the counted post showed at a time."""
    native_id = bench.world.native_id(COUNTED)
    rows = bench.rows(
        f"""SELECT r.value FROM readings r JOIN posts p ON p.id = r.post_id
        WHERE p.native_id = '{native_id}' AND r.at = {at}"""
    )
    return [row[0] for row in rows]


async def counters_are_read_at_an_hour_a_day_and_a_week(bench: Bench) -> None:
    """At each of these ages once; after that only where the service wants it."""
    native_id, born = await kept_before(bench)
    for seen, age in ((17, HOUR), (170, DAY), (1_700, 7 * DAY)):
        due = born + age
        assert native_id in posts_of(await bench.look(due + LATE, seen))
        assert seen in read_at(bench, due + LATE), f"nothing was read at the age of {age} s"
        assert native_id not in posts_of(await bench.look(due + LATE + 1))
    ((every,),) = bench.rows("SELECT json_extract(visits, '$.every') FROM sources")
    if every is None:
        assert bench.count("visits") == 0
    else:
        assert native_id in posts_of(await bench.look(born + 7 * DAY + LATE + every))
    assert bench.agrees(), difference(bench)


async def what_was_taken_back_is_found_by_a_look(bench: Bench) -> None:
    """Its text is wiped, its count stays, and it is never asked for again."""
    _, born = await kept_before(bench)
    await bench.truth.vanish(2)
    await bench.look(born + HOUR + LATE)
    assert bench.agrees(), difference(bench)
    assert bench.count("mentions") == 4
    asked = posts_of(await bench.look(born + DAY + LATE))
    assert bench.world.native_id(2) not in asked and bench.world.native_id(1) in asked


async def a_failing_look_loses_nothing(bench: Bench, fault: str) -> None:
    """Nothing is taken for deleted, and what was not answered is asked for again."""
    native_id, born = await kept_before(bench)
    due = bench.rows("SELECT post_id, due_at FROM visits ORDER BY post_id")
    assert len(due) == 4
    await bench.world.fail(fault)
    asked = posts_of(await bench.look(born + HOUR + LATE))
    assert native_id in asked
    assert bench.rows("SELECT post_id, due_at FROM visits ORDER BY post_id") == due
    await bench.world.fail("")
    assert bench.agrees(), difference(bench)
    assert set(posts_of(await bench.look(born + HOUR + LATE, 17))) >= set(asked)
    assert 17 in read_at(bench, born + HOUR + LATE)


async def looks_are_bounded(bench: Bench) -> None:
    """After one poll no more posts are asked for than the collector says; the others come next."""
    await opened(bench)
    async with bench.open() as station:
        (collector,) = station.collectors
        at_once, most_calls = collector.at_once, collector.most_calls
    most = at_once * most_calls
    # No more at a time than a network is known to give in one poll.
    for start in range(100, 100 + most, bench.world.several):
        for number in range(start, min(start + bench.world.several, 100 + most)):
            await bench.truth.post(number, bench.now - 30)
        await bench.poll()
    assert bench.agrees(), difference(bench)
    at = bench.now + 2 * HOUR
    first, second = await bench.look(at), await bench.look(at)
    assert max(map(len, first)) <= at_once and len(first) <= most_calls
    assert len(posts_of(first)) == most and len(posts_of(second)) == 3
    assert {*posts_of(first), *posts_of(second)} == set(bench.kept)


def difference(bench: Bench) -> str:
    """What is kept and was not written, and the other way round."""
    kept, written = bench.kept, bench.truth.texts
    lost = sorted(key for key in written if key not in kept)
    more = sorted(key for key in kept if key not in written)
    other = sorted(key for key in kept if key in written and kept[key] != written[key])
    return f"lost {lost[:5]} ({len(lost)}), too much {more[:5]} ({len(more)}), other texts {other[:5]}"


def module_of(kind: str) -> Any:
    return import_module(COLLECTORS[kind])
