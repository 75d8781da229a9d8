"""The counts of the last hours by the minute, kept at hand: a window that slides is not counted anew each second."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from storage.base import Row, Rows
from storage.hearing import newest_post
from storage.rollups.cells import NO_LABEL
from storage.rollups.counted import whole

MINUTE = 60
REACH = 3 * 3600
"""Seconds back from now that are kept at hand: of the longest day at most a few ten thousand sums."""

_POSITIVE, _NEGATIVE = whole("p_positive"), whole("p_negative")
SUMS = f"""count(*), coalesce(sum({_POSITIVE}), 0), coalesce(sum({_NEGATIVE}), 0),
    coalesce(sum({_POSITIVE} * {_POSITIVE}), 0), coalesce(sum({_NEGATIVE} * {_NEGATIVE}), 0),
    coalesce(sum({_POSITIVE} * {_NEGATIVE}), 0)"""
"""Mentions, and the sums of p_positive, p_negative, their squares and their product, as whole numbers."""

_COUNT = f"""SELECT published_at / {MINUTE}, brand_id, source_id, coalesce(language, ''), coalesce(label, {NO_LABEL}),
    coalesce(engine_id, 0), live, {SUMS} FROM mentions
    WHERE brand_id IN (SELECT value FROM json_each(?)) AND {{which}}
    GROUP BY published_at / {MINUTE}, brand_id, source_id, language, label, engine_id, live"""
_KEPT = _COUNT.format(which="published_at >= ? AND published_at < ? AND post_id <= ?")
_NEWS = _COUNT.format(which="post_id > ? AND post_id <= ?")
_FOR_EVER = 2**62

_Cell = tuple[int, int, str, int, int, int]
"""Brand, source, language, label, engine, live, as the roll-ups write them."""


@dataclass
class _Minutes:
    """What was counted of these brands in posts up to `newest`: of each minute from `low` on, nothing before it."""

    brands: tuple[int, ...]
    generation: int
    newest: int
    low: int = _FOR_EVER
    cells: dict[int, dict[_Cell, list[int]]] = field(default_factory=lambda: defaultdict(dict))

    def catch_up(self, store: Rows) -> None:
        """Count what came since: a new mention is of a new post, whose number is greater."""
        newest = newest_post(store)
        if newest > self.newest:
            self._add(store.rows(_NEWS, (json.dumps(self.brands), self.newest, newest)))
            self.newest = newest

    def reach(self, store: Rows, low: int) -> None:
        """Count what lies before. Of newer posts nothing: they are counted when this catches up."""
        if low < self.low:
            until = min(self.low * MINUTE, _FOR_EVER)
            low, self.low = self.low, low
            self._add(store.rows(_KEPT, (json.dumps(self.brands), self.low * MINUTE, until, self.newest)))

    def _add(self, rows: list[Row]) -> None:
        for minute, *cell, count, a, b, c, d, e in rows:
            if minute >= self.low:
                key = tuple(cell)
                had = self.cells[minute].get(key, (0, 0, 0, 0, 0, 0))
                self.cells[minute][key] = [x + y for x, y in zip(had, (count, a, b, c, d, e), strict=True)]

    def drop(self, low: int) -> None:
        """Forget the minutes before this one."""
        if low > self.low:
            for minute in [minute for minute in self.cells if minute < low]:
                del self.cells[minute]
            self.low = low

    def summed(self, low: int, high: int, *, live_only: bool) -> Iterator[Row]:
        """The sums of the minutes [low, high), by brand, source, language, label and engine."""
        totals: dict[tuple[int, int, str, int, int], list[int]] = {}
        for minute in range(low, high):
            for (brand, source, language, label, engine, live), sums in self.cells.get(minute, {}).items():
                if live_only and not live:
                    continue
                # Live and judged again (2): still a mention that came in, but its tone is no news.
                said = NO_LABEL if live_only and live == 2 else label
                key = (brand, source, language, said, engine)
                had = totals.get(key)
                totals[key] = sums if had is None else [a + b for a, b in zip(had, sums, strict=True)]
        for (brand, source, language, said, engine), sums in totals.items():
            yield brand, source, language or None, None if said == NO_LABEL else said, engine or None, *sums


class Recent:
    """Counts of the newest minutes for whoever asks again and again, from any thread.

    It sees by itself what is new. Whoever changes mentions that are kept already (an edit, another program) must let it
    forget: an erasure does not, because what is erased still counts.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._generation = 0
        self._minutes: _Minutes | None = None

    def forget(self) -> None:
        """Count all anew when it is next asked for. Waits for nobody: what is being counted now is not kept."""
        self._generation += 1

    def rows(
        self, store: Rows, brands: tuple[int, ...], since: int, until: int, *, live_only: bool
    ) -> list[Row]:
        """The mentions of whole minutes [since, until) by brand, source, language, label and engine.

        None for a language, label or engine that is not known; then the count, and the sums of SUMS.
        """
        with self._lock:
            minutes = self._minutes
            if minutes is None or minutes.brands != brands or minutes.generation != self._generation:
                # The generation first: what is changed while it is counted makes it count again.
                minutes = self._minutes = _Minutes(brands, self._generation, newest_post(store))
            minutes.drop((until - REACH) // MINUTE)
            minutes.catch_up(store)
            minutes.reach(store, since // MINUTE)
            return list(minutes.summed(since // MINUTE, until // MINUTE, live_only=live_only))
