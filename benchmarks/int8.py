"""How much faster an int8 copy judges than the model itself: `python -m benchmarks.int8`, extra [transformers].

Random weights, for speed does not ask what they say; tweet lengths; batches of 32 sorted by length for torch, text by
text for the copy, as the engine does it. One thread for all, so that seconds of the processor can be counted, which
other work on the machine disturbs least; the fastest of several runs, taken in turns.
"""

from __future__ import annotations

import importlib.util
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEEDED = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "tokenizers")
REPEATS = 5
BATCH = 32


@dataclass(frozen=True)
class Size:
    """An architecture, and by how much int8 must beat torch's 32 bits on it."""

    name: str
    layers: int
    width: int
    kind: str
    texts: int
    target: float


SIZES = (
    Size("xlm-roberta-base size", 12, 768, "XLMRoberta", 64, 2.5),
    Size("12 layers x 384", 12, 384, "Bert", 128, 1.9),
)
VOCABULARY = ["<s>", "<pad>", "</s>", "<unk>", *(f"w{number}" for number in range(996))]


def report(repeats: int = REPEATS) -> Iterator[str]:
    """Lines to print; one that says so where a package is missing."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        yield f"int8: skipped, {', '.join(missing)} not installed (pip install 'listener[transformers]')"
        return
    from transformers.utils import logging

    logging.disable_progress_bar()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            yield from _of_size(size, repeats, Path(folder))


def _of_size(size: Size, repeats: int, folder: Path) -> Iterator[str]:
    import torch

    from sentiment.engines import transformers as engine
    from sentiment.tone import Text

    _write_model(size, folder / "model")
    options = engine.Options(model=str(folder / "model"), batch_size=BATCH)
    copy = engine.from_copy(engine.make_copy(options, folder / "copies", ["w1 w2", ""]), options)
    plain, half = engine.original(options), engine.original(options)
    half._classifier._model.to(torch.bfloat16)  # type: ignore[attr-defined]
    torch.set_num_threads(1)
    # Mostly 15 to 40 tokens, as tweets are.
    rng = random.Random(4)
    lengths = [max(5, min(110, round(rng.lognormvariate(3.2, 0.5)))) for _ in range(size.texts)]
    texts = [Text(" ".join(rng.choice(VOCABULARY[4:]) for _ in range(length))) for length in lengths]
    work: dict[str, Callable[[], Any]] = {
        "torch fp32": lambda: plain.judge(texts),
        "torch bf16": lambda: half.judge(texts),
        "ONNX int8": lambda: copy.judge(texts),
    }
    taken = {name: float("inf") for name in work}
    for _ in range(repeats):
        for name, judge in work.items():
            began = time.process_time()
            judge()
            taken[name] = min(taken[name], time.process_time() - began)
    speeds = ", ".join(f"{name} {len(texts) / seconds:.0f}" for name, seconds in taken.items())
    yield f"int8, {size.name}, texts a second of one core: {speeds}"
    ratio = taken["torch fp32"] / taken["ONNX int8"]
    verdict = "reached" if ratio >= size.target else "NOT reached"
    yield (
        f"  int8 is {ratio:.2f} times fp32 (at least {size.target}: {verdict}), "
        f"{taken['torch bf16'] / taken['ONNX int8']:.2f} times bf16"
    )


def _write_model(size: Size, folder: Path) -> None:
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = {word: place for place, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 0))
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "model_max_length": 512}
        )
    )
    torch.manual_seed(4)
    labels = dict(enumerate(("negative", "neutral", "positive")))
    config = getattr(transformers, f"{size.kind}Config")(
        vocab_size=len(VOCABULARY),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=12,
        intermediate_size=4 * size.width,
        max_position_embeddings=514,
        pad_token_id=1,
        id2label=labels,
        label2id={label: place for place, label in labels.items()},
    )
    getattr(transformers, f"{size.kind}ForSequenceClassification")(config).save_pretrained(folder)


if __name__ == "__main__":
    for line in report():
        print(line)
