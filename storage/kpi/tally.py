"""Counts of mentions by brand, source, language and label: one query a window, shared by every KPI of counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.base import Rows
from storage.calendar import Window


@dataclass(frozen=True, slots=True)
class Counts:
    """Mentions by label; those without a label are `unjudged`. `engines` are the numbers of those that judged."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unjudged: int = 0
    engines: frozenset[int] = frozenset()

    @property
    def judged(self) -> int:
        return self.negative + self.neutral + self.positive

    @property
    def mentions(self) -> int:
        return self.judged + self.unjudged


@dataclass(slots=True)
class _Cell:
    labels: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    engines: set[int] = field(default_factory=set)


class Tally:
    """The counts of one window."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        """`rows`: brand number, source number, language, label (-1, 0, 1 or None), engine number, count."""
        # By brand first: every KPI asks for one brand, and there may be hundreds of sources and brands.
        self._cells: dict[int, dict[tuple[int, str | None], _Cell]] = defaultdict(lambda: defaultdict(_Cell))
        for brand, source, language, label, engine, count in rows:
            cell = self._cells[brand][source, language]
            cell.labels[3 if label is None else label + 1] += count
            if label is not None:
                cell.engines.add(engine)

    def counts(self, brand: int, sources: Iterable[int], language: str | None, by_language: bool) -> Counts:
        """Sum one brand over sources; over all languages unless `by_language`."""
        wanted = set(sources)
        total = [0, 0, 0, 0]
        engines: set[int] = set()
        for (source, spoken), cell in self._cells.get(brand, {}).items():
            if source in wanted and (not by_language or spoken == language):
                total = [a + b for a, b in zip(total, cell.labels, strict=True)]
                engines |= cell.engines
        negative, neutral, positive, unjudged = total
        return Counts(negative, neutral, positive, unjudged, frozenset(engines))

    def languages(self) -> set[str | None]:
        """The languages that occur; None where a post's language is unknown."""
        return {language for cells in self._cells.values() for _, language in cells}


def tally(store: Rows, brands: Sequence[int], window: Window, *, by_language: bool, live_only: bool) -> Tally:
    """Count the mentions of these brands (numbers) in a window."""
    language = "language" if by_language else "NULL"
    live = "AND live > 0" if live_only else ""
    # Live and judged again (2): still a mention that came in, but its tone is no news, and no rule fires by it.
    said = "CASE WHEN live = 2 THEN NULL ELSE label END" if live_only else "label"
    marks = ",".join("?" * len(brands))
    sql = f"""SELECT brand_id, source_id, {language} AS spoken, {said} AS said, engine_id, count(*) FROM mentions
        WHERE brand_id IN ({marks}) AND published_at >= ? AND published_at < ? {live}
        GROUP BY brand_id, source_id, spoken, said, engine_id"""
    return Tally(store.rows(sql, (*brands, window.since, window.until)))
