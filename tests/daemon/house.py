"""The real daemon as a test meets it: its folder, its process, its log, its store.

A `House` writes config.yaml into a folder, starts `listener run` there as a process of its own, waits for the line
that says where it serves, and reads what it wrote. Waiting is always for a condition, with a deadline. What it hears
and to whom it speaks stands in town.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from storage import coverage, deliveries, outbox
from storage.mention import Heard
from storage.sqlite import SqliteStore

LISTENER = Path(sys.executable).with_name("listener")
MORVANE: Mapping[str, Any] = {"name": "Morvane", "own": True}
TESSIQ: Mapping[str, Any] = {"name": "Tessiq"}
_PAUSE = 0.02

T = TypeVar("T")


class Late(AssertionError):
    """Something that a test waits for did not come."""


async def until(check: Callable[[], T | Awaitable[T]], what: str, within: float = 20.0) -> T:
    """Ask again and again until the answer is true; return it."""
    deadline = time.monotonic() + within
    while True:
        answer = check()
        found = await answer if isinstance(answer, Awaitable) else answer
        if found:
            return found
        if time.monotonic() > deadline:
            raise Late(f"waited {within:.0f} s in vain until {what}")
        await asyncio.sleep(_PAUSE)


@dataclass
class House:
    """One folder with its config.yaml and, while it runs, its daemon."""

    folder: Path
    settings: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    address: str = ""
    runs: int = 0

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "listener.db"

    @property
    def _log(self) -> Path:
        return self.folder / f"log-{self.runs}"

    def write(self) -> None:
        """Write config.yaml: JSON is YAML."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(json.dumps(self.settings), encoding="utf-8")

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the daemon, and do not wait for anything."""
        self.write()
        self.runs += 1
        with self._log.open("wb") as log, (self.folder / "console").open("ab") as console:
            self.process = subprocess.Popen(
                [LISTENER, "run", "--config", self.config],
                stdout=console,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        return self.process

    async def start(self, within: float = 30.0) -> None:
        """Start the daemon and wait until it serves."""
        process = self.launch()

        def serving() -> dict[str, Any] | None:
            assert process.poll() is None, f"the daemon ended with {process.poll()}: {self.errors()}"
            return next((line for line in self.log() if line.get("event") == "serving"), None)

        self.address = (await until(serving, "the daemon serves", within))["url"].rstrip("/")

    async def stop(self) -> float:
        """SIGTERM; return the seconds that it took. It must end with 0."""
        started = time.monotonic()
        self.signal(signal.SIGTERM)
        code = await self.ended()
        assert code == 0, f"the daemon ended with {code}: {self.errors()}"
        return time.monotonic() - started

    async def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        await self.ended()

    def signal(self, sign: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(sign)

    async def ended(self, within: float = 20.0) -> int:
        """Wait until the daemon has ended; return its exit code."""
        process = self.process
        assert process is not None
        await until(lambda: process.poll() is not None, "the daemon ends", within)
        return process.returncode

    def put_away(self) -> None:
        """End what still runs, whatever happened."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    # ---- what it wrote

    def errors(self) -> str:
        """Standard error of this run, as text."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def log(self, run: int | None = None) -> list[dict[str, Any]]:
        """The events of this run's log; a line that is no JSON comes as {"text": line}."""
        path = self._log if run is None else self.folder / f"log-{run}"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [
            json.loads(line) if line.startswith("{") and line.endswith("}") else {"text": line}
            for line in lines
        ]

    def said(self, event: str, run: int | None = None) -> list[dict[str, Any]]:
        """The log lines of one event."""
        return [line for line in self.log(run) if line.get("event") == event]

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the store, read-only; no rows while it does not exist yet."""
        if not self.database.exists():
            return []
        connection = sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def count(self, table: str, where: str = "1") -> int:
        found = self.rows(f"SELECT count(*) FROM {table} WHERE {where}")
        return int(found[0][0]) if found else 0

    async def until_kept(self, posts: int, within: float = 30.0) -> None:
        await until(lambda: self.count("posts") >= posts, f"{posts} posts are kept", within)

    async def until_delivered(self, messages: int, within: float = 30.0) -> None:
        """Wait until so many messages are recorded as delivered."""
        what = f"{messages} messages are delivered"
        await until(lambda: self.count("outbox", "state = 'delivered'") >= messages, what, within)

    def deliveries(self) -> list[deliveries.Delivery]:
        """The whole outbox, newest first."""
        store = SqliteStore(self.database)
        try:
            return deliveries.newest(store, 10_000)
        finally:
            store.close()

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Ask the API; return status and JSON."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.address + path, headers=headers) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def health(self) -> dict[str, Any]:
        status, body = await self.get("/healthz")
        assert status == 200
        return dict(body)

    async def command(self, *arguments: str, code: int = 0) -> str:
        """Run another command on this configuration; return standard output and error."""
        self.write()
        made = await asyncio.create_subprocess_exec(
            LISTENER,
            *arguments,
            "--config",
            self.config,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **self.environment},
        )
        output, _ = await asyncio.wait_for(made.communicate(), 60)
        assert made.returncode == code, output.decode()
        return output.decode()

    async def sources(self) -> dict[str, dict[str, Any]]:
        """`listener sources --json` by name."""
        return {source["source"]: source for source in json.loads(await self.command("sources", "--json"))}

    # ---- a past for the store, written while the daemon is away

    def heard_since(self, source: str, since: float) -> None:
        """Let the store remember that a source was heard from then on until it was last polled."""
        with self._writing() as db:
            # A daemon that is stopped between a page and the end of its poll has heard, and not polled.
            heard = "coalesce(last_poll_at, (SELECT max(until) FROM coverage WHERE source_id = sources.id))"
            (number, last) = db.rows(f"SELECT id, {heard} FROM sources WHERE name = ?", (source,))[0]
            coverage.add(db, number, "live", Heard(int(since), last))

    def born(self, at: float) -> None:
        """Let the store be older than it is."""
        with self._writing() as db:
            db.run("UPDATE facts SET value = ? WHERE name = 'born'", (str(int(at)),))

    def due_now(self) -> None:
        """Let every source be due now, as if the pause after a failure were over."""
        with self._writing() as db:
            db.run("UPDATE sources SET next_poll_at = ?", (int(time.time()),))

    def lay_out(self, channels: list[str], keys: Iterable[str]) -> None:
        """Put test messages into the outbox."""
        with self._writing() as db:
            for key in keys:
                outbox.put(db, channels, key, "test", {}, [], int(time.time()))

    def _writing(self) -> Any:
        assert self.process is None or self.process.poll() is not None, "the daemon is at home"
        return SqliteStore(self.database).writing()


MakeHouse = Callable[..., House]
"""The fixture `new_house`: makes a house; keywords are sections of config.yaml."""


def settings(**sections: Any) -> dict[str, Any]:
    """A small configuration; sections replace those of the same name."""
    return {
        "timezone": "UTC",
        "brands": [MORVANE],
        "sources": {},
        "storage": {"url": "sqlite:///listener.db"},
        "dashboard": {"port": 0},
        **sections,
    }


def feeds(urls: Mapping[str, str], poll: str = "1s") -> dict[str, Any]:
    """The section `sources` for these feeds: name -> address."""
    named = [{"url": url, "name": name} for name, url in urls.items()]
    return {"feeds": {"poll": poll, "allow_private": True, "urls": named}}


def rule(name: str, when: str, channels: Iterable[str] = ("webhook",), **keys: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "brand": "Morvane", "min_n": 1, "channels": list(channels), **keys}
