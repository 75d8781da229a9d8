"""What is usual at an hour of the week: a level that follows the trend, and a shape shrunken to the hour of the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from alerts.anomaly.clock import HOURS, WEEK_HOURS
from alerts.anomaly.reading import DAY

LEVEL_HALF_LIFE = 7 * DAY
SHAPE_HALF_LIFE = 28 * DAY
_DAYS = 2.0
"""An hour of the day is believed like the flat mean plus so many days of its own; an hour of the week likewise."""
_EVENTS = 4.0
"""... and where little is counted, until it holds so many events."""
_LARGE = 1e12


class Rhythm:
    """Learns counts per step by hour of week; exponentially weighted, newest most."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._hour_rows = 3600 / step
        self._grow = 2.0 ** (step / SHAPE_HALF_LIFE)
        self._decay = 0.5 ** (step / LEVEL_HALF_LIFE)
        # Newer rows weigh more, instead of all older ones less: ratios are the same, and a row costs one addition.
        self._now = 1.0
        self._week = [0.0] * WEEK_HOURS
        self._week_rows = [0.0] * WEEK_HOURS
        self._day = [0.0] * HOURS
        self._day_rows = [0.0] * HOURS
        self._all = self._all_rows = 0.0
        self._level = self._level_rows = 0.0

    def expected(self, hour: int) -> float:
        """The usual count of a step in this hour of the week (0 to 167); 0 where nothing is known."""
        return self.level * self.shape(hour) if self._level_rows else 0.0

    @property
    def level(self) -> float:
        """The mean count of a step of late."""
        return self._level / self._level_rows if self._level_rows else 0.0

    def shape(self, hour: int) -> float:
        """How much of the mean this hour of the week usually has."""
        if self._all <= 0:
            return 1.0
        mean = self._all / self._all_rows
        prior = max(_DAYS * self._hour_rows, _EVENTS / mean) * self._now
        of_day = hour % HOURS
        day = (self._day[of_day] + prior * mean) / (self._day_rows[of_day] + prior)
        return (self._week[hour] + prior * day) / (self._week_rows[hour] + prior) / mean

    def learn(self, hour: int, count: float) -> None:
        """Take in the count of a step."""
        shape = self.shape(hour)
        self._level = self._level * self._decay + count
        self._level_rows = self._level_rows * self._decay + shape
        now, of_day = self._now, hour % HOURS
        self._week[hour] += now * count
        self._week_rows[hour] += now
        self._day[of_day] += now * count
        self._day_rows[of_day] += now
        self._all += now * count
        self._all_rows += now
        self._now = now * self._grow
        if self._now > _LARGE:
            self._rescale()

    def _rescale(self) -> None:
        for cells in (self._week, self._week_rows, self._day, self._day_rows):
            cells[:] = [value / self._now for value in cells]
        self._all /= self._now
        self._all_rows /= self._now
        self._now = 1.0

    def dump(self) -> dict[str, object]:
        """Everything learned, for JSON."""
        self._rescale()
        return {
            "week": [*self._week, *self._week_rows],
            "day": [*self._day, *self._day_rows],
            "all": [self._all, self._all_rows],
            "level": [self._level, self._level_rows],
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Go on from what `dump` wrote."""
        week, day = cast("list[float]", state["week"]), cast("list[float]", state["day"])
        self._week, self._week_rows = week[:WEEK_HOURS], week[WEEK_HOURS:]
        self._day, self._day_rows = day[:HOURS], day[HOURS:]
        self._all, self._all_rows = cast("list[float]", state["all"])
        self._level, self._level_rows = cast("list[float]", state["level"])
