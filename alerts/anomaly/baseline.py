"""Drops of volume, and rises and falls of shares: against what is usual at the hour, the trend, and its spread."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import cast
from zoneinfo import ZoneInfo

from alerts.anomaly.clock import HOURS, hour_of_week
from alerts.anomaly.episodes import CALM, Episodes
from alerts.anomaly.peaks import squash
from alerts.anomaly.reading import LEARNING, Bucket, Reading, Usual, in_order, no_data
from alerts.anomaly.rhythm import Rhythm
from alerts.anomaly.spread import HALF_LIFE, Spread, Sums

SPANS = (6 * 3600, 24 * 3600)
"""Seconds over which is counted."""
_LONGEST = len(SPANS) - 1
THRESHOLD = 4.0
"""Standard deviations; what `calibrate` says stands instead where alarms are told."""
LEAST_EXPECTED = 8.0
"""Below so many mentions expected in a span a drop says nothing."""
LEAST_JUDGED = 20.0
"""Below so many mentions in a span its share says nothing."""
USUAL = 1.96
"""Standard deviations of the usual span that a reading tells: 95 %."""
_RESTING = 0.499
_CLIP = 4.0
_LITTLE = 1e-6


class Baseline(ABC):
    """What drops and shares have in common: spans, states, the episode and the reading."""

    prior = 0.0

    def __init__(self, *, step: int, zone: ZoneInfo, holidays: str | None = None) -> None:
        self.step = step
        self.hour = hour_of_week(zone, holidays)
        self.sums = [Sums(max(1, span // step)) for span in SPANS]
        self.spreads = [Spread(step, self.prior) for _ in SPANS]
        self.seen = 0
        self.most = _LONGEST
        """Which span is most surprising; the longest where none is."""
        self._episodes = Episodes(THRESHOLD, calm=CALM)
        self._last: int | None = None

    def feed(self, bucket: Bucket) -> Reading:
        """Read the next bucket; one that was not heard is left out. Raises ValueError where times fall."""
        self._last = in_order(self._last, bucket)
        if no_data(bucket):
            return Reading(bucket.start, "no data", 0.0, 0.0)
        surprise = self.surprise(bucket.start, bucket.count, bucket.part)
        needed = self._episodes.needed(bucket.start)
        # Before it has seen two weeks of it each night of a rhythm is a drop.
        learning = self.seen * self.step < LEARNING
        alarm = not learning and self._episodes.alarm(bucket.start, surprise)
        score = (
            0.5 + squash(surprise - needed) if alarm else min(_RESTING, 0.5 + squash(surprise - THRESHOLD))
        )
        told = self.usual(self.most)
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
            self.usual(_LONGEST),
        )

    @abstractmethod
    def surprise(self, at: int, count: int, part: float) -> float:
        """The statistic alone, of the next row that was heard: what calibration replays."""

    @abstractmethod
    def usual(self, span: int) -> Usual:
        """What was counted over one of the spans, and what is usual."""

    @abstractmethod
    def learned(self) -> dict[str, object]:
        """What the kind itself knows, for JSON."""

    @abstractmethod
    def recall(self, state: Mapping[str, object]) -> None:
        """Go on from what `learned` wrote."""

    def dump(self) -> dict[str, object]:
        """Everything that was learned, for JSON."""
        return {
            "sums": [sums.dump() for sums in self.sums],
            "spreads": [[spread.excess, spread.scale] for spread in self.spreads],
            "seen": self.seen,
            "episodes": self._episodes.dump(),
            "last": self._last,
            "learned": self.learned(),
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Go on from what `dump` wrote."""
        for sums, rows in zip(self.sums, cast("list[list[list[float]]]", state["sums"]), strict=True):
            sums.load(rows)
        for spread, both in zip(self.spreads, cast("list[list[float]]", state["spreads"]), strict=True):
            spread.excess, spread.scale = both
        self.seen = cast(int, state["seen"])
        self._episodes = Episodes.load(cast("dict[str, object]", state["episodes"]))
        self._last = cast("int | None", state["last"])
        self.recall(cast("dict[str, object]", state["learned"]))


class Drop(Baseline):
    """Fewer mentions than usual at these hours.

    Mentions of a span are taken for negative binomial (mean m, variance m + d m^2); surprise is the largest, over
    the spans, of the difference of their variance-stabilising transform (Anscombe 1948),
    2 / sqrt(d) * (asinh sqrt(d (m + 3/8)) - asinh sqrt(d (count + 3/8))).
    """

    prior = 0.05

    def __init__(self, *, step: int, zone: ZoneInfo, holidays: str | None = None) -> None:
        super().__init__(step=step, zone=zone, holidays=holidays)
        self._rhythm = Rhythm(step)

    def surprise(self, at: int, count: int, part: float) -> float:
        """The largest drop over the spans, in standard deviations; 0 where too little is expected."""
        hour = self.hour(at)
        expected = self._rhythm.expected(hour)
        largest, self.most = 0.0, _LONGEST
        full = False
        for span, (sums, spread) in enumerate(zip(self.sums, self.spreads, strict=True)):
            full = sums.add(count, expected, 0.0)
            mean = max(sums.b, _LITTLE)
            over = max(spread.value(mean * mean), _LITTLE)
            if full and mean >= LEAST_EXPECTED:
                height = _height(mean, over) - _height(max(sums.a, 0.0), over)
                if height > largest:
                    largest, self.most = height, span
            if full:
                room = _CLIP * math.sqrt(mean + over * mean * mean)
                off = min(max(sums.a - mean, -room), room)
                spread.learn(off * off - mean, mean * mean)
        # One row of a flood must not lift the level for weeks.
        usual = expected if full else count
        self._rhythm.learn(hour, min(count, usual + 5 * math.sqrt(usual + usual * usual) + 3))
        self.seen += 1
        return largest

    def usual(self, span: int) -> Usual:
        """In mentions over the span."""
        sums, spread, over = self.sums[span], self.spreads[span], SPANS[span]
        mean = sums.b
        if mean <= 0:
            return Usual(None, None, None, sums.a, over)
        far = USUAL * math.sqrt(mean + spread.value(mean * mean) * mean * mean)
        return Usual(mean, max(0.0, mean - far), mean + far, sums.a, over)

    def learned(self) -> dict[str, object]:
        """The rhythm."""
        return self._rhythm.dump()

    def recall(self, state: Mapping[str, object]) -> None:
        """The rhythm."""
        self._rhythm.load(state)


