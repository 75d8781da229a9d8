"""Sums and over-dispersion of what a span of time holds."""

from __future__ import annotations

import math
from collections import deque

from alerts.anomaly.reading import DAY

HALF_LIFE = 14 * DAY
"""Seconds after which what was learned of spread, and of shares, counts half."""
_PRIOR_DAYS = 3.0


class Spread:
    """Over-dispersion by moments, exponentially weighted: mean excess of squared errors over mean of its scale."""

    __slots__ = ("_decay", "_prior", "_weight", "excess", "scale")

    def __init__(self, step: int, prior: float) -> None:
        self._decay = 0.5 ** (step / HALF_LIFE)
        self._prior = prior
        self._weight = _PRIOR_DAYS * DAY / step
        self.excess = self.scale = 0.0

    def value(self, scale: float) -> float:
        """The dispersion, shrunken to the prior as if that had been seen for some days at this scale."""
        prior = self._weight * scale
        return (
            max(0.0, (self.excess + prior * self._prior) / (self.scale + prior)) if scale > 0 else self._prior
        )

    def learn(self, excess: float, scale: float) -> None:
        """Take in what a squared error has above chance, and the scale that it is to be held against."""
        self.excess = self.excess * self._decay + excess
        self.scale = self.scale * self._decay + scale


class Sums:
    """Sums over the newest `rows` rows of three numbers each."""

    __slots__ = ("_kept", "_rows", "a", "b", "c")

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._kept: deque[tuple[float, float, float]] = deque()
        self.a = self.b = self.c = 0.0

    def add(self, a: float, b: float, c: float) -> bool:
        """Add a row; returns whether the span is full."""
        self._kept.append((a, b, c))
        self.a, self.b, self.c = self.a + a, self.b + b, self.c + c
        if len(self._kept) > self._rows:
            a, b, c = self._kept.popleft()
            self.a, self.b, self.c = self.a - a, self.b - b, self.c - c
        return len(self._kept) == self._rows

    def dump(self) -> list[list[float]]:
        """The rows, oldest first, for JSON."""
        return [list(row) for row in self._kept]

    def load(self, rows: list[list[float]]) -> None:
        """Go on from what `dump` wrote."""
        self._kept = deque((a, b, c) for a, b, c in rows)
        self.a, self.b, self.c = (
            (math.fsum(column) for column in zip(*rows, strict=True)) if rows else (0.0,) * 3
        )
