"""Every file that leaves says which version made it; and a terminal gets colours only where they are wanted."""

from __future__ import annotations

import json
import sys

import pytest
from commandline import CommandLine

from listener import __version__

CONFIG = "timezone: UTC\nbrands: [{name: Acme, own: true}, {name: Globex}]\nsentiment: {engine: vader}\n"
ROWS = "\n".join(
    json.dumps(
        {"id": f"p{n}", "text": "I love Acme", "author": "ann", "created_at": f"2026-01-0{n}T10:00:00Z"}
    )
    for n in range(5, 9)
)
WEEK = ("--since", "2026-01-05", "--until", "2026-01-12")
NAME = f"Listener {__version__}"


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("rows.jsonl", ROWS), "--source", "shop")
    return line


def test_the_letter_says_its_version_in_every_form(filled: CommandLine) -> None:
    filled.good("digest", *WEEK, "--out", "letter")
    read = {
        path.suffix: path.read_text(encoding="utf-8") for path in (filled.folder / "letter").glob("digest.*")
    }
    assert f'<meta name="generator" content="{NAME}">' in read[".html"]
    assert f"<!-- {NAME} -->" in read[".md"]
    assert read[".txt"].endswith(f"\n{NAME}\n")
    assert (
        json.loads((filled.folder / "letter" / "digest.json").read_text(encoding="utf-8"))["version"]
        == __version__
    )
    assert filled.good("digest", *WEEK, "--json").json()["version"] == __version__


def test_a_report_says_it(filled: CommandLine) -> None:
    filled.good("report", *WEEK, "--out", "report")
    page = (filled.folder / "report" / "report.html").read_text(encoding="utf-8")
    assert f'<meta name="generator" content="{NAME}">' in page and f"by {NAME}." in page
    assert f"by {NAME} with `listener report" in (filled.folder / "report" / "report.md").read_text(
        encoding="utf-8"
    )


def test_what_is_held_on_an_author_says_it(filled: CommandLine) -> None:
    filled.good("export", "--author", "ann", "--out", "ann.json")
    assert json.loads((filled.folder / "ann.json").read_text(encoding="utf-8"))["version"] == __version__


def test_what_datasette_is_told_says_it_and_can_be_written_anew(filled: CommandLine) -> None:
    for _ in range(2):
        filled.good("datasette", "--out", "metadata.yaml")
    assert f"# {NAME}\n" in (filled.folder / "metadata.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colours_only_where_they_are_wanted(
    filled: CommandLine, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = filled.good("explain", "mentions", "--brand", "Acme", *WEEK)
    assert "mentions of Acme" in ran.out
    assert ("\x1b[" in ran.out) is coloured
