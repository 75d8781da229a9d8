"""What a text is made of, for training and judging alike: its words in order, and the names of their features."""

from __future__ import annotations

import html
import re

from sentiment.engines.builtin.negation import NEGATORS
from sentiment.text import fold, is_spaceless

LONGEST = 4_000
"""Characters of a text that are read: a long page must not hold up the posts behind it."""

REACH = 3
"""Words behind a negator that it turns around, where no mark of punctuation stands between."""

NAMES = frozenset({"brand", "brand's"})

Word = tuple[str, bool]
"""A folded word (or emoji, emoticon, run of ! and ?), and whether a negator stands shortly before it."""

_LINK = re.compile(r"(?:https?://|www\.)\S+")
# Vowel signs of Indic and Thai writing are no word characters to Python, but part of the word to everybody else.
_WORD = "[\\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]+"
_TOKEN = re.compile(
    f"@?{_WORD}(?:'{_WORD})*"
    "|[\u2190-\u2bff\U0001f000-\U0001faff]"
    r"|[<>]?[:;=][-o*'^~]?[)\](\[dop/\\|@3<>{}*]+"
    r"|<+/?3+|\^_*\^"
    "|[!?]+|\\.\\.+|\u2026|[.,;:\u060c\u061b\u061f]"
)
_STOPS = frozenset(".,;:\u060c\u061b\u061f")
_REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
_LONGEST_WORD = 40
# Chinese, Japanese and Thai part no words: what their lists hold stands somewhere among the runs of a few letters.
_RUNS = (2, 3, 4)


def plain(text: str) -> str:
    """Return the part of a text that is read, with one word for every link and without HTML's escapes."""
    text = text[:LONGEST]
    if "&" in text:
        text = html.unescape(text)
    if "http" in text or "www." in text:
        text = _LINK.sub(" http ", text)
    # The point of Catalan "excel·lent" parts no word.
    return text.replace("\u00b7", "") if "\u00b7" in text else text


def in_order(text: str) -> list[Word]:
    """Return the words of a plain text, each with whether it is denied; of a hashtag the word counts.

    The word that stands for a masked name is left out: who is meant is no tone, and texts to train on hold it in one
    language only, so that it would mean anything in the others.
    """
    words = []
    left = 0
    for token in _TOKEN.findall(fold(text)):
        if token in _STOPS:
            left = 0
            continue
        if token[0] >= "\u0e00" and len(token) > 1 and is_spaceless(token[0]):
            words += [(token[at : at + size], False) for size in _RUNS for at in range(len(token) - size + 1)]
        elif token not in NAMES:
            words.append((token, left > 0))
        left = REACH if token in NEGATORS else left - 1
    return words


def squeezed(word: str) -> str:
    """Return "soo" for "soooo": three or more of a letter are two."""
    return _REPEATED.sub(r"\1\1", word[:_LONGEST_WORD])


def names_of_word(word: Word) -> list[str]:
    """Name the features that a word gives: itself, and every run of 3 to 5 letters of it with its edges."""
    whole, denied = word
    short = squeezed(whole)
    framed = f" {short} "
    size = len(framed)
    names = ["w" + short]
    names += [framed[at : at + 3] for at in range(size - 2)]
    names += [framed[at : at + 4] for at in range(size - 3)]
    names += [framed[at : at + 5] for at in range(size - 4)]
    if len(short) != len(whole):
        names.append("long")
    if denied:
        names += ["not", "n" + short]
    return names
