"""Keys with a new name: the old one works for one minor version with a warning, and never beside the new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import CommandLine

from listener.config import Config, ConfigError, load, reader
from listener.config.renamed import RENAMED, Renamed

TABLE = (
    Renamed("dashboard.listen_on", "dashboard.port", since="0.2", until="0.3"),
    Renamed("alerts.rules[].least", "alerts.rules[].min_n", since="0.2", until="0.3"),
    Renamed("letters", "digest", since="0.2", until="0.3"),
    Renamed("sources.feeds.urls[].address", "sources.feeds.urls[].url", since="0.2", until="0.3"),
    Renamed("keep_for", "storage.retention.default", since="0.2", until="0.3"),
)
OLD = """\
brands: [{name: Acme}]
dashboard:
  listen_on: 9000
alerts:
  rules:
    - {name: a, when: mentions > 3, brand: Acme, over: 1h}
    - name: b
      when: mentions > 4
      brand: Acme
      over: 1h
      least: 7
letters: {cron: "0 8 * * MON"}
sources:
  feeds:
    urls:
      - {address: "https://h.example/f", name: town}
keep_for: 30d
"""


def read(folder: Path, text: str, version: str) -> Config:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, {}, version=version, renames=TABLE)


def mistakes(folder: Path, text: str, version: str) -> list[str]:
    with pytest.raises(ConfigError) as wrong:
        read(folder, text, version)
    return [f"{one.path} (line {one.line}): {one.message}" for one in wrong.value.problems]


@pytest.mark.parametrize("version", ["0.2.0", "0.2.9"])
def test_the_old_name_works_for_one_minor_version_and_warns(tmp_path: Path, version: str) -> None:
    config = read(tmp_path, OLD, version)
    assert config.dashboard.port == 9000
    assert [rule.min_n for rule in config.rules][1] == 7
    assert config.letters[0].cron == "0 8 * * MON"
    assert config.sources["feeds"].urls[0].name == "town"  # type: ignore[attr-defined]
    assert config.storage.kept_for["default"] == 30 * 86_400
    works = "write that: the old name works until 0.3"
    assert config.warnings == (
        f"dashboard.listen_on (line 3) is called dashboard.port since 0.2; {works}",
        f"alerts.rules[1].least (line 11) is called alerts.rules[].min_n since 0.2; {works}",
        f"letters (line 12) is called digest since 0.2; {works}",
        f"sources.feeds.urls[0].address (line 16) is called sources.feeds.urls[].url since 0.2; {works}",
        f"keep_for (line 17) is called storage.retention.default since 0.2; {works}",
    )


@pytest.mark.parametrize("version", ["0.3.0", "0.10.0", "1.0.0"])
def test_then_it_is_a_mistake_that_says_the_new_name(tmp_path: Path, version: str) -> None:
    assert mistakes(tmp_path, OLD, version) == [
        "dashboard.listen_on (line 3): is called dashboard.port since 0.2; write that",
        "alerts.rules[1].least (line 11): is called alerts.rules[].min_n since 0.2; write that",
        "letters (line 12): is called digest since 0.2; write that",
        "sources.feeds.urls[0].address (line 16): is called sources.feeds.urls[].url since 0.2; write that",
        "keep_for (line 17): is called storage.retention.default since 0.2; write that",
    ]


def test_both_names_are_a_mistake(tmp_path: Path) -> None:
    both = OLD.replace("  listen_on: 9000", "  port: 8000\n  listen_on: 9000")
    assert mistakes(tmp_path, both, "0.2.0") == [
        "dashboard.listen_on (line 4): is called dashboard.port since 0.2, which is given too; "
        "take dashboard.listen_on out"
    ]


def test_a_wrong_value_is_told_by_the_new_name_at_the_line_of_the_old(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, OLD.replace("9000", "ninety"), "0.2.0")
    assert told.startswith("dashboard.port (line 3): ")
    (told,) = mistakes(tmp_path, OLD.replace("least: 7", "least: many"), "0.2.0")
    assert told.startswith("alerts.rules[1].min_n (line 11): ")


@pytest.mark.parametrize(
    "text",
    [
        "dashboard: 7",
        "alerts: {rules: 7}",
        "alerts: {rules: [7]}",
        "sources: [feeds]",
        "storage: 7\nkeep_for: 30d",
        "storage: {retention: 7}\nkeep_for: 30d",
    ],
)
def test_what_is_no_section_at_all_is_told_as_such(tmp_path: Path, text: str) -> None:
    (told, *_) = mistakes(tmp_path, "brands: [{name: Acme}]\n" + text, "0.2.0")
    assert "is called" not in told


def test_a_file_with_the_names_of_today_has_no_warnings(tmp_path: Path) -> None:
    assert read(tmp_path, "brands: [{name: Acme}]\ndashboard: {port: 9000}", "0.2.0").warnings == ()


def test_the_table_of_this_version_gives_an_old_name_a_minor_version_at_least() -> None:
    for one in RENAMED:
        since, until = (tuple(map(int, version.split("."))) for version in (one.since, one.until))
        assert len(since) == len(until) == 2 and since < until, one


def test_every_command_says_it_on_standard_error(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reader.load.__kwdefaults__, "renames", TABLE)
    monkeypatch.setitem(reader.load.__kwdefaults__, "version", "0.2.0")
    line.configure("brands: [{name: Acme}]\ndashboard: {listen_on: 9000}\n")
    ran = line.good("check")
    assert "config.yaml: dashboard.listen_on (line 2) is called dashboard.port since 0.2" in ran.err
    assert "listen_on" not in ran.out


def test_an_old_name_that_was_merged_from_elsewhere_or_shared_works_too(tmp_path: Path) -> None:
    text = """\
brands: [{name: Acme}]
alerts:
  rules:
    - &first {name: a, when: mentions > 3, brand: Acme, over: 1h, least: 7}
    - {<<: *first, name: b}
    - {<<: *first, name: c, least: 9}
    - *first
"""
    with pytest.raises(ConfigError, match="'a' stands twice"):
        read(tmp_path, text, "0.2.0")
    config = read(tmp_path, text.replace("    - *first\n", ""), "0.2.0")
    assert [rule.min_n for rule in config.rules] == [7, 7, 9]
