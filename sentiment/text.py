"""Folding and word edges in any script: the one place that says which writings are the same word."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Marks that only colour a letter: Latin, Greek and Cyrillic accents, Arabic harakat with the hamza and madda that
# NFKD takes off an alef, Hebrew points. Indic and Thai vowel signs are not among them: without those a word is
# another word. The rest is invisible: soft hyphen, ZWNJ and ZWJ, marks of direction, variation selectors.
_DROPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u00ad\u034f\u061c\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]+"
)

# Signs that NFKD would glue to the word before them: "Acme™" must not become "acmetm", nor a footnote's "Acme²"
# "acme2". A zero-width space parts words, which is why people put one into "@<here>name" so as not to call anybody.
# Half a surrogate pair, which broken JSON escapes leave behind, is no text: encoding it would raise far from here.
_APART = re.compile("[\ud800-\udfff\u2120\u2122\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u200b]")

# Letters that Unicode does not decompose and readers take for the same, after case folding.
_SAME = {
    "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe",
    "ي": "ی", "ى": "ی", "ې": "ی", "ك": "ک", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ٱ": "ا",
    "‘": "'", "’": "'", "‛": "'", "ʼ": "'", "ʻ": "'", "׳": "'", "“": '"', "”": '"', "„": '"', "״": '"', "׀": " ",
    **{chr(zero + digit): str(digit) for zero in (0x660, 0x6F0) for digit in range(10)},
}  # fmt: skip
# Few letters of a text are in it: a search with a callback is twice as fast as `str.translate`, which asks for each.
_SAME_LETTER = re.compile("[" + "".join(_SAME) + "]")

_HALF_PAIR = re.compile("[\ud800-\udfff]")

_ASCII_WORD = re.compile(r"\w+(?:'\w+)*")

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aad\ua9e0-\ua9ff\uaa60-\uaadf"  # Thai to Tai Tham
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003fffd]"
)


# Lower-case letters and signs that stay as they are, of the scripts that most posts are written in. The rest is
# looked up letter by letter.
_OTHERS = re.compile(
    "[^\\x00-\\x7f\u00a1-\u00a7\u00ab\u00b0\u00b7\u00bb\u00bf\u2013\u2014\u2022"
    "\u03b1-\u03c1\u03c3-\u03c9\u0430-\u0438\u043a-\u044f\u05d0-\u05ea"
    "\u060c\u061b\u061f\u0621\u0627\u0628\u062a-\u063f\u0641\u0642\u0644-\u0648\u0679-\u06bd\u06cc"
    "\u3001-\u3029\u3041-\u3096\u30a0-\u30fe\u3400-\u9fff\uac00-\ud7a3\u2600-\u27bf\U0001f300-\U0001f6ff\U0001f900-\U0001faff]"
)
_FEW_LETTERS = 50
_MOST_LETTERS = 10_000
"""More than anybody writes with; whoever sends every letter of Unicode shall not fill the memory."""


def fold(text: str) -> str:
    """Return the text as it is compared: case, accents, width, and the variants of Arabic and Persian letters gone.

    Equal words fold to equal strings; folding twice changes nothing. The length may change, so positions in the
    result are none in the text (see `fold_in_place`). Vowel signs of Indic scripts, Thai and Hangul are kept.
    """
    text = text.lower()
    if text.isascii():
        return text
    letters = set(_OTHERS.findall(text))
    if len(letters) > _FEW_LETTERS:
        return _fold_together(text)
    try:
        # Each kind of letter at once: what letters become stays as it is, so that none is changed again.
        for letter in letters:
            text = text.replace(letter, _LETTERS[letter])
    except _Joins:
        return _fold_together(text)
    return text


class _Joins(Exception):
    """A letter that may become one with the letter before it: the text must be folded as a whole."""


class _Letters(dict[str, str]):
    """What letters fold to by themselves, in any text. Raises _Joins where it depends on the letter before."""

    def __missing__(self, letter: str) -> str:
        first = unicodedata.normalize("NFKD", letter)[0]
        folded = _fold_together(letter)
        # Vowels and ends of Hangul syllables are no marks to Unicode.
        if folded and (unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"):
            raise _Joins
        if len(self) < _MOST_LETTERS:
            self[letter] = folded
        return folded


_LETTERS = _Letters()


def _fold_together(text: str) -> str:
    """Fold a text of any letters; several times as slow."""
    text = unicodedata.normalize("NFKD", _APART.sub(" ", text))
    text = _DROPPED.sub("", text).casefold()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _SAME_LETTER.sub(_as_same, text))


def _as_same(found: re.Match[str]) -> str:
    return _SAME[found[0]]


def fold_in_place(text: str) -> str:
    """Fold only what keeps the length, so that a position in the result is the same position in the text.

    A letter whose folding has another length (ß, æ) stays, in lower case; the text should be in NFC.
    """
    if text.isascii():
        return text.lower()
    return _HALF_PAIR.sub("\ufffd", text.translate(_in_place_table()))


@cache
def _in_place_table() -> dict[int, str]:
    blocks = (
        (0x41, 0x5B),
        (0xA0, 0x600),
        (0x600, 0x700),
        (0x1E00, 0x2000),
        (0x2010, 0x2020),
        (0xFF00, 0xFFEF),
    )
    table: dict[int, str] = {}
    for first, last in blocks:
        for code in range(first, last):
            letter = chr(code)
            folded = next((f for f in (fold(letter), letter.lower()) if len(f) == 1), letter)
            if folded != letter:
                table[code] = folded
    return table


def is_word_character(character: str) -> bool:
    """Say whether it is part of a word: a letter, a digit, an underscore, or a mark that stands on one."""
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def is_spaceless(character: str) -> bool:
    """Say whether its script writes words without spaces: Chinese, Japanese, Thai, Lao, Khmer, Myanmar; not Hangul."""
    return _SPACELESS.match(character) is not None


def has_spaceless(text: str) -> bool:
    """Say whether any of its characters is of such a script."""
    return _SPACELESS.search(text) is not None


def apart(text: str) -> str:
    """Put a space around each character of such a script."""
    return _SPACELESS.sub(r" \g<0> ", text)


def is_edge(inside: str, outside: str) -> bool:
    """Say whether a word may end between `inside`, its last (or first) character, and the neighbour `outside`.

    In a script without spaces every character is an edge, but never between a letter and the mark on it.
    """
    if not is_word_character(outside):
        return True
    if not is_word_character(inside):
        return True
    if unicodedata.category(outside)[0] == "M":
        return False
    return is_spaceless(inside) or is_spaceless(outside)


def is_whole_word(text: str, start: int, end: int) -> bool:
    """Say whether text[start:end] stands in the text as a word of its own, or as several."""
    if start and not is_edge(text[start], text[start - 1]):
        return False
    return end == len(text) or is_edge(text[end - 1], text[end])


def word_starts(text: str) -> list[int]:
    """Return where the words of a folded text begin, in order: "don't" is one word, and so is each letter of 日本."""
    if text.isascii():
        return [found.start() for found in _ASCII_WORD.finditer(text)]
    starts = []
    before = earlier = " "
    for at, character in enumerate(text):
        if not is_word_character(character):
            begins = False
        elif not is_word_character(before):
            begins = before != "'" or not is_word_character(earlier) or is_spaceless(character)
        else:
            apart = is_spaceless(character) or is_spaceless(before)
            begins = apart and unicodedata.category(character)[0] != "M"
        if begins:
            starts.append(at)
        earlier, before = before, character
    return starts
