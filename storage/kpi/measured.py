"""Numbers of days, leads and answers, from files and of what sources count; each read once a window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, product
from typing import NamedTuple
from zoneinfo import ZoneInfo

from storage.base import Rows
from storage.calendar import days_begun, parse_time
from storage.kpi.cell import Cell
from storage.kpi.evidence import Evidence
from storage.kpi.heard import TOLD_AS, blended, own_posts
from storage.measures import SNAPSHOT

# Named, so that each is found by the primary key and years of other days cost nothing.
METRICS: Mapping[str, tuple[str, ...]] = {
    "ga4": ("sessions", "engaged_sessions", "bounced_sessions_ua", "key_events", "key_event", "revenue"),
    "gsc": ("search_impressions", "search_clicks"),
    "ads": ("spend", "impressions", "clicks", "leads", "conversions", "revenue"),
    "native": (
        *("followers", "impressions", "reach", "likes", "shares", "comments", "saves", "profile_visits"),
        *("link_clicks", "video_views", "posts", "audience", "followers_gained", "followers_lost"),
    ),
    "shop": ("revenue", "orders"),
    "business": (
        *(
            "customers_start",
            "customers_new",
            "customers_active",
            "cost_acquisition",
            "gross_margin",
            "churn",
        ),
        *("lifetime_months", "revenue", "cost_of_sales", "gross_profit", "net_profit"),
    ),
    "reviews": ("stars",),
    SNAPSHOT: ("followers", "stars", "page_views", "articles_matching", "articles_monitored"),
}
"""The metrics of each kind of numbers; those of `custom` bear whatever names people give them."""

_MEASURES = """SELECT metric, day, network, account, item, sum(value), unit FROM measures
    WHERE brand_id = ? AND kind = ? {metrics} AND day >= ? AND day < ?
    GROUP BY metric, day, network, account, item, unit ORDER BY metric, day"""
_LEADS = """SELECT network, stage, revenue, currency FROM leads
    WHERE brand_id = ? AND created_at >= ? AND created_at < ?"""
_SPAN = """SELECT min(created_at), max(CASE WHEN stage_at > created_at THEN stage_at ELSE created_at END)
    FROM leads WHERE brand_id = ?"""
_ANSWERS = """SELECT kind, day, network, score, scale, sum(answers) FROM survey_answers
    WHERE brand_id = ? AND kind IN ('csat', 'nps') AND day >= ? AND day < ?
    GROUP BY kind, day, network, score, scale"""


class Lead(NamedTuple):
    """A lead of the CRM that was created in the window, at the stage where it stands now."""

    network: str
    stage: str
    revenue: float | None
    currency: str | None


class Answers(NamedTuple):
    """How many gave this score, of 1 (for NPS of 0) to `scale`."""

    day: str
    network: str
    score: float
    scale: int
    answers: int


def asked_days(evidence: Evidence, zone: ZoneInfo) -> tuple[date, date]:
    """The days that begin in the window, half-open. A day belongs to the window that holds its local start."""
    return days_begun(evidence.window, zone)


def measures(evidence: Evidence, zone: ZoneInfo, kind: str, brand: int) -> Mapping[str, Sequence[Cell]]:
    """A brand's numbers of one kind by metric, in order of days, with those of the eve of the window: a level grows
    from there. What files tell is preferred to what was heard, where both tell it."""

    def read() -> Mapping[str, Sequence[Cell]]:
        first, end = asked_days(evidence, zone)
        kept = _of_kind(evidence, kind, brand, first, end)
        if kind not in TOLD_AS:
            return kept
        snapshots = measures(evidence, zone, SNAPSHOT, brand)
        told = {metric: snapshots[metric] for metric in TOLD_AS[kind] if metric in snapshots}
        posts = own_posts(evidence.store, zone, brand, first, end) if kind == "native" else ()
        return blended(kept, told, posts)

    return evidence.once(("measures", kind, brand), read)


def _of_kind(evidence: Evidence, kind: str, brand: int, first: date, end: date) -> dict[str, list[Cell]]:
    names = METRICS.get(kind, ())
    sql = _MEASURES.format(metrics=f"AND metric IN ({','.join('?' * len(names))})" if names else "")
    eve = first - timedelta(days=1)
    found: dict[str, list[Cell]] = defaultdict(list)
    for metric, *cell in evidence.store.rows(sql, (brand, kind, *names, eve.isoformat(), end.isoformat())):
        found[metric].append(Cell._make(cell))
    return found


def leads(evidence: Evidence, brand: int) -> Sequence[Lead]:
    """A brand's leads that were created in the window."""
    asked = (brand, evidence.window.since, evidence.window.until)
    return evidence.once(
        ("leads", brand), lambda: [Lead._make(row) for row in evidence.store.rows(_LEADS, asked)]
    )


def lead_span(evidence: Evidence, brand: int) -> tuple[int | None, int | None]:
    """From when to when a brand's leads were imported at all, None without any: in between, no lead means none."""

    def read() -> tuple[int | None, int | None]:
        ((first, last),) = evidence.store.rows(_SPAN, (brand,))
        return first, last

    return evidence.once(("lead span", brand), read)


def answers(evidence: Evidence, zone: ZoneInfo, brand: int) -> Mapping[str, Sequence[Answers]]:
    """What a brand was answered on the days of the window, by kind of question."""

    def read() -> Mapping[str, Sequence[Answers]]:
        days = [day.isoformat() for day in asked_days(evidence, zone)]
        found: dict[str, list[Answers]] = defaultdict(list)
        for kind, *answer in evidence.store.rows(_ANSWERS, (brand, *days)):
            found[kind].append(Answers._make(answer))
        return found

    return evidence.once(("survey answers", brand), read)


def rows(evidence: Evidence, zone: ZoneInfo, kind: str, brand: int) -> Iterable[Cell | Lead | Answers]:
    """All that files of one kind tell of a brand in the window, and of measures on its eve."""
    if kind == "crm":
        return leads(evidence, brand)
    if kind == "survey":
        return chain.from_iterable(answers(evidence, zone, brand).values())
    return chain.from_iterable(measures(evidence, zone, kind, brand).values())


def networks(
    evidence: Evidence, zone: ZoneInfo, kinds: Iterable[str], brands: Iterable[int]
) -> dict[str, set[str]]:
    """The networks that files of these kinds tell of in the window, of any of these brands, and which kinds do."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind, brand in product(kinds, brands):
        for network in {row.network for row in rows(evidence, zone, kind, brand)}:
            found[network].add(kind)
    found.pop("", None)
    return dict(found)


def known_networks(store: Rows) -> list[str]:
    """The networks that any file told of."""
    sql = """SELECT network FROM measures UNION SELECT network FROM leads UNION SELECT network FROM survey_answers
        ORDER BY network"""
    return [network for (network,) in store.rows(sql) if network]


def first_imported(store: Rows, zone: ZoneInfo) -> int | None:
    """The start of the first day that any file tells of, None where nothing was imported."""
    ((day,),) = store.rows(
        "SELECT min(day) FROM (SELECT min(day) AS day FROM measures UNION SELECT min(day) FROM survey_answers) AS days"
    )
    ((created,),) = store.rows("SELECT min(created_at) FROM leads")
    starts = [*([parse_time(day, zone)] if day else []), *([created] if created is not None else [])]
    return min(starts, default=None)
