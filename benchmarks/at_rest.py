"""The daemon at rest: from start to serving and to the first mention, its memory, and how long it takes to stop."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.feed_to_kpis import feed, posts, served, write_config

_PATIENCE = 60
"""Seconds to wait for a first mention."""


@dataclass(frozen=True, slots=True)
class Rest:
    """One run: seconds from the start to serving and to the first mention in the store, MB, seconds to stop."""

    serving: float
    mention: float
    memory: float
    with_page: float
    stopped: float
    code: int


def measure(folder: Path, rest: float = 10.0) -> Rest:
    """Start the daemon on a feed of 100 posts, let it rest for some seconds, ask for its page, stop it."""
    folder.mkdir()
    with served(feed(posts(100), time.time())) as port:
        config = write_config(folder, port, poll="60s")
        started = time.perf_counter()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "listener", "run", "--config", str(config)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            url = _serving(daemon)
            serving = time.perf_counter() - started
            _first_mention(next(folder.rglob("*.db")))
            mention = time.perf_counter() - started
            time.sleep(rest)
            memory = _memory(daemon.pid)
            with urllib.request.urlopen(url) as page:
                page.read()
            with_page = _memory(daemon.pid)
        finally:
            told = time.perf_counter()
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(10)
            assert daemon.stderr is not None
            daemon.stderr.close()
        stopped = time.perf_counter() - told
    return Rest(serving, mention, memory, with_page, stopped, code)


def report(folder: Path, rest: float = 10.0) -> list[str]:
    """The lines that `make bench` prints."""
    found = measure(folder, rest)
    return [
        f"the daemon: serving after {found.serving:.2f} s, the first mention after {found.mention:.2f} s, "
        f"{found.memory:.0f} MB at rest after {rest:.0f} s ({found.with_page:.0f} MB once its page was asked for), "
        f"stopped {found.stopped:.2f} s after SIGTERM (exit {found.code})"
    ]


def _serving(daemon: subprocess.Popen[str]) -> str:
    assert daemon.stderr is not None
    for line in daemon.stderr:
        found = re.search(r"http://[\d.:]+/", line)
        if found and "serving" in line:
            return found[0]
    raise RuntimeError("the daemon ended before it served")


def _first_mention(database: Path) -> None:
    """Wait until the store holds one. Raises RuntimeError where none comes."""
    deadline = time.monotonic() + _PATIENCE
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as store:
        while not store.execute("SELECT EXISTS (SELECT 1 FROM mentions)").fetchone()[0]:
            if time.monotonic() > deadline:
                raise RuntimeError("no mention came")
            time.sleep(0.01)


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024
