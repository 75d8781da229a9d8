"""Which brands a text names: one pass over it for the words of all brands, then the queries of those found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from listener.matching.query import Node, Or, holds, literals, parse, term
from sentiment.text import fold, is_edge, is_spaceless, is_whole_word, is_word_character
from storage.mention import Brand


@dataclass(frozen=True, slots=True)
class Hit:
    """A brand that a text names. `addressed`: the text calls its handle, so that an answer is due."""

    brand: str
    addressed: bool = False


class Matcher:
    """Finds the brands in a text; the time does not depend on how many brands there are.

    Raises QueryError (of the first brand whose query is wrong) and ValueError for a brand without anything to
    look for. `evaluations` counts the queries that were worked out, for tests and benchmarks.
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        self.evaluations = 0
        self._names = [brand.name for brand in brands]
        self._trees = [query_of(brand) for brand in brands]
        # Which brands look for a literal, and which brands of which source kind have it as their handle.
        self._seekers: defaultdict[str, list[int]] = defaultdict(list)
        self._handles: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
        for number, (brand, tree) in enumerate(zip(brands, self._trees, strict=True)):
            for literal in dict.fromkeys(literals(tree)):
                self._seekers[literal].append(number)
            for kind, handle in brand.handles.items():
                self._add_handle(kind, handle, number)
        self._literals = list(self._seekers)
        self._automaton = AhoCorasick(self._literals) if self._literals else None

    def _add_handle(self, kind: str, handle: str, number: int) -> None:
        if call := term("@" + handle.removeprefix("@")):
            self._handles[kind].setdefault(call.literal, []).append(number)
            # Sought by nobody's query, but found in the same pass.
            self._seekers.setdefault(call.literal, [])

    def match(self, text: str, source_kind: str) -> list[Hit]:
        """Return the brands that the text names, in the order of the configuration.

        `source_kind` chooses which of a brand's handles counts as calling it: `@handle` of that kind always
        matches, whatever the query says, and is reported as addressed.
        """
        found = self._find(text)
        if not found:
            return []
        by_brand: defaultdict[int, set[str]] = defaultdict(set)
        for literal in found:
            for number in self._seekers[literal]:
                by_brand[number].add(literal)
        handles = self._handles.get(source_kind, {})
        called = {number for literal in found for number in handles.get(literal, ())}
        self.evaluations += len(by_brand)
        matched = {number for number, words in by_brand.items() if holds(self._trees[number], words)}
        return [Hit(self._names[number], number in called) for number in sorted(matched | called)]

    def _find(self, text: str) -> set[str]:
        if self._automaton is None:
            return set()
        # One space between words, as in the literals, so that a phrase may run over a line's end.
        folded = " ".join(fold(text).split())
        found: set[str] = set()
        for number, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            literal = self._literals[number]
            if literal not in found and _stands(folded, start, end):
                found.add(literal)
        return found


def query_of(brand: Brand) -> Node:
    """Return the brand's query, which for a brand without one is its name or any of its aliases.

    Raises QueryError, and ValueError where neither gives anything to look for.
    """
    if brand.query is not None:
        return parse(brand.query)
    terms = tuple(found for name in (brand.name, *brand.aliases) if (found := term(name)))
    if not terms:
        raise ValueError(f"the brand {brand.name!r} needs a query: its name has no letter to look for")
    return terms[0] if len(terms) == 1 else Or(terms)


def _stands(text: str, start: int, end: int) -> bool:
    """Say whether the literal at text[start:end] is a whole word, tag or handle there."""
    first = text[start]
    if first == "@" and " " not in text[start:end]:
        return _begins_handle(text, start) and _ends_handle(text, end)
    if first == "#" and start and is_word_character(text[start - 1]) and not is_spaceless(text[start - 1]):
        return False
    return is_whole_word(text, start, end)


def _begins_handle(text: str, start: int) -> bool:
    """Refuse info@acme, which is mail, and https://example.com/@acme, which is a link; take ".@acme"."""
    if not start:
        return True
    before = text[start - 1]
    if before == "/":
        token = text[text.rfind(" ", 0, start) + 1 : start]
        return "." not in token and "://" not in token
    return before != "@" and (not is_word_character(before) or is_spaceless(before))


def _ends_handle(text: str, end: int) -> bool:
    """Refuse @acme_x, @acme-x, @acme.example, @acme@example: other accounts; take "@acme." and "@acme's"."""
    if end == len(text):
        return True
    after = text[end]
    if after in ".-@" and end + 1 < len(text):
        return is_edge("a", text[end + 1])
    return is_edge(text[end - 1], after)
