"""The weights as they lie in their file: one reader for the engine, one writer for the training."""

from __future__ import annotations

import json
import math
import mmap
import re
import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from sentiment.engines.builtin.signs import Graded
from sentiment.engines.builtin.words import Word, names_of_word

_MAGIC = b"LTONE\x00\x00\x01"
_HEAD = struct.Struct("<8sI")
_MOST_REMEMBERED = 30_000
"""Words and pairs whose sums are kept, some 10 MB; the commonest come back at once after a clearing."""

SHORTEST_GUESSED = 4
_GRADED_SCRIPTS = re.compile("[a-z\u00df-\u024f\u0400-\u04ff\u0600-\u06ff]")

EDGE = 0x5EED
"""What stands in the place of a word before the first and behind the last."""
PAIR = 1_000_003
"""An odd number: the place of a pair is a sum of hashes, in which "a b" and "b a" must differ."""

Two = tuple[float, float]


class Damaged(ValueError):
    """The file is no file of weights, or one of another version."""


@dataclass(frozen=True)
class Layer:
    """What becomes of the signs (and of borrowed scores behind them): rows for negative and positive over neutral.

    The scores are divided by `temperature`, so that the probabilities are as often right as they say.
    """

    negative: tuple[float, ...]
    positive: tuple[float, ...]
    bias: Two
    temperature: float


@dataclass(frozen=True)
class Part:
    """What the file holds for one language: the layer, and the size and scale of its table of n-grams (0: none)."""

    layer: Layer
    places: int = 0
    scale: float = 0.0


class Grams:
    """Two whole numbers for each place of a hashed feature: what it says for negative and positive over neutral.

    A text's score is the sum over its features. The features of a word depend on nothing but the word, so that its
    sum is kept: posts use few words often. `table` holds all numbers for negative, then all for positive.
    """

    def __init__(self, table: Sequence[int], scale: float) -> None:
        self._places = len(table) // 2
        self._negative = table[: self._places]
        self._positive = table[self._places :]
        self._scale = scale
        self._words: dict[Word, tuple[int, int, int, int]] = {}

    def score(self, words: Sequence[Word]) -> Two:
        """Return a text's two scores, divided by the root of its number of features."""
        known, mask = self._words.get, self._places - 1
        blames, praises = self._negative, self._positive
        count = len(words) + 1
        negative = positive = 0
        before = EDGE
        for word in words:
            size, x, y, this = known(word) or self._learn(word)
            at = (before * PAIR + this) & mask
            before = this
            count += size
            negative += x + blames[at]
            positive += y + praises[at]
        at = (before * PAIR + EDGE) & mask
        factor = self._scale / math.sqrt(count)
        return (negative + blames[at]) * factor, (positive + praises[at]) * factor

    def of_word(self, word: str) -> tuple[float, float]:
        """Return the two scores of one word by itself."""
        size, negative, positive, _ = self._words.get((word, False)) or self._learn((word, False))
        factor = self._scale / math.sqrt(size)
        return negative * factor, positive * factor

    def _learn(self, word: Word) -> tuple[int, int, int, int]:
        mask = self._places - 1
        hashes = hashes_of_word(word)
        places = [value & mask for value in hashes]
        negative = sum(map(self._negative.__getitem__, places))
        positive = sum(map(self._positive.__getitem__, places))
        if len(self._words) >= _MOST_REMEMBERED:
            self._words.clear()
        found = self._words[word] = (len(places), negative, positive, hashes[0])
        return found


def hashes_of_word(word: Word) -> list[int]:
    """Hash the features of a word; its places in a table of 2**n are the last n bits. The first is the word itself."""
    return [crc32(name.encode()) for name in names_of_word(word)]


def place_of_pair(first: int, second: int, places: int) -> int:
    """Return the place of two neighbours, given by the hashes of the words or EDGE, in a table of 2**n places."""
    return (first * PAIR + second) & (places - 1)


def mark(word: str) -> int:
    return crc32(word.encode())


class Marked(Mapping[str, Any]):
    """Values of words that are kept as sorted hashes, five or six bytes each instead of a string."""

    def __init__(self, marks: Sequence[int], values: Sequence[int], width: int) -> None:
        self._marks, self._values, self._width = marks, values, width
        self._found: dict[str, Any] = {}

    def get(self, word: str, default: Any = None) -> Any:
        """Return the word's value (a number, or a tuple of `width` numbers), `default` where it has none."""
        found = self._found.get(word, self)
        if found is self:
            found = self._look(word)
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[word] = found
        return default if found is None else found

    def _look(self, word: str) -> Any:
        wanted = mark(word)
        at = bisect_left(self._marks, wanted)
        if at == len(self._marks) or self._marks[at] != wanted:
            return None
        if self._width == 1:
            return self._values[at]
        return tuple(self._values[at * self._width : (at + 1) * self._width])

    def __getitem__(self, word: str) -> Any:
        found = self.get(word)
        if found is None:
            raise KeyError(word)
        return found

    def __iter__(self) -> Iterator[str]:
        raise TypeError("only the hashes of the words are kept")

    def __len__(self) -> int:
        return len(self._marks)


