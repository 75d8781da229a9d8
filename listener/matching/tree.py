"""A query once it is read: a tree of things to look for, and when such a tree is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

TOO_WIDE = frozenset({"lang", "type", "min_followers"})
"""Fields that half of all posts have: they narrow a query and are nothing to look for by themselves."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase, "#tag" or "@handle", folded, with single spaces. `written`: as the query has it."""

    literal: str
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Wild:
    """A folded word in which `?` stands for one character of a word and `*` for any number of them."""

    pattern: str

    @property
    def prefix(self) -> str:
        """What stands before the first wildcard: this much can be looked for in one pass."""
        return self.pattern[: min(at for sign in "*?" if (at := self.pattern.find(sign)) >= 0)]


@dataclass(frozen=True, slots=True)
class Exact:
    """What must stand as it is written, case and punctuation too. `literal` is the same, folded."""

    written: str
    literal: str


Words = Term | Wild | Exact


@dataclass(frozen=True, slots=True)
class Near:
    """One of `left` and one of `right` with at most `most` words between; `ordered`: left before right."""

    left: tuple[Words, ...]
    right: tuple[Words, ...]
    most: int
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Title:
    """Words that must stand in the title."""

    words: Words


@dataclass(frozen=True, slots=True)
class Field:
    """Something that must be so beside the text. `or_unknown`: true also where the source does not tell it."""

    name: str
    value: str
    or_unknown: bool = False
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`clause` is how the query says it, from NOT to its end."""

    part: Node
    column: int = field(default=1, compare=False)
    clause: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Special = Wild | Exact | Near | Title | Field
Leaf = Term | Special
Node = Leaf | Not | And | Or


def _never(leaf: Special) -> bool:
    return False


def holds(node: Node, found: AbstractSet[object], tells: Callable[[Special], bool] = _never) -> bool:
    """Say whether the query is true of a text in which these literals, and no others, stand.

    `tells` answers for what is more than a word; it is not asked where the rest decides already.
    """
    match node:
        case Term(literal):
            return literal in found
        case Not(part):
            return not holds(part, found, tells)
        case And(parts) | Or(parts):
            # A loop, not all() and any(): a generator for each level takes longer than the rest.
            settles = isinstance(node, Or)
            for part in parts:
                if holds(part, found, tells) is settles:
                    return settles
            return not settles
        case _:
            return tells(node)


def leaves(node: Node, *, wanted: bool = True) -> Iterator[tuple[Leaf, bool]]:
    """Yield every leaf, and whether it is wanted: not under NOT, or under two of them."""
    match node:
        case Not(part):
            yield from leaves(part, wanted=not wanted)
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part, wanted=wanted)
        case _:
            yield node, wanted


def words_of(leaf: Leaf) -> tuple[Words, ...]:
    """Return what a leaf looks for in the text or the title; nothing for a field."""
    match leaf:
        case Near(left, right):
            return left + right
        case Title(words):
            return (words,)
        case Field():
            return ()
        case _:
            return (leaf,)


def literals(node: Node) -> Iterator[str]:
    """Yield every literal of the query, also those under NOT; of a word with wildcards its beginning."""
    for leaf, _ in leaves(node):
        for words in words_of(leaf):
            yield words.prefix if isinstance(words, Wild) else words.literal


def culprit(node: Node) -> Not | Field | None:
    """Return what makes the query true of posts in which nothing of it was found, or None.

    The matcher relies on it: it looks at a brand's tree only where something wanted was found. What is not
    wanted can only make a tree less true, so it need not wake anybody.
    """
    return _culprit(node) if needs_nothing(node) else None


def needs_nothing(node: Node) -> bool:
    """Say whether the query may be true of a post in which nothing of it was found."""
    return _can_be(node, True)


def _culprit(node: Node) -> Not | Field | None:
    match node:
        case Not() | Field():
            return node
        case And(parts):
            return _culprit(parts[0])
        case Or(parts):
            return next(_culprit(part) for part in parts if _can_be(part, True))
        case _:
            return None


def _can_be(node: Node, truth: bool) -> bool:
    """Say whether the node may come out as `truth` where nothing to look for was found."""
    match node:
        case Not(part):
            return _can_be(part, not truth)
        case And(parts):
            return (all if truth else any)(_can_be(part, truth) for part in parts)
        case Or(parts):
            return (any if truth else all)(_can_be(part, truth) for part in parts)
        case Field(name):
            return name in TOO_WIDE or not truth
        case _:
            return not truth
