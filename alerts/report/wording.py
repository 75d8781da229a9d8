"""How reports, campaigns and goals name a KPI and write its value. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from alerts import format as reading
from alerts.telling import amount, span, why
from storage.kpi import KpiValue
from storage.stats import mover

NO_VALUE = "–"
_BY = ("authors", "stories", "interactions", "followers", "reach", "impressions", "posts")
"""Variants that say by what a KPI is counted; the others say of which kind it is."""


def named(kpi: str) -> str:
    """The name of a KPI for reading: share_of_voice.authors -> "Share of voice, by authors"."""
    base, _, variant = kpi.partition(".")
    words = base.replace("_", " ")
    words = words[:1].upper() + words[1:]
    if not variant:
        return words
    return f"{words}, {'by ' if variant in _BY else ''}{variant.replace('_', ' ').replace('.', ', ')}"


def figure(value: float | None, unit: str, kpi: str) -> str:
    """Write a number of a KPI in its unit; a dash where there is none."""
    if value is None:
        return NO_VALUE
    if unit in ("ratio", "seconds") or float(value).is_integer():
        return amount(value, unit, kpi) + _currency(unit)
    return f"{value:,.2f}".replace(",", "\u202f").replace("-", "\u2212") + _currency(unit)


def _currency(unit: str) -> str:
    return f" {unit}" if len(unit) == 3 and unit.isupper() else ""


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


def moved(now: KpiValue, then: KpiValue | None) -> str:
    """Write how a value has moved since an earlier one; nothing where either is missing.

    Shares move by points, times and counts by what lies between them, and with it the percentage where it means
    something.
    """
    if then is None or now.value is None or then.value is None:
        return ""
    difference = now.value - then.value
    if now.unit == "ratio":
        balanced = now.kpi.startswith("net_sentiment")
        return reading.balance(difference) if balanced else reading.points(difference)
    if now.unit == "seconds":
        more = "more" if difference > 0 else "less"
        return f"{reading.duration(abs(difference))} {more}" if difference else "the same"
    change = reading.count_change(difference) if float(difference).is_integer() else f"{difference:+,.2f}"
    return f"{change} ({reading.percent_change(difference / then.value)})" if then.value > 0 else change


def by_chance(now: KpiValue, then: KpiValue | None) -> bool:
    """Whether both are estimates whose difference may be nothing, so that chance alone may have moved the value."""
    if then is None or now.value is None or then.value is None:
        return False
    ends, other = interval_of(now), interval_of(then)
    if ends is None or other is None:
        return False
    low, high = mover.difference(now.value, ends, then.value, other)
    return low <= 0 <= high
