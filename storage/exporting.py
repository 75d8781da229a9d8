"""Mentions to be handed on: in the order of time, each with all that is known of it, read in pages."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from typing import Any, Literal, NamedTuple

from storage.base import Row, Rows
from storage.desk.corrections import STANDING
from storage.mention import LABEL_NUMBERS

PAGE = 500
Kind = Literal["mention", "own", "reply"]
"""What a row is: a mention, a post of the brand itself, or a reply to one that names no brand."""

_LABELS: Mapping[int | None, str] = {number: name for name, number in LABEL_NUMBERS.items()}
_BRANDS = "SELECT id, name FROM brands ORDER BY name"
_SOURCES = """SELECT id FROM sources WHERE name IN (SELECT value FROM json_each(?1))
    OR kind IN (SELECT value FROM json_each(?1))"""
_COUNT = """SELECT count(*) FROM mentions m WHERE m.brand_id = ? AND m.published_at >= ? AND m.published_at < ?
    AND (? IS NULL OR m.source_id IN (SELECT value FROM json_each(?)))"""
# In the order of an index, from where the last page ended: no page sorts more than the posts of one second.
_MENTIONS = """SELECT m.published_at, m.post_id FROM mentions m WHERE m.brand_id = ?
    AND m.published_at >= ? AND m.published_at < ? AND (m.published_at > ? OR m.post_id > ?)
    AND (? IS NULL OR m.source_id IN (SELECT value FROM json_each(?)))
    ORDER BY m.published_at, m.post_id LIMIT ?"""
_TURNS = """SELECT t.at, t.post_id FROM turns t WHERE t.brand_id = ? AND t.role = ?
    AND t.at >= ? AND t.at < ? AND (t.at > ? OR t.post_id > ?)
    AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.brand_id = t.brand_id AND m.post_id = t.post_id)
    AND (? IS NULL OR (SELECT p.source_id FROM posts p WHERE p.id = t.post_id) IN (SELECT value FROM json_each(?)))
    ORDER BY t.at, t.post_id LIMIT ?"""
_OF = "IN (SELECT value FROM json_each(?))"
_POSTS = f"""SELECT p.id, s.name, s.kind, p.native_id, p.published_at, p.fetched_at, p.edited_at, p.dated, p.live,
    p.title, p.text, p.author, p.author_id, p.followers, p.url, p.language, p.in_reply_to, p.thread,
    CASE WHEN p.erased_at IS NOT NULL THEN CASE p.expired WHEN 1 THEN 'expired' ELSE 'taken back' END END,
    coalesce((SELECT t.story_id FROM story_members t WHERE t.post_id = p.id), p.id)
    FROM posts p JOIN sources s ON s.id = p.source_id WHERE p.id {_OF}"""
_JUDGED = f"""SELECT m.brand_id, m.post_id, m.label, m.p_negative, m.p_neutral, m.p_positive, e.name, m.reason,
    (SELECT c.label FROM corrections c JOIN posts p ON p.id = c.post_id
        WHERE c.brand_id = m.brand_id AND c.post_id = m.post_id AND {STANDING})
    FROM mentions m LEFT JOIN engines e ON e.id = m.engine_id WHERE m.post_id {_OF}"""
_ROLES = f"SELECT brand_id, post_id, role FROM turns WHERE post_id {_OF}"
_TAGS = f"SELECT brand_id, post_id, tag FROM tags WHERE post_id {_OF} ORDER BY tag"
# The last one of each counter stands: what it shows now.
_COUNTERS = f"SELECT post_id, counter, value FROM readings WHERE post_id {_OF} ORDER BY counter, at"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mentions: published in [since, until), of these brands and of these sources (names or kinds); None: all.

    `conversations`: beside them the brands' own posts, and replies to those that name no brand.
    """

    since: int | None = None
    until: int | None = None
    brands: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    conversations: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    """A post as it is kept; times in seconds since 1970.

    `gone`: why it has no words any more; None where it has them. `story`: the number of the first post of its copies.
    `counters`: what each showed when it was last looked at.
    """

    id: int
    source: str
    source_kind: str
    native_id: str
    published_at: int
    fetched_at: int
    edited_at: int | None
    dated: bool
    live: bool
    title: str | None
    text: str | None
    author: str | None
    author_id: str | None
    followers: int | None
    url: str | None
    language: str | None
    in_reply_to: str | None
    thread: str | None
    gone: str | None
    story: int
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """The tone of a mention: the engine's word with its probabilities, and a person's where one was said.

    `reason`: why the engine gave no label. All None for what is no mention.
    """

    engine_label: str | None = None
    p_negative: float | None = None
    p_neutral: float | None = None
    p_positive: float | None = None
    engine: str | None = None
    reason: str | None = None
    corrected: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """One row. `again`: the post stands in the row before as well, for another brand.

    `brand` is None in a reply that names no brand. `addressed`: the post speaks to the brand; `automatic`: its robot
    wrote it.
    """

    post: Post
    kind: Kind
    brand: str | None
    judged: Judged = Judged()
    addressed: bool = False
    automatic: bool = False
    tags: tuple[str, ...] = ()
    again: bool = False


