"""The small chart of an alert, made of the points that were written with it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from alerts.charts.spark import Spark, Spot, spark_chart
from alerts.kpi_names import name_of
from alerts.language import Language
from alerts.message import Chart

_WIDTH = 536
_LEAST = 2


def small_chart(key: str, numbers: Mapping[str, Any], zone: ZoneInfo, language: Language) -> Chart | None:
    """Draw it where there are points: [second, value, low, high], None where nothing was heard."""
    points = numbers.get("points") or ()
    if numbers["kind"] != "fired" or len(points) < _LEAST:
        return None
    step = min(late[0] - early[0] for early, late in pairwise(points))
    name = name_of(numbers.get("of") or numbers["kpi"], language)
    titled = language.gettext(
        "{kpi} of {brand}, each over {over}",
        kpi=name,
        brand=numbers["brand"],
        over=language.duration(numbers.get("span") or step),
    )
    spots = tuple(Spot(at, at + step, *values) for at, *values in points)
    picture = spark_chart(Spark(key, titled, spots, zone, language, numbers["fired_at"]), alone=True)
    if not picture.svg:
        return None
    return Chart(picture.alt, tuple(spot.value for spot in spots), _png(picture.svg), picture.svg)


def _png(svg: str) -> bytes:
    from alerts.charts.pictures import png  # the renderer is loaded only where something is drawn

    return png(svg, _WIDTH)
