"""The signs of tone that need no training on a language: its word list, the tone of words, and how it is written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from sentiment.engines.builtin.words import Word

NAMES = (
    "words", "liked", "disliked", "liked_denied", "disliked_denied", "liking", "liking_end", "last_liking",
    "most_liked", "most_disliked", "tone", "tone_denied", "tone_highest", "tone_lowest", "tone_sum", "tone_end",
    "strength", "known", "denials", "exclamations", "questions", "dots", "capitals", "stretched", "links", "handles",
    "hashtags",
)  # fmt: skip

_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_STRETCHED = re.compile(r"(\w)\1\1")
_MOST_REMEMBERED = 30_000
# Polarities are whole numbers of this many to one standard deviation over all words.
_STEP = 64


class Graded(Protocol):
    """Tells the polarity and the strength of a folded word, each -127..127, or None."""

    def get(self, word: str, /) -> tuple[int, int] | None: ...


class Signs:
    """Reads the signs of one language: `likings` is its word list of folded words, -5..5; `tones` grades any word."""

    def __init__(self, likings: Mapping[str, int], tones: Graded) -> None:
        self._likings = likings
        self._tones = tones
        self._felt: dict[str, tuple[int, int, int, int]] = {}

    def read(self, text: str, words: Sequence[Word]) -> list[float]:
        """Return one number for each of NAMES; `text` is the plain text with its capitals."""
        known = self._felt.get
        felt = [known(word) or self._feel(word) for word, _ in words]
        end = len(words) - max(3, len(words) // 3)
        return [
            math.log1p(len(words)),
            *_liking(words, felt, end),
            *_tone(words, felt, end),
            *_written(text, len(words)),
        ]

    def know(self, words: Sequence[Word]) -> bool:
        """Whether any of the words is in a list."""
        return any(like or is_known for like, _, _, is_known in map(self._feel, (word for word, _ in words)))

    def _feel(self, word: str) -> tuple[int, int, int, int]:
        tone = self._tones.get(word)
        polarity, strength = tone or (0, 0)
        if len(self._felt) >= _MOST_REMEMBERED:
            self._felt.clear()
        felt = self._felt[word] = (self._likings.get(word, 0), polarity, strength, tone is not None)
        return felt


Felt = tuple[int, int, int, int]
"""How a word is liked, its polarity, its strength, and whether these two are known (1 or 0)."""


def _liking(words: Sequence[Word], felt: Sequence[Felt], end: int) -> tuple[float, ...]:
    """What the word list says; `end` is where the last third begins."""
    liked = disliked = liked_denied = disliked_denied = last = most = least = at_end = 0
    for at, (score, _, _, _) in enumerate(felt):
        if not score:
            continue
        like = score
        if words[at][1]:
            if like > 0:
                liked_denied += like
            else:
                disliked_denied -= like
            like = -like
        elif like > 0:
            liked += like
        else:
            disliked -= like
        last = like
        most = max(most, like)
        least = min(least, like)
        if at >= end:
            at_end += like
    return (
        _squashed(liked),
        _squashed(disliked),
        _squashed(liked_denied),
        _squashed(disliked_denied),
        _squashed(liked - disliked - liked_denied + disliked_denied),
        _squashed(at_end),
        last / 5,
        most / 5,
        least / 5,
    )


def _tone(words: Sequence[Word], felt: Sequence[Felt], end: int) -> tuple[float, ...]:
    """What the graded words say, and how much of the text is denied."""
    tone = denied_tone = highest = lowest = force = known = at_end = known_at_end = denials = 0
    before = False
    for at, (_, denied) in enumerate(words):
        _, polarity, strength, is_known = felt[at]
        if denied:
            denied_tone += polarity
            if not before:
                denials += 1
        else:
            tone += polarity
            if polarity > highest:
                highest = polarity
            elif polarity < lowest:
                lowest = polarity
        before = denied
        force += strength
        known += is_known
        if at >= end:
            at_end += polarity
            known_at_end += is_known
    count = known or 1
    return (
        tone / count / _STEP,
        denied_tone / count / _STEP,
        highest / _STEP,
        lowest / _STEP,
        (tone - denied_tone) / math.sqrt(count) / _STEP,
        at_end / (known_at_end or 1) / _STEP,
        force / count / _STEP,
        known / (len(words) + 1),
        min(denials, 3) / 3,
    )


def _written(text: str, size: int) -> tuple[float, ...]:
    """How a text of so many words is written: marks, capitals, stretched words, links, handles, hashtags."""
    count = text.count
    return (
        min(count("!"), 3) / 3,
        min(count("?"), 3) / 3,
        min(count("..") + count("\u2026"), 3) / 3,
        len(_CAPITALS.findall(text)) / (size + 1),
        1.0 if _STRETCHED.search(text) else 0.0,
        min(count(" http "), 2) / 2,
        min(count("@user"), 3) / 3,
        min(count("#"), 4) / 4,
    )


def _squashed(total: int) -> float:
    """Squash a sum to -1..1, as VADER does for its compound score."""
    return total / math.sqrt(total * total + 15) if total else 0.0
