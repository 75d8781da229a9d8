"""`make soak`, its second part: kill -9 between firing and delivery. Is a message lost, or told twice uncounted?"""

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
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click

from benchmarks.wayward import Message, Wayward

CHANNELS = ("webhook", "slack", "email")
ROUND = 20
"""Kills of one store; the next twenty have a new one."""
_PATIENCE = 30.0
_LONG_LIFE = 11.5
"""Seconds: longer than a channel waits for an answer."""


@dataclass
class Report:
    """What the kills showed; `faults` names what must not be. `where`: how far the newest messages were."""

    kills: int = 0
    where: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    timed_out: int = 0
    messages: int = 0
    unknown: int = 0
    told_again: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.kills += other.kills
        self.where += other.where
        self.answers += other.answers
        self.timed_out += other.timed_out
        self.messages += other.messages
        self.unknown += other.unknown
        self.told_again += other.told_again
        self.faults += other.faults

    def lines(self) -> list[str]:
        where, answers = (
            ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
            for counted in (self.where, self.answers)
        )
        return [
            f"{self.kills} times kill -9 between firing and delivery, {self.messages} messages",
            f"  messages fired in the life that was cut off: {where}",
            f"  outcomes: {answers}; {self.timed_out} answers waited for to the end",
            f"  told again: {self.told_again}, with {self.unknown} answers that nobody can know",
            *(f"  FAULT: {fault}" for fault in self.faults),
            "  nothing lost, nothing told twice uncounted" if not self.faults else "  the kills FAILED",
        ]


