"""Counts of mentions by brand, source, language, engine and label: one query a window, shared by all its KPIs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from storage.base import Row, Rows
from storage.calendar import Window
from storage.desk.tags import BEARS
from storage.kpi.recent import MINUTE, SUMS, Recent
from storage.rollups import zone_of
from storage.rollups.cells import NO_LABEL
from storage.rollups.counted import SCALE
from storage.rollups.periods import Span, Unit, cover
from storage.stats.expected import Sums

_ROLLUPS = """SELECT brand_id, source_id, language, label, engine_id, live, mentions, positive, negative, positive2,
    negative2, product FROM rollups WHERE brand_id IN (SELECT value FROM json_each(?)) AND unit = ?
    AND start >= ? AND start < ? {live}"""
_FACTS = f"""SELECT brand_id, source_id, coalesce(language, ''), coalesce(label, {NO_LABEL}), coalesce(engine_id, 0),
    live, {SUMS}
    FROM mentions m WHERE brand_id IN (SELECT value FROM json_each(?)) AND published_at >= ? AND published_at < ?
    {{live}}
    GROUP BY brand_id, source_id, language, label, engine_id, live"""


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
    engines: dict[int, Sums] = field(default_factory=dict)


class Tally:
    """The counts of one window, and the sums of the probabilities behind them."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        """`rows`: brand number, source number, language, label (-1, 0, 1 or None), engine number, count, and the sums
        of p_positive, p_negative, their squares and their product."""
        # By brand first: every KPI asks for one brand, and there may be hundreds of sources and brands.
        self._cells: dict[int, dict[tuple[int, str | None], _Cell]] = defaultdict(lambda: defaultdict(_Cell))
        self._by_source: dict[tuple[int, str | None, bool], dict[int, Counts]] = {}
        for brand, source, language, label, engine, count, *sums in rows:
            cell = self._cells[brand][source, language]
            cell.labels[3 if label is None else label + 1] += count
            if label is not None:
                cell.engines[engine] = cell.engines.get(engine, Sums()) + Sums(count, *sums)

    def counts(self, brand: int, sources: Iterable[int], language: str | None, by_language: bool) -> Counts:
        """Sum one brand over sources; over all languages unless `by_language`."""
        wanted = set(sources)
        found = self.by_source(brand, language, by_language)
        of_sources = [counts for source, counts in found.items() if source in wanted]
        return Counts(
            sum(one.negative for one in of_sources),
            sum(one.neutral for one in of_sources),
            sum(one.positive for one in of_sources),
            sum(one.unjudged for one in of_sources),
            frozenset().union(*(one.engines for one in of_sources)),
        )

    def by_source(self, brand: int, language: str | None, by_language: bool) -> Mapping[int, Counts]:
        """What was counted of one brand in each source. Worked out once: nearly every KPI asks."""
        key = (brand, language if by_language else None, by_language)
        found = self._by_source.get(key)
        if found is None:
            found = self._by_source[key] = self._summed(*key)
        return found

    def _summed(self, brand: int, language: str | None, by_language: bool) -> dict[int, Counts]:
        labels: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        engines: dict[int, set[int]] = defaultdict(set)
        for (source, spoken), cell in self._cells.get(brand, {}).items():
            if not by_language or spoken == language:
                labels[source] = [a + b for a, b in zip(labels[source], cell.labels, strict=True)]
                engines[source].update(cell.engines)
        return {
            source: Counts(negative, neutral, positive, unjudged, frozenset(engines[source]))
            for source, (negative, neutral, positive, unjudged) in labels.items()
        }

    def of_brand(self, brand: int) -> int:
        """How many mentions of one brand there are, in whatever source and language."""
        return sum(sum(cell.labels) for cell in self._cells.get(brand, {}).values())

    def strata(
        self, brand: int, sources: Iterable[int], language: str | None, by_language: bool
    ) -> Mapping[tuple[int, str | None], Sums]:
        """The sums of what was judged, by engine and language."""
        found: dict[tuple[int, str | None], Sums] = {}
        for spoken, cell in self._of(brand, sources, language, by_language):
            for engine, sums in cell.engines.items():
                found[engine, spoken] = found.get((engine, spoken), Sums()) + sums
        return found

    def _of(
        self, brand: int, sources: Iterable[int], language: str | None, by_language: bool
    ) -> Iterable[tuple[str | None, _Cell]]:
        wanted = set(sources)
        for (source, spoken), cell in self._cells.get(brand, {}).items():
            if source in wanted and (not by_language or spoken == language):
                yield spoken, cell

    @property
    def mentions(self) -> int:
        """All mentions of all brands."""
        return sum(sum(cell.labels) for cells in self._cells.values() for cell in cells.values())

    def languages(self) -> set[str | None]:
        """The languages that occur; None where a post's language is unknown."""
        return {language for cells in self._cells.values() for _, language in cells}


