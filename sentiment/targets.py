"""Masking: who is meant must not colour how it is said, so names and handles are blanked out before judging."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick

from sentiment.text import fold, fold_in_place, is_whole_word

# In lower case, for a word in capitals among others would switch on VADER's rule for shouting; and in no lexicon.
# "@user" is also what models trained on posts have seen in place of a handle.
HANDLE = "@user"
NAME = "brand"

_HANDLE = re.compile(r"@\w+(?:[.@-]\w+)*")
_PLAIN_WORD = re.compile(r"[^\W\d_]+")


class Mask:
    """Blanks out every @handle, and the given names wherever they stand as whole words.

    "@united" is a positive word to a lexicon, and so is the "best" of Best Buy. Case is ignored, and accents as
    far as positions in the text allow. One pass over the text for any number of names.
    """

    def __init__(self, names: Iterable[str], handles: Iterable[str] = ()) -> None:
        # A handle without its @ is blanked out only where it is no plain word: a brand may be @great somewhere.
        bare = (handle.lstrip("@") for handle in handles)
        wanted = [*names, *(handle for handle in bare if not _PLAIN_WORD.fullmatch(handle))]
        spaced = (" ".join(unicodedata.normalize("NFC", name).lstrip("@#").split()) for name in wanted)
        folded = {form.strip() for name in spaced for form in (fold(name), fold_in_place(name))}
        # A name of which nothing is left would otherwise blank out every gap in the text.
        patterns = folded - {"", "\ufffd"}
        self._names = AhoCorasick(sorted(patterns)) if patterns else None

    def mask(self, text: str) -> str:
        """Return the text with "@user" for each handle and "brand" for each name."""
        if "@" in text:
            text = _HANDLE.sub(HANDLE, text)
        return self._without_names(text) if self._names else text

    def _without_names(self, text: str) -> str:
        assert self._names is not None
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        folded = fold_in_place(text)
        found = self._names.find_matches_as_indexes(folded, overlapping=True)
        if not found:
            return text
        parts: list[str] = []
        done = 0
        # Longest first at each place, so that "Best Buy" goes before a brand that is called Best.
        for start, end in sorted(((s, e) for _, s, e in found), key=lambda span: (span[0], -span[1])):
            if start >= done and is_whole_word(folded, start, end):
                parts += (text[done:start], NAME)
                done = end
        return "".join(parts) + text[done:]
