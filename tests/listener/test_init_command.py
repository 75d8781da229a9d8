"""listener init: a file that check accepts, from options, from a pipe, from a terminal; never over another one."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commandline import CommandLine

from listener.config import load

ALL = "Acme, Acme Corp\nGlobex\nbluesky=acme.example, x=acme\nfa=آکمه, en\nslack\n"


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Madrid")
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)


def test_answers_from_a_pipe_make_a_file_that_check_accepts(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = line("init", stdin=ALL.encode())
    assert ran.code == 0, ran
    assert "export SLACK_WEBHOOK_URL=..." in ran.out
    assert "account on x is noted" in ran.out
    assert "listener preview" in ran.out and "listener alerts test" in ran.out
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/X")
    checked = line.good("check")
    assert "brands: Acme; competitors: Globex" in checked.out
    assert "unusual: Acme: anomaly" in checked.out and "to slack" in checked.out
    config = load(line.config)
    assert (config.zone.key, config.language) == ("Europe/Madrid", "fa")
    assert config.brands[0].aliases_in == {"fa": ("آکمه",)}


def test_options_ask_nothing_and_a_pipe_that_ends_means_defaults(line: CommandLine) -> None:
    line.good("init", "--brand", 'Ac: "me', "--timezone", "UTC", "--yes")
    config = load(line.config)
    assert (config.brands[0].name, config.zone.key, list(config.channels)) == ('Ac: "me', "UTC", ["console"])
    line.good("check")
    # Options answer their own question only: the lines are those of the others.
    ran = line("init", "--config", "two.yaml", "--brand", "Acme", stdin=b"Globex")
    assert ran.code == 0, ran
    assert [brand.name for brand in load(line.folder / "two.yaml").brands] == ["Acme", "Globex"]
    assert "listener doctor --config two.yaml" in ran.out


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"", "brand: a brand is needed"),
        (b"Acme\nacme\n", "competitors: 'acme' stands twice"),
        (b"Acme\n\nbluesky=acme\n", "handles: "),
        (b"Acme\n\n\nspanish\n", "languages: "),
        (b"Acme\n\n\n\npager\n", "channels: there is no channel 'pager'"),
        (b"x" * 201, "brand: "),
        (b"Ac\xffme\n", "no text in UTF-8"),
    ],
)
def test_a_wrong_answer_is_told_at_once_and_nothing_is_written(
    line: CommandLine, stdin: bytes, says: str
) -> None:
    ran = line("init", stdin=stdin)
    assert ran.code == 2
    assert says in ran.err
    assert list(line.folder.iterdir()) == []


def test_a_wrong_zone_or_place_is_told(line: CommandLine) -> None:
    ran = line("init", "--brand", "Acme", "--yes", "--timezone", "Mars/Base")
    assert (ran.code, "Mars/Base" in ran.err) == (2, True)
    ran = line("init", "--brand", "Acme", "--yes", "--config", "no/such/config.yaml")
    assert (ran.code, "cannot be written" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("said", "zone"),
    [("Asia/Tehran", "Asia/Tehran"), (":Etc/UTC", "UTC"), ("CET-1CEST,M3.5.0", "UTC"), ("/x", "UTC")],
)
def test_the_zone_is_that_of_the_machine_where_it_says_one(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, said: str, zone: str
) -> None:
    monkeypatch.setenv("TZ", said)
    assert f"Time zone: {zone}." in line.good("init", "--brand", "Acme", "--yes").out


def test_a_file_that_is_there_stays_unless_it_is_forced_and_then_a_copy_of_it(line: CommandLine) -> None:
    line.configure("mine")
    ran = line("init", "--brand", "Acme", "--yes")
    assert ran.code == 2 and "--force" in ran.err and ".bak" in ran.err
    assert line.config.read_text() == "mine"
    line.good("init", "--brand", "Acme", "--yes", "--force")
    assert load(line.config).brands[0].name == "Acme"
    assert (line.folder / "config.yaml.bak").read_text() == "mine"


def test_a_link_that_leads_nowhere_is_a_file_too(line: CommandLine) -> None:
    line.config.symlink_to(line.folder / "elsewhere.yaml")
    assert line("init", "--brand", "Acme", "--yes").code == 2
    assert not (line.folder / "elsewhere.yaml").exists()


@pytest.mark.slow
def test_on_a_terminal_a_wrong_answer_is_asked_for_again(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "listener", "init"], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = ""
    for answer in ("Acme", "acme", "Globex", "", "", ""):
        said += _until(ours, "> ")
        os.write(ours, f"{answer}\n".encode())
    said += _until(ours, "listener run")
    assert process.wait(10) == 0
    os.close(ours)
    assert "Five questions" in said and "'acme' stands twice" in said
    assert said.count("2. Whom you compare") == 1
    assert [brand.name for brand in load(tmp_path / "config.yaml").brands] == ["Acme", "Globex"]


def _until(terminal: int, sign: str) -> str:
    said, deadline = "", time.monotonic() + 20
    while sign not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 4096).decode()
    return said
