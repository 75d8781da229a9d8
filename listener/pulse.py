"""What a running daemon knows of itself alone: how long judging and keeping take, how late the event loop is."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

BEAT = 1.0
"""Seconds between two looks at how late the event loop is."""
_WORK = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# The house allows the loop a wait of 20 ms.
_LATE = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Histogram:
    """How often something took up to so many seconds. Added to by one thread, read by any."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one that took so long."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[float, int]]:
        """How many took at most so long, for each bound and for infinity."""
        return list(zip((*self._bounds, float("inf")), accumulate(list(self._counts)), strict=True))


@dataclass
class Pulse:
    """Sums since the station was opened.

    `judging` and `keeping` are of whole pages; `judge_queue`: pages that are judged or wait for it; `expired`: posts
    that lost their text to their age.
    """

    judging: Histogram = field(default_factory=lambda: Histogram(_WORK))
    keeping: Histogram = field(default_factory=lambda: Histogram(_WORK))
    lag: Histogram = field(default_factory=lambda: Histogram(_LATE))
    judge_queue: int = 0
    expired: int = 0


async def beat(pulse: Pulse) -> None:
    """Measure for ever how late the event loop is with what was to happen at a time."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT
        await asyncio.sleep(BEAT)
        pulse.lag.add(max(0.0, loop.time() - due))
