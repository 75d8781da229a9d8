"""The daemon at rest: from start to serving, its memory, and how long it takes to stop."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks.feed_to_kpis import feed, posts, served, write_config


def report(folder: Path, rest: float = 10.0) -> list[str]:
    """The lines that `make bench` prints."""
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
    return [
        f"the daemon: serving after {serving:.2f} s, {memory:.0f} MB at rest after {rest:.0f} s "
        f"({with_page:.0f} MB once its page was asked for), stopped {stopped:.2f} s after SIGTERM (exit {code})"
    ]


def _serving(daemon: subprocess.Popen[str]) -> str:
    assert daemon.stderr is not None
    for line in daemon.stderr:
        found = re.search(r"http://[\d.:]+/", line)
        if found and "serving" in line:
            return found[0]
    raise RuntimeError("the daemon ended before it served")


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024
