"""From a place in a text's folded form back to the place in the text as its author wrote it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator

from listener.matching.places import Span, plain
from sentiment.text import fold

_WORD = re.compile(r"\S+")


class Original:
    """A text that was searched in its folded form, `plain(text)`, whose letters and spaces are not as many."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._same = text.isascii() and "  " not in text and text.isprintable() and text == text.strip()
        # For each word of the folded text: where it begins there, and where in the text; or, of a word with other
        # letters than ASCII, which word of the text it is (a part of).
        self._next = 0
        self._begins: list[int] = []
        self._letters: list[int | tuple[Span, int]] = []

    def place(self, start: int, end: int) -> Span:
        """Return what folded[start:end] is in the text: whole letters with their marks."""
        if self._same:
            return start, end
        if not self._letters:
            self._align()
        return self._letter(start)[0], self._letter(end - 1)[1]

    def _letter(self, at: int) -> Span:
        number = bisect_right(self._begins, at) - 1
        word, within = self._letters[number], at - self._begins[number]
        if isinstance(word, int):
            return word + within, word + within + 1
        (start, end), before = word
        letters = _letters_of(self._text[start:end], start)
        # Behind a word's last letter there is only a space: a phrase's, which ends no place.
        return letters[min(before + within, len(letters) - 1)]

    def _align(self) -> None:
        """Fold word by word: nothing that folding does reaches over white space."""
        for found in _WORD.finditer(self._text):
            word = found[0]
            if word.isascii():
                # Letter for letter: where it begins is enough.
                self._add(found.start(), len(word))
                continue
            before = 0
            for piece in fold(word).split():
                self._add((found.span(), before), len(piece))
                before += len(piece) + 1

    def _add(self, word: int | tuple[Span, int], length: int) -> None:
        self._begins.append(self._next)
        self._letters.append(word)
        self._next += length + 1


def _letters_of(word: str, offset: int) -> list[Span]:
    """For each letter of the folded word its place in the text: a letter with its marks may become none or several."""
    folded = plain(word)
    found: list[Span] = []
    letters = ""
    for start, end in _clusters(word):
        for letter in fold(word[start:end]):
            # As in the folded text: no space first, and never two.
            if letter != " " or (letters and letters[-1] != " "):
                letters += letter
                found.append((offset + start, offset + end))
    if letters.rstrip(" ") == folded:
        return found
    # Letters that only together become another one: the word as a whole.
    return [(offset, offset + len(word))] * len(folded)


def _clusters(word: str) -> Iterator[Span]:
    """Cut a word into letters, each with the marks and the invisible signs behind it."""
    start = 0
    for at, letter in enumerate(word):
        if at and not _goes_on(letter):
            yield start, at
            start = at
    yield start, len(word)


def _goes_on(letter: str) -> bool:
    """Say whether it is a mark, invisible, or the later part of a Hangul syllable that is written in parts."""
    # Half-width Japanese has marks that Unicode counts as letters.
    first = unicodedata.normalize("NFKD", letter)[0]
    return unicodedata.category(first)[0] == "M" or "\u1160" <= letter <= "\u11ff" or not fold(letter)
