"""The report of a crash as text and as a file, for every command: what stands in it, and what never does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from listener import __version__, crash
from listener.config import Config, load

WORDS = "zanzibarquux said a stranger"
CONFIG = """
# my old password was hunter22
brands:
  - {name: Acme, own: true, query: 'acme NOT "acme valley"', handles: {mastodon: "@acme@town.example"}}
sources:
  feeds: {urls: ["https://news.example/private/s3cretpath.xml?token=t0ken#there"]}
storage: {url: "sqlite:///deep/down/listener.db"}
channels:
  slack: {webhook: "${HOOK}"}
  webhook: {url: "https://hooks.example/s3cretpath"}
  email:
    {host: mail.example, from: "Acme <listener@acme.example>", to: [ann.person@acme.example],
     username: u, password: "${MAIL}"}
"""
ENVIRONMENT = {
    "HOOK": "https://hooks.slack.example/services/T0/B0/s3cretpath",
    "MAIL": "p4ssw0rd",
    "PATH": "/bin",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return load(file, ENVIRONMENT)


def mistake() -> BaseException:
    try:
        raise KeyError(WORDS)
    except KeyError as error:
        return error


def written(config: Config | None, *arguments: str) -> str:
    scene = crash.Scene(["/opt/somebody/bin/listener", *arguments], 61.4, config, ENVIRONMENT)
    return crash.report(mistake(), scene, 1_764_000_000.0)


def test_a_report_says_what_happened_where_and_with_what(config: Config) -> None:
    text = written(config, "run", "--config", "x.yaml")
    for said in (
        f"Listener {__version__}",
        "error:    KeyError",
        "when:     2025-11-24T16:00:00Z, after 61 s",
        "command:  listener run --config\n",
        f"CPython {sys.version.split()[0]}" if sys.implementation.name == "cpython" else "Python",
        "SQLite:   3.",
        "test_crash_reports.py",
        "in mistake",
        '"query": "acme NOT \\"acme valley\\""',
    ):
        assert said in text


def test_no_secret_stands_in_it(config: Config) -> None:
    text = written(config, "query", "judge", WORDS, "--author=ann.person", "--config", "p4ssw0rd")
    for secret in ("zanzibarquux", "s3cretpath", "t0ken", "p4ssw0rd", "hunter22", "ann.person", "somebody"):
        assert secret not in text
    assert "command:  listener query --author --config\n" in text
    assert '"https://news.example/..."' in text
    assert '"https://hooks.example/..."' in text
    assert text.count('"<secret>"') == 2
    assert '"...@acme.example"' in text
    assert '"sqlite:///.../listener.db"' in text


def test_a_secret_that_came_in_by_a_way_nobody_thought_of_is_taken_out(config: Config) -> None:
    text = crash.report(
        mistake(), crash.Scene(["listener", "p4ssw0rd"], 1, config, ENVIRONMENT), 1_764_000_000.0
    )
    assert "p4ssw0rd" not in text and "command:  listener <secret>" in text


def test_a_short_value_does_not_spoil_the_report(config: Config) -> None:
    scene = crash.Scene(["listener", "run"], 1, config, {"MAIL": "e", "HOOK": ""})
    assert crash.report(mistake(), scene, 0).count("<secret>") == 2


def test_the_newest_ten_stay_readable_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "crashes"
    kept = [crash.keep(folder, str(number), 1_764_000_000.0 + number) for number in range(12)]
    assert sorted(folder.iterdir()) == kept[2:]
    assert kept[-1].stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_run_that_ends_well_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "crashes"
    with crash.fatal_signals(folder):
        assert list(folder.iterdir())
    assert not folder.exists()
    assert crash.past(folder) == []


def test_where_no_report_can_be_written_the_program_runs(tmp_path: Path) -> None:
    (tmp_path / "crashes").write_text("a file")
    with crash.fatal_signals(tmp_path / "crashes"):
        pass


def test_a_fatal_signal_is_found_once_and_what_still_runs_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "crashes"
    script = "import os, pathlib, sys; from listener import crash\n"
    script += "with crash.fatal_signals(pathlib.Path(sys.argv[1])):\n  "
    died = subprocess.run([sys.executable, "-c", script + "os.abort()", folder], check=False)
    killed = subprocess.run([sys.executable, "-c", script + "os.kill(os.getpid(), 9)", folder], check=False)
    assert (died.returncode, killed.returncode) == (-signal.SIGABRT, -signal.SIGKILL)
    alive = folder / f"running-{os.getppid()}.txt"
    alive.write_text("Listener\n")
    (report,) = crash.past(folder)
    assert "Fatal Python error: Aborted" in report.read_text(encoding="utf-8")
    # What kill -9 has left tells nothing, and goes.
    assert sorted(folder.iterdir()) == [report, alive]
    assert crash.past(folder) == []


# ---- commands

BROKEN = """
from listener import cli
from storage import browse

def broken(*_):
    raise KeyError("zanzibarquux said a stranger")

browse.sources = broken
cli.main()
"""


def test_a_mistake_in_any_command_is_told_without_words_and_leaves_a_report(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "brands: [{name: Acme}]\nchannels: {console: {}}\n", encoding="utf-8"
    )
    arguments = ["export", "--author", WORDS, "--source", "x", "--out", "x.json"]
    ran = subprocess.run(
        [sys.executable, "-c", BROKEN, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    (report,) = (tmp_path / "data" / "crashes").iterdir()
    text = report.read_text(encoding="utf-8")
    assert "zanzibarquux" not in ran.stderr + text
    assert "KeyError" in ran.stderr and str(report) in ran.stderr
    assert "command:  listener export --author --source --out\n" in text


def test_developers_see_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "brands: [{name: Acme}]\nchannels: {console: {}}\n", encoding="utf-8"
    )
    arguments = ["export", "--author", "ann", "--source", "x", "--out", "x.json"]
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", BROKEN, *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "zanzibarquux" in ran.stderr
    assert not (tmp_path / "data" / "crashes").exists()
