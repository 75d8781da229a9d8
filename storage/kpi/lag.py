"""How late mentions are heard: seconds from their publication until they were fetched."""

from __future__ import annotations

from dataclasses import dataclass

from storage.desk.tags import BEARS
from storage.kpi.evidence import Evidence

MOST = 5_000
"""About so many mentions of a window are looked at; of more, every second, third, ... one in the order of arrival."""

# A post without a time of its own is dated by when it was fetched: it would have a lag of nothing.
_LAGS = """SELECT m.source_id, m.language, p.fetched_at - p.published_at AS lag, count(*)
    FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.brand_id = ? AND m.published_at >= ? AND m.published_at < ? AND m.live > 0 AND m.post_id % ? = 0
    AND p.dated = 1 {tagged} GROUP BY m.source_id, m.language, lag"""


@dataclass(frozen=True, slots=True)
class Lag:
    """`mentions` that were heard `seconds` after their publication; 0 where the source's clock is ahead of ours."""

    source: int
    language: str | None
    seconds: int
    mentions: int


def lags(evidence: Evidence, brand: int, every: int) -> list[Lag]:
    """Lags of a brand's live, dated mentions (its number) in the window of this evidence; of every so many'th post."""
    window = evidence.window

    def fetch() -> list[Lag]:
        tag = () if evidence.tag is None else (evidence.tag,)
        sql = _LAGS.format(tagged=f"AND {BEARS}" if tag else "")
        rows = evidence.store.rows(sql, (brand, window.since, window.until, every, *tag))
        return [Lag(source, language, max(0, lag), mentions) for source, language, lag, mentions in rows]

    return evidence.once(("lags", brand, every), fetch)
