"""The launcher: its configuration points to its own world, its daemon gets our signals, a taken port is told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from listener.config import load
from listener.demo.__main__ import run_daemon, write_config
from listener.demo.world import BRANDS, OUTLETS


def test_the_copy_of_the_configuration_has_its_own_ports_and_store(tmp_path: Path) -> None:
    path = write_config(tmp_path, 18766, 18765)
    text = path.read_text(encoding="utf-8")
    config = YAML(typ="safe").load(text)
    assert load(path, {}).database == tmp_path.resolve() / "listener.db"
    assert config["dashboard"]["port"] == 18765
    assert config["sources"]["hackernews"]["url"] == "http://127.0.0.1:18766"
    feeds = [{"url": f"http://127.0.0.1:18766/feeds/{name}", "name": name} for name in OUTLETS]
    assert config["sources"]["feeds"]["urls"] == feeds
    assert [brand["name"] for brand in config["brands"]] == list(BRANDS)
    assert "# Atom, Spanish" in text


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


@pytest.mark.parametrize(("held", "free"), [("--port", "--dashboard-port"), ("--dashboard-port", "--port")])
async def test_a_taken_port_is_said_with_the_remedy(
    taken_port: int, tmp_path: Path, held: str, free: str
) -> None:
    launcher = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "listener.demo",
        f"{held}={taken_port}",
        f"{free}=0",
        f"--folder={tmp_path}",
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await asyncio.wait_for(launcher.communicate(), 20)
    assert launcher.returncode == 1
    assert str(taken_port).encode() in error and b"--port" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_signals_are_handed_on_and_the_exit_code_comes_back(
    number: signal.Signals, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    code = (
        "import signal, sys\n"
        "for s in (signal.SIGTERM, signal.SIGINT):\n"
        "    signal.signal(s, lambda n, f: sys.exit(40 + n))\n"
        f"open({str(ready)!r}, 'w').close()\n"
        "signal.pause()\n"
    )
    running = asyncio.create_task(run_daemon([sys.executable, "-c", code]))
    await asyncio.to_thread(ready.read_bytes)
    os.kill(os.getpid(), number)
    expected = signal.SIGINT if number == signal.SIGINT else signal.SIGTERM
    assert await asyncio.wait_for(running, 20) == 40 + expected
