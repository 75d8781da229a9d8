"""The ears that collectors are given: for each network whose posts matter, answered from queries and what is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property

from listener.collectors.base import Purse, Sought
from listener.matching.matcher import Matcher
from listener.matching.searches import searches
from storage.mention import Brand

MOST_REMEMBERED = 300_000
"""Native ids of posts of a network that are remembered at most; at least the newer half of so many."""
MOST_SAMPLED = 40_000
"""The same, of posts that stand in the sample or in quarantine only."""


class Hearing:
    """Every network's ear. Not to be shared between threads: it is asked and told on the event loop alone."""

    def __init__(
        self,
        brands: Sequence[Brand],
        matcher: Matcher,
        purse_of: Callable[[str], Purse | None] = lambda kind: None,
    ) -> None:
        self._brands = brands
        self._matcher = matcher
        self._purse_of = purse_of
        self._ears: dict[str, NetworkEar] = {}

    def ear(self, kind: str) -> NetworkEar:
        """The ear for one network, always the same one."""
        if kind not in self._ears:
            self._ears[kind] = NetworkEar(kind, self._brands, self._matcher, self._purse_of(kind))
        return self._ears[kind]

    def remember(self, kind: str, native_ids: Iterable[str]) -> None:
        """Take note of posts that are kept now, the oldest first: the newest stay the longest."""
        self.ear(kind).ids.add(native_ids)

    def remember_sampled(self, kind: str, native_ids: Iterable[str]) -> None:
        """Take note of posts of which only the sample or the quarantine holds the text."""
        self.ear(kind).sampled.add(native_ids)

    def forget(self, kind: str, native_ids: Sequence[str]) -> None:
        """Take note that nothing of these posts is kept any more."""
        self.ear(kind).ids.discard(native_ids)
        self.ear(kind).sampled.discard(native_ids)


class NetworkEar:
    """What the collector of one network may ask (an `Ear`). `ids` are the posts that are kept of it."""

    def __init__(
        self, kind: str, brands: Sequence[Brand], matcher: Matcher, purse: Purse | None = None
    ) -> None:
        self._kind = kind
        self._brands = brands
        self.purse = purse
        own = (brand.handles[kind] for brand in brands if kind in brand.handles)
        self.handles = tuple(dict.fromkeys(name for handle in own if (name := handle.removeprefix("@"))))
        self.searches = matcher.searches(kind)
        self.ids = KeptIds()
        # Apart from what is kept: a query that lets a whole network in would push every mention out.
        self.sampled = KeptIds(MOST_SAMPLED)
        self._passed = 0
        self._may_match = matcher.sieve(kind)
        self._known: set[str] = set()

    @cached_property
    def sought(self) -> Sequence[Sought]:
        """What each brand is looked for by; made when it is first asked for, for most networks never ask."""
        return tuple(
            Sought(
                brand.name,
                searches([brand], self._kind),
                brand.handles.get(self._kind, "").removeprefix("@") or None,
            )
            for brand in self._brands
        )

    def know(self, author_ids: Collection[str]) -> None:
        """Remember what the network calls the brands' own accounts: their posts are wanted from now on."""
        self._known.update(author_ids)

    def wanted(self, text: str, author_id: str | None = None, parent_id: str | None = None) -> bool:
        """Say whether a post may concern us: a brand wrote it, it answers a kept post, or its text may match."""
        if author_id in self._known:
            return True
        if parent_id is not None and self.ids.holds(parent_id):
            return True
        if self._may_match(text):
            return True
        self._passed += 1
        return False

    def kept(self, native_id: str) -> bool:
        """Say whether something of this post is kept, were it in the sample only."""
        return self.ids.holds(native_id) or self.sampled.holds(native_id)

    def take_passed(self) -> int:
        """Return how many posts were let pass since the last call."""
        passed, self._passed = self._passed, 0
        return passed


class KeptIds:
    """A set of native ids by their hashes, of which more than `most` are not kept: those added first are forgotten.

    An id takes some 70 bytes (a set of the strings takes 150). Two ids of one hash are met once in a thousand years,
    and then one post too many is looked at.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most_new = max(most // 2, 1)
        self._new: set[int] = set()
        self._old: set[int] = set()

    def holds(self, native_id: str) -> bool:
        """Say whether it was added, and neither discarded nor forgotten."""
        # Python salts its hashes: nobody can choose ids that meet in one place. They are never written anywhere.
        mark = hash(native_id)
        return mark in self._new or mark in self._old

    def add(self, native_ids: Iterable[str]) -> None:
        """Add ids, the oldest first."""
        for native_id in native_ids:
            if len(self._new) >= self._most_new:
                self._old, self._new = self._new, set()
            self._new.add(hash(native_id))

    def discard(self, native_ids: Iterable[str]) -> None:
        """Take ids out; those that are not in it do no harm."""
        for native_id in native_ids:
            self._new.discard(hash(native_id))
            self._old.discard(hash(native_id))
