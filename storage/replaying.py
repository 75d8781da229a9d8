"""Erasures that a restored copy of the store has not seen yet: they are made again before anything is read from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from storage import erasing, objections, unmentioning
from storage.base import Rows, Transaction
from storage.journal import Journal
from storage.mention import Erasure

_SEEN = "erasures_seen"
"""The fact that says how many bytes of the journal this store has followed."""
_KEEP = """INSERT INTO facts (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
_PAGE = 20_000
_POSTS = (
    "SELECT id, native_id, author_id, author FROM posts WHERE source_id = ? AND id > ? ORDER BY id LIMIT ?"
)
_SAMPLE = _POSTS.replace("FROM posts", "FROM unmatched")
_ASIDE = """SELECT id, native_id, NULL, NULL FROM quarantine
    WHERE source_id = ? AND id > ? AND native_id IS NOT NULL ORDER BY id LIMIT ?"""
_AUTHORS = "SELECT id, NULL, key, name FROM authors WHERE source_id = ? AND id > ? ORDER BY id LIMIT ?"


def _seen(store: Rows) -> int:
    found = store.rows("SELECT value FROM facts WHERE name = ?", (_SEEN,))
    return int(found[0][0]) if found else 0


def write_down(db: Transaction, journal: Journal, entries: Sequence[Erasure]) -> None:
    """Append to the journal; the store has seen it then, unless it had not seen all of it before."""
    had_seen_all = _seen(db) == journal.size()
    size = journal.append(entries)
    if had_seen_all:
        db.run(_KEEP, (_SEEN, str(size)))


def is_due(store: Rows, journal: Journal) -> bool:
    """Whether the journal tells of erasures that this store has not seen; or it is another journal."""
    return journal.size() != _seen(store)


def replay(db: Transaction, journal: Journal) -> int:
    """Erase again what the journal says and this store has not seen; return how many posts lost their words now.

    Each id of the sources concerned is hashed to find what is meant, which takes some seconds for a million posts.
    """
    size, seen = journal.size(), _seen(db)
    by_source: dict[str, list[Erasure]] = defaultdict(list)
    # A journal that is shorter than what was seen is another one: all of it is followed, which does no harm.
    for entry in journal.entries(seen if seen <= size else 0):
        by_source[entry.source].append(entry)
    sources: dict[str, int] = dict(db.rows("SELECT name, id FROM sources"))
    erased = sum(_of_source(db, sources[n], n, found) for n, found in by_source.items() if n in sources)
    db.run(_KEEP, (_SEEN, str(size)))
    return erased


def _of_source(db: Transaction, source: int, name: str, entries: Sequence[Erasure]) -> int:
    at = {(entry.kind, entry.of): entry.at for entry in entries}
    posts: dict[str, int] = {}
    people: dict[str, int] = {}
    mentioned: dict[str, str] = {}
    for native_id, *written_by in _named(db, source):
        hashed = db.hashed(name, native_id) if native_id else ""
        if native_id and (when := at.get(("post", hashed))):
            posts[native_id] = when
        if native_id and ("mention", hashed) in at:
            mentioned[hashed] = native_id
        for person in filter(None, written_by):
            if when := at.get(("author", db.hashed(name, person))):
                people[person] = when
                if native_id:
                    posts[native_id] = when
    unmentioned: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.kind == "objection":
            objections.keep(db, source, [entry.of], entry.at)
        if entry.kind == "mention" and entry.brand is not None and entry.of in mentioned:
            unmentioned[entry.brand].append(mentioned[entry.of])
    for brand, native_ids in unmentioned.items():
        unmentioning.unmention(db, source, brand, native_ids)
    when = max([*posts.values(), *people.values()], default=0)
    return len(erasing.erase(db, source, list(posts), list(people), when, "copy"))


def _named(db: Transaction, source: int) -> Iterator[tuple[str | None, str | None, str | None]]:
    """All native ids of a source, with who wrote them by id and by name."""
    for statement in (_POSTS, _SAMPLE, _ASIDE, _AUTHORS):
        after = 0
        while rows := db.rows(statement, (source, after, _PAGE)):
            yield from (row[1:] for row in rows)
            after = rows[-1][0]
