"""Mentions to look at: pages of them newest first, and those that explain a number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storage.base import Row, Rows
from storage.calendar import Window, iso
from storage.desk.tags import BEARS
from storage.mention import LABEL_NUMBERS

_LABELS: dict[int | None, str | None] = {
    None: None,
    **{number: name for name, number in LABEL_NUMBERS.items()},
}

_BRANDS = "SELECT name FROM brands"
_TAGGED = """EXISTS (SELECT 1 FROM tags t WHERE t.post_id = m.post_id AND t.brand_id = m.brand_id
    AND t.tag IN (SELECT value FROM json_each(?)))"""
_SELECT = """SELECT p.id, b.name, s.name, p.native_id, m.published_at, p.author, p.title, p.text, p.url,
    p.language, m.label, m.p_negative, m.p_neutral, m.p_positive, e.name, p.live, p.dated,
    p.erased_at
    FROM mentions m JOIN posts p ON p.id = m.post_id JOIN brands b ON b.id = m.brand_id
    JOIN sources s ON s.id = p.source_id LEFT JOIN engines e ON e.id = m.engine_id"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A mention with its post's text, as strangers wrote it; `erased` where they took it back: then there is none."""

    id: int
    brand: str
    source: str
    native_id: str
    published_at: int
    author: str | None
    title: str | None
    text: str
    url: str | None
    language: str | None
    label: str | None
    p_negative: float | None
    p_neutral: float | None
    p_positive: float | None
    engine: str | None
    live: bool
    dated: bool
    erased: bool

    def joined(self) -> str:
        """The text with its title set off by a dash, for showing where paragraphs are lost."""
        body = self.text.removeprefix(self.title).lstrip() if self.title else self.text
        return f"{self.title} — {body}" if self.title and body and body != self.text else self.text

    def to_json(self) -> dict[str, object]:
        """The fields of the API."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "published_at": iso(self.published_at)}


def _seen(row: Row) -> Seen:
    values = [*row[:10], _LABELS[row[10]], *row[11:15], bool(row[15]), bool(row[16]), row[17] is not None]
    return Seen(*values)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which mentions; empty fields do not filter. `source` is a name or a kind. `after` is the (published_at, id,
    brand) that the last page ended on: without the brand, a page that ends between two brands of one post would
    lose the second. `tags`: only mentions that bear one of these; of an empty list there are none."""

    brand: str | None = None
    source: str | None = None
    label: str | None = None
    since: int | None = None
    until: int | None = None
    after: tuple[int, int, str] | None = None
    tags: tuple[str, ...] | None = None


def mentions(store: Rows, wanted: Filter, limit: int = 50) -> list[Seen]:
    """Mentions newest first. Raises ValueError for a label that there is not."""
    if wanted.label is not None and wanted.label not in LABEL_NUMBERS:
        raise ValueError(f"a label is one of {', '.join(LABEL_NUMBERS)}, not {wanted.label!r}")
    named = [wanted.brand] if wanted.brand is not None else [row[0] for row in store.rows(_BRANDS)]
    # Brand by brand, as the index has them: over all brands at once every page would sort the whole store.
    found = [seen for name in named for seen in _of_brand(store, replace(wanted, brand=name), limit)]
    return sorted(found, key=lambda seen: (-seen.published_at, -seen.id, seen.brand))[:limit]


def _of_brand(store: Rows, wanted: Filter, limit: int) -> list[Seen]:
    clauses = {
        "b.name = ?": wanted.brand,
        "? IN (s.name, s.kind)": wanted.source,
        "m.label = ?": LABEL_NUMBERS[wanted.label] if wanted.label else None,
        "m.published_at >= ?": wanted.since,
        "m.published_at < ?": wanted.until,
        _TAGGED: None if wanted.tags is None else json.dumps(wanted.tags),
    }
    asked = {clause: value for clause, value in clauses.items() if value is not None}
    parameters: list[object] = list(asked.values())
    where = list(asked)
    if wanted.after is not None:
        at, number, brand = wanted.after
        where.append(
            "(m.published_at < ? OR (m.published_at = ? AND (p.id < ? OR (p.id = ? AND b.name > ?))))"
        )
        parameters += [at, at, number, number, brand]
    sql = f"""{_SELECT} WHERE {" AND ".join(where)}
        ORDER BY m.published_at DESC, p.id DESC, b.name LIMIT ?"""
    return [_seen(row) for row in store.rows(sql, (*parameters, limit))]


def by_ids(store: Rows, brand: str | None, ids: Sequence[int]) -> list[Seen]:
    """The mentions of these posts (of one brand), in the order asked; those no longer kept are left out."""
    marks = ",".join("?" * len(ids))
    rows = store.rows(f"{_SELECT} WHERE p.id IN ({marks})", tuple(ids))
    found = {(seen.id, seen.brand): seen for seen in map(_seen, rows)}
    names = sorted({name for _, name in found})
    keys = [(id_, name) for id_ in ids for name in ([brand] if brand else names)]
    return [found[key] for key in keys if key in found]


