"""What a rule may notice that no KPI tells: who speaks for the first time, in which language, who still waits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows
from storage.calendar import Window
from storage.unanswered import WAITING


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An author, by number, who mentioned a brand for the first time, with the post that did."""

    author: int
    source: str
    followers: int
    post: int
    at: int


def newcomers(
    store: Rows, brand: str, window: Window, followers: int, sources: Sequence[int], limit: int
) -> list[Newcomer]:
    """Authors with at least so many followers whose first mention of a brand lies in a window and was heard live.

    Those with most followers first. `sources`: by number, those in which they may be.
    """
    rows = store.rows(
        """SELECT a.id, s.name, a.followers, min(m.post_id), f.first_at
        FROM brands b JOIN author_firsts f ON f.brand_id = b.id JOIN authors a ON a.id = f.author_id
        JOIN sources s ON s.id = a.source_id
        JOIN mentions m ON m.brand_id = b.id AND m.author_id = a.id AND m.published_at = f.first_at
        WHERE b.name = ? AND f.first_at >= ? AND f.first_at < ? AND a.followers >= ? AND m.live > 0
        AND s.id IN (SELECT value FROM json_each(?))
        GROUP BY a.id, s.name, a.followers, f.first_at ORDER BY a.followers DESC, a.id LIMIT ?""",
        (brand, window.since, window.until, followers, json.dumps(list(sources)), limit),
    )
    return [Newcomer(*row) for row in rows]


def new_languages(
    store: Rows, brand: str, window: Window, sources: Sequence[int], before: str | None
) -> list[tuple[str, int, int]]:
    """Languages in which a brand was mentioned live in a window and never before: (language, mentions, first post).

    `sources`: by number, those in which it may be; `before`: the name or kind of those where it was never before.
    """
    where = "AND (? IS NULL OR m.source_id IN (SELECT id FROM sources WHERE name = ? OR kind = ?))"
    return [
        (language, mentions, post)
        for language, mentions, post in store.rows(
            """SELECT m.language, count(*), min(m.post_id) FROM mentions m JOIN brands b ON b.id = m.brand_id
            WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? AND m.live > 0
            AND m.language IS NOT NULL AND m.source_id IN (SELECT value FROM json_each(?))
            GROUP BY m.language ORDER BY m.language""",
            (brand, window.since, window.until, json.dumps(list(sources))),
        )
        if not store.rows(
            f"""SELECT 1 FROM mentions m JOIN brands b ON b.id = m.brand_id
            WHERE b.name = ? AND m.published_at < ? AND m.language = ? {where} LIMIT 1""",
            (brand, window.since, language, before, before, before),
        )
    ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The post with which somebody began to wait for a brand's answer, and has none yet."""

    post: int
    source_id: int
    started: int


def waiting(store: Rows, brand: str, window: Window, source: str | None, limit: int) -> list[Waiting]:
    """Who addressed a brand live in a window and has no answer yet: those who wait longest first."""
    rows = store.rows(
        f"""SELECT w.post_id, w.source_id, w.started {WAITING} AND w.live > 0
        AND (? IS NULL OR w.source_id IN (SELECT id FROM sources WHERE name = ? OR kind = ?))
        ORDER BY w.started, w.post_id LIMIT ?""",
        (brand, window.since, window.until, source, source, source, limit),
    )
    return [Waiting(*row) for row in rows]
