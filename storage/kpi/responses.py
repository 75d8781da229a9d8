"""Conversations with a brand: when somebody began to wait, and when, if ever, the brand answered."""

from __future__ import annotations

from typing import NamedTuple

from storage.base import Rows
from storage.calendar import Window
from storage.kpi.evidence import Evidence

_WAITS = """SELECT source_id, language, started, seconds, first FROM waits
    WHERE brand_id = ? AND started >= ? AND started < ? AND live >= ? {tagged} ORDER BY started"""
# Conversations in which a post of the window that addresses the brand bears a tag.
_TAGGED = """AND (source_id, conversation) IN (
    SELECT p.source_id, coalesce(p.conversation, p.native_id) FROM tags g
    JOIN turns t ON t.brand_id = g.brand_id AND t.post_id = g.post_id JOIN posts p ON p.id = g.post_id
    WHERE g.tag = ? AND g.brand_id = ? AND t.role = 0 AND t.at >= ? AND t.at < ?)"""


class Response(NamedTuple):
    """One wait in a conversation: seconds until the brand's next answer, or None while there is none. A tuple, for a
    year of a brand may have hundreds of thousands of them.

    `first`: the wait that the conversation began with, which the first response time measures.
    """

    source: int
    language: str | None
    started: int
    seconds: int | None
    first: bool


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
    """Return one Response for each wait that began in the window; `live_only` leaves out what history began.

    With a `tag` only conversations are looked at in which a post of the window that addresses the brand bears it.
    """
    asked = (brand, window.since, window.until)
    tagged = () if tag is None else (tag, *asked)
    rows = store.rows(_WAITS.format(tagged=_TAGGED if tagged else ""), (*asked, int(live_only), *tagged))
    return list(map(Response._make, rows))
