"""listener tone convert: the copy is made, judged beside the original, and used from then on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commandline import CommandLine
from tiny_models import write_bert

BRANDS = "brands: [{name: Acme, own: true}]\n"
LINE = b'{"text": "a good day"}\n'


def name_of(ran_out: str) -> str:
    return str(json.loads(ran_out)["engine"])


def test_an_engine_without_a_model_has_no_copy(line: CommandLine) -> None:
    line.configure(BRANDS)
    ran = line("tone", "convert")
    assert ran.code == 2
    assert "only a model of the engine transformers has a copy" in ran.err


def test_a_model_that_is_not_there_is_told(line: CommandLine) -> None:
    pytest.importorskip("torch", reason="needs the extra [transformers]")
    line.configure(BRANDS)
    ran = line("tone", "convert", "--model", "./nowhere")
    assert (ran.code, ran.out) == (1, "")
    assert "no model in nowhere" in ran.err


def test_a_missing_package_is_told(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else found(name))
    line.configure(BRANDS)
    ran = line("tone", "convert", "--model", "./nowhere")
    assert ran.code == 1
    assert "needs the package torch: pip install 'listener[transformers]'" in ran.err


@pytest.mark.slow
def test_the_copy_is_made_once_and_used_from_then_on(line: CommandLine) -> None:
    for package in ("torch", "transformers", "onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason="needs the extra [transformers]")
    model = write_bert(line.folder / "tiny")
    line.configure(f"{BRANDS}sentiment: {{engine: transformers, model: {model}}}\n")
    before = name_of(line("tone", stdin=LINE).out)
    ran = line.good("tone", "convert")
    (folder,) = (line.folder / "data" / "models").iterdir()
    assert str(folder) in ran.out
    assert re.search(r"speed on one thread: \d+ texts/s, \d+\.\d times the original's", ran.out)
    same = re.search(r"labels: (\d+) of 25 sample sentences", ran.out)
    assert same is not None and int(same[1]) >= 20
    assert name_of(line("tone", stdin=LINE).out) == f"{before}-int8"
    # Another folder is not looked into before the configuration says so, and the command tells how.
    told = line.good("tone", "convert", "--out", "elsewhere")
    assert "copies: elsewhere" in told.out
    assert (line.folder / "elsewhere" / folder.name / "model.onnx").is_file()
    # New weights are another model: the old copy does not judge for them.
    write_bert(line.folder / "tiny", seed=4)
    after = name_of(line("tone", stdin=LINE).out)
    assert not after.endswith("-int8") and after != before


def test_the_model_of_a_cascade_or_a_fallback_is_found(tmp_path: Path) -> None:
    from listener.commands.tone_convert import _options
    from listener.config import load

    model = "{engine: transformers, model: ./m}"
    for sentiment in (
        model,
        f"{{engine: vader, fallback: {model}}}",
        f"{{engine: cascade, fast: vader, better: {model}, copies: ./c}}",
    ):
        file = tmp_path / "config.yaml"
        file.write_text(f"{BRANDS}sentiment: {sentiment}\n")
        options = dict(_options(load(file, {}), None))
        assert options.pop("copies", "./c") == "./c"
        assert options == {"model": "./m"}
        assert _options(load(file, {}), "./other") == {"model": "./other"}
