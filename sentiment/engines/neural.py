"""A small multilingual transformer of our own, fine-tuned for tone and for tone towards a brand; ONNX, int8."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sentiment.language import identify
from sentiment.onnx import MODEL, TOKENIZER, OnnxClassifier, require
from sentiment.tone import LABELS, EngineUnavailable, Text, Tone

MARK = "<mask>"
"""What stands where the brand is named towards which the tone is asked: a piece that no text holds."""
MOST_TOKENS = 96
CALIBRATION = "calibration.json"
WEIGHTS = Path(__file__).with_name("weights") / "neural"

_NEEDED = ("onnxruntime", "tokenizers")
_LONGEST = 2_000
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_SPECIAL = re.compile(r"<(?=/?(?:s|pad|unk|mask)>)")
_WORD = re.compile(r"[^\W_]|[^\x00-\u206f]")
"""A letter or digit of any script, or a sign such as an emoji."""
_MASKED = re.compile(r"@user\b|\bbrand\b|\bhttp\b")


class Options(BaseModel):
    """`threads`: how many texts are judged at the same time. `weights`: their folder, if not beside the engine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: int = Field(default=1, ge=1, le=64)
    weights: str | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """How logits become probabilities in one language: divided by `temperature`, then `bias` added (LABELS' order)."""

    temperature: float
    bias: tuple[float, float, float]

    def probabilities(self, logits: Sequence[float]) -> tuple[float, float, float]:
        """Softmax of the corrected logits."""
        raised = [logit / self.temperature + bias for logit, bias in zip(logits, self.bias, strict=True)]
        most = max(raised)
        negative, neutral, positive = (math.exp(value - most) for value in raised)
        total = negative + neutral + positive
        return negative / total, neutral / total, positive / total


class Neural:
    """Judges in any language that multilingual-e5 knows, and towards a target where one is given.

    It abstains (`unsure`) where nothing is left to read once names, handles and links are gone.
    """

    def __init__(self, name: str, classifier: OnnxClassifier, curves: Mapping[str, Curve]) -> None:
        self.name = name
        self._classifier = classifier
        self._curves = curves

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in order; each is judged by itself, so that no batch changes it."""
        prepared = [prepare(text) for text in texts]
        readable = [place for place, text in enumerate(prepared) if _WORD.search(_MASKED.sub("", text))]
        scores = self._classifier.logits([prepared[place] for place in readable])
        by_place = dict(zip(readable, scores, strict=True))
        return [self._tone(text, by_place.get(place)) for place, text in enumerate(texts)]

    def _tone(self, text: Text, logits: Sequence[float] | None) -> Tone:
        heard = identify(text.text[:_LONGEST], text.lang)
        language = heard.code if heard.sure else None
        if logits is None:
            doubt = 1 / 3
            return Tone(None, doubt, doubt, doubt, self.name, language, "unsure")
        curve = self._curves.get(heard.code or "*") or self._curves["*"]
        found = curve.probabilities(logits)
        label = LABELS[max(range(3), key=found.__getitem__)]
        return Tone(label, *found, self.name, language)


def obstacle(options: Options) -> str | None:
    """Why the engine can certainly not be had, found out without loading it."""
    try:
        _folder(options)
    except EngineUnavailable as error:
        return str(error)
    return None


def build(options: Options) -> Neural:
    """Load the weights. Raises EngineUnavailable, saying what to install, where the extra is missing."""
    return read(_folder(options), options.threads)


def _folder(options: Options) -> Path:
    """Where the weights lie. Raises EngineUnavailable, saying what to do, where they or a package are missing."""
    require("neural", _NEEDED, "neural")
    folder = Path(options.weights).expanduser() if options.weights else WEIGHTS
    if not (folder / MODEL).is_file():
        # A wheel leaves them out: with them the default install would grow by a quarter.
        raise EngineUnavailable(
            f"the weights of the engine `neural` are not in {folder}: they lie in sentiment/engines/weights/neural "
            "of the repository; name that folder with `weights`"
        )
    return folder


def read(folder: Path, threads: int = 1) -> Neural:
    """Load an engine from a folder as `sentiment.training.export` writes it. Raises EngineUnavailable."""
    try:
        stated = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"the weights of the engine `neural` cannot be read: {error}") from error
    curves = {
        language: Curve(float(curve["temperature"]), (b[0], b[1], b[2]))
        for language, curve in stated["languages"].items()
        for b in (curve["bias"],)
    }
    classifier = OnnxClassifier(folder / MODEL, folder / TOKENIZER, MOST_TOKENS, threads)
    return Neural(stated["engine"], classifier, curves)


def prepare(text: Text) -> str:
    """Write a text as the model has learned to read it: links as one word, the target as MARK.

    Pure; training and judging both call it. Characters after the first 2,000 are not read.
    """
    # A zero stands for the target while links and signs are replaced; a stranger's own zero must not pass for it.
    read = text.text.replace("\0", " ")
    parts: list[str] = []
    done = 0
    for start, end in text.spans:
        parts += (read[done:start], "\0")
        done = end
    parts.append(read[done:])
    plain = _SPECIAL.sub("‹", _LINK.sub("http", "".join(parts)[:_LONGEST]))
    return plain.replace("\0", MARK)
