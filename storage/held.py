"""What is held of one author, one post or one brand, to be shown to them or erased: posts, and those of the sample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.base import Row, Rows

_COLUMNS = "s.id, s.name, p.native_id, p.author, p.author_id, p.title, p.text, p.url, p.published_at"
_POSTS = f"""SELECT p.id, {_COLUMNS}, p.fetched_at, p.erased_at IS NOT NULL
    FROM posts p JOIN sources s ON s.id = p.source_id"""
_SAMPLE = f"""SELECT NULL, {_COLUMNS}, p.at, 0 FROM unmatched p JOIN sources s ON s.id = p.source_id"""
# LIKE takes A and a for the same, as networks do with names.
_BY = "(p.author = ?1 OR p.author_id = ?1 OR p.author LIKE ?2 ESCAPE '\\') AND (?3 IS NULL OR ?3 IN (s.name, s.kind))"
_ACCOUNTS = "p.author_id IS NOT NULL AND s.id || ' ' || p.author_id IN (SELECT value FROM json_each(?))"
_THESE = "p.id IN (SELECT value FROM json_each(?))"
_NATIVE = "(s.name = ?1 OR s.kind = ?1) AND p.native_id = ?2"
_OF_BRAND = """WITH ours AS (SELECT post_id FROM mentions WHERE brand_id = ?1
        UNION SELECT post_id FROM turns WHERE brand_id = ?1)
    SELECT post_id, max(other) FROM (
        SELECT post_id, brand_id <> ?1 AS other FROM mentions WHERE post_id IN (SELECT post_id FROM ours)
        UNION ALL SELECT post_id, brand_id <> ?1 FROM turns WHERE post_id IN (SELECT post_id FROM ours)) AS found
    GROUP BY post_id"""
_SENT = """SELECT DISTINCT o.key, o.channel, o.kind, o.done_at, o.created_at, o.id
    FROM outbox o, json_each(o.post_ids) p WHERE p.value IN (SELECT value FROM json_each(?))
    AND (o.state IN ('delivered', 'sending') OR o.unknown > 0 OR o.taken IS NOT NULL OR o.resent_at IS NOT NULL)
    ORDER BY o.id"""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A post that is held with its words. `id` is None where it stands in the sample only. Times in seconds."""

    id: int | None
    source_id: int
    source: str
    native_id: str
    author: str | None
    author_id: str | None
    title: str | None
    text: str
    url: str | None
    published_at: int
    fetched_at: int
    erased: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that quoted posts and has left: its key, channel and kind, and when (seconds since 1970)."""

    key: str
    channel: str
    kind: str
    at: int


def by_author(store: Rows, who: str, source: str | None = None) -> list[Held]:
    """Everything that an author wrote, whom their name or id names; of one source (a name or a kind), or of all.

    What the same accounts wrote under other names is theirs as well. Looks at every post: no index holds names.
    """
    name = who.strip().removeprefix("@")
    asked = (name, _literally(name), source)
    found = _both(store, _BY, asked) + (_both(store, _BY, ("@" + name, "@" + _literally(name), source)))
    accounts = sorted({f"{one.source_id} {one.author_id}" for one in found if one.author_id})
    found += _both(store, _ACCOUNTS, (json.dumps(accounts),))
    return list({(one.id, one.source_id, one.native_id): one for one in found}.values())


def by_ids(store: Rows, numbers: Sequence[int]) -> list[Held]:
    """These posts, by their numbers."""
    found = []
    for first in range(0, len(numbers), _PAGE):
        rows = store.rows(f"{_POSTS} WHERE {_THESE}", (json.dumps(list(numbers[first : first + _PAGE])),))
        found += [_held(row) for row in rows]
    return found


def by_native_id(store: Rows, source: str, native_id: str) -> list[Held]:
    """The post that a source (a name or a kind) calls so."""
    return _both(store, _NATIVE, (source, native_id))


def of_brand(store: Rows, brand: str) -> tuple[list[int], list[int]]:
    """Numbers of the posts that are kept for this brand only, and of those that are kept for others as well."""
    number = store.rows("SELECT id FROM brands WHERE name = ?", (brand,))
    rows = store.rows(_OF_BRAND, (number[0][0],)) if number else []
    return [row[0] for row in rows if not row[1]], [row[0] for row in rows if row[1]]


def sent(store: Rows, numbers: Sequence[int]) -> list[Sent]:
    """Messages that quoted one of these posts and have left, or may have."""
    rows = store.rows(_SENT, (json.dumps(list(numbers)),))
    return [Sent(key, channel, kind, done or made) for key, channel, kind, done, made, _ in rows]


def _both(store: Rows, where: str, asked: Sequence[object]) -> list[Held]:
    rows: Iterator[Row] = iter(
        [*store.rows(f"{_POSTS} WHERE {where}", asked), *store.rows(f"{_SAMPLE} WHERE {where}", asked)]
    )
    return [_held(row) for row in rows]


def _held(row: Row) -> Held:
    return Held(*[*row[:11], bool(row[11])])


def _literally(name: str) -> str:
    return name.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
