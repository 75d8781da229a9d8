"""The built-in engine's judgement: language, words, signs and n-grams of a text to three probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sentiment.compound import scorer
from sentiment.engines.builtin.clauses import about
from sentiment.engines.builtin.signs import Signs
from sentiment.engines.builtin.weights import Damaged, Grams, Layer, Two, Weights
from sentiment.engines.builtin.words import LONGEST, in_order, plain
from sentiment.language import HINDI_IN_LATIN, identify
from sentiment.tone import LABELS, Abstention, EngineUnavailable, Text, Tone

WEIGHTS = Path(__file__).with_name("builtin-1.bin")

ENGLISH = "en"
ANY = "any"
"""The part for languages without training data: signs alone, learned from all languages that have some."""

_DOUBT = 1 / 3

# How tone towards one of several brands is put together. Chosen by hand: public sets name one target to a text.
CLAUSES = 0.8
"""Weight of the brand's own clauses; the rest is the whole text's, for clauses are cut wrongly at times."""
TURNED = 0.8
PUSH = 2.0
"""What a comparison adds by itself: most of them hold no word of tone, "faster than" as little as "switched to"."""


class Options(BaseModel):
    """The built-in engine has nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known of one language: its layer, the reader of its signs, and its n-grams where it was trained."""

    code: str
    layer: Layer
    signs: Signs
    grams: Grams | None


class Builtin:
    """Judges each text by itself, whatever else is in the batch.

    Languages with training data get n-grams and signs, those with a word list the signs, the rest an abstention.
    """

    def __init__(self, weights: Weights) -> None:
        self.name = weights.name
        self._weights = weights
        self._tones = weights.tones()
        self._listed = weights.listed()
        self._english = weights.grams(ENGLISH)
        self._voices: dict[str, Voice | None] = {}

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in order; of a long text the first 4,000 characters are judged."""
        return [self._judge(text) for text in texts]

    def _judge(self, text: Text) -> Tone:
        language = identify(text.text[:LONGEST], text.lang)
        code = language.code if language.sure else None
        voice = self.voice(language.code or ANY)
        if voice is None:
            return self._abstention(code, "unknown_language")
        if voice.grams is None and _is_blank(text.text, voice):
            return self._abstention(code, "unknown_language" if language.code is None else "unsure")
        scores = self.scores(text.text, voice)
        if text.target is not None and text.spans:
            scores = self._towards(text, voice, scores)
        parts = shares(scores, voice.layer.temperature)
        label = LABELS[max(range(3), key=parts.__getitem__)]
        return Tone(label, *parts, self.name, code)

    def _abstention(self, code: str | None, reason: Abstention) -> Tone:
        return Tone(None, _DOUBT, _DOUBT, _DOUBT, self.name, code, reason)

    def _towards(self, text: Text, voice: Voice, whole: Two) -> Two:
        """Return the scores towards the target: of its own clauses, and of what it is held against, turned around."""
        view = about(text.text[:LONGEST], text.spans, text.others)
        if view is None:
            return whole
        negative = positive = 0.0
        if view.own:
            negative, positive = self.scores(view.own, voice)
        if view.turned:
            worse, better = self.scores(view.turned, voice)
            negative += TURNED * better
            positive += TURNED * worse
        negative -= PUSH * view.push
        positive += PUSH * view.push
        return (
            CLAUSES * negative + (1 - CLAUSES) * whole[0],
            CLAUSES * positive + (1 - CLAUSES) * whole[1],
        )

    def scores(self, text: str, voice: Voice) -> Two:
        """Return how negative and how positive a text is, each over neutral, in that voice's language."""
        text = plain(text)
        words = in_order(text)
        found = voice.signs.read(text, words)
        borrowed = self._english.score(words)
        if voice.code == ENGLISH:
            return added(voice.layer, found + vader(text), borrowed)
        own = voice.grams.score(words) if voice.grams else (0.0, 0.0)
        return added(voice.layer, [*found, *borrowed], own)

    def voice(self, code: str) -> Voice | None:
        """Return the voice of a language, None where there is neither training nor a word list for it."""
        if code not in self._voices:
            self._voices[code] = self._made(code)
        return self._voices[code]

    def _made(self, code: str) -> Voice | None:
        weights = self._weights
        trained = weights.parts.get(code)
        if trained is None and code not in self._listed:
            return None
        part = trained or weights.parts[ANY]
        # Posts in romanised Hindi are half English; the Hindi list is in Devanagari.
        liking = weights.liking(ENGLISH if code == HINDI_IN_LATIN else code)
        grams = self._english if code == ENGLISH else weights.grams(code) if part.places else None
        return Voice(code, part.layer, Signs(liking, self._tones), grams)


def _is_blank(text: str, voice: Voice) -> bool:
    """Whether a text has words and the engine knows not one of them; a text without words is known to say nothing."""
    words = in_order(plain(text))
    return any(word[0].isalpha() for word, _ in words) and not voice.signs.know(words)


def added(layer: Layer, found: Sequence[float], scores: Two) -> Two:
    """Add what the layer makes of the signs to the scores of the n-grams."""
    return (
        scores[0] + layer.bias[0] + sum(map(mul, layer.negative, found)),
        scores[1] + layer.bias[1] + sum(map(mul, layer.positive, found)),
    )


def shares(scores: Two, temperature: float) -> tuple[float, float, float]:
    """Return the probabilities of negative, neutral and positive; neutral's score is 0, `scores` are the other two."""
    negative, positive = scores[0] / temperature, scores[1] / temperature
    top = max(negative, positive, 0.0)
    a, b, c = math.exp(negative - top), math.exp(-top), math.exp(positive - top)
    total = a + b + c
    return a / total, b / total, c / total


def vader(text: str) -> list[float]:
    """Return VADER's compound score, its shares of positive and negative words, and the compound squared."""
    found = scorer()(text)
    compound = found["compound"]
    return [compound, found["pos"], found["neg"], compound * compound]


def build(options: Options) -> Builtin:
    """Map the shipped weights. Raises EngineUnavailable where their file is missing or damaged."""
    engine = read(WEIGHTS)
    # VADER's lexicons and the identifier's tables are read now, so that the first post waits no longer than the others.
    engine.judge([Text("it is ready")])
    return engine


def read(path: Path) -> Builtin:
    """Return the engine with the weights of a file. Raises EngineUnavailable where there are none in it."""
    try:
        return Builtin(Weights(path))
    except OSError as error:
        raise EngineUnavailable(
            f"the weights of the built-in engine cannot be read: {error.strerror}"
        ) from error
    except Damaged as error:
        raise EngineUnavailable(f"{error}: install the package anew, or train it again") from error
