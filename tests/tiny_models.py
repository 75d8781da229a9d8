"""A tiny model with random weights and a tokenizer of its own, written on the spot: no test needs the hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

WORDS = "good bad plain day the a is it was very and not long kettle phone".split()  # noqa: SIM905
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
THREE = ("negative", "neutral", "positive")


def write_bert(folder: Path, *, seed: int = 3, labels: Sequence[str] = THREE, head: bool = True) -> Path:
    """Write a BERT of two small layers, in which every word counts, with a word tokenizer.

    Skips the test where torch or transformers is not installed.
    """
    torch = pytest.importorskip("torch", reason="needs the extra [transformers]")
    transformers = pytest.importorskip("transformers", reason="needs the extra [transformers]")

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *WORDS]))
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.8,
        id2label=dict(enumerate(labels)),
        label2id={label: place for place, label in enumerate(labels)},
    )
    kind = transformers.BertForSequenceClassification if head else transformers.BertModel
    kind(config).save_pretrained(folder)
    return folder
