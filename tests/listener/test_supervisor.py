"""What systemd is told, read from a real datagram socket, and compared with what systemd's own client sends."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from listener.supervisor import Supervisor
from listener.writer import Writer


class Ear:
    """The socket of a supervisor."""

    def __init__(self, address: str) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.setblocking(False)

    def heard(self) -> list[str]:
        """What came since the last call."""
        found = []
        with suppress(BlockingIOError):
            while True:
                found.append(self.line.recv(4096).decode())
        return found


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    made = Ear(str(tmp_path / "n"))
    yield made
    made.line.close()


def started_by(ear: Ear, **more: str) -> Supervisor:
    return Supervisor.of({"NOTIFY_SOCKET": ear.line.getsockname(), **more})


def test_what_it_says(ear: Ear) -> None:
    supervisor = started_by(ear)
    supervisor.starting()
    supervisor.ready()
    supervisor.reloading(12.5)
    supervisor.stopping()
    assert ear.heard() == [
        "STATUS=Opening the store",
        "READY=1",
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "STOPPING=1\nSTATUS=Stopping",
    ]


@pytest.mark.skipif(shutil.which("systemd-notify") is None, reason="no systemd-notify here")
def test_it_says_it_as_systemds_own_client_does(ear: Ear) -> None:
    told = {**os.environ, "NOTIFY_SOCKET": ear.line.getsockname()}
    subprocess.run(
        ["systemd-notify", "--no-block", "--ready", "--status=Opening the store"], env=told, check=True
    )
    theirs = "\n".join(ear.heard()).split("\n")
    supervisor = started_by(ear)
    supervisor.ready()
    supervisor.starting()
    assert set(ear.heard()) == {line for line in theirs if line.startswith(("READY", "STATUS"))}


def test_a_name_in_the_abstract_namespace() -> None:
    name = f"listener-test-{os.getpid()}"
    ear = Ear(f"\0{name}")
    Supervisor.of({"NOTIFY_SOCKET": f"@{name}"}).ready()
    assert ear.heard() == ["READY=1"]
    ear.line.close()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_nobody_is_told_where_nobody_asked(address: str) -> None:
    supervisor = Supervisor.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"})
    assert (supervisor.address, supervisor.patience) == (None, None)
    supervisor.ready()


@pytest.mark.parametrize(
    ("usec", "pid", "patience"),
    [
        ("120000000", "ours", 120.0),
        ("120000000", None, 120.0),
        ("120000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_the_watchdog_is_for_us_or_not(
    ear: Ear, usec: str | None, pid: str | None, patience: float | None
) -> None:
    said = {"WATCHDOG_USEC": usec, "WATCHDOG_PID": str(os.getpid()) if pid == "ours" else pid}
    assert started_by(ear, **{name: text for name, text in said.items() if text}).patience == patience


@pytest.mark.timeout(20)
def test_a_supervisor_that_has_gone_or_reads_no_more_ends_nothing(ear: Ear, tmp_path: Path) -> None:
    supervisor = started_by(ear)
    # The queue of a socket that nobody reads is full some time; a blocking send would wait here for ever.
    for _ in range(5_000):
        supervisor.ready()
    ear.line.close()
    (tmp_path / "n").unlink()
    supervisor.ready()


async def test_pings_stop_while_the_writer_is_stuck_and_go_on_after_it(ear: Ear, tmp_path: Path) -> None:
    supervisor = started_by(ear, WATCHDOG_USEC="40000")
    writer = Writer(tmp_path / "listener.db")
    await writer.open()
    free = threading.Event()
    watching = asyncio.create_task(supervisor.watch(writer))
    try:
        await asyncio.sleep(0.1)
        assert len(ear.heard()) >= 3
        stuck = asyncio.create_task(writer.store(lambda _: free.wait(10)))
        await asyncio.sleep(0.05)
        ear.heard()
        await asyncio.sleep(0.15)
        assert ear.heard() == []
        free.set()
        await stuck
        await asyncio.sleep(0.05)
        assert set(ear.heard()) == {"WATCHDOG=1"}
    finally:
        free.set()
        watching.cancel()
        writer.close()


async def test_nobody_watches_nothing_to_ping(ear: Ear, tmp_path: Path) -> None:
    await asyncio.wait_for(started_by(ear).watch(Writer(tmp_path / "listener.db")), 1)
    await asyncio.wait_for(Supervisor().report(lambda: "unasked"), 1)
    assert ear.heard() == []


async def test_a_status_is_one_line_said_when_it_changes(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listener.supervisor.STATUS_EVERY", 0.01)
    now = ["Listening"]
    task = asyncio.create_task(started_by(ear).report(lambda: now[0]))
    await asyncio.sleep(0.08)
    assert ear.heard() == ["STATUS=Listening"]
    now[0] = "Degraded: a\nREADY=1 " + "x" * 1000
    await asyncio.sleep(0.05)
    (told,) = ear.heard()
    assert told.startswith("STATUS=Degraded: a READY=1 xxx") and "\n" not in told and len(told) <= 320
    task.cancel()