class Kills:
    """One store: lives that are cut off after something fired, then calm until all is delivered."""

    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self._folder = folder
        self._kills = kills
        self._rng = random.Random(seed)
        self._world = Wayward(random.Random(seed + 1))
        self._daemon: subprocess.Popen[bytes] | None = None
        self._report = Report()
        self._recorded: dict[Message, int] = {}

    async def run(self) -> Report:
        async with self._world:
            try:
                self._configure()
                await self._first_life()
                long_life = self._rng.randrange(self._kills)
                while self._report.kills < self._kills:
                    await self._life(_LONG_LIFE if self._report.kills == long_life else None)
                await self._finish()
            finally:
                self._kill()
            self._check()
        return self._report

    def _configure(self) -> None:
        rules = [
            {"name": f"r{n}", "when": f"mentions >= {n}", "over": "1h", "channels": CHANNELS}
            for n in range(1, 2 * self._kills + 40)
        ]
        here = f"http://127.0.0.1:{self._world.port}"
        mail = {
            "host": "127.0.0.1",
            "port": self._world.smtp_port,
            "from": "l@example.com",
            "to": ["t@example.com"],
        }
        feed = {"url": f"{here}/feed", "name": "feed"}
        config = {
            "brands": [{"name": "Morvane", "own": True}],
            "sources": {"feeds": {"poll": "1s", "allow_private": True, "urls": [feed]}},
            "storage": {"url": "sqlite:///kills.db"},
            "channels": {
                "webhook": {"url": f"{here}/hook"},
                "slack": {"token": "${KILLS_TOKEN}", "channel": "C1", "api": f"{here}/api"},
                "email": mail,
            },
            "alerts": {"rules": rules},
            "dashboard": {"port": 0},
        }
        (self._folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")

    def _start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "listener", "run", "--config", self._folder / "config.yaml"],
                stdout=log,
                stderr=log,
                env={**os.environ, "KILLS_TOKEN": "xoxb-of-nobody"},
            )

    def _kill(self) -> None:
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.kill()
            self._daemon.wait()

    async def _first_life(self) -> None:
        """What a first poll brings never fires: it is over before anything is to."""
        self._start()
        await self._until(lambda: self._count("SELECT count(*) FROM posts") > 0)
        self._kill()

    async def _life(self, lasting: float | None) -> None:
        """Something fires, and a moment later, or after `lasting` seconds, the daemon is gone."""
        newest = self._count("SELECT coalesce(max(id), 0) FROM outbox")
        for _ in range(self._rng.choice((1, 1, 2))):
            self._world.publish()
        if lasting:
            self._world.forced = ["hangs"] * 2
        self._start()
        await self._until(lambda: self._count(f"SELECT count(*) FROM outbox WHERE id > {newest}") > 0)
        await asyncio.sleep(lasting or self._rng.choice((0.0, self._rng.uniform(0, 0.5))))
        self._kill()
        states = [
            "untouched" if state == "waiting" and not attempts else state
            for state, attempts in self._rows(f"SELECT state, attempts FROM outbox WHERE id > {newest}")
        ]
        self._report.where.update(states)
        self._report.kills += any(state != "delivered" for state in states)
        for key, channel in self._rows("SELECT key, channel FROM outbox WHERE state = 'delivered'"):
            self._recorded.setdefault((key, channel), self._world.taken[key, channel])

    async def _finish(self) -> None:
        """The receivers take everything, and all is due: what is missing after this was lost."""
        self._world.calm = True
        with closing(sqlite3.connect(self._store)) as db, db:
            db.execute("UPDATE outbox SET next_at = 0 WHERE state = 'waiting'")
            db.execute("DELETE FROM channel_holds")
        self._start()
        due = len(CHANNELS) * (len(self._world.posts) - 1)
        delivered = "SELECT count(*) FROM outbox WHERE state = 'delivered'"
        await self._until(lambda: self._count(delivered) >= due, _PATIENCE + due)
        self._kill()

    def _check(self) -> None:
        report, world = self._report, self._world
        due = len(CHANNELS) * (len(world.posts) - 1)
        rows = self._rows("SELECT key, channel, state, unknown FROM outbox")
        unknown = {(key, channel): count for key, channel, _, count in rows}
        events = {key for (key,) in self._rows("SELECT key FROM alert_events")}
        if set(unknown) != {(key, channel) for key in events for channel in CHANNELS} or len(unknown) != due:
            report.faults.append(
                f"{due} messages should be laid out, {len(unknown)} are, of {len(events)} events"
            )
        if undelivered := [row for row in rows if row[2] != "delivered"]:
            report.faults.append(f"{len(undelivered)} messages were not delivered in the end")
        if set(world.taken) != set(unknown):
            report.faults.append("what was received is not what was laid out")
        if uncounted := [one for one, times in world.taken.items() if times - 1 > unknown.get(one, 0)]:
            report.faults.append(f"{len(uncounted)} messages were told again without being counted")
        if again := [one for one, times in self._recorded.items() if world.taken[one] != times]:
            report.faults.append(
                f"{len(again)} messages were told again although their delivery was recorded"
            )
        if self._rows("PRAGMA integrity_check") != [("ok",)]:
            report.faults.append("the store is damaged")
        report.answers, report.timed_out = world.answers, world.timed_out
        report.messages, report.unknown = len(rows), sum(unknown.values())
        report.told_again = world.taken.total() - len(world.taken)

    async def _until(self, done: Callable[[], bool], within: float = _PATIENCE) -> None:
        deadline = time.monotonic() + within
        while not done():
            if time.monotonic() > deadline or self._daemon is None or self._daemon.poll() is not None:
                raise RuntimeError(f"the daemon does not come to it; see {self._folder / 'log'}")
            await asyncio.sleep(0.01)

    @property
    def _store(self) -> Path:
        return self._folder / "kills.db"

    def _rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"{self._store.as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(sql).fetchall()

    def _count(self, sql: str) -> int:
        try:
            return int(str(self._rows(sql)[0][0]))
        except sqlite3.OperationalError:
            return 0  # it is not made yet


@click.command()
@click.option("--rounds", default=10, show_default=True, help=f"How many times {ROUND} kills.")
@click.option("--seed", default=1, show_default=True, help="Which random moments and answers.")
def main(rounds: int, seed: int) -> None:
    """Kill the daemon between firing and delivery, and report; exit code 1 when something must not be."""
    report = Report()
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            report.add(asyncio.run(Kills(Path(folder), ROUND, 1_000 * seed + number).run()))
    for line in report.lines():
        click.echo(line)
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
