"""Bars on a real pseudo-terminal: shown there alone, late, in one line, and gone when the work is done or stopped."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from listener.commands.progress import Progress, progress

CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COLOURS = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d)(?:;\d+)*m")


class Terminal:
    """A pseudo-terminal as standard error, whose reader tells all that was written to it."""

    def __init__(self) -> None:
        self._reader, self.writer = pty.openpty()
        self.file = os.fdopen(os.dup(self.writer), "w")

    def written(self, seconds: float = 0.0) -> str:
        self.file.flush()
        found = b""
        while select.select([self._reader], [], [], seconds)[0]:
            found += os.read(self._reader, 65536)
        return found.decode()

    def close(self) -> None:
        self.file.close()
        os.close(self.writer)
        os.close(self._reader)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    made = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    yield made
    made.close()


class Clock:
    """Moves on by a fifth of a second each time that it is looked at."""

    at = 0.0

    def __call__(self) -> float:
        self.at += 0.2
        return self.at


def work(terminal: Terminal, total: int | None, steps: int) -> None:
    with redirect_stderr(terminal.file), progress("exporting", total, clock=Clock()) as bar:
        for _ in range(steps):
            bar.advance(100)


def test_a_bar_says_how_far_it_is_in_one_line_and_is_gone_at_the_end(terminal: Terminal) -> None:
    work(terminal, 1_000, 10)
    told = terminal.written()
    assert COLOURS.search(told)
    lines = [CODES.sub("", line) for line in re.split(r"[\r\n]+", told)]
    assert any("exporting" in line and "of 1,000" in line and "%" in line for line in lines)
    assert max(map(len, lines)) <= 80
    # The cursor is back, on an empty line.
    assert told.rindex("\x1b[?25h") > told.rindex("\x1b[?25l")
    assert told.rstrip("\r").endswith("\x1b[2K")


def test_where_nobody_knows_how_much_it_is_the_count_is_told(terminal: Terminal) -> None:
    work(terminal, None, 10)
    told = CODES.sub("", terminal.written())
    assert "1,000" in told and " of " not in told and "%" not in told


def test_no_colours_where_they_are_not_wanted(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    work(terminal, 1_000, 10)
    told = terminal.written()
    assert "exporting" in told and not COLOURS.search(told)


def test_nothing_is_drawn_of_what_is_done_soon(terminal: Terminal) -> None:
    work(terminal, 1_000, 2)
    assert terminal.written() == ""


def test_nothing_is_drawn_where_a_terminal_cannot(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    work(terminal, 1_000, 10)
    assert terminal.written() == ""


def test_nothing_is_drawn_where_no_terminal_is(capfd: pytest.CaptureFixture[str]) -> None:
    with progress("exporting", 1_000, clock=Clock()) as bar:
        for _ in range(10):
            bar.advance(100)
    assert capfd.readouterr() == ("", "")


def test_a_bar_that_is_stopped_gives_the_cursor_back(terminal: Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), redirect_stderr(terminal.file), progress("exporting", 10) as bar:
        bar.draw()
        raise KeyboardInterrupt
    told = terminal.written()
    assert told.count("\x1b[?25l") == 1 == told.count("\x1b[?25h")


def test_a_bar_is_drawn_ten_times_a_second_at_most(terminal: Terminal) -> None:
    looks = iter([0.0, *(0.6 + number / 1000 for number in range(1_000))])
    drawn: list[int] = []
    bar = Progress("exporting", 1_000, True, lambda: next(looks))
    bar.draw = lambda: drawn.append(bar.done)  # type: ignore[method-assign]
    for _ in range(1_000):
        bar.advance()
    assert 9 <= len(drawn) <= 10


@pytest.mark.slow
def test_rich_is_loaded_for_a_bar_alone(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("brands: [{name: Acme, own: true, query: acme}]\nsources: {}\n")
    code = (
        "import asyncio, sys\nfrom listener.commands import export, importing, once, progress, run\n"
        "asyncio.run = lambda coroutine: coroutine.close()\nrun.command.main([], standalone_mode=False)\n"
        "assert 'structlog.dev' in sys.modules and 'listener.daemon' in sys.modules\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'rich']\n"
        "bar = progress.Progress('x', None, True, lambda: 0.0)\nbar.draw()\nbar.close()\n"
        "assert 'rich.progress' in sys.modules"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
def test_a_command_that_is_interrupted_leaves_a_clean_terminal(tmp_path: Path, terminal: Terminal) -> None:
    config = "brands: [{name: Acme, own: true, query: acme}]\nsources: {}\nsentiment: {engine: vader}\n"
    (tmp_path / "config.yaml").write_text(config + "storage: {url: 'sqlite:///listener.db'}\n")
    rows = "".join(f"{number},acme is good {number}\n" for number in range(60_000))
    (tmp_path / "many.csv").write_text("id,text\n" + rows)
    command = [sys.executable, "-m", "listener", "import", "many.csv"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=terminal.writer, stdout=subprocess.PIPE) as process:
        told, until = "", time.monotonic() + 30
        while "importing" not in told and time.monotonic() < until:
            told += terminal.written(0.1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    told += terminal.written(0.1)
    assert (process.returncode, out) == (130, b"")
    assert "importing" in told and told.rindex("\x1b[?25h") > told.rindex("\x1b[?25l")
    assert "Traceback" not in told
