"""What is remembered of a text so that its copies are known again: a hash of it, and its smallest shingles. Pure.

The sketch is the "bottom k" form of MinHash: of the hashes of all runs of three words the smallest ones, which
estimate how much two sets share (Broder, On the resemblance and containment of documents, 1997). A part of a text
keeps those of the whole's smallest hashes that lie in it, so that what was cut short is found as well.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from sentiment.text import apart, fold, has_spaceless

LEAST_EXACT = 5
"""Words below which equal texts are no copies: many people say "I love Acme" by themselves."""
LEAST_SHARED = 3
"""Runs that two texts must share to be near-copies: five words in a row, or seven with one changed between them."""
LEAST_SHARE = 0.5
"""The share of the shorter text's runs that must stand in the longer one."""
FEW = 6
"""Where fewer runs are shared, more must agree: "cannot wait to see the match" stands in many texts."""
FEW_SHARE, VERY_FEW_SHARE, FEW_PART = 0.65, 0.8, 0.45
"""The share of the runs of the shorter text (of four or fewer, and of five), and how long it is of the longer one."""
WHOLE_PART = 0.3
"""How long the shorter text is where all its runs but one stand in the longer one, as after a cut."""
SIZE = 32
"""Hashes in a sketch; most short posts have no more runs, so that their similarity is exact."""
KEYS = 8
"""Of these the smallest are looked up in the index."""

_RUN = 3
# Two characters of a script without spaces are about a word.
_SPACELESS_TIMES = 2
_LONGEST = 4_000
"""Characters that are read: a long article is known by how it begins."""
# What people put around a copy: whose it is, and where it stands.
_BEFORE = re.compile(r"\s*(?:(?:rt|mt|via)\b[\s:]*(?:@[\w.\-]+)?[\s:,\-]*|@[\w.\-]+[\s:,]+)+")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\bt\.co/\S+")
# "8.4.28" and "can't" are one word each: as several they would be runs that many texts share.
_WORD = re.compile(r"\w+(?:'\w+|\.\d\w*)*")
_LAST_HANDLES = re.compile(r"(?:\s(?:[(/]?(?:via|by)\s)?@[\w.\-]+)+$")
_MIX = 0x9E3779B1


class Fingerprint(NamedTuple):
    """`exact` is a hash of the folded words, None where the text is too short to be anybody's copy.

    `sketch` are the SIZE smallest hashes of its runs of three words in rising order, empty where only equal texts are
    its copies; `runs` is how many different ones there are in all.
    """

    exact: int | None
    sketch: Sequence[int] = ()
    runs: int = 0


NOTHING = Fingerprint(None)


def words(text: str) -> list[str]:
    """The folded words without what a copy puts around them; of scripts without spaces each character is one."""
    return _words(text)[0]


def _words(text: str) -> tuple[list[str], int]:
    """The words, and how many of them are about one word of a language with spaces."""
    folded = fold(text[:_LONGEST])
    found = _BEFORE.match(folded)
    if found is not None:
        folded = folded[found.end() :]
    if "http" in folded or "www." in folded or "t.co/" in folded:
        folded = _LINK.sub(" ", folded)
    folded = folded.rstrip()
    if folded.endswith(("…", "...", ". .")):
        # A word that was cut in its middle is another word.
        folded = folded.rstrip("…. ").rpartition(" ")[0]
    if "@" in folded[folded.rfind(" ") + 1 :]:
        folded = _LAST_HANDLES.sub("", folded)
    if folded.isascii() or not has_spaceless(folded):
        return _WORD.findall(folded), 1
    return _WORD.findall(apart(folded)), _SPACELESS_TIMES


def fingerprint(text: str) -> Fingerprint:
    """What is remembered of a text; NOTHING of one that is too short."""
    said, times = _words(text)
    if len(said) < LEAST_EXACT * times:
        return NOTHING
    joined = " ".join(said).encode()
    exact = int.from_bytes(blake2b(joined, digest_size=8).digest(), "big", signed=True)
    runs = zip(*(said[at:] for at in range(_RUN * times)), strict=False)
    # A checksum is no even hash: multiplied, its order is.
    hashes = {crc32(" ".join(run).encode()) * _MIX & 0xFFFFFFFF for run in runs}
    if len(hashes) < LEAST_SHARED * times:
        return Fingerprint(exact)
    return Fingerprint(exact, tuple(sorted(hashes)[:SIZE]), len(hashes))


def shared(one: Fingerprint, other: Fingerprint) -> float:
    """The share of the smaller set of runs that stands in the larger one; 0 where it is too little for copies.

    Exact for short texts; of longer ones it is that of the runs up to the hash until which both sets are known whole.
    """
    return shared_by(one, other, set(one.sketch).intersection(other.sketch))


def shared_by(one: Fingerprint, other: Fingerprint, both: AbstractSet[int]) -> float:
    """The same where it is known already which hashes are in both sketches."""
    if len(both) < LEAST_SHARED:
        return 0.0
    small, large = (one, other) if one.runs <= other.runs else (other, one)
    if large.runs <= SIZE:
        share = len(both) / small.runs
    else:
        last = large.sketch[-1] if small.runs <= SIZE else min(small.sketch[-1], large.sketch[-1])
        share = sum(h <= last for h in both) / bisect_right(small.sketch, last)
    if len(both) >= FEW:
        return share if share >= LEAST_SHARE else 0.0
    part = small.runs / large.runs
    whole = len(both) >= small.runs - (small.runs > 4) and part >= WHOLE_PART
    least = FEW_SHARE if len(both) == FEW - 1 else VERY_FEW_SHARE
    return share if whole or (share >= least and part >= FEW_PART) else 0.0


def packed(one: Fingerprint) -> bytes:
    """The sketch with its number of runs, as it is kept."""
    return Struct(f">{len(one.sketch) + 1}I").pack(one.runs, *one.sketch)


def unpacked(exact: int, kept: bytes) -> Fingerprint:
    """The fingerprint of which `packed` is kept."""
    runs, *sketch = Struct(f">{len(kept) // 4}I").unpack(kept)
    return Fingerprint(exact, tuple(sketch), runs)
