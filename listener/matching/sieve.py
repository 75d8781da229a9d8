"""The first look at each post of a whole network: whether any query might be true of it, from its text alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from listener.matching.places import plain, stands, wild_end
from listener.matching.tree import Wild, Words


@dataclass(slots=True)
class _Sought:
    """What may begin with a literal: itself as a whole word, and words with wildcards."""

    itself: bool = False
    wilds: tuple[Wild, ...] = ()


def sieve(words: Iterable[Words] | None) -> Callable[[str], bool]:
    """Return a function that says whether one of the words stands in a text; always True for None.

    One pass over the text, however many words there are. The text should be clean: NUL and half surrogate pairs
    hurt nothing, though.
    """
    if words is None:
        return _lets_all_through
    sought: defaultdict[str, _Sought] = defaultdict(_Sought)
    for one in words:
        if isinstance(one, Wild):
            sought[one.prefix].wilds += (one,)
        else:
            sought[one.literal].itself = True
    return _sieve(list(sought), list(sought.values())) if sought else _lets_nothing_through


def _sieve(literals: list[str], sought: list[_Sought]) -> Callable[[str], bool]:
    find = AhoCorasick(literals).find_matches_as_indexes
    # A post in some ten has a place to look at: what is behind the pass may take its time, what is before it not.

    def may_hold(text: str) -> bool:
        text = plain(text)
        for number, start, end in find(text, overlapping=True):
            one = sought[number]
            if one.itself and stands(text, start, end):
                return True
            if one.wilds and any(wild_end(wild, text, start) is not None for wild in one.wilds):
                return True
        return False

    return may_hold


def _lets_all_through(text: str) -> bool:
    return True


def _lets_nothing_through(text: str) -> bool:
    return False
