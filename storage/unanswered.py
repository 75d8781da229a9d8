"""Who asked a brand something and still waits: the longest waiting first, without what the desk has solved."""

from __future__ import annotations

from dataclasses import dataclass

from storage.base import Rows
from storage.calendar import Window

OPEN = """w.seconds IS NULL AND p.erased_at IS NULL
    AND coalesce((SELECT e.kind FROM cases c JOIN case_events e ON e.case_id = c.id
        WHERE c.brand_id = w.brand_id AND c.post_id = w.post_id
        ORDER BY e.at DESC, e.id DESC LIMIT 1), '') <> 'solve'"""
"""Who took the question back waits no more, and who was helped on another way neither."""
OPEN_THEN = """(w.seconds IS NULL OR w.started + w.seconds > ?) AND (p.erased_at IS NULL OR p.erased_at > ?)
    AND coalesce((SELECT e.kind FROM cases c JOIN case_events e ON e.case_id = c.id
        WHERE c.brand_id = w.brand_id AND c.post_id = w.post_id AND e.at <= ?
        ORDER BY e.at DESC, e.id DESC LIMIT 1), '') <> 'solve'"""
"""The same at a second of the past, which is each of its three parameters."""
_WAITING = f"""FROM waits w JOIN posts p ON p.id = w.post_id
    WHERE w.brand_id = (SELECT id FROM brands WHERE name = ?) AND w.started >= ? AND w.started < ? AND {OPEN}"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post, by number, that waits for an answer of a brand since `since`."""

    post: int
    brand: str
    since: int


def longest(store: Rows, brand: str, window: Window, limit: int) -> tuple[list[Waiting], int]:
    """Those whose wait began in a window and is not over, and how many there are in all."""
    asked = (brand, window.since, window.until)
    rows = store.rows(
        f"SELECT w.post_id, w.started {_WAITING} ORDER BY w.started, w.post_id LIMIT ?", (*asked, limit)
    )
    total = store.rows(f"SELECT count(*) {_WAITING}", asked)[0][0] if rows else 0
    return [Waiting(post, brand, since) for post, since in rows], total
