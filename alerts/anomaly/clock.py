"""Which hour of the week a moment is, where the brand's people live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from storage.public_holidays import is_holiday

HOURS = 24
WEEK_HOURS = 7 * HOURS
_QUARTER = 900
_SUNDAY = 6


def hour_of_week(zone: ZoneInfo, holidays: str | None = None) -> Callable[[int], int]:
    """A function from Unix seconds to the hour of the local week, 0 (Monday, midnight) to 167.

    A public holiday of the country or part of it that `holidays` names (ES, ES-MD) is taken for a Sunday.
    """
    last = [-1, 0]

    def hour(at: int) -> int:
        quarter = at // _QUARTER
        if quarter != last[0]:
            local = datetime.fromtimestamp(at, zone)
            weekday = local.weekday()
            if holidays is not None and is_holiday(holidays, local.date()):
                weekday = _SUNDAY
            last[:] = quarter, weekday * HOURS + local.hour
        return last[1]

    return hour
