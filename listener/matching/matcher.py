"""Which brands a post names: one pass over it for the words of all brands, then the queries of those found."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from ahocorasick_rs import AhoCorasick

from listener.matching import fields
from listener.matching.brand_query import calls_of, query_of
from listener.matching.places import plain, stands, wild_end
from listener.matching.said import Said, network_of
from listener.matching.scene import Exclusion, Key, Scene, key_of
from listener.matching.searches import covers, texts, told_by
from listener.matching.sieve import sieve
from listener.matching.tree import Field, Leaf, Term, Title, Wild, holds, leaves, words_of
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
        self._calls: list[tuple[str, Term]] = []
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
        for network, call in calls_of(brand):
            self._handles[network].setdefault(call.literal, []).append(number)
            self._calls.append((network, call))
            yield call.literal

    def match(self, said: Said) -> list[Hit]:
        """Return the brands that the post names, in the order of the configuration.

        `@handle` of the post's network always matches, whatever the query says, and is reported as addressed;
        only what an excluded author or site says is never a mention.
        """
        return self.look(said)[0]

    def look(self, said: Said) -> tuple[list[Hit], bool]:
        """Return what `match` does, and whether it was a near miss.

        That is a post that names nobody although something that some query looks for stood in it: in its text, its
        title or its address, or as its author or site. To come from a source that is asked for is too little.
        """
        # Most posts name nobody: they must get out of here after the one pass.
        seen = self.scene(said)
        return self._hits(*seen) if seen else ([], False)

    def scene(self, said: Said) -> tuple[Scene, AbstractSet[str]] | None:
        """Return what was found in a post, and in its address; None where nothing that any query names was."""
        if self._automaton is None and not self._field_seekers:
            return None
        folded = plain(said.text)
        whole, title_at, url_at = self._stretch(folded, said) if self._beside else (folded, *_NOWHERE)
        places = self._automaton.find_matches_as_indexes(whole, overlapping=True) if self._automaton else []
        if not places and not self._field_seekers:
            return None
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
            return None
        return Scene(said, folded, found, titled), linked

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

    def _hits(self, scene: Scene, linked: Iterable[str]) -> tuple[list[Hit], bool]:
        said, found = scene.said, scene.found
        awake = {number for key in found for number in self._seekers.get(key, ())}
        if self._beside or self._field_seekers:
            awake.update(self._woken_beside_the_text(said, scene.titled, linked))
        near = bool(awake)
        if self._field_seekers:
            awake.update(self._woken_by_source(said))
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
        hits = [Hit(self._names[number], number in called) for number in sorted(matched)]
        return hits, near and not hits

    def _woken_beside_the_text(
        self, said: Said, titled: Iterable[Key], linked: Iterable[str]
    ) -> Iterator[int]:
        for key in titled:
            yield from self._title_seekers.get(key, ())
        for literal in linked:
            yield from self._url_seekers.get(literal, ())
        if self._field_seekers:
            yield from self._field_seekers.get(("author", fields.account(said.author)), ())
            for site in fields.sites(said.url):
                yield from self._field_seekers.get(("site", site), ())

    def _woken_by_source(self, said: Said) -> Iterator[int]:
        for name in (said.source.name, said.source.kind):
            yield from self._field_seekers.get(("source", name.casefold()), ())

    def may_match(self, text: str) -> bool:
        """Say whether some query might be true of a post with this text, whatever else may be so of it.

        Several times as fast as `match`, for each post of a whole network; True of more than what matches. The text
        is to include the title. A query that may be true by its author, site, address or source alone makes every
        text one that may match; `sieve` is the same for one network, and knows that it is no other source.
        """
        return self._may_match(text)

    @cached_property
    def _may_match(self) -> Callable[[str], bool]:
        return sieve(covers(self._trees, [call for _, call in self._calls]))

    def sieve(self, kind: str) -> Callable[[str], bool]:
        """Return `may_match` for the posts of one network alone."""
        return sieve(covers(self._trees, self._calls_on(kind), told_by(kind)))

    def searches(self, kind: str) -> tuple[str, ...]:
        """Return what `searches.searches` does, for one network."""
        return texts(covers(self._trees, self._calls_on(kind), told_by(kind), wilds=False) or ())

    def _calls_on(self, kind: str) -> list[Term]:
        return [call for network, call in self._calls if network == kind]

    def _refuses(self, number: int, said: Said) -> bool:
        exclusion = self._exclusions.get(number)
        return exclusion is not None and exclusion.by_origin(said)

    def _drops(self, number: int, scene: Scene) -> bool:
        exclusion = self._exclusions.get(number)
        return exclusion is not None and (exclusion.by_origin(scene.said) or scene.has_words_of(exclusion))
