"""Counts what a report shows: each KPI of each brand, beside the period before and the year before, and by network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.goals import Goal
from alerts.progress import Measured, measure
from storage import imported_sums
from storage.base import Rows
from storage.calendar import Unit, local_day
from storage.desk import annotations as notes
from storage.desk import campaigns
from storage.desk.annotations import Annotation
from storage.desk.campaigns import Campaign
from storage.imported_sums import Imported
from storage.kpi import Ask, Kpi, KpiValue, compute, kpis_of
from storage.queries import changes

_LONGEST_BY_DAY, _LONGEST_BY_WEEK = 62, 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `ask` holds window, brands and sources, and no dimension; `period` is what charts are cut by,
    None for what suits the window. `title` names the set.
    """

    kpis: tuple[str, ...]
    ask: Ask
    period: Unit | None = None
    by_language: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class KpiFacts:
    """One KPI of one brand: the whole window, with what it compares with; by network, language, and period.

    `requeried` says of the period before and of the year before whether a query changed since, so that counts do not
    compare. What is never summed over networks has a series for each network.
    """

    value: KpiValue
    requeried: tuple[bool, bool]
    by_source: tuple[KpiValue, ...]
    by_language: tuple[KpiValue, ...]
    series: tuple[KpiValue, ...]
    series_by_source: tuple[KpiValue, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """Everything that a report says, as numbers. `kpis` are by KPI, then by brand, in the order asked.

    `declared` holds the declarations of these KPIs, custom ones among them.
    """

    wanted: Wanted
    period: Unit
    kpis: dict[str, tuple[KpiFacts, ...]]
    declared: dict[str, Kpi]
    goals: tuple[Measured, ...]
    annotations: tuple[Annotation, ...]
    campaigns: tuple[Campaign, ...]
    imported: tuple[Imported, ...]


def gather(store: Rows, goals: Sequence[Goal], wanted: Wanted) -> ReportFacts:
    """Return the facts of a report."""
    ask, period = wanted.ask, wanted.period or suits(wanted.ask)
    known = kpis_of(store)
    declared = {name: known[name] for name in wanted.kpis}
    kpis = list(declared.values())
    whole = compute(store, kpis, replace(ask, compare=True))
    by_source = _grouped(compute(store, kpis, replace(ask, by=("source",))))
    by_language = _grouped(compute(store, kpis, replace(ask, by=("language",)))) if wanted.by_language else {}
    series = _grouped(compute(store, kpis, replace(ask, by=(period,))))
    apart = [kpi for kpi in kpis if not kpi.additive]
    apart_series = _grouped(compute(store, apart, replace(ask, by=("source", period)))) if apart else {}
    requeried = _requeried(store, whole, declared)
    found: dict[str, list[KpiFacts]] = {name: [] for name in wanted.kpis}
    for value in whole:
        key = value.kpi, value.brand
        found[value.kpi].append(
            KpiFacts(
                value,
                requeried[key],
                tuple(by_source.get(key, ())),
                tuple(by_language.get(key, ())),
                tuple(series.get(key, ())),
                tuple(apart_series.get(key, ())),
            )
        )
    names = [value.brand for value in whole]
    first, end = local_day(ask.window.since, ask.zone), local_day(ask.window.until - 1, ask.zone)
    return ReportFacts(
        wanted,
        period,
        {name: tuple(facts) for name, facts in found.items()},
        declared,
        tuple(measure(store, [g for g in goals if g.brand in names], ask.brands, ask.now, ask.zone)),
        tuple(a for a in notes.between(store, first, end) if a.brand is None or a.brand in names),
        tuple(campaigns.overlapping(store, ask.window)),
        tuple(_imported(store, wanted, names)),
    )


def _requeried(
    store: Rows, values: Sequence[KpiValue], declared: Mapping[str, Kpi]
) -> dict[tuple[str, str], tuple[bool, bool]]:
    """By KPI and brand, whether a query behind it changed since the period before, and since the year before."""
    names = sorted({value.brand for value in values})
    changed: dict[int, set[str]] = {}
    found = {}
    for value in values:
        for side in (value.before, value.year_before):
            if side is not None and side.since not in changed:
                changed[side.since] = {c.brand for c in changes(store, names, side.since, value.until)}
        # A share of a market changes with the query of each brand of it.
        behind = set(names) if declared[value.kpi].market_wide else {value.brand}
        sides = (
            side is not None and bool(changed[side.since] & behind)
            for side in (value.before, value.year_before)
        )
        before, year_before = sides
        found[value.kpi, value.brand] = before, year_before
    return found


def suits(ask: Ask) -> Unit:
    """By what a chart of this window is cut, so that its points can be told apart."""
    days = (ask.window.until - ask.window.since) / 86_400
    return "day" if days <= _LONGEST_BY_DAY else "week" if days <= _LONGEST_BY_WEEK else "month"


def _grouped(values: Iterable[KpiValue]) -> dict[tuple[str, str], list[KpiValue]]:
    found: dict[tuple[str, str], list[KpiValue]] = {}
    for value in values:
        found.setdefault((value.kpi, value.brand), []).append(value)
    return found


def _imported(store: Rows, wanted: Wanted, brands: Sequence[str]) -> list[Imported]:
    """What files told of the days that lie whole in the window, and of its ends."""
    window, zone = wanted.ask.window, wanted.ask.zone
    first, end = local_day(window.since, zone), local_day(window.until, zone)
    found = [
        *imported_sums.sums(store, first, end, accounts=wanted.ask.accounts),
        *imported_sums.levels(store, first, end, accounts=wanted.ask.accounts),
    ]
    return sorted(
        (one for one in found if one.brand in brands),
        key=lambda one: (brands.index(one.brand), one.kind, one.metric, one.network, one.account),
    )
