"""The transformers engine, on tiny models with random weights that are written here and need no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tiny_models import WORDS, write_bert

from sentiment.engines import load
from sentiment.engines.transformers import Options, Transformers, _fingerprint, build
from sentiment.tone import LABELS, EngineUnavailable, Text

torch = pytest.importorskip("torch", reason="needs the extra [transformers]")
transformers = pytest.importorskip("transformers", reason="needs the extra [transformers]")

THREE_UNNAMED = ["LABEL_0", "LABEL_1", "LABEL_2"]


def plain_scores(folder: Path, text: str) -> list[float]:
    """What the model says of one text alone, without batches."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(**tokenizer([text], return_tensors="pt", truncation=True, max_length=62)).logits[0]
    return list(torch.softmax(logits.double(), dim=-1).tolist())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("models") / "tiny", seed=1, labels=THREE_UNNAMED)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Transformers:
    return build(Options(model=str(folder), batch_size=4))


def test_labels_and_probabilities_are_those_of_the_model(engine: Transformers, folder: Path) -> None:
    texts = ["good day", "it was a very bad day and not a good day", "", "plain", "not bad " * 100]
    for tone, text in zip(engine.judge([Text(text, lang="en") for text in texts]), texts, strict=True):
        scores = plain_scores(folder, text)
        assert [tone.p_negative, tone.p_neutral, tone.p_positive] == pytest.approx(scores, abs=1e-5)
        assert tone.label == LABELS[scores.index(max(scores))]
        assert tone.lang == "en"
        assert tone.engine == engine.name


@settings(max_examples=10, deadline=None)
@given(texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join), max_size=11))
def test_results_come_in_the_order_of_the_texts(engine: Transformers, texts: list[str]) -> None:
    together = engine.judge([Text(text) for text in texts])
    alone = [engine.judge([Text(text)])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one.p_negative == pytest.approx(other.p_negative, abs=1e-5)
        assert one.p_positive == pytest.approx(other.p_positive, abs=1e-5)


def test_batches_are_of_similar_length(engine: Transformers, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[list[int]] = []
    classifier: Any = engine._classifier
    scores = classifier._scores

    def watched(texts: list[str]) -> list[list[float]]:
        sizes.append([len(text) for text in texts])
        return scores(texts)

    monkeypatch.setattr(classifier, "_scores", watched)
    engine.judge([Text("good " * (1 + place % 3 * 10)) for place in range(12)])
    assert sizes == [[5] * 4, [55] * 4, [105] * 4]


@pytest.mark.parametrize("text", ["half a pair \ud83d", "\0", "good " * 20_000, "😀" * 5_000])
def test_no_text_raises(engine: Transformers, text: str) -> None:
    (tone,) = engine.judge([Text(text)])
    assert tone.label in LABELS


@pytest.mark.parametrize(
    ("labels", "given", "sums"),
    [
        (["NEG", "neu", "Pos"], None, [[0], [1], [2]]),
        (["positive", "negative", "neutral"], None, [[1], [2], [0]]),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], None, [[0, 1], [2], [3, 4]]),
        (["NEGATIVE", "POSITIVE"], None, [[0], [], [1]]),
        (["joy", "anger"], {"Joy": "positive", "anger": "negative"}, [[1], [], [0]]),
        (["LABEL_0", "LABEL_1"], {"LABEL_0": "positive", "LABEL_1": "negative"}, [[1], [], [0]]),
    ],
)
def test_labels_are_understood(
    tmp_path: Path, labels: list[str], given: dict[str, str] | None, sums: list[list[int]]
) -> None:
    write_bert(tmp_path, labels=labels)
    engine = load("transformers", {"model": str(tmp_path), "labels": given})
    (tone,) = engine.judge([Text("a good day")])
    scores = plain_scores(tmp_path, "a good day")
    expected = [sum(scores[place] for place in places) for places in sums]
    assert [tone.p_negative, tone.p_neutral, tone.p_positive] == pytest.approx(expected, abs=1e-5)
    assert tone.label == LABELS[expected.index(max(expected))]


