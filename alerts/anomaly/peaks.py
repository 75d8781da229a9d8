"""Volume: how far mentions over a short and two long spans stand above the usual daily peak of their brand."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import cast

from alerts.anomaly.episodes import Episodes
from alerts.anomaly.reading import DAY, LEARNING, Bucket, Reading, Usual, in_order, no_data

SPANS = (300, 8 * 3600, 16 * 3600)
"""Seconds over which is counted, at least one step each."""
THRESHOLD = 1.0
"""Standard deviations above the usual daily peak, on average over the spans. On labelled series the result is level
from 0.8 to 1.2 and falls behind it."""
_NEWEST = 6 * 3600
"""The peak of the past day is sought without the newest of it: what rises now is no peak of the past."""
_HALF_LIFE = 7 * DAY
_PRIOR_DAYS, _PRIOR_SPREAD = 3.0, 0.3
_CLIP = 3.0
_SPEAKS = 2 * DAY
_RESTING = 0.499
"""The most that a score can be while the episode is told already."""


class _Span:
    """The counts of one span of `rows` rows, the peak of its day, and mean and spread of peaks in logarithms."""

    __slots__ = (
        "_behind",
        "_day",
        "_decay",
        "_kept",
        "_peaks",
        "_plus",
        "_rows",
        "_total",
        "_waiting",
        "mean",
        "over",
        "seen",
        "variance",
        "weight",
    )

    def __init__(self, rows: int, step: int) -> None:
        self._rows = rows
        self.over = rows * step
        self._day = max(1, DAY // step)
        self._behind = max(1, min(rows, _NEWEST // step))
        self._decay = 0.5 ** (step / _HALF_LIFE)
        self._plus = 1.5 * math.sqrt(rows)
        self._total = self.seen = 0
        self._kept: deque[int] = deque()
        self._waiting: deque[float] = deque()
        self._peaks: deque[tuple[int, float]] = deque()  # each lower than the one before it
        self.weight = self.mean = self.variance = 0.0

    def feed(self, count: int) -> float:
        """Take a count in. Returns its height over the usual peak, in standard deviations."""
        self._kept.append(count)
        self._total += count
        if len(self._kept) > self._rows:
            self._total -= self._kept.popleft()
        height = math.log(self._total + self._plus)
        self._waiting.append(height)
        if len(self._waiting) > self._behind:
            self._learn(self._peak(self._waiting.popleft()))
        self.seen += 1
        return (height - self.mean) / self.spread() if self.weight else 0.0

    def _peak(self, height: float) -> float:
        """The largest height of the past day, to which this one is added."""
        peaks = self._peaks
        while peaks and peaks[-1][1] <= height:
            peaks.pop()
        peaks.append((self.seen - self._behind, height))
        while peaks[0][0] <= self.seen - self._day:
            peaks.popleft()
        return peaks[0][1]

    def _learn(self, peak: float) -> None:
        """Move mean and variance, exponentially weighted (West 1979), towards a peak that is clipped."""
        if self.seen >= self._day:
            peak = min(peak, self.mean + _CLIP * self.spread())
        self.weight = self.weight * self._decay + 1
        rate, off = 1 / self.weight, peak - self.mean
        self.mean += rate * off
        self.variance = (1 - rate) * (self.variance + rate * off * off)

    def spread(self) -> float:
        """The standard deviation of daily peaks, shrunken to a prior that is worth three days."""
        days = self.weight / self._day
        shrunk = days * self.variance + _PRIOR_DAYS * _PRIOR_SPREAD * _PRIOR_SPREAD
        return math.sqrt(shrunk / (days + _PRIOR_DAYS))

    def counted(self, deviations: float) -> float:
        """The count of the span that would stand so many deviations from the usual peak."""
        return max(0.0, math.exp(self.mean + deviations * self.spread()) - self._plus)

    def usual(self) -> Usual:
        """The count of now, and the usual peak with a standard deviation on either side."""
        if not self.weight:
            return Usual(None, None, None, float(self._total), self.over)
        low, middle, high = (self.counted(deviations) for deviations in (-1.0, 0.0, 1.0))
        return Usual(middle, low, high, float(self._total), self.over)

    def dump(self) -> dict[str, object]:
        first = self.seen
        return {
            "kept": list(self._kept),
            "waiting": list(self._waiting),
            "peaks": [[at - first, height] for at, height in self._peaks],
            "learned": [self.weight, self.mean, self.variance],
            "seen": self.seen,
        }

    def load(self, state: Mapping[str, object]) -> None:
        self.seen = cast(int, state["seen"])
        self._kept = deque(cast("list[int]", state["kept"]))
        self._total = sum(self._kept)
        self._waiting = deque(cast("list[float]", state["waiting"]))
        self._peaks = deque(
            (at + self.seen, high) for at, high in cast("list[tuple[int, float]]", state["peaks"])
        )
        self.weight, self.mean, self.variance = cast("list[float]", state["learned"])


class Peaks:
    """Reads counts at equal steps of `step` seconds; alarms where they tower above the brand's own usual peaks.

    Surprise = mean over three spans of (ln(count + 1.5 sqrt(rows)) - mean peak) / spread of peaks. Peaks, not
    expected counts: tails of mentions are so heavy that each lively evening would be unexpected.
    """

    def __init__(self, *, step: int) -> None:
        self.step = step
        self._spans = [_Span(max(1, seconds // step), step) for seconds in SPANS]
        self._episodes = Episodes(THRESHOLD)
        self._last: int | None = None

    def feed(self, bucket: Bucket) -> Reading:
        """Read the next bucket; one that was not heard is left out. Raises ValueError where times fall."""
        self._last = in_order(self._last, bucket)
        if no_data(bucket):
            return Reading(bucket.start, "no data", 0.0, 0.0)
        heights = self.heights(bucket.count)
        surprise = _mean(heights)
        if self._episodes.last is None:
            # Of the first days as little is known as behind an alarm: they must be as high.
            self._episodes.last = bucket.start
        needed = self._episodes.needed(bucket.start)
        long = self._spans[-1]
        # In the first day the spans only fill, and in the second they are compared with nothing but that.
        alarm = long.seen * self.step > _SPEAKS and self._episodes.alarm(bucket.start, surprise)
        score = (
            0.5 + squash(surprise - needed) if alarm else min(_RESTING, 0.5 + squash(surprise - THRESHOLD))
        )
        learning = long.seen * self.step < LEARNING
        # Where all three are as high, the longest tells most.
        most = max(range(len(heights)), key=lambda span: (heights[span], span))
        told = self._spans[most].usual()
        return Reading(
            bucket.start,
            "learning" if learning else "surprising" if alarm else "calm",
            score,
            surprise,
            told.expected,
            told.low,
            told.high,
            told.observed,
            told.over,
            long.usual(),
        )

    def heights(self, count: int) -> tuple[float, float, float]:
        """Take in the next count. Returns how far each span stands above its usual peak, in standard deviations."""
        one, two, three = self._spans
        return one.feed(count), two.feed(count), three.feed(count)

    def surprise(self, count: int) -> float:
        """The statistic alone, of the next count that was heard: what calibration replays."""
        return _mean(self.heights(count))

    def dump(self) -> dict[str, object]:
        """Everything that was learned, for JSON."""
        return {
            "spans": [span.dump() for span in self._spans],
            "episodes": self._episodes.dump(),
            "last": self._last,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Go on from what `dump` wrote."""
        for span, kept in zip(self._spans, cast("list[dict[str, object]]", state["spans"]), strict=True):
            span.load(kept)
        self._episodes = Episodes.load(cast("dict[str, object]", state["episodes"]))
        self._last = cast("int | None", state["last"])


def _mean(heights: tuple[float, float, float]) -> float:
    one, two, three = heights
    return (one + two + three) / 3


def squash(above: float) -> float:
    """A difference of surprises as -0.5 to 0.5, 0 at 0."""
    return 0.5 * math.tanh(above / 2)
