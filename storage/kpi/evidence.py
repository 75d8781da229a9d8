"""Everything that is counted in one window, each question asked when it is first needed and once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sentiment.calibration import Measured, card
from storage.base import Row, Rows
from storage.calendar import Window
from storage.desk.corrections import STANDING
from storage.desk.tags import BEARS
from storage.kpi.crowd import MOST_COUNTED, Crowd, calendar_period, crowd
from storage.kpi.recent import Recent
from storage.kpi.tally import Tally, tally

# Corrections lead, because they are few; what an edit made of other words is left out.
_CORRECTED = """SELECT m.source_id, m.language, m.label, m.engine_id, m.p_negative, m.p_positive, c.label, c.sampled,
    c.at FROM corrections c CROSS JOIN mentions m CROSS JOIN posts p
    WHERE c.brand_id = ? AND m.brand_id = c.brand_id AND m.post_id = c.post_id AND p.id = c.post_id
    AND m.published_at >= ? AND m.published_at < ? {live} AND {standing} ORDER BY c.at, c.post_id"""
# Mentions by author, then only their squares. Mentions whose author nobody knows are each alone. Languages and what was
# heard live are in no roll-up of authors.
_SQUARES = """SELECT source_id, spoken, sum(squares) FROM (
    SELECT source_id, {language} AS spoken,
        CASE WHEN author_id IS NULL THEN count(*) ELSE count(*) * count(*) END AS squares
    FROM mentions m WHERE brand_id = ? AND published_at >= ? AND published_at < ? AND label IS NOT NULL {live}
    GROUP BY source_id, spoken, author_id) AS authors GROUP BY source_id, spoken"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Corrected:
    """A mention that a person labelled. `said` is the engine's label, None where it was left open.

    `engine` and the probabilities are None only where no engine judged.
    """

    source: int
    language: str | None
    said: int | None
    engine: int | None
    p_negative: float | None
    p_positive: float | None
    label: int
    sampled: bool
    at: int


class Evidence:
    """The counts of one window, what people corrected in it, and how its mentions are spread over authors."""

    def __init__(
        self,
        store: Rows,
        brands: Sequence[int],
        window: Window,
        *,
        by_language: bool,
        live_only: bool,
        tag: str | None = None,
        recent: Recent | None = None,
    ) -> None:
        self.store = store
        self.brands = tuple(brands)
        self.window = window
        self.by_language = by_language
        self.live_only = live_only
        self.tag = tag
        self.recent = recent
        self._fetched: dict[Hashable, object] = {}
        self._corrected: dict[int, list[Corrected]] = {}

    def once(self, what: Hashable, fetch: Callable[[], T]) -> T:
        """What a family fetches for itself: asked for the first time it is fetched, then remembered for this window."""
        if what not in self._fetched:
            self._fetched[what] = fetch()
        found: T = self._fetched[what]  # type: ignore[assignment]
        return found

    @property
    def _only(self) -> str:
        """What is left out of mentions whose tone is news."""
        live = "AND m.live = 1 " if self.live_only else ""
        return live if self.tag is None else f"{live}AND {BEARS}"

    @property
    def _tag(self) -> tuple[str, ...]:
        return () if self.tag is None else (self.tag,)

    @cached_property
    def tally(self) -> Tally:
        """Mentions by brand, source, language, engine and label."""
        return tally(
            self.store,
            self.brands,
            self.window,
            live_only=self.live_only,
            tag=self.tag,
            recent=self.recent,
        )

    @cached_property
    def _engines(self) -> dict[int, str]:
        return dict(self.store.rows("SELECT id, name FROM engines"))

    def measured(self, engine: int, language: str | None) -> Measured | None:
        """What was measured of an engine (its number) in a language."""
        found = card(self._engines.get(engine, ""))
        return found.of(language) if found else None

    def corrected(self, brand: int, sources: Iterable[int], language: str | None) -> list[Corrected]:
        """What people said of a brand's mentions in these sources, oldest first; by language where that is asked."""
        if brand not in self._corrected:
            sql = _CORRECTED.format(live=self._only, standing=STANDING)
            rows = self.store.rows(sql, (brand, self.window.since, self.window.until, *self._tag))
            self._corrected[brand] = [_corrected(row) for row in rows]
        wanted = set(sources)
        return [
            one
            for one in self._corrected[brand]
            if one.source in wanted and (not self.by_language or one.language == language)
        ]

    @cached_property
    def crowd(self) -> Crowd:
        """The authors behind all mentions of the window, whatever their language, heard live or not."""
        return crowd(self.store, self.brands, self.window, self.tally.mentions)

    @cached_property
    def _crowd_is_kept(self) -> bool:
        """Whether the authors are in a roll-up. Where they are not, their squares alone are sooner counted."""
        return calendar_period(self.store, self.brands, self.window) is not None

    @cached_property
    def followed_crowd(self) -> Crowd:
        """The same with the numbers of their followers."""
        return crowd(self.store, self.brands, self.window, self.tally.mentions, followers=True)

    def clustering(self, brand: int, sources: Iterable[int], language: str | None) -> float:
        """By how much noise grows because authors have several mentions: sum of mentions² by author / mentions.

        Where there are too many to look at, those of one language are taken to cluster as those of all do.
        """
        wanted = frozenset(sources)
        plain = not self.by_language and not self.live_only and self.tag is None
        if (plain and self._crowd_is_kept) or self.tally.mentions > MOST_COUNTED:
            return self.crowd.clustering(brand, wanted, self.tally.counts(brand, wanted, None, False).judged)
        squares = sum(
            found
            for source, spoken, found in self.once(("squares", brand), lambda: self._squares(brand))
            if source in wanted and (not self.by_language or spoken == language)
        )
        judged = self.tally.counts(brand, wanted, language, self.by_language).judged
        return max(1.0, squares / judged) if judged else 1.0

    def _squares(self, brand: int) -> list[Row]:
        sql = _SQUARES.format(language="language" if self.by_language else "NULL", live=self._only)
        return self.store.rows(sql, (brand, self.window.since, self.window.until, *self._tag))


def _corrected(row: Row) -> Corrected:
    source, language, said, engine, negative, positive, label, sampled, at = row
    return Corrected(source, language, said, engine, negative, positive, label, bool(sampled), at)
