"""The runner of ONNX classifiers, on a tiny model with a tokenizer of its own, both made here."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment.onnx import OnnxClassifier, cleaned, require
from sentiment.tone import EngineUnavailable

numpy = pytest.importorskip("numpy", reason="needs the extra [transformers]")
onnx = pytest.importorskip("onnx", reason="needs the extra [transformers]")
pytest.importorskip("onnxruntime", reason="needs the extra [neural] or [transformers]")
tokenizers = pytest.importorskip("tokenizers", reason="needs the extra [neural] or [transformers]")

WORDS = "good bad plain day the a is it was very and not long".split()  # noqa: SIM905
WIDTH = 16


def write_tokenizer(file: Path, *, special: bool = True) -> Path:
    """Words by white space; with `special`, [CLS] before and [SEP] behind a text."""
    vocabulary = {word: place for place, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if special:
        made.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    # As files from the hub often are: set to lengths that somebody else wanted.
    made.enable_padding(length=40)
    made.enable_truncation(4)
    made.save(str(file))
    return file


def write_model(
    file: Path, *, int8: bool = True, inputs: tuple[str, ...] = ("input_ids", "attention_mask")
) -> Path:
    """A model that takes the mean over its tokens, through one hidden layer, to three logits."""
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime.quantization import QuantType, quantize_dynamic

    rng = numpy.random.default_rng(5)
    shapes = {"table": (len(WORDS) + 4, WIDTH), "first": (WIDTH, WIDTH), "second": (WIDTH, 3)}
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(numpy.float32), name)
        for name, shape in shapes.items()
    ]
    weights.append(numpy_helper.from_array(numpy.array([1], dtype=numpy.int64), "axis"))
    mask = helper.make_node("Cast", [inputs[-1]], ["real"], to=TensorProto.FLOAT)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["embedded"]),
        helper.make_node("MatMul", ["embedded", "first"], ["hidden"]),
        helper.make_node("Tanh", ["hidden"], ["bent"]),
        *([mask, helper.make_node("Unsqueeze", ["real", "minus"], ["column"])] if len(inputs) > 1 else []),
        helper.make_node("Mul", ["bent", "column"], ["seen"])
        if len(inputs) > 1
        else helper.make_node("Identity", ["bent"], ["seen"]),
        helper.make_node("ReduceMean", ["seen", "axis"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "second"], ["logits"]),
    ]
    weights.append(numpy_helper.from_array(numpy.array([2], dtype=numpy.int64), "minus"))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(made, str(file))
    if int8:
        quantize_dynamic(str(file), str(file), weight_type=QuantType.QInt8)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    write_model(folder / "model.onnx")
    write_tokenizer(folder / "tokenizer.json")
    return folder


@pytest.fixture(scope="module")
def classifier(folder: Path) -> OnnxClassifier:
    return OnnxClassifier(folder / "model.onnx", folder / "tokenizer.json", max_tokens=32)


def test_the_logits_are_those_of_the_model(tmp_path: Path) -> None:
    import onnxruntime

    file = write_model(tmp_path / "model.onnx", int8=False)
    classifier = OnnxClassifier(file, write_tokenizer(tmp_path / "tokenizer.json"), max_tokens=8)
    session = onnxruntime.InferenceSession(str(file))
    known = {word: place for place, word in enumerate(WORDS, 4)}
    texts = ["good day", "it was not a very long day and not bad", "", "kettle"]
    for text, row in zip(texts, classifier.logits(texts), strict=True):
        # [CLS], at most six words, [SEP]: eight tokens are all that was asked for.
        ids = [[2, *(known.get(word, 1) for word in text.split()[:6]), 3]]
        given = {"input_ids": ids, "attention_mask": [[1] * len(ids[0])]}
        (expected,) = session.run(None, {name: numpy.array(value) for name, value in given.items()})
        assert row == pytest.approx(expected[0].tolist(), abs=1e-6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join), max_size=12))
def test_an_int8_model_says_the_same_in_any_company(classifier: OnnxClassifier, texts: list[str]) -> None:
    alone = [classifier.logits([text])[0] for text in texts]
    assert classifier.logits(texts) == alone
    assert classifier.logits(texts[::-1]) == alone[::-1]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.characters(codec=None, exclude_categories=[]), max_size=300))
def test_no_text_raises(classifier: OnnxClassifier, text: str) -> None:
    (row,) = classifier.logits([text])
    assert len(row) == 3
    assert all(abs(score) < 1e6 for score in row)


@pytest.mark.parametrize(
    "text", ["half a pair \ud83d", "\0", "good " * 200_000, "😀" * 50_000, "\n" * 10_000, "ي" * 9_999]
)
def test_no_length_raises(classifier: OnnxClassifier, text: str) -> None:
    assert len(classifier.logits([text])[0]) == 3


def test_threads_change_nothing(folder: Path, classifier: OnnxClassifier) -> None:
    several = OnnxClassifier(folder / "model.onnx", folder / "tokenizer.json", max_tokens=32, threads=3)
    texts = ["good " * (1 + place * 7 % 11) for place in range(40)]
    assert several.logits(texts) == classifier.logits(texts)
    assert several.logits([]) == []


def test_a_tokenizer_that_makes_nothing_of_nothing(folder: Path, tmp_path: Path) -> None:
    import onnxruntime

    plain = write_tokenizer(tmp_path / "tokenizer.json", special=False)
    (row,) = OnnxClassifier(folder / "model.onnx", plain).logits([""])
    # A model is given one token at least; most fail over none.
    given = {name: numpy.array([[value]]) for name, value in (("input_ids", 0), ("attention_mask", 1))}
    (expected,) = onnxruntime.InferenceSession(str(folder / "model.onnx")).run(None, given)
    assert row == expected[0].tolist()


def test_a_model_without_a_mask_is_given_none(folder: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model.onnx", inputs=("input_ids",))
    assert len(OnnxClassifier(model, folder / "tokenizer.json").logits(["good"])[0]) == 3


@pytest.mark.parametrize("broken", [b"", b"no model", None])
@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_broken_or_missing_file_is_named(
    folder: Path, tmp_path: Path, file: str, broken: bytes | None
) -> None:
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    if broken is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(broken)
    with pytest.raises(EngineUnavailable, match=file.replace(".", r"\.")):
        OnnxClassifier(tmp_path / "model.onnx", tmp_path / "tokenizer.json")


def test_half_a_model_is_named(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EngineUnavailable, match=r"model\.onnx cannot be read"):
        OnnxClassifier(tmp_path / "model.onnx", folder / "tokenizer.json")


def test_a_text_is_cut_before_the_tokenizer_reads_it() -> None:
    assert cleaned("x" * 100_000, 10) == "x" * 320
    assert cleaned("a\ud83d", 10) == "a\ufffd"


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        EngineUnavailable, match=r"`neural` needs the package onnxruntime: pip install 'listener\[neural\]'"
    ):
        require("neural", ("onnxruntime", "tokenizers"), "neural")
