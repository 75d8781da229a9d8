"""What must stand in a post for a query to be true of it: for search services, and for a first look at a post."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from listener.matching.brand_query import calls_of, query_of
from listener.matching.tree import And, Exact, Field, Near, Node, Not, Or, Term, Title, Wild, Words
from sentiment.text import is_spaceless
from storage.mention import Brand

Told = Callable[[Field], bool | None]
"""What is known of a field before the post is: True or False where all posts are alike, None otherwise."""

T = TypeVar("T")


def _nothing_told(field: Field) -> bool | None:
    return None


def told_by(kind: str) -> Told:
    """What is known of every post of one network: that its source is that, or one named after it."""

    def told(field: Field) -> bool | None:
        if field.name != "source":
            return None
        if field.value == kind:
            return True
        # A part of a network has a name of its own that begins with the network's: mastodon:social.example.
        return None if field.value.startswith(kind + ":") else False

    return told


def cover(node: Node, told: Told = _nothing_told, *, wilds: bool = True) -> tuple[Words, ...] | None:
    """Return words of which at least one stands in every post that the query is true of.

    None where there are no such words, because it may be true by its fields alone (or, without `wilds`, by a word
    with a wildcard); none at all (an empty tuple) where it cannot be true.
    """
    found = _cover(node, True, told, wilds)
    return None if found is None else tuple(dict.fromkeys(found))


def _cover(node: Node, truth: bool, told: Told, wilds: bool) -> tuple[Words, ...] | None:
    """The same for a node to come out as `truth`."""
    match node:
        case Not(part):
            return _cover(part, not truth, told, wilds)
        case And(parts) | Or(parts):
            covers = [_cover(part, truth, told, wilds) for part in parts]
            return _best(covers) if truth is isinstance(node, And) else _all(covers)
        case Field():
            known = told(node)
            return () if known is not None and known is not truth else None
        case _:
            # That a word is missing cannot be looked for.
            return _cover_words(node, wilds) if truth else None


def _cover_words(leaf: Words | Near | Title, wilds: bool) -> tuple[Words, ...] | None:
    match leaf:
        case Near(left, right):
            return _best([_sought(left, wilds), _sought(right, wilds)])
        case Title(words):
            return _sought((words,), wilds)
        case Term() | Wild() | Exact():
            return _sought((leaf,), wilds)


def _sought(words: tuple[Words, ...], wilds: bool) -> tuple[Words, ...] | None:
    return words if wilds or not any(isinstance(one, Wild) for one in words) else None


def _all(covers: Iterable[tuple[T, ...] | None]) -> tuple[T, ...] | None:
    found: list[T] = []
    for one in covers:
        if one is None:
            return None
        found += one
    return tuple(found)


def _best(covers: Iterable[tuple[Words, ...] | None]) -> tuple[Words, ...] | None:
    return min((one for one in covers if one is not None), key=_frequency, default=None)


def _frequency(words: tuple[Words, ...]) -> float:
    """A rough guess of how often one of them stands in a text: half as often with each letter more."""
    return sum(0.5 ** _letters(one.prefix if isinstance(one, Wild) else one.literal) for one in words)


def _letters(literal: str) -> int:
    # One sign of Chinese says as much as three letters.
    return sum(3 if is_spaceless(letter) else 1 for letter in literal)


def searches(brands: Iterable[Brand], kind: str | None = None) -> tuple[str, ...]:
    """Return words and phrases of which at least one stands in every post that concerns one of the brands.

    Written as one would type them into a search box. Nothing where some query has no such words: it may be true by
    its fields alone, or by a word with a wildcard. With `kind`, for posts of that network.
    """
    brands = tuple(brands)
    calls = [call for brand in brands for network, call in calls_of(brand) if kind in (None, network)]
    told = _nothing_told if kind is None else told_by(kind)
    return texts(covers(map(query_of, brands), calls, told, wilds=False) or ())


def covers(
    trees: Iterable[Node], calls: Iterable[Term], told: Told = _nothing_told, *, wilds: bool = True
) -> tuple[Words, ...] | None:
    """Return words of which at least one stands in every post that concerns any of the queries or calls a handle.

    What another of them covers is left out: where "acme corp" stands, so does acme. None as for `cover`.
    """
    found = _all([cover(tree, told, wilds=wilds) for tree in trees])
    if found is None:
        return None
    sought = dict.fromkeys([*found, *calls])
    words = {
        one.literal for one in sought if isinstance(one, Term) and not one.literal.startswith(("@", "#"))
    }
    return tuple(one for one in sought if isinstance(one, Wild) or not _within(one.literal, words))


def _within(phrase: str, words: set[str]) -> bool:
    parts = phrase.split()
    return len(parts) > 1 and not words.isdisjoint(parts)


def texts(sought: Sequence[Words]) -> tuple[str, ...]:
    """The same as one would type it into a search box."""
    return tuple(dict.fromkeys(_text(one) for one in sought if not isinstance(one, Wild)))


def _text(words: Term | Exact) -> str:
    return words.written or words.literal
