"""`make soak`: a day of the daemon under faults, in a faster time; is anything lost, told twice, does memory grow?"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import psutil

from benchmarks.faulty_world import FEEDS, STREAM, Clock, World, native_id

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""libfaketime, for programs with threads: an hour of the daemon's wall clock passes in a minute of ours."""
SPEED = 60.0
"""How much faster. The monotonic clock stays as it is: a request waits for its answer as long as ever."""
POSTS_A_SECOND = 5.0
OUTAGE_EVERY = 20.0
"""Seconds, ours as those of POSTS_A_SECOND are, between two sources that go down."""
RULES = 40
_BEGINS = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
"""A letter falls due at eight."""
_LOADED = 5.0
_END = 120.0
_GROWTH = 1.15


@dataclass
class Report:
    """What the soak showed; `faults` names what must not be."""

    hours: float
    posts: int
    streamed: int
    letters: int
    kills: int
    stops: int
    world: World
    messages: int
    told_again: int
    unknown: int
    first_rss: float
    last_rss: float
    faults: list[str]

    def lines(self) -> list[str]:
        served = ", ".join(f"{kind} {count}" for kind, count in sorted(self.world.faults.items()))
        return [
            f"{self.hours:g} hours in {60 * self.hours / SPEED:g} minutes, {self.posts:,} posts of {FEEDS} feeds and "
            f"(the {self.streamed:,} of them) a stream, {self.messages} messages, of them {self.letters} letters",
            f"  {self.kills} times kill -9, {self.stops} times SIGTERM; faults served: {served}",
            f"  told again: {self.told_again}, with {self.unknown} answers that nobody can know",
            f"  memory of the last life: {self.first_rss:.0f} MB at first, {self.last_rss:.0f} MB at the end",
            *(f"  FAULT: {fault}" for fault in self.faults),
            "  nothing lost, nothing told twice without reason" if not self.faults else "  the soak FAILED",
        ]


