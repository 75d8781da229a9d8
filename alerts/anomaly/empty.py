"""Streams in which nothing happens: learned from a brand's own history, and drawn as long as one likes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.anomaly.clock import HOURS, WEEK_HOURS, hour_of_week
from alerts.anomaly.reading import DAY, Bucket, no_data

LASTING = (1.0, 4.0, 16.0, 64.0)
"""Hours that moods last: what moves a rate for a while is a sum of moods, each an autoregression of first order."""
_LAGS = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96)
"""Hours over which the likeness of errors is measured."""
_ROUNDS = 200
_AHEAD_DAYS, _MOST_AHEAD = 30, 0.5
_LITTLE = 1e-6
_LEAST_WEEKS = 2.0
_EVENTS = 4.0
_SURE_EVENTS = 30
"""From so many events on a Poisson number is drawn as a normal one."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Squared variation of what a rate is multiplied with: anew each step, and by the mood of each length."""

    row: float
    moods: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """A brand without events: `rates` mentions a step by hour of the week, `share` and its own moods."""

    step: int
    rates: tuple[float, ...]
    noise: Noise
    share: float = 0.0
    share_moods: tuple[float, ...] = ()
    """Variances of what is added to the logarithm of the share's odds."""
    growth: float = 0.0
    """By which the logarithm of the rates grows in a day."""

    def draw(
        self, days: int, seed: int, start: int, hour: Callable[[int], int], *, level: int = 0
    ) -> Iterator[tuple[int, int, int]]:
        """(start, count, part) of each step; on day `level` the trend is at `rates`. The same seed draws the same."""
        chance = random.Random(seed)
        per_day, per_hour, hours = DAY // self.step, max(1, 3600 // self.step), max(1.0, self.step / 3600)
        variations = self.noise.moods
        moods = _Moods(chance, [math.log1p(variation) for variation in variations], hours)
        share_moods = _Moods(chance, self.share_moods, hours)
        share = min(max(self.share, _LITTLE), 1 - _LITTLE)
        odds = math.log(share / (1 - share))
        lift, by = sum(math.log1p(variation) for variation in variations) / 2, 1.0
        for row in range(days * per_day):
            at = start + row * self.step
            if row % per_hour == 0:
                by = math.exp(moods.next() - lift + self.growth * (row / per_day - level))
                if self.share_moods:
                    share = 1 / (1 + math.exp(-odds - share_moods.next()))
            rate = self.rates[hour(at)] * by * _times(chance, self.noise.row)
            count = poisson(chance, rate)
            yield at, count, binomial(chance, count, share) if self.share else 0


class _Moods:
    """A sum of normal numbers of mean 0 and these variances, each of which fades as long as it lasts."""

    def __init__(self, chance: random.Random, variances: Sequence[float], hours: float) -> None:
        self._chance = chance
        moods = [
            (math.exp(-hours / lasting), v) for lasting, v in zip(LASTING, variances, strict=False) if v > 0
        ]
        self._steps = [(fade, math.sqrt((1 - fade * fade) * variance)) for fade, variance in moods]
        self._now = [math.sqrt(variance) * chance.gauss(0, 1) for _, variance in moods]

    def next(self) -> float:
        gauss = self._chance.gauss
        self._now = [
            fade * mood + fresh * gauss(0, 1)
            for mood, (fade, fresh) in zip(self._now, self._steps, strict=True)
        ]
        return sum(self._now)


def fit(history: Sequence[Bucket], *, step: int, zone: ZoneInfo, holidays: str | None = None) -> Empty | None:
    """Learn an empty stream from what was heard. None where that is less than two weeks or nobody said anything."""
    hour = hour_of_week(zone, holidays)
    rows = [(b.start, b.count, b.part) for b in history if not no_data(b)]
    total = sum(count for _, count, _ in rows)
    if len(rows) * step < _LEAST_WEEKS * 7 * DAY or total == 0:
        return None
    middle = (rows[0][0] + rows[-1][0]) / 2
    lead = (rows[-1][0] - middle) / DAY + _AHEAD_DAYS
    # Nobody knows that a steep trend goes on.
    most = _MOST_AHEAD / lead
    growth = min(max(_growth([(at, hour(at), count) for at, count, _ in rows]), -most), most)
    # What the trend adds is taken out before the shape of a week is learned.
    trend = [math.exp(growth * (at - middle) / DAY) for at, _, _ in rows]
    rates = _rates([(hour(at), count / by) for (at, count, _), by in zip(rows, trend, strict=True)], step)
    expected = [rates[hour(at)] * by for (at, _, _), by in zip(rows, trend, strict=True)]
    weeks = len(rows) * step / (7 * DAY)
    noise = _noise(
        [(at, count, mean) for (at, count, _), mean in zip(rows, expected, strict=True)], step, weeks
    )
    # What comes stands where the trend leads in the weeks in which a threshold is used.
    rates = [rate * math.exp(growth * lead) for rate in rates]
    share = sum(part for _, _, part in rows) / total
    return Empty(step, tuple(rates), noise, share, _share_moods(rows, share, weeks), growth)


