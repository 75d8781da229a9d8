"""One daemon a store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.base import StoreBusy, StoreError
from storage.lock import DaemonLock

HOLDER = Path(__file__).with_name("holds_lock.py")


def test_a_second_daemon_is_refused_with_the_first_ones_pid_until_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, str(HOLDER), "daemon", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            with (
                pytest.raises(StoreBusy, match=rf"pid {child.pid}\) already runs on .*listener\.db;"),
                DaemonLock(path),
            ):
                pass
        finally:
            os.kill(child.pid, signal.SIGKILL)
    with DaemonLock(path):
        assert (tmp_path / "listener.db.lock").read_text() == f"{os.getpid()}\n"


def test_it_is_released_at_the_end_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "listener.db"
    for _ in range(2):
        with DaemonLock(path):
            pass
    # Removed, it would let two daemons lock two files of one name.
    assert path.with_name("listener.db.lock").exists()


def test_a_refused_daemon_leaves_the_first_ones_pid(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    with DaemonLock(path):
        for _ in range(2):
            with pytest.raises(StoreBusy, match=str(os.getpid())), DaemonLock(path):
                pass


def test_where_no_file_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StoreError, match=r"cannot be made .*storage\.url"),
        DaemonLock(tmp_path / "file" / "a.db"),
    ):
        pass
