"""Real servers of others that tests start on 127.0.0.1, wait for, and stop by their pid."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def started(command: Sequence[str], log: Path, url: str, within: float) -> subprocess.Popen[bytes]:
    """Start one, and wait until its /-/ready answers; what it said is told where it does not in time."""
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    deadline = time.monotonic() + within
    while not _ready(url):
        if time.monotonic() > deadline:
            ended(process)
            raise AssertionError(log.read_text(encoding="utf-8"))
        time.sleep(0.05)
    return process


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)
