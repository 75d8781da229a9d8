"""Authors who do not want to be listened to: what they write is let pass, whoever it speaks of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from storage.authors import key_of
from storage.base import Transaction
from storage.mention import Kept, KeptPost

_OBJECT = "INSERT INTO objections (source_id, author, at) VALUES (?, ?, ?) ON CONFLICT (source_id, author) DO NOTHING"
_ANY = "SELECT 1 FROM objections WHERE source_id = ? LIMIT 1"
_WHO = "SELECT author FROM objections WHERE source_id = ? AND author IN (SELECT value FROM json_each(?))"


def keep(db: Transaction, source: int, hashes: Iterable[str], at: int) -> None:
    """Write down that these authors of a source object: by the keyed hashes of their ids or names."""
    db.run_many(_OBJECT, [(source, author, at) for author in hashes])


def heeded(db: Transaction, source: int, page: Kept) -> Kept:
    """The page without the posts of those who object."""
    if not db.rows(_ANY, (source,)):
        return page
    posts = [*page.posts, *page.edits, *(one.post for one in page.unmatched)]
    hashes = {key: db.hashed(page.source.name, key) for post in posts for key in _names(post)}
    objecting = {row[0] for row in db.rows(_WHO, (source, json.dumps(sorted(hashes.values()))))}

    def wanted(post: KeptPost) -> bool:
        return objecting.isdisjoint(hashes[key] for key in _names(post))

    return replace(
        page,
        posts=list(filter(wanted, page.posts)),
        edits=list(filter(wanted, page.edits)),
        unmatched=[one for one in page.unmatched if wanted(one.post)],
    )


def _names(post: KeptPost) -> set[str]:
    return {name for name in (key_of(post), post.author) if name}
