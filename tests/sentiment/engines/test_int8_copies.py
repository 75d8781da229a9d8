"""Int8 copies of models for the transformers engine: made once, the same in any batch, never taken for another's."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_models import WORDS, write_bert

from sentiment.engines import load
from sentiment.tone import LABELS, EngineUnavailable, Text

pytest.importorskip("torch", reason="needs the extra [transformers]")
pytest.importorskip("transformers", reason="needs the extra [transformers]")
pytest.importorskip("onnxscript", reason="needs the extra [transformers]")
pytest.importorskip("onnxruntime", reason="needs the extra [transformers]")

# Torch takes twenty seconds to write even the smallest model.
pytestmark = pytest.mark.slow

SAMPLES = ["good day", "it was a very bad day and not a good day", "", "plain"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def shelf(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of copies that holds the one of `model`."""
    from sentiment.engines.transformers import Options, make_copy

    shelf = tmp_path_factory.mktemp("copies")
    make_copy(Options(model=str(model)), shelf, SAMPLES)
    return shelf


@pytest.fixture(scope="module")
def copy(model: Path, shelf: Path) -> Any:
    return load("transformers", {"model": str(model), "copies": str(shelf)})


def ps(tone: Any) -> list[float]:
    return [tone.p_negative, tone.p_neutral, tone.p_positive]


def test_the_copy_judges_almost_like_the_original(model: Path, copy: Any) -> None:
    original = load("transformers", {"model": str(model)})
    assert copy.name == f"{original.name}-int8"
    texts = [Text(" ".join(WORDS[place % 15 :: 1 + place % 4]), "en") for place in range(60)]
    pairs = [*zip(copy.judge(texts), original.judge(texts), strict=True)]
    off = [abs(p - q) for one, other in pairs for p, q in zip(ps(one), ps(other), strict=True)]
    assert sum(off) / len(off) < 0.05
    assert sum(one.label == other.label for one, other in pairs) >= 57
    assert len({one.label for one, _ in pairs}) == 3
    # Another rounding, not the same numbers: else this were no int8.
    assert max(off) > 1e-6
    for one, _ in pairs:
        assert (one.lang, one.engine) == ("en", copy.name)
        assert sum(ps(one)) == pytest.approx(1)


def test_a_copy_says_the_same_in_any_company(copy: Any) -> None:
    rng = random.Random(8)
    texts = [Text(" ".join(rng.choices(WORDS, k=rng.randrange(70)))) for _ in range(200)]
    alone = [copy.judge([text])[0] for text in texts]
    assert len({tone.p_positive for tone in alone}) > 150
    assert copy.judge(texts) == alone
    for _ in range(10):
        places = rng.sample(range(len(texts)), rng.randrange(1, 40))
        assert copy.judge([texts[place] for place in places]) == [alone[place] for place in places]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.characters(codec=None, exclude_categories=[]), max_size=400))
def test_no_text_raises(copy: Any, text: str) -> None:
    (tone,) = copy.judge([Text(text)])
    assert tone.label in LABELS
    assert sum(ps(tone)) == pytest.approx(1)


def test_no_length_raises(copy: Any) -> None:
    for text in ("good " * 100_000, "😀" * 50_000, "\ud83d" * 999, "x" * 1_000_000, " " * 4_000):
        assert copy.judge([Text(text)])[0].label in LABELS


def test_the_copy_needs_neither_torch_nor_the_library(model: Path, shelf: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'onnx', 'onnxscript'): sys.modules[name] = None\n"
        "from sentiment.engines import load\n"
        "from sentiment.tone import Text\n"
        f"engine = load('transformers', {{'model': {str(model)!r}, 'copies': {str(shelf)!r}}})\n"
        "print(engine.name, engine.judge([Text('a good day')])[0].label)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0].endswith("-int8")
    assert done.stdout.split()[1] in LABELS


