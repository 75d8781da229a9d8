"""The small chart of an alert, made of the points that were written with it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from alerts.kpi_names import name_of
from alerts.language import Language
from alerts.message import Chart
from alerts.spark_chart import Spark, Spot, spark_chart

# Not as wide as it is shown: on a phone its words would be too small to read.
_WIDTH, _SCALE = 420, 3
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
    return pictured(Spark(key, titled, spots, zone, language, numbers["fired_at"]))


def pictured(spark: Spark) -> Chart | None:
    """The chart for every channel, by day and by night; None where there is nothing to draw."""
    drawn = spark_chart(spark, width=_WIDTH, alone=True)
    if not drawn.svg:
        return None
    values = tuple(spot.value for spot in spark.spots)
    return Chart(drawn.alt, values, _png(drawn.svg), drawn.svg, _png(drawn.svg, dark=True))


def _png(svg: str, *, dark: bool = False) -> bytes:
    from alerts.pictures import png  # the renderer is loaded only where something is drawn

    return png(svg, _WIDTH, _SCALE, dark=dark)
