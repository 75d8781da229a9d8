"""Which days a letter is about: the last whole day, week or month, or for a beginner this one so far."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from storage.calendar import Unit, Window, before, local_day, unit_of


@dataclass(frozen=True, slots=True)
class Period:
    """A window, and the key under which its letter is sent once."""

    key: str
    window: Window
    whole: bool = True


def periods(at: int, zone: ZoneInfo, unit: Unit = "week", name: str = "") -> list[Period]:
    """The last whole ISO week (day, month) before `at`, and this one up to `at`.

    The second is for a store that heard nothing of the first: who begins on a Wednesday, and asks for letters on
    Fridays, gets one on the days since. `name` tells the letters of one configuration apart.
    """
    this = unit_of(at, unit, zone)
    last = before(this, zone)
    found = [Period(_key(last, zone, unit, name), last)]
    if this.since < at:
        so_far = f"{_key(this, zone, unit, name)}-so-far"
        found.append(Period(so_far, Window(this.since, at), whole=False))
    return found


def _key(window: Window, zone: ZoneInfo, unit: Unit, name: str) -> str:
    # By the calendar and not by seconds: after a change of zone the week is the same week.
    day = local_day(window.since, zone)
    year, week, _ = day.isocalendar()
    when = {"day": day.isoformat(), "week": f"{year}-W{week:02}", "month": f"{day:%Y-%m}"}[unit]
    return "-".join(part for part in ("digest", name, when) if part)
