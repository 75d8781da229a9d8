"""How many articles of a day hold a brand's words, and how many were looked through: GDELT's timelinevolraw.

The second number makes the first one a share that a change in what GDELT reads does not disturb.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog

from listener.collectors.asking import any_of
from listener.collectors.base import Permanent, Sought
from listener.collectors.gdelt.articles import seconds
from listener.collectors.gdelt.service import Service
from listener.collectors.post import Figure

LONGEST_SEARCH = 200
MOST_WORDS = 10

log = structlog.get_logger(__name__)


def days_to_count(counted: str | None, history: int, now: int) -> tuple[date, date] | None:
    """The first and the last day to be counted; None where all is counted. `counted`: the last day that was.

    That one is counted again: an hour after midnight its last articles were not there yet.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    last = today - timedelta(days=1)
    if counted is None:
        return min(last, today - timedelta(days=history // 86_400)), last
    before = date.fromisoformat(counted)
    return None if before >= last else (before, last)


async def count(service: Service, brands: Sequence[Sought], first: date, last: date) -> list[Figure]:
    """Count each brand whose words fit into one search. Raises Retriable."""
    found: list[Figure] = []
    for brand in brands:
        searches = any_of(list(brand.words), LONGEST_SEARCH, most=MOST_WORDS)
        if len(searches) != 1:
            # The counts of several searches cannot be added: an article may hold words of both.
            log.info("cannot be counted in one search", source="gdelt", brand=brand.brand)
            continue
        try:
            answer = await service.ask(
                grouped(searches[0]),
                mode="timelinevolraw",
                startdatetime=f"{first:%Y%m%d}000000",
                enddatetime=f"{last:%Y%m%d}235959",
            )
        except Permanent as refused:
            log.warning("cannot be counted", source="gdelt", brand=brand.brand, reason=str(refused))
            continue
        found += figures(answer, brand.brand, first, last)
    return found


def grouped(search: str) -> str:
    """GDELT wants parentheses around words of which one suffices, and refuses them around one alone."""
    return f"({search})" if " OR " in search else search


def figures(answer: Mapping[str, Any], brand: str, first: date, last: date) -> list[Figure]:
    """Sum up the points of a timeline by day: there is one for each quarter of an hour, hour or day.

    What is no timeline has no figures: of a day that is not told nothing is known, not even that it was zero.
    """
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for at, value, norm in _points(answer):
        day = datetime.fromtimestamp(at, UTC).date()
        if first <= day <= last:
            of_day = sums[day.isoformat()]
            of_day[0] += value
            of_day[1] += norm
    return [
        Figure(metric, day, number, brand)
        for day, numbers in sorted(sums.items())
        for metric, number in zip(("articles_matching", "articles_monitored"), numbers, strict=True)
    ]


def _points(answer: Mapping[str, Any]) -> list[tuple[int, float, float]]:
    timeline = answer.get("timeline")
    series = timeline[0] if isinstance(timeline, list) and timeline else None
    data = series.get("data") if isinstance(series, dict) else None
    points = map(_point, data) if isinstance(data, list) else ()
    return [point for point in points if point is not None]


def _point(one: object) -> tuple[int, float, float] | None:
    """Time, articles that match, and articles in all; None for what cannot be."""
    if not isinstance(one, dict) or not all(type(one.get(key)) in (int, float) for key in ("value", "norm")):
        return None
    try:
        at, value, norm = seconds(one["date"]), float(one["value"]), float(one["norm"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return (at, value, norm) if 0 <= value <= norm else None