class Soak:
    """One run: the first half with kills, the second as one long life, then calm until all is done."""

    def __init__(self, folder: Path, hours: float, seed: int) -> None:
        self._folder = folder
        self._hours = hours
        self._real = 3600 * hours / SPEED
        self._rng = random.Random(seed)
        clock = Clock(_BEGINS.timestamp(), SPEED)
        self._world = World(random.Random(seed + 1), clock, opening=3600 * (self._over + 1))
        self._daemon: subprocess.Popen[bytes] | None = None
        self._faults: list[str] = []
        self._kills = self._stops = 0
        self._memory: list[float] = []

    async def run(self) -> Report:
        async with self._world:
            self._configure()
            growing, failing = asyncio.create_task(self._grow()), asyncio.create_task(self._fail())
            try:
                await self._disturbed(self._real / 2)
                await self._undisturbed(self._real / 2)
                growing.cancel()
                await self._finish()
            finally:
                growing.cancel()
                failing.cancel()
                if self._daemon is not None and self._daemon.poll() is None:
                    self._daemon.kill()
                    self._daemon.wait()
            return self._report()

    @property
    def _over(self) -> int:
        """Hours that the rules look at: all of them, and so many before that the stream counts in none."""
        return int(2 * self._hours) + 2

    def _configure(self) -> None:
        expected = int(self._real * POSTS_A_SECOND * 0.5)
        rules = [
            {
                "name": f"r{n}",
                "when": f"mentions > {n * expected // RULES}",
                "over": f"{self._over}h",
                "channels": ["webhook"],
            }
            for n in range(1, RULES)
        ]
        urls = [
            {"url": f"http://127.0.0.1:{self._world.port}/feed/{n}", "name": str(n)} for n in range(FEEDS)
        ]
        config = {
            "brands": [{"name": "Morvane", "own": True}],
            "sources": {
                "feeds": {"poll": "1m", "allow_private": True, "urls": urls},
                STREAM: {
                    "urls": [f"ws://127.0.0.1:{self._world.port}/subscribe"],
                    "api": f"http://127.0.0.1:{self._world.port}",
                    "allow_private": True,
                    "profiles": False,
                },
            },
            "storage": {"url": "sqlite:///soak.db"},
            "channels": {"webhook": {"url": "${SOAK_HOOK}"}},
            "alerts": {"rules": rules},
            "digest": {"cron": "0 8 * * *", "period": "day", "channels": ["webhook"]},
            "dashboard": {"port": 0},
        }
        (self._folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")

    async def _grow(self) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(POSTS_A_SECOND))
            self._world.publish()

    async def _fail(self) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / OUTAGE_EVERY))
            self._world.fail()

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SOAK_HOOK": f"http://127.0.0.1:{self._world.port}/hook",
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME": f"@{int(self._world.clock())} x{SPEED:g}",
            "FAKETIME_FMT": "%s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }

    def _start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "listener", "run", "--config", self._folder / "config.yaml"],
                stdout=log,
                stderr=log,
                env=self._environment,
            )

    async def _end(self, *, kill: bool) -> None:
        daemon = self._daemon
        assert daemon is not None
        if daemon.poll() is not None:
            self._faults.append(f"the daemon ended by itself with {daemon.returncode}")
            return
        daemon.kill() if kill else daemon.terminate()
        told = time.monotonic()
        code = await asyncio.to_thread(daemon.wait, 60)
        if not kill and (code != 0 or time.monotonic() - told > 2):
            self._faults.append(f"SIGTERM: exit code {code} after {time.monotonic() - told:.1f} s")
        self._kills, self._stops = self._kills + kill, self._stops + (not kill)

    async def _disturbed(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._start()
            life = min(self._rng.uniform(0.5, 12), max(0.5, end - time.monotonic()))
            await asyncio.sleep(life)
            # A program that is still being loaded is no daemon that could stop in good order.
            await self._end(kill=life < _LOADED or self._rng.random() < 0.6)

    async def _undisturbed(self, seconds: float) -> None:
        self._start()
        assert self._daemon is not None
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._daemon.poll() is None:
            await asyncio.sleep(1)
            self._memory.append(psutil.Process(self._daemon.pid).memory_info().rss / 1e6)
        await self._end(kill=False)

    async def _finish(self) -> None:
        """Faults are over and everything is due: what is missing after this was lost."""
        self._world.calm = True
        self._world.publish()
        with closing(sqlite3.connect(self._store)) as db, db:
            db.execute("UPDATE sources SET next_poll_at = 0")
            db.execute("UPDATE outbox SET next_at = 0 WHERE state = 'waiting'")
        self._start()
        rest = "SELECT count(*) FROM outbox WHERE state != 'delivered'"
        await self._until(lambda: self._count("SELECT count(*) FROM posts") >= self._world.total)
        await self._until(lambda: self._alerts() >= self._due() and not self._count(rest))
        await self._end(kill=False)

    def _due(self) -> int:
        """How many rules have enough mentions by now, in the sources that were heard for most of their time."""
        live = self._count(
            "SELECT count(*) FROM mentions JOIN posts ON posts.id = post_id "
            f"JOIN sources ON sources.id = posts.source_id WHERE mentions.live AND sources.name != '{STREAM}'"
        )
        config = json.loads((self._folder / "config.yaml").read_text(encoding="utf-8"))
        return sum(live > int(rule["when"].split()[-1]) for rule in config["alerts"]["rules"])

    def _alerts(self) -> int:
        return self._count("SELECT count(*) FROM outbox WHERE kind = 'alert'")

    async def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _END
        while not done() and time.monotonic() < deadline:  # noqa: ASYNC110 - another process changes the store
            await asyncio.sleep(0.1)

    @property
    def _store(self) -> Path:
        return self._folder / "soak.db"

    def _count(self, sql: str) -> int:
        with closing(sqlite3.connect(self._store)) as db:
            return int(db.execute(sql).fetchone()[0])

    def _report(self) -> Report:
        with closing(sqlite3.connect(self._store)) as db:
            kept = {row[0] for row in db.execute("SELECT native_id FROM posts")}
            rows = db.execute("SELECT key, state, unknown FROM outbox").fetchall()
            integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
            letters = db.execute("SELECT count(*) FROM digests").fetchone()[0]
        published = {
            native_id(source, id_) for source, items in self._world.published.items() for id_, _ in items
        }
        taken = self._world.taken
        self._check(kept, published, rows, integrity)
        tenth = max(1, len(self._memory) // 10)
        first, last = max(self._memory[tenth : 2 * tenth]), max(self._memory[-tenth:])
        if last > first * _GROWTH + 5:
            self._faults.append(f"memory grew from {first:.0f} to {last:.0f} MB")
        return Report(
            hours=self._hours,
            posts=len(kept),
            streamed=len(self._world.published[STREAM]),
            letters=letters,
            kills=self._kills,
            stops=self._stops,
            world=self._world,
            messages=len(rows),
            told_again=taken.total() - len(taken),
            unknown=sum(unknown for _, _, unknown in rows),
            first_rss=first,
            last_rss=last,
            faults=self._faults,
        )

    def _check(
        self, kept: set[str], published: set[str], rows: list[tuple[str, str, int]], integrity: str
    ) -> None:
        taken = self._world.taken
        if kept != published:
            self._faults.append(f"{len(published - kept)} posts were lost, {len(kept - published)} made up")
        if self._alerts() < self._due():
            self._faults.append(f"{self._due() - self._alerts()} alerts were lost")
        if any(state != "delivered" for _, state, _ in rows):
            self._faults.append("messages were not delivered in the end")
        if set(taken) != {key for key, _, _ in rows}:
            self._faults.append("what was received is not what was laid out")
        again = sum(taken[key] - 1 > unknown for key, _, unknown in rows)
        if again:
            self._faults.append(f"{again} messages were told again without being counted")
        if integrity != "ok":
            self._faults.append(f"the store is damaged: {integrity}")


@click.command()
@click.option("--hours", default=24.0, show_default=True, help="How long, by the daemon's clock.")
@click.option("--seed", default=1, show_default=True, help="Which random faults.")
def main(hours: float, seed: int) -> None:
    """Run the daemon under faults and report; exit code 1 when something must not be."""
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(Soak(Path(folder), hours, seed).run())
    for line in report.lines():
        click.echo(line)
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
