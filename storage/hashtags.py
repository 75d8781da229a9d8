"""Hashtags as the networks read them, in any script: pure."""

from __future__ import annotations

import re

from sentiment.text import fold, is_word_character

LONGEST = 100
"""Characters of a hashtag; what is longer is none on any network."""
MOST = 100
"""Hashtags of one post that are counted: whoever writes more of them wants to fill a store."""

# Inside a word of some script, between two of its letters: ZWNJ and ZWJ (Persian, Indic), the middle dot of Catalan
# and that of Japanese, Hebrew maqaf and gershayim, the Tibetan tsheg.
_MEDIAL = "\u200c\u200d\u00b7\u30fb\u05be\u05f3\u05f4\u0f0b"
# Marks that stand on emoji and on keys, not on letters: people write #tag right after a picture.
_ON_PICTURES = "\ufe0e\ufe0f\u20e3"
_SIGN = re.compile("[#\uff03\ufe5f]")
# What follows a # in an address is a place on a page.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def hashtags(text: str) -> tuple[str, ...]:
    """Return the distinct hashtags of a text without their sign, folded as everything that is compared, in order.

    A # (or its fullwidth and small forms) begins a hashtag where no letter, digit, & or / stands before it. It goes on
    over letters, digits, underscores and the marks on them (UAX 31, profile for hashtags, without emoji, which most
    networks end it at), and has at least one letter: #1 and #2026 are none.
    """
    # Most posts have none, and each post that is kept comes through here.
    if not _SIGN.search(text):
        return ()
    text = _ADDRESS.sub(" ", text)
    found: dict[str, None] = {}
    for sign in _SIGN.finditer(text):
        before = text[sign.start() - 1] if sign.start() else " "
        if before in "&/" or (is_word_character(before) and before not in _ON_PICTURES):
            continue
        word = _word(text, sign.end())
        if len(word) <= LONGEST and any(letter.isalpha() for letter in word):
            # Folding sets small figures apart from the word before them.
            found["".join(fold(word).split())] = None
        if len(found) == MOST:
            break
    return tuple(tag for tag in found if tag)


def _word(text: str, start: int) -> str:
    """What follows a sign, as far as it can belong to one word; a sign between letters needs a letter after it."""
    end = start
    # One more than the longest is enough to see that it is too long.
    for place in range(start, min(len(text), start + LONGEST + 2)):
        if is_word_character(text[place]):
            end = place + 1
        elif text[place] not in _MEDIAL or end != place:
            break
    return text[start:end]
