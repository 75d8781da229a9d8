"""Why a query is true of a post, or not: the words in it that speak for it, and the clauses that took it away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from listener.matching.brand_query import calls_of, query_of
from listener.matching.matcher import Matcher
from listener.matching.original import Original
from listener.matching.places import near_pairs, places_of
from listener.matching.said import Said, network_of
from listener.matching.scene import Exclusion, Scene
from listener.matching.tree import (
    And,
    Exact,
    Field,
    Leaf,
    Near,
    Node,
    Not,
    Or,
    Term,
    Title,
    Wild,
    Words,
    holds,
    needs_nothing,
)  # fmt: skip
from storage.mention import Brand


@dataclass(frozen=True, slots=True)
class Span:
    """text[start:end] of the post as it was written, and what of the query stands there."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a post is a mention of a brand by its query, or is none.

    `spans` are the words of its text that speak for it, `against` those of the clauses in `removed_by`; in order, and
    none over another. `told` are the fields, and words in the title, that speak for it. `removed_by`: the clauses
    without any one of which it would be a mention; or, where `together` is true, only without all of them.
    """

    matched: bool
    spans: tuple[Span, ...] = ()
    told: tuple[str, ...] = ()
    removed_by: tuple[str, ...] = ()
    together: bool = False
    against: tuple[Span, ...] = ()


NOTHING = Explanation(False)
"""What every post gets that has nothing of the query, or not enough of it."""


class Explainer:
    """Explains posts for one brand, again and again.

    `clauses` names everything that may take a post away, in order: each NOT as the query has it, then
    "exclude.authors", "exclude.sites" and "snippet NAME". What each costs are the posts in whose `removed_by` it is.
    """

    def __init__(self, brand: Brand) -> None:
        """Raises what the Matcher raises."""
        self._matcher = Matcher([brand])
        self._tree = query_of(brand)
        self._exclusion = Exclusion(brand.exclude)
        self._calls = dict(calls_of(brand))
        # Two that say the same are one clause.
        self._nots: defaultdict[str, list[Not]] = defaultdict(list)
        self._bare = self._tree
        for one in _removing(self._tree):
            bare = _without(self._bare, [one])
            # NOT (NOT acme) may be all that the query asks for: without it every post would match.
            if not needs_nothing(bare):
                self._bare = bare
                self._nots[one.clause].append(one)
        self._rests = {clause: _without(self._tree, same) for clause, same in self._nots.items()}
        origins = {"exclude.authors": brand.exclude.authors, "exclude.sites": brand.exclude.sites}
        named = (name for name, excluded in origins.items() if excluded)
        self.clauses = (*self._rests, *named, *map(_kind, self._exclusion.snippets))

    def explain(self, said: Said) -> Explanation:
        """Say why the post is a mention, or which clauses took it away."""
        seen = self._matcher.scene(said)
        if seen is None:
            return NOTHING
        case = _Case(seen[0], self._calls.get(network_of(said.source)), self._exclusion)
        if case.is_mention(self._tree):
            return Explanation(True, *self._for(case, self._tree))
        if not case.is_mention(self._bare, frozenset(self.clauses)):
            return NOTHING
        alone = tuple(
            name for name in self.clauses if case.is_mention(self._rests.get(name, self._tree), {name})
        )
        removed_by = alone or tuple(name for name in self.clauses if self._applies(case, name))
        against = case.spans(found for name in removed_by for found in self._against(case, name))
        return Explanation(False, *self._for(case, self._bare), removed_by, not alone, against)

    def _for(self, case: _Case, tree: Node) -> tuple[tuple[Span, ...], tuple[str, ...]]:
        """The words and the other facts that speak for it."""
        reasons = list(case.reasons(tree))
        told = [as_text(leaf) for leaf in reasons if isinstance(leaf, Field | Title)]
        words = [(leaf, as_text(leaf)) for leaf in reasons if not isinstance(leaf, Field | Title)]
        if case.call is not None:
            words.insert(0, (case.call, as_text(case.call)))
        return case.spans(words), tuple(dict.fromkeys(told))

    def _applies(self, case: _Case, name: str) -> bool:
        return name in case.excluded or any(case.holds(one.part) for one in self._nots.get(name, ()))

    def _against(self, case: _Case, name: str) -> Iterator[tuple[Leaf, str]]:
        for one in self._nots.get(name, ()):
            yield from ((leaf, name) for leaf in case.reasons(one.part))
        for kind, snippet in self._exclusion.snippets.items():
            if _kind(kind) == name:
                yield from (
                    (Term(word), name) for word in snippet.found_in(case.scene.found, case.scene.folded)
                )


class _Case:
    """One post, and what is true of it. `call` is the handle where the post calls it."""

    def __init__(self, scene: Scene, handle: Term | None, exclusion: Exclusion) -> None:
        self.scene = scene
        self.call = handle if handle is not None and handle.literal in scene.found else None
        origins = {"exclude.authors": exclusion.by_author, "exclude.sites": exclusion.by_site}
        self._origins = {name for name, excludes in origins.items() if excludes(scene.said)}
        snippets = exclusion.snippets.items()
        self._kinds = {_kind(name) for name, one in snippets if one.excludes(scene.found, scene.folded)}
        self.excluded = self._origins | self._kinds
        self._original: Original | None = None

    def holds(self, tree: Node) -> bool:
        return holds(tree, self.scene.found, self.scene.tells)

    def is_mention(self, tree: Node, leaving: AbstractSet[str] = frozenset()) -> bool:
        """Say whether it were a mention with this tree for a query, and without these exclusions."""
        if self._origins - leaving:
            return False
        return self.call is not None or (not self._kinds - leaving and self.holds(tree))

    def reasons(self, node: Node, truth: bool = True) -> Iterator[Leaf]:
        """Yield what the query looks for, and what was found, that makes it come out as `truth`."""
        if self.holds(node) is not truth:
            return
        match node:
            case Not(part):
                yield from self.reasons(part, not truth)
            case And(parts) | Or(parts):
                for part in parts:
                    yield from self.reasons(part, truth)
            case _ if truth:
                yield node

    def spans(self, found: Iterable[tuple[Leaf, str]]) -> tuple[Span, ...]:
        """Return where these leaves stand in the text, as its author wrote it: in order, none over another."""
        if self._original is None:
            self._original = Original(self.scene.said.text)
        places = {(place, what) for leaf, what in found for place in self._places(leaf)}
        spans: list[Span] = []
        # Of those that begin in one place the longest.
        for (start, end), what in sorted(places, key=lambda one: (one[0][0], -one[0][1], one[1])):
            start, end = self._original.place(start, end)  # noqa: PLW2901
            if not spans or start >= spans[-1].end:
                spans.append(Span(start, end, what))
        return tuple(spans)

    def _places(self, leaf: Leaf) -> Iterator[tuple[int, int]]:
        scene = self.scene
        match leaf:
            case Near():
                for pair in near_pairs(leaf, scene.folded, scene.written):
                    yield from pair
            case Term() | Wild():
                yield from places_of(leaf, scene.folded, "")
            case Exact():
                yield from places_of(leaf, scene.folded, scene.written)


def _kind(snippet: str) -> str:
    return f"snippet {snippet}"


def _removing(node: Node) -> Iterator[Not]:
    """Yield every NOT that can take a post away: one beside something else, in an AND."""
    match node:
        case And(parts):
            for part in parts:
                if isinstance(part, Not):
                    yield part
                else:
                    yield from _removing(part)
        case Or(parts):
            for part in parts:
                yield from _removing(part)


def _without(node: Node, clauses: Sequence[Not]) -> Node:
    """Return the query without these clauses, which are known by being the same objects."""
    match node:
        case And(parts):
            left = (part for part in parts if not any(part is clause for clause in clauses))
            return And(tuple(_without(part, clauses) for part in left))
        case Or(parts):
            return Or(tuple(_without(part, clauses) for part in parts))
        case _:
            return node


def as_text(leaf: Leaf) -> str:
    """Return how a query says it."""
    match leaf:
        case Term(literal, written):
            text = written or literal
            return f'"{text}"' if " " in text else text
        case Wild(pattern):
            return pattern
        case Exact(written):
            return f"`{written}`"
        case Near(left, right, most, ordered):
            return f"{_side(left)} NEAR/{most}{'f' * ordered} {_side(right)}"
        case Title(words):
            return f"title:{as_text(words)}"
        case Field(name, value):
            return f'{name}:"{value}"' if " " in value else f"{name}:{value}"


def _side(words: tuple[Words, ...]) -> str:
    text = " OR ".join(map(as_text, words))
    return f"({text})" if len(words) > 1 else text


def explain(brand: Brand, said: Said) -> Explanation:
    """Explain one post; for several, make an Explainer once."""
    return Explainer(brand).explain(said)
