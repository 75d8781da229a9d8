"""How reports, campaigns and goals name a KPI and write its value. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from alerts import format as reading
from alerts.kpi_names import name_of
from alerts.telling import amount, span, why
from storage.calendar import Window
from storage.kpi import KpiValue
from storage.kpi.compare import compared
from storage.kpi.value import Compared, Reading

NO_VALUE = "–"
_AN_HOUR = 3600
"""Two windows of whole days may differ by so much where the clock was changed in one of them."""


def named(kpi: str) -> str:
    """The name of a KPI for reading: share_of_voice.authors -> "Share of voice (authors)"."""
    name = name_of(kpi)
    return name[:1].upper() + name[1:]


def figure(value: float | None, unit: str, kpi: str) -> str:
    """Write a number of a KPI in its unit; a dash where there is none."""
    return NO_VALUE if value is None else amount(value, unit, kpi)


def interval_of(value: KpiValue) -> tuple[float, float] | None:
    """The ends of a value's 95 % interval, where it has one."""
    ends = value.more.get("interval")
    if value.value is None or not isinstance(ends, list | tuple):
        return None
    low, high = cast("Sequence[float]", ends)
    return low, high


def interval(value: KpiValue) -> str:
    """Write the interval of a value: "35 to 47 %"; nothing where it has none."""
    ends = interval_of(value)
    return span(ends, value.unit, value.kpi) if ends else ""


def told(value: KpiValue) -> str:
    """Write a value with its interval on one line: "41.0 % [35 to 47 %]"."""
    ends = interval(value)
    return figure(value.value, value.unit, value.kpi) + (f" [{ends}]" if ends else "")


def reason(value: KpiValue) -> str:
    """Why there is no value, or that it was only counted, in words."""
    return why(value.reason) if value.value is None else ""


def days_known(value: KpiValue) -> list[str]:
    """Of which kinds of files not every day of the window is known: ["ads: 3 of 7 days"]."""
    days = cast("Mapping[str, int]", value.more.get("days", {}))
    asked = cast("int", value.more.get("days_asked", 0))
    return [
        f"{kind}: {told} of {reading.plural(asked, 'day')}" for kind, told in days.items() if told < asked
    ]


def moved(now: Compared, unit: str, kpi: str) -> str:
    """Write how a value has moved since an earlier one; nothing where that cannot be said.

    Shares move by points, times and counts by what lies between them, and with it the percentage where it means
    something.
    """
    if now.change is None or now.then is None:
        return ""
    if unit == "ratio":
        balanced = kpi.partition(".")[0] == "net_sentiment"
        return reading.balance(now.change) if balanced else reading.points(now.change)
    if unit == "seconds":
        more = "more" if now.change > 0 else "less"
        return f"{reading.duration(abs(now.change))} {more}" if now.change else "the same"
    whole = float(now.change).is_integer()
    change = reading.count_change(now.change) if whole else f"{now.change:+,.2f}".replace("-", "\u2212")
    return (
        f"{change} ({reading.percent_change(now.growth)})"
        if now.growth is not None and now.then > 0
        else change
    )


def by_chance(now: KpiValue, then: KpiValue | None) -> bool:
    """Whether chance alone would make as much of a difference between two values.

    Of counts that is known where the later value was asked for with the one before it beside it.
    """
    if then is None:
        return False
    beside = now.before
    if beside is None or max(abs(beside.since - then.since), abs(beside.until - then.until)) > _AN_HOUR:
        one, other = (Reading(v.value, v.n, v.reason, v.more) for v in (now, then))
        beside = compared(one, other, Window(then.since, then.until))
    return beside.interval is not None and beside.interval[0] <= 0 <= beside.interval[1]