@pytest.mark.parametrize(
    ("labels", "given"),
    [
        (["LABEL_0", "LABEL_1"], None),
        (["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"], None),
        (["joy", "anger"], {"joy": "positive"}),
        (["joy", "love"], {"joy": "positive", "love": "positive"}),
    ],
)
def test_labels_that_nobody_can_read_are_asked_for(
    tmp_path: Path, labels: list[str], given: dict[str, Any] | None
) -> None:
    write_bert(tmp_path, labels=labels)
    with pytest.raises(EngineUnavailable, match=f"has the labels '{labels[0]}'.*say with `labels`"):
        build(Options(model=str(tmp_path), labels=given))


def test_the_name_is_stable_and_changes_with_the_weights(tmp_path: Path) -> None:
    labels = ["LABEL_0", "LABEL_1", "LABEL_2"]
    one = build(Options(model=str(write_bert(tmp_path / "a" / "tiny", labels=labels, seed=1))))
    same = build(Options(model=str(write_bert(tmp_path / "b" / "tiny", labels=labels, seed=1))))
    other = build(Options(model=str(write_bert(tmp_path / "c" / "tiny", labels=labels, seed=2))))
    assert one.name.startswith("transformers:tiny@")
    assert one.name == same.name
    assert one.name != other.name


def test_large_weights_are_told_apart_by_both_ends(tmp_path: Path) -> None:
    names = set()
    for place in (None, 0, 999_999):
        weights = bytearray(1_000_000)
        if place is not None:
            weights[place] = 1
        (tmp_path / "model.safetensors").write_bytes(weights)
        names.add(_fingerprint(tmp_path))
    assert len(names) == 3


def test_a_model_without_a_trained_head_is_refused(tmp_path: Path) -> None:
    write_bert(tmp_path, labels=THREE_UNNAMED, head=False)
    with pytest.raises(EngineUnavailable, match="no trained head for classification"):
        build(Options(model=str(tmp_path)))


def test_broken_weights_are_refused(tmp_path: Path) -> None:
    write_bert(tmp_path, labels=THREE_UNNAMED)
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        build(Options(model=str(tmp_path)))


@pytest.mark.parametrize(
    "broken", ["{", '{"model_type": "nothing-known"}', '{"model_type": "bert", "hidden_size": "x"}']
)
def test_a_broken_config_is_refused(tmp_path: Path, broken: str) -> None:
    write_bert(tmp_path, labels=THREE_UNNAMED)
    (tmp_path / "config.json").write_text(broken)
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        build(Options(model=str(tmp_path)))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    for name in (str(tmp_path), str(tmp_path / "none"), "./none-here"):
        with pytest.raises(EngineUnavailable, match=r"must be a folder with a config\.json"):
            build(Options(model=name))


@pytest.mark.parametrize("name", ["nobody/has-this-model", "not//an id"])
def test_an_id_that_cannot_be_had_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        EngineUnavailable, match=r"neither a folder here nor to be had from the hub.*give its folder"
    ):
        build(Options(model=name))


def test_loading_writes_nothing_on_the_terminal(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build(Options(model=str(folder)))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_says_what_to_install(
    package: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else found(name))
    with pytest.raises(
        EngineUnavailable, match=rf"needs the package {package}: pip install 'listener\[transformers\]'"
    ):
        build(Options(model=str(folder)))


def test_options_are_checked() -> None:
    for wrong in (
        {"model": ""},
        {"model": "x", "batch_size": 0},
        {"model": "x", "labels": {"joy": "happy"}},
        {},
    ):
        with pytest.raises(ValidationError):
            Options.model_validate(wrong)


def write_gpt(folder: Path) -> Path:
    """A model that has neither special tokens nor one to fill up with."""
    tokenizers = pytest.importorskip("tokenizers")
    folder.mkdir()
    vocabulary = {word: place for place, word in enumerate(["[UNK]", *WORDS])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(2)
    config = transformers.GPT2Config(
        vocab_size=len(vocabulary),
        n_embd=16,
        n_layer=1,
        n_head=2,
        n_positions=64,
        bos_token_id=0,
        eos_token_id=0,
        id2label=dict(enumerate(LABELS)),
        label2id={label: place for place, label in enumerate(LABELS)},
    )
    transformers.GPT2ForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_model_without_special_tokens_judges_every_text_even_none(tmp_path: Path) -> None:
    engine = build(Options(model=str(write_gpt(tmp_path / "gpt"))))
    texts = [Text("good day"), Text(""), Text("   "), Text("a very long and bad day")]
    together = engine.judge(texts)
    for tone, text in zip(together, texts, strict=True):
        assert tone.label in LABELS
        assert tone == engine.judge([text])[0]
