"""What a rule may notice that no KPI tells: who speaks for the first time, in which language, who still waits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows
from storage.calendar import Window
from storage.unanswered import OPEN, OPEN_THEN

_LIVE = {True: "AND m.live > 0", False: ""}
_WAITS = f"{OPEN} AND w.live > 0"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An author, by number, who mentioned a brand for the first time, with the post that did."""

    author: int
    source: str
    followers: int
    post: int
    at: int


# The order matters: of those who spoke first in an hour few have many followers, and so only their mentions are read.
# With news the newest mentions lead, which are fewer still.
_FIRSTS = "author_firsts f CROSS JOIN authors a"
_NEWS = "mentions n CROSS JOIN authors a CROSS JOIN author_firsts f"


def newcomers(
    store: Rows,
    brand: str,
    window: Window,
    followers: int,
    sources: Sequence[int],
    limit: int,
    after: int | None = None,
    *,
    live_only: bool = True,
) -> list[Newcomer]:
    """Authors with at least so many followers whose first mention of a brand lies in a window and was heard live.

    Those with most followers first. `sources`: by number, those in which they may be; `after`: only those who say
    anything in posts with a greater number. Without `live_only` it counts however it came.
    """
    led_by, newer = _FIRSTS, ""
    if after is not None:
        led_by, newer = _NEWS, "n.brand_id = b.id AND n.post_id > ? AND a.id = n.author_id AND"
    rows = store.rows(
        f"""SELECT a.id, s.name, a.followers, min(m.post_id), f.first_at
        FROM brands b CROSS JOIN {led_by} CROSS JOIN sources s CROSS JOIN mentions m
        WHERE {newer} b.name = ? AND f.brand_id = b.id AND f.author_id = a.id AND f.first_at >= ? AND f.first_at < ?
        AND a.followers >= ? AND s.id = a.source_id AND s.id IN (SELECT value FROM json_each(?))
        AND m.brand_id = b.id AND m.author_id = a.id AND m.published_at = f.first_at {_LIVE[live_only]}
        GROUP BY a.id, s.name, a.followers, f.first_at ORDER BY a.followers DESC, a.id LIMIT ?""",
        (
            *(() if after is None else (after,)),
            *(brand, window.since, window.until, followers, json.dumps(list(sources)), limit),
        ),
    )
    return [Newcomer(*row) for row in rows]


def new_languages(
    store: Rows,
    brand: str,
    window: Window,
    sources: Sequence[int],
    before: str | None,
    after: int | None = None,
    *,
    live_only: bool = True,
) -> list[tuple[str, int, int]]:
    """Languages in which a brand was mentioned live in a window and never before: (language, mentions, first post).

    `sources`: by number, those in which it may be; `before`: the name or kind of those where it was never before;
    `after`: only those of posts with a greater number. Without `live_only` every mention counts, however it came.
    """
    where = "AND (? IS NULL OR m.source_id IN (SELECT id FROM sources WHERE name = ? OR kind = ?))"
    heard = json.dumps(list(sources))
    spoken = store.rows(
        f"""SELECT DISTINCT m.language FROM mentions m JOIN brands b ON b.id = m.brand_id
        WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? {_LIVE[live_only]} AND m.post_id > ?
        AND m.language IS NOT NULL AND m.source_id IN (SELECT value FROM json_each(?)) ORDER BY m.language""",
        (brand, window.since, window.until, -1 if after is None else after, heard),
    )
    return [
        (language, *counted)
        for (language,) in spoken
        if not store.rows(
            f"""SELECT 1 FROM mentions m JOIN brands b ON b.id = m.brand_id
            WHERE b.name = ? AND m.published_at < ? AND m.language = ? {where} LIMIT 1""",
            (brand, window.since, language, before, before, before),
        )
        for counted in store.rows(
            f"""SELECT count(*), min(m.post_id) FROM mentions m JOIN brands b ON b.id = m.brand_id
            WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? {_LIVE[live_only]}
            AND m.language = ? AND m.source_id IN (SELECT value FROM json_each(?))""",
            (brand, window.since, window.until, language, heard),
        )
    ]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The post with which somebody began to wait for a brand's answer, and has none yet."""

    post: int
    source_id: int
    started: int


def waiting(
    store: Rows, brand: str, window: Window, source: str | None, limit: int, then: int | None = None
) -> list[Waiting]:
    """Who addressed a brand live in a window and has no answer yet: those who wait longest first.

    With `then`: who had none at that second, and addressed it however it came here.
    """
    waits = _WAITS if then is None else OPEN_THEN
    rows = store.rows(
        f"""SELECT w.post_id, w.source_id, w.started FROM waits w
        JOIN brands b ON b.id = w.brand_id JOIN posts p ON p.id = w.post_id
        WHERE b.name = ? AND w.started >= ? AND w.started < ? AND {waits}
        AND (? IS NULL OR w.source_id IN (SELECT id FROM sources WHERE name = ? OR kind = ?))
        ORDER BY w.started, w.post_id LIMIT ?""",
        (
            brand,
            window.since,
            window.until,
            *([] if then is None else [then] * 3),
            source,
            source,
            source,
            limit,
        ),
    )
    return [Waiting(*row) for row in rows]
