"""`make soak`, its second part: kill -9 between firing and delivery. Is a message lost, or told twice uncounted?

Half of the alerts are told in groups. A fifth are silenced now and then, beside the daemon that runs, and told when
that ends; a few are silenced throughout.
"""

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
from dataclasses import dataclass, field, fields
from pathlib import Path

import click

from benchmarks.kills_verdict import LAID_OUT, After, Laid, Silence
from benchmarks.wayward import Message, Wayward
from listener import hushing
from listener.config import Config, load
from storage.sqlite import SqliteStore

CHANNELS = ("webhook", "slack", "email")
ROUND = 20
"""Kills of one store; the next twenty have a new one."""
_PATIENCE = 30.0
_TURNS = 0.3
"""How often a life begins a silence, or ends the one that is."""
_TOKEN = "xoxb-of-nobody"
_LONG_LIFE = 11.5
"""Seconds: longer than a channel waits for an answer."""


@dataclass
class Report:
    """What the kills showed; `faults` names what must not be. `where`: how far the newest alerts were on a channel.

    `alerts` counts them by channel. One of `messages` may tell of several: of `gathered`, in `groups`. `withheld`:
    those that a silence held back and that were told when it ended; `untold`: those whose silence did not end.
    """

    kills: int = 0
    where: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    timed_out: int = 0
    alerts: int = 0
    messages: int = 0
    groups: int = 0
    gathered: int = 0
    silences: int = 0
    withheld: int = 0
    untold: int = 0
    unknown: int = 0
    told_again: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        for counted in fields(self):
            setattr(self, counted.name, getattr(self, counted.name) + getattr(other, counted.name))

    def lines(self) -> list[str]:
        where, answers = (
            ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
            for counted in (self.where, self.answers)
        )
        return [
            f"{self.kills} times kill -9 between firing and delivery, {self.alerts} alerts by channel",
            f"  they went in {self.messages} messages, {self.gathered} of them in {self.groups} groups",
            f"  {self.withheld} were withheld by {self.silences} silences and told afterwards, {self.untold} never",
            f"  alerts fired or released in the life that was cut off: {where}",
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
        self._names = [f"r{n}" for n in range(1, 4 * kills + 40)]
        self._now_and_then, self._throughout = self._names[4::5], self._names[10::11]
        self._silence: tuple[int, float, frozenset[Message]] | None = None
        self._silences: list[Silence] = []
        self._withheld: set[Message] = set()

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
            {"name": name, "when": f"mentions >= {n}", "over": "1h", "channels": CHANNELS}
            for n, name in enumerate(self._names, 1)
        ]
        here = f"http://127.0.0.1:{self._world.port}"
        mail = {
            "host": "127.0.0.1",
            "port": self._world.smtp_port,
            "from": "l@example.com",
            "to": ["t@example.com"],
        }
        feed = {"url": f"{here}/feed", "name": "feed"}
        groups = {"match": {"rule": self._names[1::2]}, "group_by": ["brand"], "group_wait": "1s"}
        config = {
            "brands": [{"name": "Morvane", "own": True}],
            "sources": {"feeds": {"poll": "1s", "allow_private": True, "urls": [feed]}},
            "storage": {"url": "sqlite:///kills.db"},
            "channels": {
                "webhook": {"url": f"{here}/hook"},
                "slack": {"token": "${KILLS_TOKEN}", "channel": "C1", "api": f"{here}/api"},
                "email": mail,
            },
            "alerts": {"rules": rules, "routes": [groups]},
            "dashboard": {"port": 0},
        }
        (self._folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")

    @property
    def _config(self) -> Config:
        return load(self._folder / "config.yaml", {"KILLS_TOKEN": _TOKEN})

    def _start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-m", "listener", "run", "--config", self._folder / "config.yaml"],
                stdout=log,
                stderr=log,
                env={**os.environ, "KILLS_TOKEN": _TOKEN},
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
        await self._hush(self._throughout)

    async def _life(self, lasting: float | None) -> None:
        """Something fires, perhaps is silenced or released, and a moment later, or after `lasting` seconds, it ends."""
        newest = self._count("SELECT coalesce(max(id), 0) FROM outbox")
        for _ in range(self._rng.choice((1, 1, 2, 4))):
            self._world.publish()
        if lasting:
            self._world.forced = ["hangs"] * 2
        self._start()
        await self._until(lambda: self._count(f"SELECT count(*) FROM outbox WHERE id > {newest}") > 0)
        released = await self._turn() if self._rng.random() < _TURNS else []
        await asyncio.sleep(lasting or self._rng.choice((0.0, self._rng.uniform(0, 0.5))))
        self._kill()
        ids = ", ".join(map(str, [*released, 0]))
        states = [
            "withheld" if withheld else "untouched" if state == "waiting" and not attempts else state
            for state, attempts, withheld in self._rows(
                f"SELECT state, attempts, withheld FROM outbox WHERE id > {newest} OR id IN ({ids})"
            )
        ]
        self._report.where.update(states)
        # What is withheld was not on its way.
        self._report.kills += any(state not in ("delivered", "withheld") for state in states)
        laid = self._laid()
        self._withheld |= {(one.key, one.channel) for one in laid if one.withheld}
        for one in laid:
            if one.state == "delivered":
                self._recorded.setdefault(one.message, self._world.taken[one.message])

    async def _turn(self) -> list[int]:
        """Silence a fifth of the rules, or end that silence; return the numbers of what is told now."""
        if self._silence is None:
            number, tried = await self._hush(self._now_and_then)
            self._silence = number, time.monotonic(), tried
            return []
        number, began, tried = self._silence
        self._silence = None
        # Before it ends: what is tried from then on is none of its business.
        rules = frozenset(self._now_and_then)
        self._silences.append(Silence(rules, began, time.monotonic(), tried))
        return await asyncio.to_thread(self._speak, number)

    async def _hush(self, names: list[str]) -> tuple[int, frozenset[Message]]:
        """Silence these rules as the command does, in a thread: the receivers must go on meanwhile."""
        return await asyncio.to_thread(self._silenced, names)

    def _silenced(self, names: list[str]) -> tuple[int, frozenset[Message]]:
        config, now = self._config, int(time.time())
        with closing(SqliteStore(self._store)) as store, store.writing() as db:
            made = hushing.silence(db, config, {"rule": names}, 7200, by="ann", why="", now=now)
            tried = db.rows("SELECT key, channel FROM outbox WHERE attempts > 0")
        self._report.silences += 1
        return made.id, frozenset((key, channel) for key, channel in tried)

    def _speak(self, number: int) -> list[int]:
        config, now = self._config, int(time.time())
        held = "SELECT id FROM outbox WHERE withheld IS NOT NULL"
        with closing(SqliteStore(self._store)) as store, store.writing() as db:
            before = {row[0] for row in db.rows(held)}
            hushing.end(db, config, number, by="ann", now=now)
            return sorted(before - {row[0] for row in db.rows(held)})

    async def _finish(self) -> None:
        """The receivers take everything, and all is due: what is missing after this was lost."""
        self._world.calm = True
        if self._silence is not None:
            await self._turn()
        with closing(sqlite3.connect(self._store)) as db, db:
            db.execute("UPDATE outbox SET next_at = 0 WHERE state = 'waiting'")
            db.execute("DELETE FROM channel_holds")
        self._start()
        due = len(CHANNELS) * len([name for name in self._fired if name not in self._throughout])
        delivered = "SELECT count(*) FROM outbox WHERE state = 'delivered'"
        await self._until(lambda: self._count(delivered) >= due, _PATIENCE + due)
        self._kill()

    @property
    def _fired(self) -> list[str]:
        return self._names[: len(self._world.posts) - 1]

    def _laid(self) -> list[Laid]:
        return [Laid(*row) for row in self._rows(LAID_OUT)]  # type: ignore[arg-type]

    def _check(self) -> None:
        report, world = self._report, self._world
        throughout = set(self._throughout)
        after = After(self._laid(), self._fired, CHANNELS, throughout, self._silences, self._recorded, world)
        report.faults += after.faults()
        if self._rows("PRAGMA integrity_check") != [("ok",)]:
            report.faults.append("the store is damaged")
        groups, untold = after.groups, len(after.laid) - len(after.told)
        report.answers, report.timed_out = world.answers, world.timed_out
        report.alerts, report.messages = len(after.laid), len(after.unknown)
        report.groups, report.gathered = len(groups), sum(groups.values())
        report.untold, report.withheld = untold, len(self._withheld) - untold
        report.unknown = sum(after.unknown.values())
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
