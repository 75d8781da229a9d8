"""The place where the tests run, so that nothing that is tested leaves this machine: only loopback is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OFFLINE = ROOT / ".ci" / "offline"
CANNOT = 77


def offline(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a network, or skip where this machine cannot."""
    made = subprocess.run(
        [OFFLINE, *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    if made.returncode == CANNOT:
        pytest.skip(made.stderr.strip().splitlines()[-1])
    return made


def test_only_loopback_is_left() -> None:
    tried = """
import socket
door = socket.create_server(("127.0.0.1", 0))
socket.create_connection(door.getsockname(), 2).close()
try:
    socket.create_connection(("192.0.2.1", 80), 2)
except OSError as error:
    print("cut off", error.errno)
"""
    made = offline(sys.executable, "-c", tried)
    assert made.stdout.startswith("cut off"), made.stdout + made.stderr
    assert offline("false").returncode == 1


def test_a_machine_that_cannot_says_so(tmp_path: Path) -> None:
    bash = next(path for path in ("/bin/bash", "/usr/bin/bash") if Path(path).exists())
    made = subprocess.run(
        [bash, OFFLINE, "true"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert made.returncode == CANNOT and "this machine cannot" in made.stderr
