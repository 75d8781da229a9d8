"""Sums over the authors of a period: what an author adds to them, and what a change of one moves in them."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from storage.base import Transaction

Period = tuple[int, int, int]
"""Unit, start, number of the source."""


Figures = tuple[int, int, int, int, int | None]
"""As in `Said`, which costs more to make."""


class Said(NamedTuple):
    """What one author said of one brand in one period. `followers`: the most that a post of it told, or None."""

    mentions: int = 0
    judged: int = 0
    positive: int = 0
    negative: int = 0
    followers: int | None = None


class Totals(NamedTuple):
    """Sums over authors. Mentions of unknown ones are no `authors` but `anonymous`, each alone in the squares."""

    authors: int = 0
    anonymous: int = 0
    positive_authors: int = 0
    followers: int = 0
    followed: int = 0
    mentions2: int = 0
    judged2: int = 0
    positive2: int = 0
    negative2: int = 0
    judged_positive: int = 0
    judged_negative: int = 0
    positive_negative: int = 0

    def plus(self, other: Totals) -> Totals:
        """Add the sums of other authors."""
        return Totals(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


_COLUMNS = ", ".join(Totals._fields)
_ADD_TOTALS = f"""INSERT INTO author_totals (unit, start, source_id, brand_id, {_COLUMNS})
    VALUES ({", ".join("?" * (4 + len(Totals._fields)))}) ON CONFLICT (unit, start, source_id, brand_id) DO UPDATE SET
    {", ".join(f"{name} = author_totals.{name} + excluded.{name}" for name in Totals._fields)}"""
_DROP_TOTALS = """DELETE FROM author_totals WHERE unit = ? AND start = ? AND source_id = ? AND brand_id = ?
    AND authors = 0 AND anonymous = 0"""
_ADD_PAIR = """INSERT INTO author_pairs (unit, start, source_id, brand_id, other_id, product) VALUES (?,?,?,?,?,?)
    ON CONFLICT (unit, start, source_id, brand_id, other_id)
    DO UPDATE SET product = author_pairs.product + excluded.product"""
_DROP_PAIR = """DELETE FROM author_pairs
    WHERE unit = ? AND start = ? AND source_id = ? AND brand_id = ? AND other_id = ? AND product = 0"""


def _move(sums: list[int], had: Figures, has: Figures) -> None:
    """Let one author have said `has` instead of `had`: in the order of `Said`, into sums in the order of `Totals`.

    Written out, because it is done for each mention in each of its periods.
    """
    n0, judged0, good0, bad0, followers0 = had
    n1, judged1, good1, bad1, followers1 = has
    sums[0] += (n1 > 0) - (n0 > 0)
    sums[2] += (good1 > 0) - (good0 > 0)
    if followers1 is not None:
        sums[3] += followers1
        sums[4] += 1
    if followers0 is not None:
        sums[3] -= followers0
        sums[4] -= 1
    sums[5] += n1 * n1 - n0 * n0
    if judged0 or judged1:
        sums[6] += judged1 * judged1 - judged0 * judged0
        sums[7] += good1 * good1 - good0 * good0
        sums[8] += bad1 * bad1 - bad0 * bad0
        sums[9] += judged1 * good1 - judged0 * good0
        sums[10] += judged1 * bad1 - judged0 * bad0
        sums[11] += good1 * bad1 - good0 * bad0


NOBODY = Said()


def totals_of(said: Said) -> Totals:
    """What one known author adds to the sums."""
    sums = [0] * len(Totals._fields)
    _move(sums, NOBODY, said)
    return Totals(*sums)


def anonymous(said: Figures) -> Totals:
    """What mentions of unknown authors, each alone, add to the sums."""
    n, judged, good, bad, _ = said
    return Totals(0, n, 0, 0, 0, n, judged, good, bad, good, bad, 0)


class Moves:
    """What a change moves in the sums of one period."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._totals: dict[int, list[int]] = defaultdict(lambda: [0] * len(Totals._fields))
        self._products: dict[tuple[int, int], int] = defaultdict(int)

    def author(self, brand: int, had: Figures, has: Figures) -> None:
        """An author has said something else of a brand than before."""
        _move(self._totals[brand], had, has)

    def anonymous(self, brand: int, said: Figures) -> None:
        """Mentions of unknown authors have come or, with numbers below 0, gone."""
        sums = self._totals[brand]
        for place, number in enumerate(anonymous(said)):
            sums[place] += number

    def pairs(self, brand: int, moved: int, said: dict[int, int]) -> None:
        """An author, of whom `said` tells the mentions by brand so far, has `moved` more of one brand; noted there."""
        for other, n in said.items():
            if other != brand:
                self._products[(brand, other) if brand < other else (other, brand)] += moved * n
        said[brand] = said.get(brand, 0) + moved

    def write(self, db: Transaction, *, shrinking: bool) -> None:
        """Write what has moved; `shrinking`: sums may have come to nothing."""
        db.run_many(_ADD_TOTALS, [(*self._period, brand, *sums) for brand, sums in self._totals.items()])
        db.run_many(
            _ADD_PAIR, [(*self._period, *pair, moved) for pair, moved in self._products.items() if moved]
        )
        if shrinking:
            db.run_many(_DROP_TOTALS, [(*self._period, brand) for brand in self._totals])
            db.run_many(_DROP_PAIR, [(*self._period, *pair) for pair in self._products])
