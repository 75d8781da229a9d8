"""Masking: who is meant must not colour how it is said; names and handles are blanked out, their places remembered."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from sentiment.text import fold, fold_in_place, is_whole_word

# In lower case, for a word in capitals among others would switch on VADER's rule for shouting; and in no lexicon.
# "@user" is also what models trained on posts have seen in place of a handle.
HANDLE = "@user"
NAME = "brand"

Spans = tuple[tuple[int, int], ...]

_HANDLE = re.compile(r"@\w+(?:[.@-]\w+)*")
_PLAIN_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Named:
    """One brand to blank out: the names that it goes by anywhere, and its accounts (with or without the @)."""

    brand: str
    names: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without names, and where in it each brand was named: [start, end) of what stands there instead."""

    text: str
    spans: Mapping[str, Spans]

    def others(self, brand: str) -> Spans:
        """Where brands other than this one were named, in order; a place that is also this brand's own is not one."""
        own = set(self.spans.get(brand, ()))
        return tuple(sorted({place for places in self.spans.values() for place in places} - own))


class Mask:
    """Blanks out every @handle, and the names of the given brands wherever they stand as whole words.

    "@united" is a positive word to a lexicon, and so is the "best" of Best Buy. Case is ignored, and accents as
    far as positions in the text allow. One pass over the text for any number of brands.
    """

    def __init__(self, brands: Iterable[Named]) -> None:
        patterns: dict[str, set[str]] = defaultdict(set)
        self._accounts: dict[str, set[str]] = defaultdict(set)
        for named in brands:
            for form in _forms(named):
                patterns[form].add(named.brand)
            for account in (*named.names, *named.handles):
                # "@BestBuy" is Best Buy, wherever the account stands.
                bare = fold_in_place("".join(unicodedata.normalize("NFC", account).split())).lstrip("@#")
                self._accounts[bare].add(named.brand)
        ordered = sorted(patterns)
        self._brands = [tuple(sorted(patterns[form])) for form in ordered]
        self._names = AhoCorasick(ordered) if ordered else None

    def mask(self, text: str) -> Masked:
        """Return the text with "@user" for each handle and "brand" for each name, and whose places these are."""
        if not text.isascii() and self._names:
            text = unicodedata.normalize("NFC", text)
        handles = list(_HANDLE.finditer(text)) if "@" in text else ()
        found = [(at.start(), at.end(), HANDLE, self._account(at[0])) for at in handles]
        found += self._names_in(text)
        if not found:
            return Masked(text, {})
        return _replace(text, found)

    def _account(self, handle: str) -> Iterable[str]:
        return self._accounts.get(fold_in_place(handle[1:]), ()) if self._accounts else ()

    def _names_in(self, text: str) -> list[tuple[int, int, str, Iterable[str]]]:
        if self._names is None:
            return []
        folded = fold_in_place(text)
        found = self._names.find_matches_as_indexes(folded, overlapping=True)
        return [(s, e, NAME, self._brands[i]) for i, s, e in found if is_whole_word(folded, s, e)]


def _forms(named: Named) -> set[str]:
    # A handle without its @ is blanked out only where it is no plain word: a brand may be @great somewhere.
    bare = (handle.lstrip("@") for handle in named.handles)
    wanted = [*named.names, *(handle for handle in bare if not _PLAIN_WORD.fullmatch(handle))]
    spaced = (" ".join(unicodedata.normalize("NFC", name).lstrip("@#").split()) for name in wanted)
    folded = {form.strip() for name in spaced for form in (fold(name), fold_in_place(name))}
    # A name of which nothing is left would otherwise blank out every gap in the text.
    return folded - {"", "\ufffd"}


def _replace(text: str, found: list[tuple[int, int, str, Iterable[str]]]) -> Masked:
    parts: list[str] = []
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    done = length = 0
    # Longest first at each place, so that "Best Buy" goes before a brand that is called Best, a handle before both.
    for start, end, word, brands in sorted(found, key=lambda one: (one[0], -one[1])):
        if start < done:
            continue
        length += start - done
        parts += (text[done:start], word)
        for brand in brands:
            spans[brand].append((length, length + len(word)))
        length += len(word)
        done = end
    parts.append(text[done:])
    return Masked("".join(parts), {brand: tuple(places) for brand, places in spans.items()})
