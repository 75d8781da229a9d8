"""Any text classifier that the `transformers` library can read: from a local folder, or by its id on the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sentiment.tone import LABELS, EngineUnavailable, Label, Text, Tone

INSTALL = "pip install 'listener[transformers]'"

_IN_ORDER: dict[str, Label] = {"label_0": "negative", "label_1": "neutral", "label_2": "positive"}
_UNDERSTOOD: dict[str, Label] = {
    **dict.fromkeys(("negative", "neg", "1 star", "2 stars"), "negative"),
    **dict.fromkeys(("neutral", "neu", "3 stars"), "neutral"),
    **dict.fromkeys(("positive", "pos", "4 stars", "5 stars"), "positive"),
}
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_HASHED_BYTES = 65_536
# What the library raises for a file that is missing, broken, or asks for a package that is not there.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError)


class Options(BaseModel):
    """`model`: a folder, or an id on the hub. `labels`: which of the three each of the model's labels means.

    `labels` may be left out where the model's own say it (negative, neg, "4 stars", or LABEL_0 to LABEL_2 in the
    order negative, neutral, positive). `max_length` is in tokens; the rest of a longer text is not read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    labels: Mapping[str, Label] | None = None
    batch_size: int = Field(default=32, ge=1)
    max_length: int = Field(default=128, ge=8)
    revision: str | None = None


class Transformers:
    """Judges in batches of similar length, so that short texts do not wait for the padding of long ones."""

    def __init__(
        self, name: str, tokenizer: Any, model: Any, classes: Sequence[Label], options: Options
    ) -> None:
        self.name = name
        self._tokenizer = tokenizer
        self._model = model
        self._classes = classes
        self._batch_size = options.batch_size
        self._max_tokens = _longest(options.max_length, tokenizer, model)
        # No token is worth reading far behind the last one that counts, and a tokenizer reads all that it is given.
        self._max_characters = 32 * self._max_tokens

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in the order of the texts."""
        cleaned = [_HALF_PAIR.sub("\ufffd", text.text[: self._max_characters]) for text in texts]
        by_length = sorted(range(len(texts)), key=lambda place: len(cleaned[place]))
        tones: dict[int, Tone] = {}
        for first in range(0, len(by_length), self._batch_size):
            places = by_length[first : first + self._batch_size]
            scores = self._scores([cleaned[place] for place in places])
            tones.update(
                (place, self._tone(row, texts[place])) for place, row in zip(places, scores, strict=True)
            )
        return [tones[place] for place in range(len(texts))]

    def _scores(self, texts: list[str]) -> list[list[float]]:
        import torch

        encoded = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self._model(**encoded).logits
            rows: list[list[float]] = torch.softmax(logits.double(), dim=-1).tolist()
        return rows

    def _tone(self, scores: Sequence[float], text: Text) -> Tone:
        sums = dict.fromkeys(LABELS, 0.0)
        for label, score in zip(self._classes, scores, strict=True):
            sums[label] += score
        largest = max(LABELS, key=lambda label: sums[label])
        return Tone(largest, sums["negative"], sums["neutral"], sums["positive"], self.name, text.lang)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the model lies, and the name that its judgements are kept under."""

    path: str
    name: str


def build(options: Options) -> Transformers:
    """Load the model. Raises EngineUnavailable, saying what to do, where it or the library is missing."""
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            raise EngineUnavailable(f"the engine `transformers` needs the package {package}: {INSTALL}")
    folder = Path(options.model).expanduser()
    place = _in_folder(folder) if _is_path(options.model) else _on_hub(options)
    tokenizer, model = _load(place, options)
    return Transformers(place.name, tokenizer, model, _classes(model.config.id2label, options), options)


def _is_path(model: str) -> bool:
    return model.startswith((".", "~")) or Path(model).is_absolute() or Path(model).is_dir()


def _in_folder(folder: Path) -> _Place:
    if not (folder / "config.json").is_file():
        raise EngineUnavailable(f"no model in {folder}: it must be a folder with a config.json and weights")
    return _Place(str(folder), f"transformers:{folder.resolve().name}@{_fingerprint(folder)}")


def _fingerprint(folder: Path) -> str:
    """Hash each file's name, size, and both its ends: training changes all of the weights, reading them all is slow."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_HASHED_BYTES))
            file.seek(max(0, size - _HASHED_BYTES))
            digest.update(file.read(_HASHED_BYTES))
    return digest.hexdigest()[:12]


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


def _load(place: _Place, options: Options) -> tuple[Any, Any]:
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
            place.path, revision=options.revision, output_loading_info=True
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
