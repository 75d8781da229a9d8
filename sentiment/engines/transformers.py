"""Any text classifier that the `transformers` library can read: from a local folder, or by its id on the hub.

Once `listener tone convert` has made an int8 copy of it, the copy judges, without torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from sentiment import copies
from sentiment.onnx import MODEL, TOKENIZER, OnnxClassifier, cleaned, require
from sentiment.tone import LABELS, EngineUnavailable, Label, Text, Tone

_FOR_TORCH = ("torch", "transformers")
_FOR_COPIES = ("onnxruntime", "tokenizers")

_IN_ORDER: dict[str, Label] = {"label_0": "negative", "label_1": "neutral", "label_2": "positive"}
_UNDERSTOOD: dict[str, Label] = {
    **dict.fromkeys(("negative", "neg", "1 star", "2 stars"), "negative"),
    **dict.fromkeys(("neutral", "neu", "3 stars"), "neutral"),
    **dict.fromkeys(("positive", "pos", "4 stars", "5 stars"), "positive"),
}
# Tokens, for a model that counts no positions.
_NO_LIMIT = 100_000
# What the library raises for a file that is missing, broken, or asks for a package that is not there.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError)


class Options(BaseModel):
    """`model`: a folder, or an id on the hub. `labels`: which of the three each of the model's labels means.

    `labels` may be left out where the model's own say it (negative, neg, "4 stars", or LABEL_0 to LABEL_2 in the
    order negative, neutral, positive). `max_length` is in tokens; the rest of a longer text is not read. `copies` is
    the folder of the int8 copies, and `threads` how many texts a copy judges at the same time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    labels: Mapping[str, Label] | None = None
    batch_size: int = Field(default=32, ge=1)
    max_length: int = Field(default=128, ge=8)
    revision: str | None = None
    copies: str | None = None
    threads: int = Field(default=1, ge=1, le=64)


class _Classifier(Protocol):
    """What judges: the model itself or its copy."""

    def logits(self, texts: Sequence[str]) -> list[list[float]]: ...


