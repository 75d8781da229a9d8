"""Stories to look at: the largest of a window, and one with all of its copies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Row, Rows
from storage.calendar import Window, iso
from storage.mention import LABEL_NUMBERS

_LABELS: dict[int | None, str | None] = {None: None, **{n: name for name, n in LABEL_NUMBERS.items()}}
# A feed is one publisher, as in the KPI mentions.publishers.
_PUBLISHER = """CASE WHEN o.kind = 'feeds' THEN 'source ' || o.id
    WHEN m.author_id IS NOT NULL THEN 'author ' || m.author_id END"""
_LARGEST = f"""SELECT s.story_id, count(DISTINCT m.post_id), nullif(count(DISTINCT {_PUBLISHER}), 0),
    count(DISTINCT m.source_id), min(m.published_at), max(m.published_at),
    count(CASE WHEN m.label = -1 THEN 1 END), count(CASE WHEN m.label = 0 THEN 1 END),
    count(CASE WHEN m.label = 1 THEN 1 END), count(*)
    FROM story_members s JOIN mentions m ON m.post_id = s.post_id JOIN sources o ON o.id = m.source_id
    JOIN brands b ON b.id = m.brand_id
    WHERE b.name IN (SELECT value FROM json_each(?)) AND m.published_at >= ? AND m.published_at < ? {{live}}
    GROUP BY s.story_id HAVING count(DISTINCT m.post_id) > 1
    ORDER BY count(DISTINCT m.post_id) DESC, s.story_id LIMIT ?"""
_HEADLINES = """SELECT id, title, text FROM (SELECT coalesce(s.story_id, p.id) AS id, p.title, p.text,
    row_number() OVER (PARTITION BY coalesce(s.story_id, p.id) ORDER BY p.published_at, p.id) AS place
    FROM story_members s JOIN posts p ON p.id = s.post_id
    WHERE s.story_id IN (SELECT value FROM json_each(?)) AND p.erased_at IS NULL) AS told WHERE place = 1"""
_STORY = "SELECT coalesce((SELECT story_id FROM story_members WHERE post_id = ?), ?)"
_COPIES = """SELECT p.id, o.name, p.native_id, p.published_at, p.author, p.title, p.text, p.url,
    p.erased_at IS NOT NULL, s.repeats FROM posts p JOIN sources o ON o.id = p.source_id
    LEFT JOIN story_members s ON s.post_id = p.id
    WHERE p.id = ? OR p.id IN (SELECT post_id FROM story_members WHERE story_id = ?) ORDER BY p.published_at, p.id"""
_TONES = """SELECT m.post_id, b.name, m.label FROM mentions m JOIN brands b ON b.id = m.brand_id
    WHERE m.post_id IN (SELECT value FROM json_each(?)) ORDER BY b.name"""


@dataclass(frozen=True, slots=True)
class Story:
    """A story of two posts or more as far as it lies in a window: `posts` that mention the brands that are asked for.

    `publishers` is None where no author is known. `negative`, `neutral` and `positive` count mentions by their label,
    of all `mentions`. `headline` is how the oldest post that can be read begins, None where none can.
    """

    id: int
    posts: int
    publishers: int | None
    sources: int
    first_at: int
    last_at: int
    negative: int
    neutral: int
    positive: int
    mentions: int
    headline: str | None

    def to_json(self) -> dict[str, object]:
        """The fields of the API."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "first_at": iso(self.first_at), "last_at": iso(self.last_at)}


@dataclass(frozen=True, slots=True)
class Copy:
    """One post of a story. `repeats`: the post that it says it repeats; `depth`: how many lie between it and the first.

    `tones`: its label towards each brand that it mentions. `erased`: its text was taken back or has grown old.
    """

    id: int
    source: str
    native_id: str
    published_at: int
    author: str | None
    title: str | None
    text: str
    url: str | None
    erased: bool
    repeats: int | None
    depth: int
    tones: tuple[tuple[str, str | None], ...]

    def to_json(self) -> dict[str, object]:
        """The fields of the API."""
        fields: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "published_at": iso(self.published_at), "tones": dict(self.tones)}


def largest(
    db: Rows, brands: Sequence[str], window: Window, limit: int, *, live_only: bool = False
) -> list[Story]:
    """The stories of a window with most posts about these brands, by name; each has at least two there."""
    asked = (json.dumps(list(brands)), window.since, window.until, limit)
    rows = db.rows(_LARGEST.format(live="AND m.live > 0" if live_only else ""), asked)
    headlines = {
        story: f"{title} — {text}" if title and not text.startswith(title) else text
        for story, title, text in db.rows(_HEADLINES, (json.dumps([row[0] for row in rows]),))
    }
    return [Story(*[*row, headlines.get(row[0])]) for row in rows]


def copies(db: Rows, post: int) -> list[Copy]:
    """The posts of the story that holds a post, by its number: a tree, each under what it repeats, oldest first.

    What says nothing of what it repeats stands under the oldest post. Empty where there is no such post.
    """
    story = db.rows(_STORY, (post, post))[0][0]
    rows = db.rows(_COPIES, (story, story))
    tones: dict[int, list[tuple[str, str | None]]] = {row[0]: [] for row in rows}
    for number, brand, label in db.rows(_TONES, (json.dumps(list(tones)),)):
        tones[number].append((brand, _LABELS[label]))
    under: dict[int, list[int]] = {}
    for row in rows[1:]:
        parent = row[9] if row[9] in tones and row[9] != row[0] else rows[0][0]
        under.setdefault(parent, []).append(row[0])
    depth = _depths(rows[0][0], under) if rows else {}
    by_number = {row[0]: row for row in rows}
    return [_copy(by_number[number], deep, tones[number]) for number, deep in depth.items()]


def _copy(row: Row, depth: int, tones: Sequence[tuple[str, str | None]]) -> Copy:
    values = [*row[:8], bool(row[8]), row[9], depth, tuple(tones)]
    return Copy(*values)


def _depths(root: int, under: dict[int, list[int]]) -> dict[int, int]:
    """How deep each post stands, in the order in which a tree is read."""
    depths: dict[int, int] = {}
    waiting = [(root, 0)]
    while waiting:
        number, depth = waiting.pop()
        depths[number] = depth
        waiting += [(child, depth + 1) for child in reversed(under.get(number, []))]
    return depths