def tally(
    store: Rows,
    brands: Sequence[int],
    window: Window,
    *,
    live_only: bool,
    tag: str | None = None,
    recent: Recent | None = None,
) -> Tally:
    """Count the mentions of these brands (numbers) in a window: whole months and days from their roll-ups.

    Whole minutes beside them from what is at hand, where `recent` is given. Those that bear a `tag` are counted from
    the facts: roll-ups do not know what people decide.
    """
    at_hand: list[Row] = []
    parts: list[str] = []
    asked: list[object] = []
    named = json.dumps(list(brands))
    tagged = () if tag is None else (tag,)
    facts = [Span(Unit.FACTS, window.since, window.until)]
    spans = cover(window, zone_of(store)) if tag is None else facts
    if recent is not None and tag is None:
        for since, until in _minutes(spans):
            at_hand += recent.rows(store, tuple(brands), since, until, live_only=live_only)
        spans = _without_minutes(spans)
    for span in spans:
        source, extra = (_FACTS, ()) if span.unit == Unit.FACTS else (_ROLLUPS, (span.unit.value,))
        bears = f" AND {BEARS}" if tagged else ""
        parts.append(source.format(live=("AND live > 0" if live_only else "") + bears))
        asked += [named, *extra, span.since, span.until, *tagged]
    # Live and judged again (2): still a mention that came in, but its tone is no news, and no rule fires by it.
    said = f"CASE WHEN live = 2 THEN {NO_LABEL} ELSE label END" if live_only else "label"
    sql = f"""WITH counted (brand_id, source_id, language, label, engine_id, live, mentions, positive, negative,
            positive2, negative2, product) AS ({" UNION ALL ".join(parts)})
        SELECT brand_id, source_id, nullif(language, ''), nullif({said}, {NO_LABEL}) AS said, nullif(engine_id, 0),
        sum(mentions), sum(positive), sum(negative), sum(positive2), sum(negative2), sum(product)
        FROM counted GROUP BY brand_id, source_id, language, said, engine_id"""
    rows = [*at_hand, *(store.rows(sql, asked) if parts else [])]
    return Tally((*head, *_probabilities(sums)) for *head, sums in ((*row[:6], row[6:]) for row in rows))


def _minutes(spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """The whole minutes in those spans that are no longer periods."""
    for span in spans:
        since, until = -(-span.since // MINUTE) * MINUTE, span.until // MINUTE * MINUTE
        if span.unit == Unit.FACTS and since < until:
            yield since, until


def _without_minutes(spans: Iterable[Span]) -> list[Span]:
    """The spans with what is left of them beside their whole minutes."""
    left: list[Span] = []
    for span in spans:
        for since, until in _minutes([span]):
            ends = (Span(Unit.FACTS, span.since, since), Span(Unit.FACTS, until, span.until))
            left += [end for end in ends if end.since < end.until]
            break
        else:
            left.append(span)
    return left


def _probabilities(sums: Sequence[int]) -> Iterator[float]:
    """Sums of probabilities, and of their squares and products, of what is summed in whole numbers."""
    positive, negative, *products = sums
    yield from (positive / SCALE, negative / SCALE, *(product / SCALE**2 for product in products))