class Tones:
    """Polarity and strength of words: of graded ones as they were graded, of others by the letters they are made of.

    "meravellosament" is in no list, but most of it is in words that are.
    """

    def __init__(self, graded: Graded, guesses: Grams) -> None:
        self._graded = graded
        self._guesses = guesses

    def get(self, word: str, /) -> tuple[int, int] | None:
        """Return the two, -127..127; None for what is neither graded nor can be guessed."""
        found = self._graded.get(word)
        if found is not None or not guessable(word):
            return found
        polarity, strength = self._guesses.of_word(word)
        return max(-127, min(127, round(polarity))), max(-127, min(127, round(strength)))


def guessable(word: str) -> bool:
    """Whether a word's letters tell anything: it is not too short, and in a script that graded words are written in."""
    return len(word) >= SHORTEST_GUESSED and word.isalpha() and _GRADED_SCRIPTS.match(word) is not None


class Weights:
    """A file of weights, mapped into memory: what no text asks for is never read from the disk."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            size = path.stat().st_size
            # An empty file cannot be mapped.
            self._data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
        try:
            magic, length = _HEAD.unpack_from(self._data)
            if magic != _MAGIC:
                raise Damaged("another kind of file")
            head = json.loads(bytes(self._data[_HEAD.size : _HEAD.size + length]))
            self.name: str = head["name"]
            self._guessed: float = head["guessed"]
            self.parts = {code: _part(part) for code, part in head["parts"].items()}
            self._blocks: dict[str, tuple[int, int]] = {
                name: (at, size) for name, (at, size) in head["blocks"].items()
            }
        except (struct.error, ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{path.name} holds no weights of the built-in engine") from error
        self._start = _HEAD.size + length
        if self._start + max((at + size for at, size in self._blocks.values()), default=0) > len(self._data):
            raise Damaged(f"{path.name} is cut short")

    def grams(self, code: str) -> Grams:
        """Return the table of n-grams of a language that has one."""
        return Grams(self._block(f"grams {code}").cast("b"), self.parts[code].scale)

    def listed(self) -> frozenset[str]:
        """Return the languages that have a word list."""
        return frozenset(name.split()[1] for name in self._blocks if name.startswith("likings "))

    def liking(self, code: str) -> Mapping[str, int]:
        """Return the word list of a language, empty where there is none; words are folded, values -5..5."""
        if f"likings {code}" not in self._blocks:
            return {}
        return Marked(*self._marked(f"likings {code}", 1), 1)

    def tones(self) -> Tones:
        """Return the polarity and strength of words of any language."""
        return Tones(
            Marked(*self._marked("tones", 2), 2), Grams(self._block("guesses").cast("b"), self._guessed)
        )

    def _marked(self, name: str, width: int) -> tuple[Sequence[int], Sequence[int]]:
        block = self._block(name)
        marks = len(block) // (4 + width) * 4
        return block[:marks].cast("I"), block[marks:].cast("b")

    def _block(self, name: str) -> memoryview:
        at, size = self._blocks[name]
        return self._data[self._start + at : self._start + at + size]


def _part(record: Mapping[str, Any]) -> Part:
    layer = record["layer"]
    negative, positive = layer["bias"]
    rows = tuple(layer["negative"]), tuple(layer["positive"])
    return Part(Layer(*rows, (negative, positive), layer["temperature"]), record["places"], record["scale"])


def marked_block(values: Mapping[str, Sequence[int]]) -> bytes:
    """Return a block of words and their numbers; of words with the same hash the first in the alphabet wins."""
    by_mark: dict[int, Sequence[int]] = {}
    for word in sorted(values):
        by_mark.setdefault(mark(word), values[word])
    marks = sorted(by_mark)
    numbers = b"".join(struct.pack(f"<{len(by_mark[m])}b", *by_mark[m]) for m in marks)
    return struct.pack(f"<{len(marks)}I", *marks) + numbers


def write(
    path: Path, name: str, parts: Mapping[str, Part], blocks: Mapping[str, bytes], guessed: float = 1.0
) -> None:
    """Write a file of weights: a head in JSON, then the blocks, each at a multiple of four bytes.

    `guessed` is the scale of the block "guesses".
    """
    places: dict[str, tuple[int, int]] = {}
    body = bytearray()
    for block, data in blocks.items():
        body += bytes(-len(body) % 4)
        places[block] = (len(body), len(data))
        body += data
    record = {
        "name": name,
        "guessed": guessed,
        "parts": {code: asdict(part) for code, part in parts.items()},
        "blocks": places,
    }
    head = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode()
    head += b" " * (-(len(head) + _HEAD.size) % 4)
    path.write_bytes(_HEAD.pack(_MAGIC, len(head)) + head + bytes(body))
