"""Mentions and an imported outcome of a brand day by day, and whether the outcome moves after bursts of mentions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from storage import imported_sums
from storage.base import Rows
from storage.calendar import Window, local_day, start_of
from storage.desk import annotations as notes
from storage.kpi import KPIS, Ask, compute
from storage.stats import placebo
from storage.stats.placebo import Effect

LEADS = "leads"


@dataclass(frozen=True, slots=True)
class Daily:
    """One entry for each day from `first` on: mentions (None where no source was heard), the outcome (None where no
    import tells it), and by number the days that an annotation explains otherwise.
    """

    first: date
    mentions: tuple[float | None, ...]
    outcome: tuple[float | None, ...]
    annotated: frozenset[int]

    def day(self, number: int) -> date:
        """The calendar day of an entry."""
        return self.first + timedelta(days=number)


def daily(store: Rows, ask: Ask, brand: str, measure: str, networks: Sequence[str] = ()) -> Daily:
    """Read both series for the whole local days of a window."""
    zone = ask.zone
    first = local_day(ask.window.since, zone)
    if start_of(first, "day", zone) < ask.window.since:
        first += timedelta(days=1)
    end = local_day(ask.window.until, zone)
    length = max(0, (end - first).days)
    if not length:
        return Daily(first, (), (), frozenset())
    days = [first + timedelta(days=number) for number in range(length)]
    window = Window(start_of(first, "day", zone), start_of(end, "day", zone))
    told = _leads(store, brand, window, zone, networks) if measure == LEADS else {}
    told = told or imported_sums.daily(store, brand, measure, first, end, networks)
    about = notes.concern(notes.between(store, first, end), brand)
    return Daily(
        first,
        tuple(_mentions(store, ask, brand, window)),
        tuple(told.get(day) for day in days),
        frozenset((one.day - first).days for one in about if one.day < end),
    )


def effects(series: Sequence[Daily], days: int) -> list[tuple[Effect, float | None]]:
    """Test each series, and adjust the p of each for all of them that were tested (Holm)."""
    found = [
        placebo.test(
            one.outcome,
            placebo.bursts(one.mentions, one.annotated, days=days),
            one.annotated,
            days=days,
        )
        for one in series
    ]
    adjusted = iter(placebo.holm([effect.p for effect in found if effect.p is not None]))
    return [(effect, next(adjusted) if effect.p is not None else None) for effect in found]


def _mentions(store: Rows, ask: Ask, brand: str, window: Window) -> list[float | None]:
    asked = Ask(window, ask.now, ask.zone, ask.brands, only=(brand,), sources=ask.sources, by=("day",))
    return [
        None if value.value is None else float(value.value)
        for value in compute(store, [KPIS["mentions"]], asked)
    ]


def _leads(
    store: Rows, brand: str, window: Window, zone: ZoneInfo, networks: Sequence[str]
) -> dict[date, float]:
    """Leads by day: 0 on a day without one between the first and the last, not known outside of them."""
    counted = Counter(local_day(at, zone) for at in imported_sums.leads_at(store, brand, window, networks))
    if not counted:
        return {}
    first, last = min(counted), max(counted)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return {day: float(counted[day]) for day in days}
