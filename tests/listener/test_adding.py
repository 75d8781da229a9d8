"""Entries added to lists of config.yaml: begun where there is none, every other byte as it was."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from listener.config import adding
from listener.config.adding import CannotAdd, with_entries, writable

ENTRY = {"name": "voice", "target": "40%", "by": date(2027, 3, 31), "baseline": {"since": date(2026, 10, 1)}}
LINE = '  - {name: "voice", target: "40%", by: 2027-03-31, baseline: {since: 2026-10-01}}\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("brands: [a]  # ours\n", "brands: [a]  # ours\n\ngoals:\n" + LINE),
        ("brands: [a]", "brands: [a]\n\ngoals:\n" + LINE),
        ("goals: []  # none yet\nbrands: [a]\n", "goals:  # none yet\n" + LINE + "brands: [a]\n"),
        ("goals:\nbrands: [a]\n", "goals:\n" + LINE + "brands: [a]\n"),
        ("goals:   # soon\n\nbrands: [a]\n", "goals:   # soon\n" + LINE + "\nbrands: [a]\n"),
        ("goals:\n  - {name: x}\n# end\n", "goals:\n  - {name: x}\n" + LINE + "# end\n"),
    ],
)
def test_a_list_is_begun_or_carried_on(before: str, after: str) -> None:
    assert with_entries(before, "goals", [ENTRY]) == after
    assert YAML(typ="safe").load(after)["goals"][-1] == ENTRY


def test_line_ends_of_windows_stay() -> None:
    assert with_entries("brands: [a]\r\n", "goals", [ENTRY]).count("\r\n") == 4


@pytest.mark.parametrize(
    "text", ["goals: [{name: x}]\n", "brands: [a]\n...\n", "brands: |\n  a\n goals: 7\n"]
)
def test_what_cannot_be_added_to_safely_is_left_alone(text: str) -> None:
    with pytest.raises((CannotAdd, Exception)):
        with_entries(text, "goals", [ENTRY])


@given(st.text(min_size=1, max_size=40), st.floats(-1e6, 1e6))
def test_any_text_that_is_writable_reads_back(text: str, number: float) -> None:
    if not writable(text):
        return
    added = with_entries("brands: [a]\n", "goals", [{"name": text, "target": number}])
    assert YAML(typ="safe").load(added)["goals"] == [{"name": text, "target": number}]


def test_the_old_file_is_kept_and_rights_stay(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: 1\n", encoding="utf-8")
    file.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    adding.replace(link, "a: 2\n")
    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == "a: 2\n"
    assert file.with_name("config.yaml.bak").read_text(encoding="utf-8") == "a: 1\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert not file.with_name("config.yaml.new").exists()
