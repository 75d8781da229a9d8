"""How many authors of a period are alike: by followers, by whether they praise again, and by whether they are new."""

from __future__ import annotations

from collections import defaultdict

from storage.base import Rows, Transaction
from storage.rollups.sums import Figures, Period

REPEAT = 2
"""Positive mentions of a brand in a period that make an author one who praises it again."""
UNKNOWN = -1
"""Stands in the place of followers that nobody told."""
_EXACT = 100
_MOST_DIGITS = 19

_ADD = """INSERT INTO author_standings (unit, start, source_id, brand_id, followers, repeats, is_new, authors)
    VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (unit, start, brand_id, source_id, followers, repeats, is_new)
    DO UPDATE SET authors = author_standings.authors + excluded.authors"""
_DROP = """DELETE FROM author_standings WHERE unit = ? AND start = ? AND source_id = ? AND brand_id = ?
    AND followers = ? AND repeats = ? AND is_new = ? AND authors = 0"""
_KEPT = """SELECT source_id, brand_id, followers, repeats, is_new, authors FROM author_standings
    WHERE unit = ? AND start = ? AND source_id = ?"""

Standing = tuple[int, int, int]
"""Followers as `rounded`, 1 for who praises again, 1 for who is new."""


def rounded(followers: int | None) -> int:
    """Followers below 100 as they are, others by their first digit: 4,711 as 4,000. UNKNOWN where nobody told them.

    Whoever gains a few followers stays who he is, and a million authors come to some hundred counts.
    """
    if followers is None:
        return UNKNOWN
    if followers < _EXACT:
        return max(followers, 0)
    step = 10 ** (len(str(followers)) - 1)
    return int(followers // step * step)


def rounded_sql(followers: str) -> str:
    """The SQL that does the same."""
    steps = " ".join(
        f"WHEN {followers} < {10 ** (digits + 1)} THEN {followers} / {10**digits} * {10**digits}"
        for digits in range(2, _MOST_DIGITS - 1)
    )
    last = 10 ** (_MOST_DIGITS - 1)
    return f"""CASE WHEN {followers} IS NULL THEN {UNKNOWN} WHEN {followers} < 0 THEN 0 WHEN {followers} < {_EXACT}
        THEN {followers} {steps} ELSE {followers} / {last} * {last} END"""


def standing(said: Figures, first: int | None, since: int, until: int) -> Standing | None:
    """What an author who first spoke of the brand at `first` counts as in [since, until); None who said nothing."""
    if not said[0]:
        return None
    return rounded(said[4]), int(said[2] >= REPEAT), int(first is not None and since <= first < until)


class Standings:
    """What a change moves in the counts of one period."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._moved: dict[tuple[int, Standing], int] = defaultdict(int)

    def move(self, brand: int, had: Standing | None, has: Standing | None) -> None:
        """Let one author count as another thing than before."""
        if had != has:
            if had is not None:
                self._moved[brand, had] -= 1
            if has is not None:
                self._moved[brand, has] += 1

    def write(self, db: Transaction) -> None:
        """Write what has moved."""
        rows = [
            (*self._period, brand, *alike, moved) for (brand, alike), moved in self._moved.items() if moved
        ]
        db.run_many(_ADD, rows)
        db.run_many(_DROP, [row[:-1] for row in rows if row[-1] < 0])


def kept(db: Rows, period: Period) -> dict[tuple[int, int, Standing], int]:
    """What the roll-up says of a period: authors by source, brand and standing."""
    return {
        (source, brand, (followers, repeats, new)): authors
        for source, brand, followers, repeats, new, authors in db.rows(_KEPT, period)
    }