def _height(count: float, over: float) -> float:
    return 2 / math.sqrt(over) * math.asinh(math.sqrt(over * (count + 0.375)))


class Share(Baseline):
    """A share that is higher (`way` 1) or lower (-1) than usual at these hours.

    Parts of a span are taken for beta-binomial (share p, correlation r); surprise is the largest over the spans of
    2 sqrt(n) (asin sqrt((k + 3/8) / (n + 3/4)) - asin sqrt(p)) / sqrt(1 + (n - 1) r).
    """

    prior = 0.01

    def __init__(self, way: int, *, step: int, zone: ZoneInfo, holidays: str | None = None) -> None:
        super().__init__(step=step, zone=zone, holidays=holidays)
        self._way = way
        self._decay = 0.5 ** (step / HALF_LIFE)
        self._parts = self._counts = 0.0
        self._day = [0.0] * HOURS
        self._day_counts = [0.0] * HOURS

    def share(self, hour: int) -> float:
        """The usual share in this hour of the day, worth 200 mentions of the overall one."""
        overall = (self._parts + 0.5) / (self._counts + 1)
        of_day = hour % HOURS
        return (self._day[of_day] + 200 * overall) / (self._day_counts[of_day] + 200)

    def surprise(self, at: int, count: int, part: float) -> float:
        """The largest difference over the spans, in standard deviations; 0 where too little was judged."""
        hour = self.hour(at)
        share = self.share(hour)
        known = self._counts >= LEAST_JUDGED
        largest, self.most = 0.0, _LONGEST
        for span, (sums, spread) in enumerate(zip(self.sums, self.spreads, strict=True)):
            full = sums.add(count, part, share * count)
            n = sums.a
            if not (full and known) or n < LEAST_JUDGED:
                continue
            usual = min(max(sums.c / n, _LITTLE), 1 - _LITTLE)
            noise = n * usual * (1 - usual)
            over = min(spread.value(noise * (n - 1)), 0.5)
            inflated = 1 + (n - 1) * over
            found = min(max((sums.b + 0.375) / (n + 0.75), 0.0), 1.0)
            turn = math.asin(math.sqrt(found)) - math.asin(math.sqrt(usual))
            height = self._way * 2 * math.sqrt(n / inflated) * turn
            if height > largest:
                largest, self.most = height, span
            room = _CLIP * math.sqrt(noise * inflated)
            off = min(max(sums.b - usual * n, -room), room)
            spread.learn(off * off - noise, noise * (n - 1))
        self._learn(hour % HOURS, count, part)
        self.seen += 1
        return largest

    def _learn(self, of_day: int, count: int, part: float) -> None:
        self._parts = self._parts * self._decay + part
        self._counts = self._counts * self._decay + count
        # An hour of the day forgets only while it is heard, so that it costs nothing in between.
        slow = self._decay**HOURS
        self._day[of_day] = self._day[of_day] * slow + part
        self._day_counts[of_day] = self._day_counts[of_day] * slow + count

    def usual(self, span: int) -> Usual:
        """As shares of the mentions of the span."""
        sums, spread, seconds = self.sums[span], self.spreads[span], SPANS[span]
        n = sums.a
        if n < 1 or self._counts < LEAST_JUDGED:
            return Usual(None, None, None, None, seconds)
        usual = min(max(sums.c / n, 0.0), 1.0)
        noise = usual * (1 - usual)
        over = min(spread.value(noise * n * max(n - 1, 0.0)), 0.5)
        far = USUAL * math.sqrt(noise / n * (1 + (n - 1) * over))
        found = min(max(sums.b / n, 0.0), 1.0)
        return Usual(usual, max(0.0, usual - far), min(1.0, usual + far), found, seconds)

    def learned(self) -> dict[str, object]:
        """The shares by hour of day."""
        return {"all": [self._parts, self._counts], "day": [*self._day, *self._day_counts]}

    def recall(self, state: Mapping[str, object]) -> None:
        """The shares by hour of day."""
        self._parts, self._counts = cast("list[float]", state["all"])
        day = cast("list[float]", state["day"])
        self._day, self._day_counts = day[:HOURS], day[HOURS:]