class Transformers:
    """Judges by a model's logits, each of whose labels means one of the three."""

    def __init__(self, name: str, classifier: _Classifier, classes: Sequence[Label]) -> None:
        self.name = name
        self._classifier = classifier
        self._classes = classes

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in the order of the texts."""
        rows = self._classifier.logits([text.text for text in texts])
        return [self._tone(row, text) for row, text in zip(rows, texts, strict=True)]

    def _tone(self, logits: Sequence[float], text: Text) -> Tone:
        sums = dict.fromkeys(LABELS, 0.0)
        largest = max(logits)
        scores = [math.exp(logit - largest) for logit in logits]
        for label, score in zip(self._classes, scores, strict=True):
            sums[label] += score / sum(scores)
        label = max(LABELS, key=lambda label: sums[label])
        return Tone(label, sums["negative"], sums["neutral"], sums["positive"], self.name, text.lang)


class _Torch:
    """The model itself, in batches of similar length, so that short texts do not wait for the padding of long ones."""

    def __init__(self, tokenizer: Any, model: Any, options: Options) -> None:
        self._tokenizer = tokenizer
        self._model = model
        # A model without a token to fill up with (GPT) takes one text at a time.
        self._pads = tokenizer.pad_token is not None
        self._batch_size = options.batch_size if self._pads else 1
        self._max_tokens = _longest(options.max_length, tokenizer, model)

    def logits(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the model's raw scores for each text, in the order of the texts."""
        read = [cleaned(text, self._max_tokens) for text in texts]
        by_length = sorted(range(len(read)), key=lambda place: len(read[place]))
        rows: dict[int, list[float]] = {}
        for first in range(0, len(by_length), self._batch_size):
            places = by_length[first : first + self._batch_size]
            rows.update(zip(places, self._scores([read[place] for place in places]), strict=True))
        return [rows[place] for place in range(len(read))]

    def _scores(self, texts: list[str]) -> list[list[float]]:
        import torch

        encoded = self._tokenizer(texts, truncation=True, max_length=self._max_tokens)
        # A tokenizer without special tokens makes nothing of nothing, and no model takes a text of no tokens.
        for name, lists in encoded.items():
            for numbers in lists:
                if not numbers:
                    numbers.append(1 if name == "attention_mask" else 0)
        filled = self._tokenizer.pad(encoded, padding=self._pads, return_tensors="pt", verbose=False)
        with torch.inference_mode():
            rows: list[list[float]] = self._model(**filled).logits.double().tolist()
        return rows


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the model lies, and the name that its judgements are kept under."""

    path: str
    name: str


def build(options: Options) -> Transformers:
    """Load the int8 copy, or the model itself where there is none. Raises EngineUnavailable, saying what to do."""
    if folder := _copy_for(options):
        require("transformers", _FOR_COPIES, "neural")
        return from_copy(folder, options)
    return original(options)


def obstacle(options: Options) -> str | None:
    """Why the engine can certainly not be had, found out without loading it and without the network."""
    try:
        if _copy_for(options):
            require("transformers", _FOR_COPIES, "neural")
        else:
            require("transformers", _FOR_TORCH, "transformers")
    except EngineUnavailable as error:
        return str(error)
    return None


def from_copy(folder: Path, options: Options) -> Transformers:
    """Load an int8 copy. Raises EngineUnavailable."""
    copy = copies.read(folder)
    tokens = min(options.max_length, copy.max_tokens)
    classifier = OnnxClassifier(folder / MODEL, folder / TOKENIZER, tokens, options.threads)
    return Transformers(copy.engine, classifier, _classes(dict(enumerate(copy.labels)), options))


def original(options: Options) -> Transformers:
    """Load the model itself. Raises EngineUnavailable, saying what to do, where it or the library is missing."""
    require("transformers", _FOR_TORCH, "transformers")
    place = _place(options)
    tokenizer, model = _load(place, options)
    classes = _classes(model.config.id2label, options)
    return Transformers(place.name, _Torch(tokenizer, model, options), classes)


def make_copy(options: Options, into: Path, samples: Sequence[str]) -> Path:
    """Make the int8 copy of a model in a folder of its own below `into`; return that folder.

    Raises EngineUnavailable where the model or a library is missing, CannotConvert and OSError.
    """
    from sentiment.converting import write_int8

    require("transformers", (*_FOR_TORCH, *_FOR_COPIES, "onnx", "onnxscript"), "transformers")
    place = _place(options)
    tokenizer, model = _load(place, options, attn_implementation="eager")
    id2label = model.config.id2label
    labels = tuple(id2label[index] for index in range(len(id2label)))
    most = _longest(_NO_LIMIT, tokenizer, model)
    copy = copies.Copy(place.name, options.model, options.revision, labels, most, {})
    return copies.make(into, copy, lambda folder: write_int8(model, tokenizer, folder, samples))


def _copy_for(options: Options) -> Path | None:
    """The copy that judges for this model. Raises EngineUnavailable where neither it nor a folder it names is there.

    A folder is compared by its files, so that new weights are never judged by the copy of the old ones. A model on
    the hub keeps to the commit that was converted, whatever has happened there since: the hub is not asked.
    """
    if not _is_path(options.model):
        return copies.of_id(Path(options.copies), options.model, options.revision) if options.copies else None
    folder = Path(options.model).expanduser()
    if copies.is_copy(folder):
        return folder
    name = _in_folder(folder).name
    return copies.of_name(Path(options.copies), name) if options.copies else None


def _place(options: Options) -> _Place:
    if _is_path(options.model):
        return _in_folder(Path(options.model).expanduser())
    return _on_hub(options)


def _is_path(model: str) -> bool:
    return model.startswith((".", "~")) or Path(model).is_absolute() or Path(model).is_dir()


def _in_folder(folder: Path) -> _Place:
    if not (folder / "config.json").is_file():
        raise EngineUnavailable(f"no model in {folder}: it must be a folder with a config.json and weights")
    return _Place(str(folder), f"transformers:{folder.resolve().name}@{_fingerprint(folder)}")


def _fingerprint(folder: Path) -> str:
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return copies.fingerprint(*files)


def _on_hub(options: Options) -> _Place:
    from transformers.utils import cached_file

    try:
        config = cached_file(options.model, "config.json", revision=options.revision)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(
            f"the model {options.model!r} is neither a folder here nor to be had from the hub: check the id and the "
            f"network, or download it once and give its folder ({_first_line(error)})"
        ) from error
    # The hub's cache keeps each commit in a folder of its own, which bears the commit's hash.
    return _Place(options.model, f"transformers:{options.model}@{Path(config).parent.name[:12]}")


def _load(place: _Place, options: Options, **settings: str) -> tuple[Any, Any]:
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    bars_were_shown = logging.is_progress_bar_enabled()
    verbosity = logging.get_verbosity()
    # Bars and reports on the terminal would stand among the lines of `listener tone` and the daemon's log.
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        tokenizer = AutoTokenizer.from_pretrained(place.path, revision=options.revision)
        model, report = AutoModelForSequenceClassification.from_pretrained(
            place.path, revision=options.revision, output_loading_info=True, **settings
        )
    except (*_UNREADABLE, SafetensorError, StrictDataclassError) as error:
        raise EngineUnavailable(
            f"the model {options.model!r} cannot be read: {_first_line(error)}"
        ) from error
    finally:
        logging.set_verbosity(verbosity)
        if bars_were_shown:
            logging.enable_progress_bar()
    # The library fills what is missing with random numbers and goes on; such a model judges by the dice.
    if missing := sorted(report["missing_keys"]):
        raise EngineUnavailable(
            f"the model {options.model!r} has no trained head for classification (missing: {', '.join(missing[:3])}); "
            "give one that was fine-tuned for sentiment"
        )
    return tokenizer, model.eval()


def _classes(id2label: Mapping[int, str], options: Options) -> list[Label]:
    names = [id2label[index] for index in range(len(id2label))]
    given = {name.casefold(): label for name, label in (options.labels or {}).items()}
    known = given or (_IN_ORDER if len(names) == 3 else {}) | _UNDERSTOOD
    unknown = [name for name in names if name.casefold() not in known]
    if unknown or len({known[name.casefold()] for name in names}) < 2:
        raise EngineUnavailable(
            f"the model {options.model!r} has the labels {', '.join(map(repr, names))}: say with `labels` which of "
            "negative, neutral and positive each means"
        )
    return [known[name.casefold()] for name in names]


def _longest(wanted: int, tokenizer: Any, model: Any) -> int:
    # RoBERTa counts positions from 2, so its 514 are 512 tokens; beyond the last one the model's lookup fails.
    positions = getattr(model.config, "max_position_embeddings", None) or wanted + 2
    return int(min(wanted, tokenizer.model_max_length, positions - 2))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
