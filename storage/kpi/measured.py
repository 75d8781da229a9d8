"""What came in files: numbers of days, leads and answers, each read once a window for all brands together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from storage.base import Row, Rows
from storage.calendar import days_begun, parse_time
from storage.kpi.evidence import Evidence

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
}
"""The metrics of each kind of file; those of `custom` bear whatever names people give them."""

_MEASURES = """SELECT brand_id, metric, day, network, account, item, sum(value), unit FROM measures
    WHERE brand_id IN ({brands}) AND kind = ? {metrics} AND day >= ? AND day < ?
    GROUP BY brand_id, metric, day, network, account, item, unit ORDER BY day"""
_LEADS = """SELECT brand_id, network, stage, revenue, currency FROM leads
    WHERE brand_id IN ({brands}) AND created_at >= ? AND created_at < ?"""
_SPANS = """SELECT brand_id, min(created_at), max(CASE WHEN stage_at > created_at THEN stage_at ELSE created_at END)
    FROM leads WHERE brand_id IN ({brands}) GROUP BY brand_id"""
_ANSWERS = """SELECT brand_id, kind, day, network, score, scale, sum(answers) FROM survey_answers
    WHERE brand_id IN ({brands}) AND day >= ? AND day < ?
    GROUP BY brand_id, kind, day, network, score, scale"""


class Cell(NamedTuple):
    """One number of one day; `network`, `account` and `item` are '' where the file does not tell them apart."""

    day: str
    network: str
    account: str
    item: str
    value: float
    unit: str | None


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


def measures(evidence: Evidence, zone: ZoneInfo, kind: str) -> Mapping[int, Mapping[str, Sequence[Cell]]]:
    """Numbers of one kind by brand and metric, in order of days, with those of the eve of the window: a level grows
    from there."""

    def read() -> Mapping[int, Mapping[str, Sequence[Cell]]]:
        first, end = asked_days(evidence, zone)
        names = METRICS.get(kind, ())
        of_metrics = f"AND metric IN ({','.join('?' * len(names))})" if names else ""
        asked = (kind, *names, (first - timedelta(days=1)).isoformat(), end.isoformat())
        found: dict[int, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
        for brand, metric, *cell in _rows(evidence, _MEASURES.replace("{metrics}", of_metrics), asked):
            found[brand][metric].append(Cell(*cell))
        return found

    return evidence.once(("measures", kind), read)


def leads(evidence: Evidence) -> Mapping[int, Sequence[Lead]]:
    """The leads created in the window, by brand."""

    def read() -> Mapping[int, Sequence[Lead]]:
        window, found = evidence.window, defaultdict(list)
        for brand, *lead in _rows(evidence, _LEADS, (window.since, window.until)):
            found[brand].append(Lead(*lead))
        return found

    return evidence.once("leads", read)


def lead_spans(evidence: Evidence) -> Mapping[int, tuple[int, int]]:
    """From when to when leads were imported at all, by brand: in between, no lead means none."""
    return evidence.once(
        "lead spans", lambda: {brand: (first, last) for brand, first, last in _rows(evidence, _SPANS, ())}
    )


def answers(evidence: Evidence, zone: ZoneInfo) -> Mapping[int, Mapping[str, Sequence[Answers]]]:
    """What was answered on the days of the window, by brand and kind of question."""

    def read() -> Mapping[int, Mapping[str, Sequence[Answers]]]:
        days = [day.isoformat() for day in asked_days(evidence, zone)]
        found: dict[int, dict[str, list[Answers]]] = defaultdict(lambda: defaultdict(list))
        for brand, kind, *answer in _rows(evidence, _ANSWERS, days):
            found[brand][kind].append(Answers(*answer))
        return found

    return evidence.once("survey answers", read)


def networks(evidence: Evidence, zone: ZoneInfo, kinds: Iterable[str]) -> dict[str, set[str]]:
    """The networks that files of these kinds tell of in the window, of any brand, and which kinds do."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind in kinds:
        for row in _all(evidence, zone, kind):
            found[row.network].add(kind)
    found.pop("", None)
    return dict(found)


def _all(evidence: Evidence, zone: ZoneInfo, kind: str) -> Iterable[Cell | Lead | Answers]:
    if kind == "crm":
        return chain.from_iterable(leads(evidence).values())
    of_brands = answers(evidence, zone) if kind == "survey" else measures(evidence, zone, kind)
    return (row for by_name in of_brands.values() for rows in by_name.values() for row in rows)


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


def _rows(evidence: Evidence, sql: str, asked: Sequence[object]) -> list[Row]:
    marks = ",".join("?" * len(evidence.brands))
    return evidence.store.rows(sql.replace("{brands}", marks), (*evidence.brands, *asked))
