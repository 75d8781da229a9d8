"""Which days a letter is about: the last whole week, or for a beginner this week so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from storage.calendar import Window, before, unit_of


@dataclass(frozen=True, slots=True)
class Period:
    """A window, and the key under which its letter is sent once."""

    key: str
    window: Window
    whole: bool = True


def periods(at: int, zone: ZoneInfo) -> list[Period]:
    """The last whole ISO week before `at`, and this week up to `at`.

    The second is for a store that heard nothing of the first: who begins on a Wednesday, and asks for letters on
    Fridays, gets one on the days since.
    """
    this = unit_of(at, "week", zone)
    last = before(this, zone)
    found = [Period(_key(last, zone), last)]
    if this.since < at:
        found.append(Period(_key(this, zone) + "-so-far", Window(this.since, at), whole=False))
    return found


def _key(window: Window, zone: ZoneInfo) -> str:
    year, week, _ = datetime.fromtimestamp(window.since, zone).isocalendar()
    return f"digest-{year}-W{week:02}"