def ids_at(store: Rows, urls: Sequence[str]) -> dict[str, list[int]]:
    """Numbers of the posts at each of these addresses. Looks at every post: no index holds addresses."""
    found: dict[str, list[int]] = {}
    asked = json.dumps(list(urls))
    for url, id_ in store.rows(
        "SELECT url, id FROM posts WHERE url IN (SELECT value FROM json_each(?)) ORDER BY id", (asked,)
    ):
        found.setdefault(url, []).append(id_)
    return found


@dataclass(frozen=True, slots=True)
class Narrow:
    """Only what was heard live, only one source (a name or a kind), only what bears a tag."""

    live_only: bool = False
    source: str | None = None
    tag: str | None = None

    def clause(self) -> tuple[str, tuple[object, ...]]:
        """The condition on mentions `m`, and its parameters."""
        parts = ["AND m.live > 0"] if self.live_only else []
        asked: list[object] = []
        if self.source is not None:
            parts.append("AND m.source_id IN (SELECT id FROM sources WHERE name = ? OR kind = ?)")
            asked += [self.source, self.source]
        if self.tag is not None:
            parts.append(f"AND {BEARS}")
            asked.append(self.tag)
        return " ".join(parts), tuple(asked)


_ANY = Narrow()


def strongest(
    store: Rows, brand: str, window: Window, label: str, limit: int = 3, narrow: Narrow = _ANY
) -> list[int]:
    """Ids of the posts with the clearest tone of this label, one an author, newest first among equals.

    Erased posts are counted everywhere, but explain nothing any more.
    """
    number = LABEL_NUMBERS[label]
    live, more = narrow.clause()
    rows = store.rows(
        f"""SELECT id, text FROM (
            SELECT p.id, p.author, p.text, m.p_{label} AS clear, m.published_at AS at, row_number() OVER (
                PARTITION BY p.author, CASE WHEN p.author IS NULL THEN p.id END
                ORDER BY m.p_{label} DESC, m.published_at DESC, p.id DESC) AS place
            FROM mentions m JOIN posts p ON p.id = m.post_id JOIN brands b ON b.id = m.brand_id
            WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? AND m.label = ?
            AND p.erased_at IS NULL {live}) AS ranked
        WHERE place = 1 ORDER BY clear DESC, at DESC, id DESC LIMIT ?""",
        (brand, window.since, window.until, number, *more, limit * 8),
    )
    chosen: list[int] = []
    said: set[str] = set()
    for id_, text in rows:
        # The same words, as the same author, would waste one of the few places.
        if text not in said and len(chosen) < limit:
            chosen.append(id_)
            said.add(text)
    return chosen


def newest(store: Rows, brand: str, window: Window, limit: int = 3, narrow: Narrow = _ANY) -> list[int]:
    """Ids of the newest mentions in a window that can still be read."""
    live, more = narrow.clause()
    rows = store.rows(
        f"""SELECT m.post_id FROM mentions m JOIN brands b ON b.id = m.brand_id JOIN posts p ON p.id = m.post_id
        WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? AND p.erased_at IS NULL {live}
        ORDER BY m.published_at DESC, m.post_id DESC LIMIT ?""",
        (brand, window.since, window.until, *more, limit),
    )
    return [row[0] for row in rows]


def first_kept(store: Rows) -> int | None:
    """The time of the oldest post that is kept, or of the oldest stretch heard.

    A post is kept for its mentions and turns, whose indexes know the oldest; the posts themselves would be scanned.
    """
    rows = store.rows(
        """SELECT (SELECT min(published_at) FROM mentions WHERE brand_id = b.id) FROM brands b
        UNION ALL SELECT (SELECT min(at) FROM turns WHERE brand_id = b.id AND role = r.role) FROM brands b
        CROSS JOIN (SELECT 0 AS role UNION ALL SELECT 1 UNION ALL SELECT 2) AS r
        UNION ALL SELECT min(since) FROM coverage"""
    )
    return min((row[0] for row in rows if row[0] is not None), default=None)


def sources(store: Rows) -> list[str]:
    """Names and kinds of all sources: what may be asked for."""
    return [
        row[0] for row in store.rows("SELECT name FROM sources UNION SELECT kind FROM sources ORDER BY 1")
    ]


def engines(store: Rows, window: Window) -> list[str]:
    """Names of the engines that judged the mentions of a window."""
    rows = store.rows(
        """SELECT DISTINCT e.name FROM brands b CROSS JOIN mentions m JOIN engines e ON e.id = m.engine_id
        WHERE m.brand_id = b.id AND m.published_at >= ? AND m.published_at < ? ORDER BY e.name""",
        (window.since, window.until),
    )
    return [row[0] for row in rows]
