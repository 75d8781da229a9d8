"""Counts what is used of YouTube's daily quota, and spreads it over the day.

A project has 100 searches a day, and 10,000 units for everything else
(https://developers.google.com/youtube/v3/determine_quota_cost); both are counted anew at midnight Pacific time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
AHEAD = 3_600
"""Seconds that may be used before their time has come, so that a day does not begin with waiting."""


def day_of(now: int) -> tuple[str, int, int]:
    """The Pacific day of a time, as YYYY-MM-DD, and when it begins and ends: 23, 24 or 25 hours."""
    date = datetime.fromtimestamp(now, PACIFIC).date()
    begins, ends = (datetime.combine(day, time(), PACIFIC) for day in (date, date + timedelta(days=1)))
    return date.isoformat(), int(begins.timestamp()), int(ends.timestamp())


def spread(most: int, now: int) -> int:
    """How many of a day's `most` may have been used by now."""
    _, begins, ends = day_of(now)
    return min(most, math.ceil(most * (now - begins + AHEAD) / (ends - begins)))


def until_reset(now: int) -> float:
    """Seconds until all is counted anew."""
    return float(day_of(now)[2] - now)


@dataclass
class Quota:
    """What was used of one day. Plain JSON in the cursor, so that a restart does not begin to count again."""

    day: str = ""
    searches: int = 0
    units: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Quota:
        """Read what `to_json` wrote."""
        return cls(str(value.get("day", "")), int(value.get("searches", 0)), int(value.get("units", 0)))

    def to_json(self) -> dict[str, Any]:
        """What is kept in the cursor."""
        return {"day": self.day, "searches": self.searches, "units": self.units}

    def begin(self, now: int) -> None:
        """Count anew where another day has begun. A clock that is set back gives nothing for a second time."""
        day = day_of(now)[0]
        if day > self.day:
            self.day, self.searches, self.units = day, 0, 0

    def learn(self, kept: Quota) -> None:
        """Take over what a cursor knows, where that is later or more."""
        if kept.day > self.day:
            self.day, self.searches, self.units = kept.day, kept.searches, kept.units
        elif kept.day == self.day:
            self.searches, self.units = max(self.searches, kept.searches), max(self.units, kept.units)
