"""Posts among which those are chosen that explain a window best, with what speaks for each."""

from __future__ import annotations

from dataclasses import dataclass

from storage.base import Rows
from storage.browse import Narrow
from storage.calendar import Window
from storage.mention import LABEL_NUMBERS


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that mentions a brand. `clear`: how probable its label is; `story`: its own number where it is alone."""

    post: int
    text: str
    author: int | None
    followers: int
    story: int
    clear: float
    at: int


def candidates(
    store: Rows, brand: str, window: Window, label: str | None, narrow: Narrow, limit: int
) -> list[Candidate]:
    """The newest readable posts of a window about a brand, of one label or of any."""
    live, more = narrow.clause()
    toned = "AND m.label = ?" if label else ""
    rows = store.rows(
        f"""SELECT m.post_id, coalesce(p.title || ' ', '') || p.text, m.author_id, coalesce(a.followers, 0),
        coalesce(s.story_id, m.post_id), coalesce(CASE m.label
        WHEN -1 THEN m.p_negative WHEN 1 THEN m.p_positive ELSE m.p_neutral END, 0), m.published_at
        FROM mentions m JOIN brands b ON b.id = m.brand_id JOIN posts p ON p.id = m.post_id
        LEFT JOIN authors a ON a.id = m.author_id LEFT JOIN story_members s ON s.post_id = m.post_id
        WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? AND p.erased_at IS NULL {toned} {live}
        ORDER BY m.published_at DESC, m.post_id DESC LIMIT ?""",
        (brand, window.since, window.until, *([LABEL_NUMBERS[label]] if label else ()), *more, limit),
    )
    return [Candidate(*row) for row in rows]
