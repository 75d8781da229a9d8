"""Erasing by hand: who or what is meant, and doing it in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from storage import browse, erasing, held, objections, unmentioning
from storage.base import Rows, Transaction
from storage.held import Held
from storage.mention import Erasure

SHORTEST_NAME = 3
"""Characters of a name that is looked for in items that nobody could read: a shorter one stands in every second."""


class NothingMeant(Exception):
    """What is meant cannot be told, or nothing of it is held; the message says so."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What is to be erased: posts with their words; of other posts (by number) only the mention of a brand.

    `people` are authors (source, id or name) of whom everything goes.
    """

    posts: Sequence[Held]
    shared: Sequence[int] = ()
    brand: str | None = None
    people: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @property
    def words(self) -> list[str | None]:
        """What may stand nowhere afterwards."""
        words: list[str | None] = []
        for one in self.posts:
            words += [one.title, one.text, one.url]
            # Of a brand or a post only the words go; who wrote it may have written more.
            words += [one.author, one.author_id] if self.people else []
        return [word for word in words if word]


def of_author(store: Rows, who: str, source: str | None) -> Meant:
    """Everything that an author wrote. Raises NothingMeant."""
    found = held.by_author(store, who, source)
    if not found:
        raise NothingMeant(
            f"nothing is held of {who[:80]!r}: give the name or the id as the source writes it"
        )
    people = {(one.source, name) for one in found for name in (one.author, one.author_id) if name}
    return Meant(found, people=frozenset(people))


def of_id(store: Rows, named: str) -> Meant:
    """One post: its number, its address, or SOURCE:ID as the source calls it. Raises NothingMeant."""
    source, _, native_id = named.partition(":")
    if named.isascii() and named.isdecimal() and len(named) <= 18:
        found = held.by_ids(store, [int(named)])
    elif source in browse.sources(store):
        found = held.by_native_id(store, source, native_id)
    else:
        found = held.by_ids(store, browse.ids_at(store, [named]).get(named, []))
    if not found:
        raise NothingMeant(
            f"no such post is held: {named[:80]!r} is no number, no address of a post and no SOURCE:ID"
        )
    return Meant(found)


def of_brand(store: Rows, brand: str) -> Meant:
    """What is kept for a brand: posts kept for no other, and the mentions of it in the others. Raises NothingMeant."""
    alone, shared = held.of_brand(store, brand)
    if not alone and not shared:
        raise NothingMeant(f"nothing is kept for {brand[:80]!r}")
    return Meant(held.by_ids(store, alone), shared, brand)


def erase(db: Transaction, meant: Meant, now: int, *, refuse: bool = False) -> int:
    """Erase what is meant; return how many posts have lost their words. `refuse`: its authors are heard no more."""
    by_source: dict[tuple[int, str], list[str]] = defaultdict(list)
    for one in meant.posts:
        by_source[one.source_id, one.source].append(one.native_id)
    erased = 0
    for (number, source), native_ids in by_source.items():
        people = sorted(name for where, name in meant.people if where == source)
        looked_for = [name for name in people if len(name) >= SHORTEST_NAME]
        erased += len(erasing.erase(db, number, native_ids, looked_for, now, "hand"))
        # Also where nothing had an effect today: an older copy of the store may hold more of them.
        erasing.write_down(db, source, (), people, now)
        if refuse:
            hashes = [db.hashed(source, name) for name in people]
            objections.keep(db, number, hashes, now)
            db.write_down([Erasure(now, source, "objection", one) for one in hashes])
    if meant.brand is not None:
        _unmention(db, meant, now)
    return erased


def _unmention(db: Transaction, meant: Meant, now: int) -> None:
    assert meant.brand is not None
    by_source: dict[tuple[int, str], list[str]] = defaultdict(list)
    for one in held.by_ids(db, meant.shared):
        by_source[one.source_id, one.source].append(one.native_id)
    for (number, source), native_ids in by_source.items():
        unmentioning.unmention(db, number, meant.brand, native_ids)
        hashes = [db.hashed(source, native_id) for native_id in native_ids]
        db.write_down([Erasure(now, source, "mention", one, meant.brand) for one in hashes])
