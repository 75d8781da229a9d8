"""How late mentions are heard: seconds from their publication until they were fetched."""

from __future__ import annotations

import json
from dataclasses import dataclass

from storage.calendar import Window
from storage.desk.tags import BEARS
from storage.kpi.evidence import Evidence

MOST = 1_000
"""About so many mentions of a window are looked at; of more, those in even stretches of its time."""
STRETCHES = 199
"""Parts of a window, in each of which the same share of time is looked at: never always at one hour of the day."""

# A post without a time of its own is dated by when it was fetched: it would have a lag of nothing.
_LAGS = """SELECT m.source_id, m.language, p.fetched_at - p.published_at AS lag, count(*)
    FROM json_each(?) stretch CROSS JOIN mentions m CROSS JOIN posts p
    WHERE m.brand_id = ? AND m.published_at >= json_extract(stretch.value, '$[0]')
    AND m.published_at < json_extract(stretch.value, '$[1]') AND m.live > 0 AND p.id = m.post_id
    AND p.dated = 1 {tagged} GROUP BY m.source_id, m.language, lag"""


@dataclass(frozen=True, slots=True)
class Lag:
    """`mentions` that were heard `seconds` after their publication; 0 where the source's clock is ahead of ours."""

    source: int
    language: str | None
    seconds: int
    mentions: int


def lags(evidence: Evidence, brand: int, every: int) -> list[Lag]:
    """Lags of a brand's live, dated mentions (its number) in the window of this evidence.

    `every`: of 2, half of the time is looked at, of 3 a third. Each mention has the same chance to be among it, and
    nobody goes through all to find them.
    """
    window = evidence.window

    def fetch() -> list[Lag]:
        tag = () if evidence.tag is None else (evidence.tag,)
        sql = _LAGS.format(tagged=f"AND {BEARS}" if tag else "")
        rows = evidence.store.rows(sql, (json.dumps(_stretches(window, every)), brand, *tag))
        return [Lag(source, language, max(0, lag), mentions) for source, language, lag, mentions in rows]

    return evidence.once(("lags", brand, every), fetch)


def _stretches(window: Window, every: int) -> list[tuple[int, int]]:
    length = window.until - window.since
    if every == 1 or length < STRETCHES * every:
        return [(window.since, window.until)]
    starts = [window.since + length * number // STRETCHES for number in range(STRETCHES)]
    return [(start, start + length // (STRETCHES * every)) for start in starts]
