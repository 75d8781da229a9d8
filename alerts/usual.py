"""How many mentions are usual at this time of day: what is told, and drawn, beside a count that fired."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from storage import baselines, series
from storage.rollups.periods import QUARTER

if TYPE_CHECKING:
    from alerts.rules import Look, Rule, Sample

DAYS = 28
"""As many days before are looked at."""
LEAST = 7
"""With fewer days in which all sources were heard nothing is called usual."""
SHOWN = 48
"""Hours in the chart."""
_DAY = 86_400
_HOUR = 4
_A_DAY = _DAY // QUARTER


def usual(look: Look, rule: Rule, sample: Sample) -> Mapping[str, object]:
    """`usual`, the middle four fifths of the same hours of the 28 days before, and `points` and `span` of a chart.

    By quarter hours, of the sources that the value was counted from. Empty for what is no count of all mentions of a
    window between a quarter hour and a day.
    """
    value = sample.value
    if value is None or value.kpi != "mentions" or rule.tag or not QUARTER <= rule.over <= _DAY:
        return {}
    names = {one.source for one in value.heard}
    heard = [one for one in look.active if one.name in names]
    number = baselines.brand_id(look.store, rule.brand)
    if number is None or not heard:
        return {}
    until = sample.until // QUARTER * QUARTER
    since = until - DAYS * _DAY - SHOWN * _HOUR * QUARTER - _DAY
    counts = _Counts(
        series.counted(look.store, number, [one.source_id for one in heard], since, until),
        series.all_heard(heard, since, until),
    )
    end = (until - since) // QUARTER
    span = counts.usual(end, rule.over // QUARTER)
    if span is None:
        return {}
    ends = range(end - (SHOWN - 1) * _HOUR, end + 1, _HOUR)
    points = [
        [since + (at - _HOUR) * QUARTER, counts.sum(at, _HOUR), *(counts.usual(at, _HOUR) or (None, None))]
        for at in ends
    ]
    return {"usual": span, "points": points, "span": _HOUR * QUARTER}


class _Counts:
    """Counts of quarter hours, and which of them were heard whole."""

    def __init__(self, counts: Sequence[int], heard: Sequence[bool]) -> None:
        self._counts = list(accumulate(counts, initial=0))
        self._heard = list(accumulate(heard, initial=0))

    def sum(self, end: int, length: int) -> int | None:
        """The count of the `length` quarter hours before `end`; None where not all of them were heard."""
        begin = end - length
        if begin < 0 or self._heard[end] - self._heard[begin] < length:
            return None
        return self._counts[end] - self._counts[begin]

    def usual(self, end: int, length: int) -> tuple[int, int] | None:
        """From the tenth to the ninetieth of a hundred of the same hours of the days before."""
        found = (self.sum(end - day * _A_DAY, length) for day in range(1, DAYS + 1))
        known = sorted(one for one in found if one is not None)
        if len(known) < LEAST:
            return None
        last = len(known) - 1
        return known[math.floor(0.1 * last)], known[math.ceil(0.9 * last)]
