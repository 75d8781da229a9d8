"""Conversations with a brand: when somebody began to wait, and when, if ever, the brand answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from storage.base import Rows
from storage.calendar import Window
from storage.kpi.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Response:
    """One wait in a conversation: seconds until the brand's next answer, or None while there is none.

    `first`: the wait that the conversation began with, which the first response time measures.
    """

    source: int
    language: str | None
    started: int
    seconds: int | None
    first: bool = True


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


def waits(evidence: Evidence, brand: int) -> list[Response]:
    """The waits of a brand (its number) in the window of this evidence, fetched once."""
    return evidence.once(
        ("waits", brand),
        lambda: responses(
            evidence.store, brand, evidence.window, live_only=evidence.live_only, tag=evidence.tag
        ),
    )


def responses(
    store: Rows, brand: int, window: Window, *, live_only: bool, tag: str | None = None
) -> list[Response]:
    """Return one Response for each wait that began in the window.

    The clock starts at the first post that addresses the brand, and again at the first one after an answer. It stops
    at the first later one by the brand's own people; posts flagged automatic do not stop it. `live_only` leaves out
    clocks that history started. With a `tag` only conversations are looked at in which a post of the window that
    addresses the brand bears it.
    """
    sql = _TURNS.format(tagged="" if tag is None else f"AND {_TAGGED}")
    tagged = () if tag is None else (tag,)
    said: dict[tuple[int, str], list[_Turn]] = defaultdict(list)
    for source, conversation, *turn in store.rows(sql, (brand, window.since, window.until, *tagged, brand)):
        said[source, conversation].append(_Turn(*turn))
    return [
        Response(source, asked.language, asked.at, None if answer is None else answer.at - asked.at, first)
        for (source, _), turns in said.items()
        for asked, answer, first in _runs(turns)
        if window.since <= asked.at < window.until and (asked.live or not live_only)
    ]


def _runs(turns: Sequence[_Turn]) -> Iterator[tuple[_Turn, _Turn | None, bool]]:
    """(who began to wait, who answered, whether it is the first wait) of one conversation in the order of time."""
    asked, first = None, True
    for turn in turns:
        if asked is None:
            asked = turn if turn.role == 0 else None
        elif turn.role == 1 and turn.at > asked.at:
            yield asked, turn, first
            asked, first = None, False
    if asked is not None:
        yield asked, None, first
