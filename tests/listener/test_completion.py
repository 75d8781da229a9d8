"""A shell's Tab: what it offers, that a real bash puts it in, and that it loads next to nothing."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commandline import CommandLine

from listener.cli import COMMANDS
from listener.completion import SHELLS, VARIABLE, complete
from storage.kpi import KPIS

CONFIG = """
brands: [{name: Acme}, {name: "Tessiq Corp"}, {name: "Tés*iq's"}, {name: 7}, broken]
topics: [{name: Kettles}]
sources: {hackernews: {}, feeds: {urls: [{url: "https://h.example/f", name: town}, "https://h.example/g"]}}
channels: {console: {}, slack: {webhook: "${SLACK}"}}
alerts: {rules: [{name: angry, when: mentions > 3}]}
goals: [{name: voice}]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    def ask(typed: str) -> list[str]:
        words = typed.split(" ")
        monkeypatch.setenv("COMP_WORDS", typed)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        assert complete("bash_complete") == 0
        return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines() if line]

    return ask


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("listener ru", ["run"]),
        ("listener query ", ["judge", "test"]),
        ("listener kpi --bra", ["--brand"]),
        ("listener kpi --brand ", ["Acme", "'Tessiq Corp'", "'Tés*iq'\"'\"'s'", "Kettles"]),
        ("listener kpi --brand Acme --brand K", ["Kettles"]),
        ("listener kpi --brand=A", ["Acme"]),
        ("listener kpi first_response_time.", ["first_response_time.business"]),
        ("listener explain net_sent", ["net_sentiment"]),
        ("listener kpi mentions --source ", ["hackernews", "feeds", "town"]),
        ("listener sources --explain f", ["feeds"]),
        ("listener import x.csv --source ", []),
        ("listener alerts test s", ["slack"]),
        ("listener alerts backtest ", ["angry"]),
        ("listener goal show ", ["voice"]),
        ("listener run --log-level ", ["debug", "info", "warning", "error"]),
        ("listener completion ", list(SHELLS)),
        ("listener nothing ", None),
        ("listener kpi --brand X --config other.yaml --brand ", ["Other"]),
        ("listener kpi --config gone.yaml --brand ", []),
        ("listener kpi --config broken.yaml --brand ", []),
    ],
)
def test_what_is_offered(here: Path, offered, typed: str, wanted: list[str] | None) -> None:  # type: ignore[no-untyped-def]
    (here / "other.yaml").write_text("brands: [{name: Other}]", encoding="utf-8")
    (here / "broken.yaml").write_text("brands: [{name: Other", encoding="utf-8")
    found = offered(typed)
    if wanted is None:
        assert set(found) <= set(COMMANDS)
    else:
        assert [one for one in found if not one.startswith("--") or typed.endswith("--bra")] == wanted


def test_every_kpi_is_offered(offered) -> None:  # type: ignore[no-untyped-def]
    assert [name for name in offered("listener kpi ") if not name.startswith("-")] == list(KPIS)


def test_a_tab_loads_neither_the_commands_nor_the_store() -> None:
    """Each of them takes longer than a tenth of a second, and the person who pressed Tab waits for all of them."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys, atexit\natexit.register(lambda: print(sorted(sys.modules)))\n"
         "from listener.cli import main\nmain()"],
        env={**os.environ, VARIABLE: "bash_complete", "COMP_WORDS": "listener kpi --brand ", "COMP_CWORD": "3"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stderr == ""
    assert "plain,'Tessiq Corp'" in told.stdout
    loaded = told.stdout.splitlines()[-1]
    assert "'listener.completion'" in loaded
    for heavy in (
        "pydantic",
        "structlog",
        "aiohttp",
        "storage",
        "alerts.rules",
        "jinja2",
        "sentiment",
        "listener.commands.kpi",
    ):
        assert f"'{heavy}'" not in loaded


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_us(line: CommandLine, shell: str) -> None:
    told = line.good("completion", shell).out
    assert f"{VARIABLE}={shell}_complete" in told
    if checker := shutil.which(shell):
        subprocess.run([checker, "-n"], input=told, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_completes(here: Path) -> None:
    """At its prompt, in a terminal: Tab after each of these words, and the words stand there whole."""
    program = here / "bin" / "listener"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m listener \"$@\"\n", encoding="utf-8")
    program.chmod(0o755)
    parent, child = pty.openpty()
    bash = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=child, stdout=child, stderr=child, start_new_session=True, close_fds=True,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PS1": "", "TERM": "dumb",
             "INPUTRC": "/dev/null", "HISTFILE": "", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    os.close(child)
    try:
        os.write(parent, b'eval "$(listener completion bash)"; echo rea"dy"\n')
        _read_until(parent, "ready")
        os.write(parent, b"listener quer\ttest Te\t")
        assert "listener query test 'Tessiq Corp'" in _read_until(parent, "Corp'")
        os.write(parent, b"\x15listener run --log-form\tj\t")
        assert "--log-format json" in _read_until(parent, "json")
    finally:
        bash.kill()
        bash.wait(10)
        os.close(parent)


def _read_until(terminal: int, wanted: str, within: float = 15.0) -> str:
    read, end = "", time.monotonic() + within
    while wanted not in read:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], read
        read += os.read(terminal, 4096).decode(errors="replace")
    # Bash goes back over what was begun, and writes what it found over it.
    while "\b" in read:
        read = re.sub(r"[^\b]\x08", "", read, count=1)
    return read