def test_other_weights_are_never_judged_by_the_copy(model: Path, shelf: Path, tmp_path: Path) -> None:
    # Of the same name: only its files tell that it is another model.
    other = write_bert(tmp_path / "tiny", seed=2)
    engine = load("transformers", {"model": str(other), "copies": str(shelf)})
    assert not engine.name.endswith("-int8")
    assert engine.name != load("transformers", {"model": str(model)}).name


def test_labels_and_length_are_those_of_the_configuration(model: Path, shelf: Path, copy: Any) -> None:
    turned = {"negative": "positive", "neutral": "neutral", "positive": "negative"}
    options = {"model": str(model), "copies": str(shelf), "labels": turned}
    text = Text("good " + "bad " * 40)
    (one,), (other,) = copy.judge([text]), load("transformers", options).judge([text])
    assert ps(one) == ps(other)[::-1]
    # Eight tokens: [CLS], six words, [SEP].
    (cut,) = load("transformers", {**options, "labels": None, "max_length": 8}).judge([text])
    assert ps(cut) == ps(copy.judge([Text("good " + "bad " * 5)])[0])
    assert ps(cut) != ps(one)


def test_a_copy_may_be_moved_and_named_itself(model: Path, shelf: Path, tmp_path: Path, copy: Any) -> None:
    (folder,) = shelf.iterdir()
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in folder.iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    engine = load("transformers", {"model": str(moved)})
    assert engine.name == copy.name
    assert engine.judge([Text("a good day")]) == copy.judge([Text("a good day")])


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "about.json"])
@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda whole: None])
def test_a_copy_that_is_not_whole_is_refused(shelf: Path, tmp_path: Path, file: str, damage: Any) -> None:
    (folder,) = shelf.iterdir()
    for path in folder.iterdir():
        content = damage(path.read_bytes()) if path.name == file else path.read_bytes()
        if content is not None:
            (tmp_path / path.name).write_bytes(content)
    says = (
        r"must be a folder with a config\.json" if not (tmp_path / "about.json").exists() else "is not whole"
    )
    with pytest.raises(EngineUnavailable, match=says):
        load("transformers", {"model": str(tmp_path)})


def test_converting_is_quiet_and_leaves_only_the_copy(
    model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from sentiment.engines.transformers import Options, make_copy

    folder = make_copy(Options(model=str(model)), tmp_path, SAMPLES)
    assert capfd.readouterr() == ("", "")
    assert [*tmp_path.iterdir()] == [folder]
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "tokenizer.json", "about.json"}
    # A second one takes its place.
    assert make_copy(Options(model=str(model)), tmp_path, SAMPLES) == folder
    assert [*tmp_path.iterdir()] == [folder]


def test_of_a_model_on_the_hub_the_copy_judges_without_asking_the_hub(
    shelf: Path, tmp_path: Path, copy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (folder,) = shelf.iterdir()
    shutil.copytree(folder, tmp_path / "copies" / "any")
    about = tmp_path / "copies" / "any" / "about.json"
    said = json.loads(about.read_text(encoding="utf-8"))
    about.write_text(json.dumps({**said, "name": "transformers:us/tone@0123456789ab", "model": "us/tone"}))
    options = {"model": "us/tone", "copies": str(tmp_path / "copies")}
    engine = load("transformers", options)
    assert engine.name == "transformers:us/tone@0123456789ab-int8"
    assert ps(engine.judge([Text("a good day")])[0]) == ps(copy.judge([Text("a good day")])[0])
    for other in ({"model": "us/other"}, {"revision": "next"}):
        with pytest.raises(EngineUnavailable, match="nor to be had from the hub"):
            load("transformers", {**options, **other})


def test_a_model_that_cannot_be_filled_up_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    from test_transformers_engine import write_gpt

    from sentiment.converting import CannotConvert
    from sentiment.engines.transformers import Options, make_copy

    with pytest.raises(CannotConvert, match="no token to fill up with"):
        make_copy(Options(model=str(write_gpt(tmp_path / "gpt"))), tmp_path / "copies", SAMPLES)
    assert [*(tmp_path / "copies").iterdir()] == []
