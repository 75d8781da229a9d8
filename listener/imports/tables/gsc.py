"""Google Search Console: the daily table of a performance export, alone or in its ZIP."""

from __future__ import annotations

from collections.abc import Iterator

from listener.imports.forms import Form
from listener.imports.row import Row
from storage.measures import Measure

_METRICS = {"search_impressions": "search_impressions", "search_clicks": "search_clicks"}


def _day(row: Row) -> Iterator[Measure]:
    yield from row.measures("gsc", _METRICS, day=row.day(), network="google", account=row.wish.account)


FORMS = (
    # Its tables of queries, pages and countries tell no days, leave out rare queries, and count by page: they add up to
    # something else than the days do, and are not read.
    Form(
        "Search Console, days (Dates.csv or Chart.csv)",
        {
            "date": ("date", "fecha", "datum"),
            "search_clicks": ("clicks", "clics", "klick"),
            "search_impressions": ("impressions", "impresiones", "visningar"),
        },
        ("date", "search_clicks", "search_impressions"),
        _day,
        ("kind", "metric", "day", "account"),
        by_map=True,
    ),
)
