"""Who is behind the mentions of a window: sums over authors, from roll-ups where the calendar allows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.base import Rows
from storage.calendar import Unit as Name
from storage.calendar import Window, cut, unit_of
from storage.rollups import zone_of
from storage.rollups.authors import counted, summed
from storage.rollups.periods import NAMES, Unit
from storage.rollups.sums import Totals

MOST_COUNTED = 300_000
"""Mentions of a window that is no calendar period up to which its authors are counted one by one."""

_PERIODS = (Unit.WEEK, Unit.MONTH, Unit.YEAR)
_TOTALS = f"""SELECT source_id, brand_id, {", ".join(Totals._fields)} FROM author_totals
    WHERE unit = ? AND start = ? AND brand_id IN (SELECT value FROM json_each(?))"""
_PAIRS = """SELECT source_id, brand_id, other_id, product FROM author_pairs WHERE unit = ? AND start = ?"""
_ANY = """SELECT 1 FROM mentions WHERE brand_id IN (SELECT value FROM json_each(?))
    AND published_at >= ? AND published_at < ? LIMIT 1"""
_JUDGED = """SELECT source_id, brand_id, sum(mentions) FROM rollups WHERE brand_id IN (SELECT value FROM json_each(?))
    AND unit = ? AND start >= ? AND start < ? AND label <= 1 GROUP BY source_id, brand_id"""


@dataclass(frozen=True, slots=True)
class Crowd:
    """`totals` by (source, brand) and `pairs` by (source, brand, other brand), see `storage.rollups.authors`.

    `exact`: they are those of the window. Otherwise nobody counted its authors; they are the sums of the calendar years
    that it touches, and only say how strongly mentions cluster (`judged` are the mentions of those years, `years` how
    many there are).
    """

    totals: Mapping[tuple[int, int], Totals]
    pairs: Mapping[tuple[int, int, int], int]
    exact: bool = True
    judged: Mapping[tuple[int, int], int] | None = None
    years: int = 1

    def of(self, brand: int, sources: Iterable[int]) -> Totals:
        """The sums over these sources: an author is one within a source."""
        total = Totals()
        for source in sources:
            found = self.totals.get((source, brand))
            if found is not None:
                total = total.plus(found)
        return total

    def pair(self, brand: int, other: int, sources: Iterable[int]) -> int:
        """The sum over authors of mentions of one brand times mentions of the other."""
        if brand == other:
            return self.of(brand, sources).mentions2
        low, high = sorted((brand, other))
        return sum(self.pairs.get((source, low, high), 0) for source in sources)

    def clustering(self, brand: int, sources: Iterable[int], judged: int) -> float:
        """By how much noise grows because authors have several mentions: sum of judged² by author / judged.

        Where the authors of the window are not counted, that of the years around it: it is not less, for a part of a
        year has no more mentions of an author than the year. An author's mentions of several years may add up.
        """
        named = list(sources)
        if self.judged is not None:
            judged = sum(self.judged.get((source, brand), 0) for source in named)
        squares = self.of(brand, named).judged2 * max(1, self.years - 1)
        return max(1.0, squares / judged) if judged else 1.0


def crowd(
    store: Rows, brands: Sequence[int], window: Window, mentions: int, *, followers: bool = False
) -> Crowd:
    """The authors of a window in which these brands have so many mentions.

    `followers`: their numbers of followers are wanted too, which costs a look at each post where no roll-up has them.
    """
    named = json.dumps(list(brands))
    period = calendar_period(store, brands, window)
    if period is not None:
        return Crowd(*_kept(store, named, *period))
    if mentions <= MOST_COUNTED:
        return Crowd(*summed(counted(store, named, window, followers=followers)))
    zone = zone_of(store)
    whole = Window(unit_of(window.since, "year", zone).since, unit_of(window.until - 1, "year", zone).until)
    years = [Crowd(*_kept(store, named, Unit.YEAR, year.since)) for year in cut(whole, "year", zone)]
    totals: dict[tuple[int, int], Totals] = {}
    for year in years:
        for key, sums in year.totals.items():
            totals[key] = totals.get(key, Totals()).plus(sums)
    judged = {
        (source, brand): n
        for source, brand, n in store.rows(_JUDGED, (named, Unit.MONTH.value, whole.since, whole.until))
    }
    return Crowd(totals, {}, exact=False, judged=judged, years=len(years))


def calendar_period(store: Rows, brands: Sequence[int], window: Window) -> tuple[Unit, int] | None:
    """The week, month or year that a window is, or that has no mention beside those of the window."""
    zone, named = zone_of(store), json.dumps(list(brands))
    for unit in _PERIODS:
        name: Name = NAMES[unit]
        holds = unit_of(window.since, name, zone)
        if window.until <= holds.until:
            ends = ((holds.since, window.since), (window.until, holds.until))
            if not any(since < until and store.rows(_ANY, (named, since, until)) for since, until in ends):
                return unit, holds.since
    return None


def _kept(
    store: Rows, brands: str, unit: Unit, start: int
) -> tuple[dict[tuple[int, int], Totals], dict[tuple[int, int, int], int]]:
    totals = {
        (source, brand): Totals(*sums)
        for source, brand, *sums in store.rows(_TOTALS, (unit.value, start, brands))
    }
    pairs = {(source, one, other): n for source, one, other, n in store.rows(_PAIRS, (unit.value, start))}
    return totals, pairs
