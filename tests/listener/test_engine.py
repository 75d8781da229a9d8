"""The engine that the configuration names, and its fallback: who judges, and how that is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine

from listener.config import Config, ConfigError, load
from listener.engine import hindrance, judge_of
from listener.examining import examine
from listener.station import open_station
from sentiment.engines.vader import Vader
from sentiment.tone import EngineUnavailable
from storage.sqlite import Reader

VADER = Vader().name
GONE = "{engine: transformers, model: ./nowhere, fallback: vader}"
NOBODY = "{engine: transformers, model: ./nowhere}"
BRANDS = "brands: [{name: Acme, own: true}]\nsources: {}\n"
WHY = "no model in nowhere"
POSTS = '{"id": "1", "text": "acme is wonderful, I love it", "created_at": "2026-01-05T10:00:00Z"}\n'


def configured(folder: Path, sentiment: str) -> Config:
    file = folder / "config.yaml"
    file.write_text(f"{BRANDS}sentiment: {sentiment}\n", encoding="utf-8")
    return load(file, {})


def test_the_engine_judges_where_it_can_be_had(tmp_path: Path) -> None:
    # The fallback is never looked at: it may be one that is not there.
    config = configured(tmp_path, f"{{engine: vader, fallback: {NOBODY}}}")
    judge = judge_of(config)
    assert (judge.engine.name, judge.instead) == (VADER, None)
    assert hindrance(config) is None


def test_the_fallback_judges_where_the_engine_cannot_be_had(tmp_path: Path) -> None:
    config = configured(tmp_path, GONE)
    judge = judge_of(config)
    assert judge.engine.name == VADER
    assert judge.instead is not None and WHY in judge.instead
    assert WHY in (hindrance(config) or "")


def test_without_a_fallback_nobody_judges(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=WHY):
        judge_of(configured(tmp_path, NOBODY))


def test_where_the_fallback_cannot_be_had_either_both_are_told(tmp_path: Path) -> None:
    other = "{engine: transformers, model: ./neither}"
    config = configured(tmp_path, f"{{engine: transformers, model: ./nowhere, fallback: {other}}}")
    with pytest.raises(EngineUnavailable, match=r"nowhere.*and its fallback cannot be had: .*neither"):
        judge_of(config)


@pytest.mark.parametrize(
    ("sentiment", "place", "says"),
    [
        ("{engine: vader, fallback: vadr}", "sentiment.fallback.engine", "did you mean vader"),
        ("{engine: vader, fallback: vader}", "sentiment.fallback", "cannot stand in for itself"),
        ("{engine: vader, fallback: 3}", "sentiment.fallback", "needs the name of an engine"),
        ("{engine: vader, fallback: {model: x}}", "sentiment.fallback", "needs the name of an engine"),
        ("{engine: vader, fallback: transformers}", "sentiment.fallback.model", ""),
        (
            "{engine: vader, fallback: {engine: transformers, modl: x}}",
            "sentiment.fallback.modl",
            "unknown key",
        ),
        ("{engine: vader, fallback: vadr, size: 3}", "sentiment.size", "unknown key"),
    ],
)
def test_mistakes_about_it_are_told_with_their_place(
    tmp_path: Path, sentiment: str, place: str, says: str
) -> None:
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, sentiment)
    assert any(found.path == place and says in found.message for found in error.value.problems), error.value


def test_copies_are_looked_for_beside_the_store(tmp_path: Path) -> None:
    config = configured(tmp_path, "{engine: vader}")
    assert config.copies == config.database.parent / "models"


async def test_the_daemon_warns_once_and_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configured(tmp_path, GONE)
    async with open_station(config, lambda: 1_800_000_000.0):
        said = capsys.readouterr()
    lines = [line for line in (said.out + said.err).splitlines() if WHY in line]
    assert len(lines) == 1
    assert VADER in lines[0]


async def test_the_daemon_ends_where_nobody_judges(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=WHY):
        async with open_station(configured(tmp_path, NOBODY), lambda: 1_800_000_000.0):
            pass


def test_import_warns_judges_and_keeps_who_did(line: CommandLine) -> None:
    line.configure(f"{BRANDS}sentiment: {GONE}\n")
    ran = line("import", line.file("posts.jsonl", POSTS))
    assert ran.code == 0
    assert ran.err.count(WHY) == 1
    assert f"{VADER} judges instead" in ran.err
    reader = Reader(line.folder / "data" / "listener.db")
    assert reader.rows("SELECT name FROM engines") == [(VADER,)]
    reader.close()


def test_import_ends_with_1_where_nobody_judges(line: CommandLine) -> None:
    line.configure(f"{BRANDS}sentiment: {NOBODY}\n")
    ran = line("import", line.file("posts.jsonl", POSTS))
    assert ran.code == 1
    assert WHY in ran.err


@pytest.mark.parametrize("command", [("rejudge", "--since", "2026-01-01"), ("tone", "learn")])
def test_what_is_for_good_is_not_left_to_the_fallback(line: CommandLine, command: tuple[str, ...]) -> None:
    line.configure(f"{BRANDS}sentiment: {GONE}\n")
    line.good("import", line.file("posts.jsonl", POSTS))
    ran = line(*command)
    assert ran.code == 1
    assert WHY in ran.err and f"its fallback {VADER} does not do for this" in ran.err
    reader = Reader(line.folder / "data" / "listener.db")
    assert reader.rows("SELECT (SELECT count(*) FROM rejudgings), (SELECT count(*) FROM heads)") == [(0, 0)]
    reader.close()


def test_tone_keeps_the_warning_out_of_its_lines(line: CommandLine) -> None:
    line.configure(f"{BRANDS}sentiment: {GONE}\n")
    ran = line("tone", stdin=b'{"text": "I love it"}\n')
    assert (ran.code, json.loads(ran.out)["engine"]) == (0, VADER)
    assert WHY in ran.err
    # Asked for by name, it is that engine or none.
    asked = line("tone", "--engine", "transformers", stdin=b'{"text": "I love it"}\n')
    assert (asked.code, asked.out) == (1, "")


@pytest.mark.parametrize(("sentiment", "code"), [(GONE, 0), (NOBODY, 1)])
def test_check_says_it_offline(line: CommandLine, sentiment: str, code: int) -> None:
    line.configure(f"{BRANDS}sentiment: {sentiment}\n")
    ran = line("check")
    assert ran.code == code
    assert WHY in ran.err
    assert ("vader judges instead" in ran.err) == (code == 0)


async def test_the_doctor_says_it(tmp_path: Path) -> None:
    async def look(sentiment: str) -> Any:
        findings = await examine(configured(tmp_path, sentiment), lambda: 1_800_000_000.0, 10**12)
        return next(finding for finding in findings if finding.what == "sentiment")

    found = await look(GONE)
    assert (found.good, found.remedy) == (False, f"until then its fallback {VADER} judges")
    assert WHY in found.says
    assert not (await look(NOBODY)).good
    assert (await look("{engine: vader, fallback: {engine: transformers, model: x}}")).good


def test_a_missing_package_shows_without_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    (tmp_path / "tone").mkdir()
    (tmp_path / "tone" / "config.json").write_text("{}")
    config = configured(tmp_path, f"{{engine: transformers, model: {tmp_path / 'tone'}}}")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "needs the package torch" in (hindrance(config) or "")
