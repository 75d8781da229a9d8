"""Which brands a post names: one pass over it for the words of all brands, then the queries of those found."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from listener.matching import fields
from listener.matching.places import plain, stands, wild_end
from listener.matching.query import parse, term
from listener.matching.said import Said, network_of
from listener.matching.scene import Exclusion, Key, Scene, key_of
from listener.matching.tree import And, Field, Leaf, Node, Or, Term, Title, Wild, holds, leaves, words_of
from storage.mention import Brand, Exclude

# Between text, title and address in the one pass: no literal holds a line's end, and a space ends every word.
_APART = "\n "
_NOWHERE = (sys.maxsize, sys.maxsize)


@dataclass(frozen=True, slots=True)
class Hit:
    """A brand that a post names. `addressed`: the text calls its handle, so that an answer is due."""

    brand: str
    addressed: bool = False


class Matcher:
    """Finds the brands in a post; the time does not depend on how many brands there are.

    Raises QueryError (of the first brand whose query is wrong) and ValueError for a brand without anything to
    look for. `evaluations` counts the queries that were worked out, for tests and benchmarks.
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        self.evaluations = 0
        self._names = [brand.name for brand in brands]
        self._trees = [query_of(brand) for brand in brands]
        self._exclusions: dict[int, Exclusion] = {}
        # Which brands wake up when something of theirs is found: in the text, in the title, in the address, and
        # by author, site or source.
        self._seekers: defaultdict[Key, list[int]] = defaultdict(list)
        self._title_seekers: defaultdict[Key, list[int]] = defaultdict(list)
        self._url_seekers: defaultdict[str, list[int]] = defaultdict(list)
        self._field_seekers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        # Which brands of which network have a literal as their handle.
        self._handles: defaultdict[str, dict[Key, list[int]]] = defaultdict(dict)
        self._wilds: defaultdict[str, dict[Wild, None]] = defaultdict(dict)
        sought: dict[str, None] = {}
        for number, (brand, tree) in enumerate(zip(brands, self._trees, strict=True)):
            for leaf, wanted in leaves(tree):
                sought.update(dict.fromkeys(self._add_leaf(leaf, number if wanted else None)))
            sought.update(dict.fromkeys(self._add_handles(brand, number)))
            if brand.exclude != Exclude():
                self._exclusions[number] = exclusion = Exclusion(brand.exclude)
                sought.update(dict.fromkeys(exclusion.words))
        # Only then is the pass longer than the text.
        self._beside = bool(self._title_seekers or self._url_seekers)
        self._literals = list(sought)
        self._automaton = AhoCorasick(self._literals) if self._literals else None

    def _add_leaf(self, leaf: Leaf, number: int | None) -> Iterator[str]:
        """Note who wakes up for a leaf, nobody where it is not wanted; yield what the pass must look for."""
        wakes = [] if number is None else [number]
        if isinstance(leaf, Field):
            if leaf.name == "url":
                self._url_seekers[leaf.value] += wakes
                yield leaf.value
            elif leaf.name in ("author", "site", "source"):
                self._field_seekers[leaf.name, leaf.value] += wakes
            return
        seekers = self._title_seekers if isinstance(leaf, Title) else self._seekers
        for words in words_of(leaf):
            seekers[key_of(words)] += wakes
            if isinstance(words, Wild):
                self._wilds[words.prefix][words] = None
                yield words.prefix
            else:
                yield words.literal

    def _add_handles(self, brand: Brand, number: int) -> Iterator[str]:
        for network, handle in brand.handles.items():
            if call := term("@" + handle.removeprefix("@")):
                self._handles[network].setdefault(call.literal, []).append(number)
                yield call.literal

    def match(self, said: Said) -> list[Hit]:
        """Return the brands that the post names, in the order of the configuration.

        `@handle` of the post's network always matches, whatever the query says, and is reported as addressed;
        only what an excluded author or site says is never a mention.
        """
        # Most posts name nobody: they must get out of here after the one pass.
        if self._automaton is None and not self._field_seekers:
            return []
        folded = plain(said.text)
        whole, title_at, url_at = self._stretch(folded, said) if self._beside else (folded, *_NOWHERE)
        places = self._automaton.find_matches_as_indexes(whole, overlapping=True) if self._automaton else []
        if not places and not self._field_seekers:
            return []
        found: set[Key] = set()
        titled: set[Key] = set()
        linked: set[str] = set()
        literals, wilds = self._literals, self._wilds
        for number, start, end in places:
            literal = literals[number]
            into = found
            if start >= title_at:
                if start >= url_at:
                    linked.add(literal)
                    continue
                into = titled
            if literal not in into and stands(whole, start, end):
                into.add(literal)
            if wilds:
                into.update(self._fitting(literal, into, whole, start))
        if not found and not titled and not linked and not self._field_seekers:
            return []
        return self._hits(Scene(said, folded, found, titled), linked)

    def _stretch(self, folded: str, said: Said) -> tuple[str, int, int]:
        """Put title and address behind the text, so that one pass goes over all three; return where they begin."""
        whole = folded
        if self._title_seekers and said.title:
            whole += _APART + plain(said.title)
        url_at = len(whole) + 1
        if self._url_seekers and said.url:
            whole += _APART + fields.address(said.url)
        return whole, len(folded) + 1, url_at

    def _fitting(self, prefix: str, found: AbstractSet[Key], text: str, start: int) -> list[Wild]:
        """Return the words with wildcards that begin with this literal and stand here, if not known already."""
        wilds = self._wilds.get(prefix, ())
        return [wild for wild in wilds if wild not in found and wild_end(wild, text, start) is not None]

    def _hits(self, scene: Scene, linked: Iterable[str]) -> list[Hit]:
        said, found = scene.said, scene.found
        awake = {number for key in found for number in self._seekers.get(key, ())}
        if self._beside or self._field_seekers:
            awake.update(self._woken_beside_the_text(said, scene.titled, linked))
        called: set[int] = set()
        if handles := self._handles.get(network_of(said.source)):
            called.update(number for key in found for number in handles.get(key, ()))
        self.evaluations += len(awake)
        matched = {number for number in awake if holds(self._trees[number], found, scene.tells)}
        if self._exclusions:
            matched = {number for number in matched if not self._drops(number, scene)}
            called = {number for number in called if not self._refuses(number, said)}
        if called:
            matched |= called
        return [Hit(self._names[number], number in called) for number in sorted(matched)]

    def _woken_beside_the_text(
        self, said: Said, titled: Iterable[Key], linked: Iterable[str]
    ) -> Iterator[int]:
        for key in titled:
            yield from self._title_seekers.get(key, ())
        for literal in linked:
            yield from self._url_seekers.get(literal, ())
        if self._field_seekers:
            origins = [("author", fields.account(said.author)), ("source", said.source.name.casefold())]
            origins.append(("source", said.source.kind.casefold()))
            origins += [("site", site) for site in fields.sites(said.url)]
            for origin in origins:
                yield from self._field_seekers.get(origin, ())

    def _refuses(self, number: int, said: Said) -> bool:
        exclusion = self._exclusions.get(number)
        return exclusion is not None and exclusion.by_origin(said)

    def _drops(self, number: int, scene: Scene) -> bool:
        exclusion = self._exclusions.get(number)
        return exclusion is not None and (exclusion.by_origin(scene.said) or scene.has_words_of(exclusion))


def query_of(brand: Brand) -> Node:
    """Return the brand's query, which for a brand without one is its name or any of its aliases.

    A name in one language counts where the post is in that language, or in nobody knows which. Raises
    QueryError, and ValueError where nothing gives anything to look for.
    """
    if brand.query is not None:
        return parse(brand.query)
    found: list[Node] = list(_terms((brand.name, *brand.aliases)))
    for language, names in brand.aliases_in.items():
        code = fields.value_of("lang", language)
        local = tuple(_terms(names))
        if local:
            found.append(And((Or(local), Field("lang", code, or_unknown=True))))
    if not found:
        raise ValueError(f"the brand {brand.name!r} needs a query: its name has no letter to look for")
    return found[0] if len(found) == 1 else Or(tuple(found))


def _terms(names: Iterable[str]) -> Iterator[Term]:
    return (found for name in names if (found := term(name)))
