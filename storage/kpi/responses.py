"""Conversations with a brand: when the clock started, and when, if ever, the brand answered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from storage.base import Rows
from storage.calendar import Window


@dataclass(frozen=True, slots=True)
class Response:
    """One conversation: seconds until the brand's first answer, or None while there is none."""

    source: int
    language: str | None
    started: int
    seconds: int | None


class _Turn(NamedTuple):
    role: int
    at: int
    language: str | None
    live: int


_TAGGED = (
    "EXISTS (SELECT 1 FROM tags g WHERE g.tag = ? AND g.brand_id = t.brand_id AND g.post_id = t.post_id)"
)
# Conversations that were addressed to the brand inside the window, then everything said in them with or by it:
# the clock may have started earlier, and the answer may lie after the window.
_TURNS = """WITH started AS (
    SELECT DISTINCT p.source_id, coalesce(p.conversation, p.native_id) AS conversation
    FROM turns t JOIN posts p ON p.id = t.post_id
    WHERE t.brand_id = ? AND t.role = 0 AND t.at >= ? AND t.at < ? {tagged}),
members AS (
    SELECT s.source_id, s.conversation, p.id, p.language, p.live FROM started s
    JOIN posts p ON p.source_id = s.source_id AND p.conversation = s.conversation
    UNION ALL
    SELECT s.source_id, s.conversation, p.id, p.language, p.live FROM started s
    JOIN posts p ON p.source_id = s.source_id AND p.native_id = s.conversation AND p.conversation IS NULL)
SELECT m.source_id, m.conversation, t.role, t.at, m.language, m.live FROM members m
JOIN turns t ON t.brand_id = ? AND t.post_id = m.id ORDER BY t.at, m.id"""


def responses(
    store: Rows, brand: int, window: Window, *, live_only: bool, tag: str | None = None
) -> list[Response]:
    """Return one Response for each conversation whose clock started in the window.

    The clock starts at the first post that addresses the brand and stops at the first later one by the brand's
    own people; posts flagged automatic do not stop it. `live_only` leaves out clocks that history started. With a `tag`
    only conversations are looked at in which a post of the window that addresses the brand bears it.
    """
    sql = _TURNS.format(tagged="" if tag is None else f"AND {_TAGGED}")
    tagged = () if tag is None else (tag,)
    said: dict[tuple[int, str], list[_Turn]] = defaultdict(list)
    for source, conversation, *turn in store.rows(sql, (brand, window.since, window.until, *tagged, brand)):
        said[source, conversation].append(_Turn(*turn))
    found = []
    for (source, _), turns in said.items():
        first = next(turn for turn in turns if turn.role == 0)
        if window.since <= first.at < window.until and (first.live or not live_only):
            answered = next((turn.at for turn in turns if turn.role == 1 and turn.at > first.at), None)
            seconds = None if answered is None else answered - first.at
            found.append(Response(source, first.language, first.at, seconds))
    return found
