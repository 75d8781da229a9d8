"""A campaign seen in numbers: its mentions found and tagged, and each KPI before, during and after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from listener.matching.matcher import Matcher
from listener.pipeline import said_of
from storage import imported_sums
from storage.base import Rows
from storage.calendar import Window, local_day
from storage.coverage import unlike
from storage.desk import campaigns, tags
from storage.desk.campaigns import TAGGED_BY, Around, Campaign, Said
from storage.kpi import Ask, KpiValue, compute, kpis_of
from storage.mention import Brand
from storage.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Compared:
    """One KPI of one brand around a campaign; None where that time has not begun.

    `unlike_before` and `unlike_after` are the sources that were heard so differently that the values do not compare.
    """

    brand: str
    kpi: str
    before: KpiValue | None
    during: KpiValue | None
    after: KpiValue | None
    unlike_before: tuple[str, ...]
    unlike_after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """An imported measure of a campaign by network: the sums before, during and after."""

    brand: str
    kind: str
    metric: str
    network: str
    unit: str
    before: float | None
    during: float | None
    after: float | None


def check(query: str) -> None:
    """Raises QueryError or ValueError where a query cannot be looked for."""
    Matcher([Brand("campaign", query=query)])


def mark(store: SqliteStore, campaign: Campaign, brands: Sequence[Brand], now: int) -> int:
    """Tag the mentions of all brands in the campaign's window that match its query; return how many are new.

    Each page is a transaction of its own, and marking again adds only what has come since.
    """
    if campaign.query is None:
        return 0
    matcher = Matcher([Brand(campaign.name, query=campaign.query)])
    marked = 0
    for brand in brands:
        for page in campaigns.mentions_in(store, brand.name, campaign.window):
            found = [
                number for number, source, post in page if matcher.match(said_of(post, post.text, source))
            ]
            if found:
                with store.writing() as db:
                    marked += tags.add(db, campaign.tag, brand.name, found, by=TAGGED_BY, now=now)
    return marked


def compare(store: Rows, campaign: Campaign, kpis: Sequence[str], ask: Ask) -> list[Compared]:
    """Each KPI of each brand asked for, before, during and after; of `ask` the window is left aside."""
    windows = campaigns.around(campaign.window, ask.zone)
    # Each with the one before it beside it: that tells what chance makes of counts.
    sides = [
        _values(store, kpis, replace(ask, window=window, compare=window != windows.before))
        for window in _in_order(windows)
    ]
    keys = list(dict.fromkeys(key for side in sides for key in side))
    return [_compared(key, *(side.get(key) for side in sides)) for key in keys]


def _in_order(windows: Around) -> tuple[Window, Window, Window]:
    return windows.before, windows.during, windows.after


def _values(store: Rows, kpis: Sequence[str], ask: Ask) -> dict[tuple[str, str], KpiValue]:
    # Of a time that has not begun, nothing is counted: it would look like silence.
    if ask.window.since >= ask.now:
        return {}
    known = kpis_of(store)
    return {(v.brand, v.kpi): v for v in compute(store, [known[name] for name in kpis], ask)}


def _compared(
    key: tuple[str, str], before: KpiValue | None, during: KpiValue | None, after: KpiValue | None
) -> Compared:
    return Compared(*key, before, during, after, _unlike(during, before), _unlike(during, after))


def _unlike(one: KpiValue | None, other: KpiValue | None) -> tuple[str, ...]:
    return unlike(one.heard, other.heard) if one is not None and other is not None else ()


def said(store: Rows, campaign: Campaign, brands: Sequence[str]) -> dict[str, Said]:
    """By brand, what was said in the campaign's window that matches its query."""
    if campaign.query is None:
        return {}
    return {brand: campaigns.said(store, campaign.tag, brand, campaign.window) for brand in brands}


def measured(store: Rows, campaign: Campaign, ask: Ask) -> list[Measured]:
    """The imported measures and leads that bear the campaign's name, of the brands asked for."""
    if campaign.utm is None:
        return []
    windows = campaigns.around(campaign.window, ask.zone)
    sides = [_imported(store, campaign.utm, window, ask) for window in _in_order(windows)]
    keys = sorted({key for side in sides for key in side})
    return [Measured(*key, *(side.get(key) for side in sides)) for key in keys]


def _imported(store: Rows, utm: str, window: Window, ask: Ask) -> dict[tuple[str, str, str, str, str], float]:
    first, end = local_day(window.since, ask.zone), local_day(window.until, ask.zone)
    found: dict[tuple[str, str, str, str, str], float] = defaultdict(float)
    for one in imported_sums.sums(store, first, end, campaign=utm):
        found[one.brand, one.kind, one.metric, one.network, one.unit] += one.value
    found |= {
        (brand, "crm", "leads", network, ""): float(count)
        for brand, network, count in campaigns.leads(store, utm, window)
    }
    return {key: value for key, value in found.items() if not ask.only or key[0] in ask.only}