class _Key(NamedTuple):
    at: int
    post: int
    brand: int
    # Who speaks, as in `turns`; None in a mention.
    role: int | None


def count(store: Rows, wanted: Wanted) -> int:
    """How many mentions there are to export; own posts and replies are not among them."""
    sources = _sources(store, wanted)
    since, until = _bounds(wanted)
    return sum(
        store.rows(_COUNT, (brand, since, until, sources, sources))[0][0] for brand in _brands(store, wanted)
    )


def rows(store: Rows, wanted: Wanted, size: int = PAGE) -> Iterator[Exported]:
    """Yield rows by time, those of one post side by side. Of one moment where `store` is a snapshot.

    Holds a page of each brand at a time, however many mentions there are.
    """
    names = _brands(store, wanted)
    sources = _sources(store, wanted)
    parts = [_keys(store, wanted, sources, brand, None, size) for brand in names]
    if wanted.conversations:
        parts += [_keys(store, wanted, sources, brand, role, size) for brand in names for role in (0, 1, 2)]
    keys = merge(*parts, key=lambda key: key[:3])
    of_posts = (list(group) for _, group in groupby(keys, key=lambda key: key.post))
    while page := list(islice(of_posts, size)):
        details = _Details(store, [group[0].post for group in page])
        for group in page:
            yield from details.of(group, names)


def _keys(
    store: Rows, wanted: Wanted, sources: str | None, brand: int, role: int | None, size: int
) -> Iterator[_Key]:
    since, until = _bounds(wanted)
    at, post = since, -1
    start: tuple[int, ...] = (brand,) if role is None else (brand, role)
    sql = _MENTIONS if role is None else _TURNS
    while page := store.rows(sql, (*start, at, until, at, post, sources, sources, size)):
        yield from (_Key(at, post, brand, role) for at, post in page)
        at, post = page[-1]


class _Details:
    """All that is known of a page of posts, asked for at once."""

    def __init__(self, store: Rows, posts: Sequence[int]) -> None:
        asked = (json.dumps(posts),)
        counters: dict[int, dict[str, int]] = defaultdict(dict)
        for post, counter, value in store.rows(_COUNTERS, asked):
            counters[post][counter] = value
        self._posts = {row[0]: _post(row, counters.get(row[0], {})) for row in store.rows(_POSTS, asked)}
        self._judged = {row[:2]: _judged(row[2:]) for row in store.rows(_JUDGED, asked)}
        self._roles = {row[:2]: row[2] for row in store.rows(_ROLES, asked)}
        self._tags: dict[Row, list[str]] = defaultdict(list)
        for brand, post, tag in store.rows(_TAGS, asked):
            self._tags[(brand, post)].append(tag)

    def of(self, keys: Iterable[_Key], names: Mapping[int, str]) -> Iterator[Exported]:
        """The rows of one post: its mentions and whose own it is; where it is neither, the reply that it is."""
        found = [key for key in keys if key.role != 0]
        post = self._posts[next(iter(keys)).post]
        if not found:
            yield Exported(post, "reply", None)
        for place, key in enumerate(found):
            pair = (key.brand, key.post)
            yield Exported(
                post,
                "mention" if key.role is None else "own",
                names[key.brand],
                self._judged.get(pair, Judged()),
                addressed=self._roles.get(pair) == 0,
                automatic=key.role == 2,
                tags=tuple(self._tags.get(pair, ())),
                again=place > 0,
            )


def _post(row: Row, counters: Mapping[str, int]) -> Post:
    values: list[Any] = list(row)
    dated, live, text, gone = bool(row[7]), row[8] > 0, row[10], row[18]
    values[7], values[8], values[10] = dated, live, None if gone else text
    return Post(*[*values, counters])


def _judged(row: Row) -> Judged:
    label, *rest, corrected = row
    return Judged(*[_LABELS.get(label), *rest, _LABELS.get(corrected)])


def _brands(store: Rows, wanted: Wanted) -> dict[int, str]:
    """Names by number, in the order of the names."""
    return {
        number: name for number, name in store.rows(_BRANDS) if wanted.brands is None or name in wanted.brands
    }


def _sources(store: Rows, wanted: Wanted) -> str | None:
    if wanted.sources is None:
        return None
    return json.dumps([row[0] for row in store.rows(_SOURCES, (json.dumps(wanted.sources),))])


def _bounds(wanted: Wanted) -> tuple[int, int]:
    """Greater than any time that is kept where nobody said."""
    since = -(2**40) if wanted.since is None else wanted.since
    return since, 2**40 if wanted.until is None else wanted.until