def _growth(rows: Sequence[tuple[int, int, int]]) -> float:
    """Growth per day in logarithms of (start, hour of week, count), drawn towards none where weeks are few.

    By least squares over whole weeks, each held against the mean of the hours of which it consists: a week with a
    public holiday, or hours not heard, at one end of the history is no trend.
    """
    first = rows[0][0]
    hours: dict[int, list[int]] = {}
    for _, hour, count in rows:
        hours.setdefault(hour, []).append(count)
    means = {hour: sum(counts) / len(counts) for hour, counts in hours.items()}
    weeks: dict[int, list[tuple[int, float]]] = {}
    for at, hour, count in rows:
        weeks.setdefault((at - first) // (7 * DAY), []).append((count, means[hour]))
    most = max(len(counts) for counts in weeks.values())
    sums = {
        week: tuple(map(sum, zip(*both, strict=True))) for week, both in weeks.items() if len(both) > most / 2
    }
    known = [
        (week * 7.0, math.log((count + 1) / (usual + 1)), count + 1.0)
        for week, (count, usual) in sums.items()
    ]
    if len(known) < 3:
        return 0.0
    mass = sum(weight for _, _, weight in known)
    mean_x, mean_y = (sum(one[i] * one[2] for one in known) / mass for i in (0, 1))
    across = sum(w * (x - mean_x) * (y - mean_y) for x, y, w in known)
    spread = sum(w * (x - mean_x) ** 2 for x, _, w in known)
    return across / spread * len(known) / (len(known) + 2)


def _rates(rows: Sequence[tuple[int, float]], step: int) -> list[float]:
    """Mean count of a step by hour of week, shrunken to that of its hour of the day times that of its day.

    Not to the hour of the day alone: weekends would be drawn livelier than they are, and drops on them too seldom.
    """
    amount, number = [0.0] * WEEK_HOURS, [0] * WEEK_HOURS
    for hour, count in rows:
        amount[hour] += count
        number[hour] += 1
    mean = sum(amount) / len(rows)
    prior = max(3600 / step, _EVENTS / mean)

    def usual(cells: slice) -> float:
        return (sum(amount[cells]) + prior * mean) / (sum(number[cells]) + prior)

    hours = [usual(slice(hour, None, HOURS)) for hour in range(HOURS)]
    days = [usual(slice(first, first + HOURS)) / mean for first in range(0, WEEK_HOURS, HOURS)]
    return [
        (amount[hour] + 2 * prior * hours[hour % HOURS] * days[hour // HOURS]) / (number[hour] + 2 * prior)
        for hour in range(WEEK_HOURS)
    ]


def _noise(rows: Sequence[tuple[int, int, float]], step: int, weeks: float) -> Noise:
    """Over-dispersion: of moods, from how alike errors some hours apart are; what is left of a step's is its own."""
    hours: dict[int, tuple[float, float]] = {}
    for at, count, mean in rows:
        error, expected = hours.get(at // 3600, (0.0, 0.0))
        hours[at // 3600] = error + count - mean, expected + mean
    # A week was fitted to these weeks, which took a part of the errors away.
    worth = weeks / (weeks - 0.5)
    moods = _moods(hours, worth)
    squares = worth * sum((count - mean) ** 2 for _, count, mean in rows)
    scale = sum(mean * mean for _, _, mean in rows)
    single = (squares - sum(mean for _, _, mean in rows)) / scale
    return Noise(max(0.0, single - sum(moods)), tuple(moods))


def _moods(hours: Mapping[int, tuple[float, float]], worth: float) -> list[float]:
    likeness = [worth * _likeness(hours, lag) for lag in _LAGS]
    return _non_negative([[math.exp(-lag / lasting) for lasting in LASTING] for lag in _LAGS], likeness)


def _likeness(hours: Mapping[int, tuple[float, float]], lag: int) -> float:
    """Covariance of relative errors `lag` hours apart. Chance of counting is in none of two different hours."""
    together = scale = 0.0
    for hour, (error, expected) in hours.items():
        later = hours.get(hour + lag)
        if later is not None:
            together += error * later[0]
            scale += expected * later[1]
    return together / scale if scale else 0.0


def _non_negative(matrix: Sequence[Sequence[float]], wanted: Sequence[float]) -> list[float]:
    """Least squares without negative parts, one coordinate after the other."""
    found = [0.0] * len(matrix[0])
    left = list(wanted)
    for _ in range(_ROUNDS):
        for j in range(len(found)):
            column = [row[j] for row in matrix]
            step = sum(a * b for a, b in zip(column, left, strict=True)) / sum(a * a for a in column)
            moved = max(0.0, found[j] + step) - found[j]
            found[j] += moved
            left = [b - moved * a for a, b in zip(column, left, strict=True)]
    return found


def _share_moods(rows: Sequence[tuple[int, int, float]], share: float, weeks: float) -> tuple[float, ...]:
    """The same of a share, on the scale of log-odds, whose derivative is 1 / (p (1 - p))."""
    if not 0 < share < 1:
        return ()
    hours: dict[int, tuple[float, float]] = {}
    for at, count, part in rows:
        error, n = hours.get(at // 3600, (0.0, 0.0))
        hours[at // 3600] = error + part - share * count, n + count
    slope = 1 / (share * (1 - share))
    return tuple(min(1.0, variance * slope * slope) for variance in _moods(hours, weeks / (weeks - 0.5)))


def _times(chance: random.Random, variation: float) -> float:
    """A gamma number of mean 1 with this variance."""
    return chance.gammavariate(1 / variation, variation) if variation > 1e-4 else 1.0


def poisson(chance: random.Random, mean: float) -> int:
    """A Poisson number: by inversion (Devroye 1986, X.3), from 30 on as the nearest normal one."""
    if mean > _SURE_EVENTS:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    u, number = chance.random(), 0
    term = math.exp(-mean)
    u -= term
    while u > 0 and term > 0:
        number += 1
        term *= mean / number
        u -= term
    return number


def binomial(chance: random.Random, n: int, share: float) -> int:
    """A binomial number; for many as the nearest normal one."""
    mean = n * share
    if n > _SURE_EVENTS and min(mean, n - mean) > _SURE_EVENTS / 3:
        return min(n, max(0, round(chance.gauss(mean, math.sqrt(mean * (1 - share))))))
    return sum(chance.random() < share for _ in range(n))
