"""VADER as it is published: a lexicon and rules for English posts, no training, no network."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

from sentiment.compound import scorer
from sentiment.tone import Label, Text, Tone

# VADER's usual cut is 0.05, inclusive. Its compound has four decimals, so half a step below 0.05 makes +0.05 itself
# positive and -0.05 negative by a margin that outlives rounding to six decimals.
CUT = 0.04995

# How fast the curve rises. Fitted by log loss on English posts labelled by people (the optimum is flat between 1.4
# and 1.8): VADER is right with a strong score in about three of four cases, and the curve claims no more.
STEEPNESS = 1.6

# VADER's cost grows with the square of the length (20,000 characters of dense tone take 580 ms, 4,000 take 25 ms):
# one long post must not hold up the rest. Emoji cost more still: see `sentiment.compound`.
LONGEST = 4_000

_CODE = re.compile(r"([a-z]{2,3})(?:[-_]|$)", re.IGNORECASE)
# English, and the codes of ISO 639-2 that name no language.
_JUDGED = frozenset({"en", "eng", "und", "mul", "mis", "zxx"})


class Options(BaseModel):
    """VADER has nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Vader:
    """Judges by the compound score, cut at 0.05, and says neutral where it knows no word.

    It knows English only. A text that is declared to be in another language is not judged: German "die" would be
    an English death. A text whose language nobody has said is judged as if it were English.
    """

    def __init__(self) -> None:
        self.name = f"vader-{version('vaderSentiment')}"
        self._scores = scorer()

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in order; of a long text the first 4,000 characters are judged."""
        return [self._judge(text) for text in texts]

    def _judge(self, text: Text) -> Tone:
        if _is_foreign(text.lang):
            doubt = 1 / 3
            return Tone(None, doubt, doubt, doubt, self.name, text.lang, "unknown_language")
        compound = self._scores(text.text[:LONGEST])["compound"]
        negative, neutral, positive = probabilities(compound)
        return Tone(_label(compound), negative, neutral, positive, self.name, text.lang)


def _is_foreign(lang: str | None) -> bool:
    """Whether a code names a language other than English; what is no code says nothing about the language."""
    code = _CODE.match(lang or "")
    return code is not None and code[1].lower() not in _JUDGED


def probabilities(compound: float) -> tuple[float, float, float]:
    """Return (negative, neutral, positive) for a compound score in -1..1; the largest changes at -CUT and +CUT."""
    negative = math.exp(STEEPNESS * (-compound - CUT))
    positive = math.exp(STEEPNESS * (compound - CUT))
    total = negative + 1.0 + positive
    return negative / total, 1.0 / total, positive / total


def _label(compound: float) -> Label:
    if compound > CUT:
        return "positive"
    return "negative" if compound < -CUT else "neutral"


def build(options: Options) -> Vader:
    return Vader()
