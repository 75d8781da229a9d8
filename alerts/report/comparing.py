"""A value beside that of the period before and of the year before, over what was heard in both and judged alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts.report import wording
from storage import browse
from storage.base import Rows
from storage.calendar import Window, before, local_day, start_of_day, unit_of
from storage.coverage import ENOUGH, Ledger, ledgers
from storage.kpi import Ask, Kpi, KpiValue, compute
from storage.queries import changes

_NOT_HEARD = "not heard then"
_OTHERWISE = "no source heard for 90 % of both"
_ENGINE = "the tone engine was changed since"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`now` and `then` are over the same sources; both None where nothing compares, and `why_not` says why.

    `requeried`: the brand was looked for by another query in between, so that counts do not compare.
    """

    window: Window
    now: KpiValue | None = None
    then: KpiValue | None = None
    why_not: str = ""
    requeried: bool = False

    @property
    def by_chance(self) -> bool:
        """Whether chance alone may have made the difference."""
        return self.now is not None and wording.by_chance(self.now, self.then)


Compared = dict[tuple[str, str], Comparison]


def compare(
    store: Rows, kpis: Sequence[Kpi], ask: Ask, values: Sequence[KpiValue]
) -> tuple[Compared, Compared]:
    """By KPI and brand, the comparison with the period before, and that with the same period a year before."""
    earlier = before(ask.window, ask.zone), year_before(ask.window, ask.zone)
    return _with(store, kpis, ask, values, earlier[0]), _with(store, kpis, ask, values, earlier[1])


def year_before(window: Window, zone: ZoneInfo) -> Window:
    """The same period a year before: the month of that name, the ISO week 52 weeks earlier, else the same dates.

    A week and a day are moved by whole weeks, so that weekdays meet weekdays.
    """
    first, end = local_day(window.since, zone), local_day(window.until, zone)
    month = unit_of(window.since, "month", zone)
    if month.since == window.since and unit_of(window.until, "month", zone).since == window.until:
        return Window(
            start_of_day(first.replace(year=first.year - 1), zone),
            start_of_day(end.replace(year=end.year - 1), zone),
        )
    shift = timedelta(days=364)
    since = start_of_day(first - shift, zone) + window.since - start_of_day(first, zone)
    until = start_of_day(end - shift, zone) + window.until - start_of_day(end, zone)
    return Window(since, until)


def _with(
    store: Rows, kpis: Sequence[Kpi], ask: Ask, values: Sequence[KpiValue], earlier: Window
) -> Compared:
    sources = [one for one in ledgers(store, ask.sources) if one.active or one.live or one.imports]
    both = [
        one.name for one in sources if _enough(one, ask.window, ask.now) and _enough(one, earlier, ask.now)
    ]
    names = sorted({value.brand for value in values})
    engines = {*browse.engines(store, ask.window), *browse.engines(store, earlier)} if both else set()
    requeried = {change.brand for change in changes(store, names, earlier.since, ask.window.until)}
    now = _values(store, kpis, replace(ask, sources=tuple(both))) if both else {}
    then = _values(store, kpis, replace(ask, sources=tuple(both), window=earlier)) if both else {}
    why = _why_not(sources, earlier, ask.now)
    found: Compared = {}
    for value in values:
        key = value.kpi, value.brand
        if not both:
            found[key] = Comparison(earlier, why_not=why)
        elif "method" in value.more and len(engines) > 1:
            found[key] = Comparison(earlier, why_not=_ENGINE)
        else:
            found[key] = Comparison(earlier, now[key], then[key], "", value.brand in requeried)
    return found


def _values(store: Rows, kpis: Sequence[Kpi], ask: Ask) -> dict[tuple[str, str], KpiValue]:
    return {(value.kpi, value.brand): value for value in compute(store, kpis, ask)}


def _enough(source: Ledger, window: Window, now: int) -> bool:
    heard = source.heard(window.since, window.until, now)
    return heard.heard > 0 and heard.share >= ENOUGH


def _why_not(sources: Sequence[Ledger], earlier: Window, now: int) -> str:
    any_heard = any(source.heard(earlier.since, earlier.until, now).heard for source in sources)
    return _OTHERWISE if any_heard else _NOT_HEARD
