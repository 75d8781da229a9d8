"""From an alarm rate to a threshold: replays streams without events that are like the brand's own history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import cast
from zoneinfo import ZoneInfo

from alerts.anomaly.clock import hour_of_week
from alerts.anomaly.empty import Empty, fit
from alerts.anomaly.kinds import episodes, reads_parts, statistic
from alerts.anomaly.reading import DAY, LEARNING, Bucket, no_data
from storage.calendar import MONTH

_MONTHS = 90
_WARM_DAYS = 28
_TAIL = (10, 14, 20, 28, 40, 56, 80)
"""Alarms of the replay at which the tail of thresholds is measured; what is rarer is read off the curve."""
_LEAST_ALARMS = 4
_LOW, _HALVINGS = 0.05, 14
_MONDAY = 4 * DAY
_MOVED = 0.5
_LEAST_WEEKS, _MOST_WEEKS = 6, 1000


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold and what stands behind it; rates in alarms a month of this one series.

    `expected_rate` is that of the setting, `measured_rate` what the threshold would have told over the brand's own
    history (None before there are four weeks of it), `trained_days` the days heard. Not `enough`: say nothing yet.
    """

    threshold: float
    expected_rate: float
    measured_rate: float | None
    trained_days: float
    enough: bool

    def dump(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def load(cls, state: Mapping[str, object]) -> Calibration:
        """From what `dump` wrote."""
        measured = cast("float | None", state["measured_rate"])
        numbers = (float(cast(float, state[name])) for name in ("threshold", "expected_rate"))
        threshold, expected = numbers
        return cls(
            threshold, expected, measured, float(cast(float, state["trained_days"])), bool(state["enough"])
        )


def per_series(alarms_per_month: float, kinds: Sequence[str]) -> float:
    """What each series may use of a brand's budget over all of them; expectations add up, however they depend."""
    return alarms_per_month / max(1, len(kinds))


def calibrate(
    kind: str,
    history: Sequence[Bucket],
    *,
    alarms_per_month: float,
    step: int,
    zone: ZoneInfo,
    seed: int,
    holidays: str | None = None,
    months: int = _MONTHS,
) -> Calibration:
    """Find the threshold at which this series alarms so often while nothing happens.

    An empty stream is fitted to the history, drawn for years, and read by the detector itself; the thresholds at
    which it alarmed 10 to 80 times are continued to the wanted number. The same seed gives the same threshold.
    """
    if alarms_per_month <= 0:
        raise ValueError("alarms_per_month must be above 0")
    days = sum(step for bucket in history if not no_data(bucket)) / DAY
    empty = fit(history, step=step, zone=zone, holidays=holidays)
    if empty is None:
        return Calibration(math.inf, 0.0, None, days, enough=False)
    drawn = replay(kind, empty, months=months, seed=seed, zone=zone)
    threshold = _threshold(kind, drawn, alarms_per_month * months)
    measured = _measured(kind, history, threshold, step, zone, holidays)
    return Calibration(threshold, alarms_per_month, measured, days, enough=days * DAY >= LEARNING)


def replay(kind: str, empty: Empty, *, months: float, seed: int, zone: ZoneInfo) -> list[tuple[int, float]]:
    """Start and surprise of each step of so many months of an empty stream, in which the detector is warm.

    The stream grows as the brand does, because what is learned lags behind a trend and a rise stands higher over it.
    Stretches of it, each with a detector that begins anew, keep the trend from leading years away.
    """
    days, stretch = math.ceil(months * MONTH / DAY), _stretch(empty.growth)
    if not reads_parts(kind):
        empty = replace(empty, share=0.0, share_moods=())
    # Hours of the week are those of 168 rates, whatever the year: public holidays are in the rates' noise.
    hour = hour_of_week(zone)
    found: list[tuple[int, float]] = []
    at, part = _MONDAY, 0
    while days > 0:
        watched = min(stretch, days)
        rows = empty.draw(_WARM_DAYS + watched, _seed(seed, part), at, hour, level=_WARM_DAYS + watched // 2)
        found += _surprises(kind, rows, empty.step, zone, at + _WARM_DAYS * DAY)
        at += (_WARM_DAYS + stretch) * DAY
        days, part = days - watched, part + 1
    return found


def _stretch(growth: float) -> int:
    """Days, in whole weeks, in which the trend moves the rates by no more than _MOVED."""
    weeks = _MOVED / (7 * abs(growth)) if growth else math.inf
    return 7 * max(_LEAST_WEEKS, int(min(weeks, _MOST_WEEKS)))


def _seed(seed: int, part: int) -> int:
    """Another for each part, and none that the neighbouring seeds use."""
    return seed + part * 1_000_003


def _surprises(
    kind: str,
    rows: Iterable[tuple[int, int, float]],
    step: int,
    zone: ZoneInfo,
    since: int,
    holidays: str | None = None,
) -> list[tuple[int, float]]:
    surprise: Callable[[int, int, float], float] = statistic(kind, step=step, zone=zone, holidays=holidays)
    found = [(at, surprise(at, count, part)) for at, count, part in rows]
    return [(at, height) for at, height in found if at >= since and height > _LOW]


def alarms(kind: str, surprises: Iterable[tuple[int, float]], threshold: float) -> int:
    """How many alarms they make at this threshold."""
    judge = episodes(kind, threshold)
    return sum(judge.alarm(at, height) for at, height in surprises if height >= threshold)


def _threshold(kind: str, drawn: Sequence[tuple[int, float]], wanted: float) -> float:
    """The threshold at which so many alarms are expected, from those at which there are more (or as many)."""
    numbers = [*_TAIL, round(wanted)] if wanted > _TAIL[-1] else list(_TAIL)
    points = [(math.log(number), _at(kind, drawn, number)) for number in numbers]
    points = [(number, height) for number, height in points if height > _LOW * 2]
    if len(points) < _LEAST_ALARMS:
        # A series on which next to nothing can be said is silent.
        return math.inf
    return _line(points, math.log(max(wanted, 0.5)))


def _at(kind: str, drawn: Sequence[tuple[int, float]], number: int) -> float:
    """The threshold at which they make so many alarms, by halving."""
    low, high = _LOW, max((height for _, height in drawn), default=_LOW)
    candidates = list(drawn)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = [one for one in candidates if one[1] >= middle]
        if alarms(kind, above, middle) >= number:
            low, candidates = middle, above
        else:
            high = middle
    return low


def _line(points: Sequence[tuple[float, float]], wanted: float) -> float:
    """The height at `wanted` on the least-squares parabola through the points."""
    n = len(points)
    middle = sum(x for x, _ in points) / n
    xs, ys = [x - middle for x, _ in points], [y for _, y in points]
    s2, s3, s4 = (sum(x**power for x in xs) for power in (2, 3, 4))
    y0, y1, y2 = (sum(y * x**power for x, y in zip(xs, ys, strict=True)) for power in (0, 1, 2))
    # Normal equations of a + b x + c x^2, with sum x = 0.
    c = (y2 - s2 / n * y0 - s3 / s2 * y1) / (s4 - s2 * s2 / n - s3 * s3 / s2)
    b = (y1 - c * s3) / s2
    a = (y0 - c * s2) / n
    x = wanted - middle
    return a + b * x + c * x * x


def _measured(
    kind: str, history: Sequence[Bucket], threshold: float, step: int, zone: ZoneInfo, holidays: str | None
) -> float | None:
    """Alarms a month over the history itself, without its first weeks."""
    rows = [(b.start, b.count, b.part) for b in history if not no_data(b)]
    warm = int(LEARNING // step)
    if len(rows) <= 2 * warm:
        return None
    since = rows[warm][0]
    found = _surprises(kind, rows, step, zone, since, holidays)
    return alarms(kind, found, threshold) / ((len(rows) - warm) * step / MONTH)
