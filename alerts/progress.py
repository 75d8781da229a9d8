"""How far a goal has come: its value in the baseline and now, the pace to the deadline, whether a review is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.goals import Goal
from storage.base import Rows
from storage.calendar import PERIODS, Window, iso, local_day, start_of, unit_of
from storage.coverage import unlike
from storage.desk import reviews
from storage.desk.reviews import Review
from storage.kpi import KPIS, Ask, Kpi, KpiValue, compute
from storage.mention import Brand

Pace = Literal["reached", "on pace", "behind", "missed", "no value", "too early"]

REVIEW = 182 * 86_400
"""Half a year in seconds: a goal that nobody has looked at for longer is due for review."""


def latest(baseline: Window, now: int, zone: ZoneInfo) -> Window:
    """The newest window that compares with a baseline: the last whole day, week or month for one of these, else the
    last whole days, as many as it has.
    """
    for unit in PERIODS:
        if unit_of(baseline.since, unit, zone) == baseline:
            return unit_of(unit_of(now, unit, zone).since - 1, unit, zone)
    today = local_day(now, zone)
    days = (local_day(baseline.until, zone) - local_day(baseline.since, zone)).days
    return Window(start_of(today - timedelta(days=days), "day", zone), start_of(today, "day", zone))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a goal stands. `way`: the share of the way from baseline to target that is done, below 0 where it went
    the wrong way, None where that has no meaning; `elapsed`: the share of the time; `expected`: the value on the
    straight line from the baseline to the target.
    """

    way: float | None
    elapsed: float
    expected: float | None
    pace: Pace


def progress(
    goal: Goal, better: str, baseline: float | None, current: float | None, now: int, zone: ZoneInfo
) -> Progress:
    """Compare a goal's value now with its baseline, its target and the time that is left.

    Which way is better follows from baseline and target; where they are the same, from the KPI.
    """
    start, end = goal.baseline(zone).until, goal.deadline(zone)
    elapsed = min(1.0, max(0.0, (now - start) / (end - start))) if end > start else 1.0
    if baseline is None or current is None:
        return Progress(None, elapsed, None, "no value")
    distance = goal.target - baseline
    up = distance > 0 or (not distance and better != "down")
    reached = current >= goal.target if up else current <= goal.target
    way = (current - baseline) / distance if distance else None
    expected = baseline + elapsed * distance
    if reached:
        return Progress(way, elapsed, expected, "reached")
    if elapsed >= 1:
        return Progress(way, elapsed, expected, "missed")
    return Progress(way, elapsed, expected, "on pace" if way is not None and way >= elapsed else "behind")


def wrong_way(kpi: Kpi, target: float, baseline: float) -> bool:
    """Whether reaching a target would make the KPI worse than it was."""
    return (kpi.better == "up" and target < baseline) or (kpi.better == "down" and target > baseline)


def review_due(goal: Goal, reviewed: int | None, now: int, zone: ZoneInfo) -> str | None:
    """Why somebody should look at a goal again, None where nothing is due: at half of its time, at its deadline, and
    after half a year without.
    """
    start, end = goal.baseline(zone).until, goal.deadline(zone)
    seen = start if reviewed is None else reviewed
    if now >= end > seen:
        return "its deadline has passed"
    half = (start + end) // 2
    if now >= half > seen:
        return "half of its time is over"
    return "nobody has reviewed it for half a year" if now - seen >= REVIEW else None


@dataclass(frozen=True, slots=True)
class Measured:
    """A goal with its KPI in the baseline and in the newest window that compares with it.

    `current` is None while no such window has ended after the baseline. `unlike`: the sources that were heard so
    differently in the two that counts do not compare.
    """

    goal: Goal
    baseline: KpiValue
    current: KpiValue | None
    progress: Progress
    unlike: tuple[str, ...]
    review: Review | None
    due: str | None

    def to_json(self, zone: ZoneInfo) -> dict[str, object]:
        """Plain JSON; the values with everything that `listener kpi --json` tells of them."""
        goal, stand = self.goal, self.progress
        return {
            "name": goal.name,
            "kpi": goal.kpi,
            "brand": goal.brand,
            "source": goal.source,
            "target": goal.target,
            "unit": KPIS[goal.kpi].unit,
            "by": goal.by.isoformat(),
            "owner": goal.owner,
            "baseline": self.baseline.to_json(zone),
            "now": self.current.to_json(zone) if self.current else None,
            "way": stand.way,
            "elapsed": stand.elapsed,
            "expected": stand.expected,
            "pace": stand.pace,
            "heard_otherwise": list(self.unlike),
            "reviewed_at": iso(self.review.at, zone) if self.review else None,
            "review_due": self.due,
        }


Values = dict[tuple[str, Window], KpiValue]
"""Values of goals, by name, in windows that have ended."""


def measure(
    store: Rows,
    goals: Sequence[Goal],
    brands: tuple[Brand, ...],
    now: int,
    zone: ZoneInfo,
    known: Values | None = None,
) -> list[Measured]:
    """Measure each goal, in the order of the configuration.

    `known` remembers from one measuring to the next; where nothing is written in between.
    """
    return [_measured(store, goal, brands, now, zone, {} if known is None else known) for goal in goals]


def value_in(
    store: Rows, goal: Goal, brands: tuple[Brand, ...], window: Window, now: int, zone: ZoneInfo
) -> KpiValue:
    """The value of a goal's KPI in a window."""
    sources = (goal.source,) if goal.source else ()
    ask = Ask(window, now, zone, brands, only=(goal.brand,), sources=sources)
    return compute(store, [KPIS[goal.kpi]], ask)[0]


def _measured(
    store: Rows, goal: Goal, brands: tuple[Brand, ...], now: int, zone: ZoneInfo, known: Values
) -> Measured:
    def value(asked: Window) -> KpiValue:
        if (goal.name, asked) in known:
            return known[goal.name, asked]
        found = value_in(store, goal, brands, asked, now, zone)
        if asked.until <= now:
            known[goal.name, asked] = found
        return found

    window = goal.baseline(zone)
    newest = latest(window, now, zone)
    baseline = value(window)
    current = value(newest) if newest.until > window.until else None
    stand = progress(
        goal, KPIS[goal.kpi].better, baseline.value, current.value if current else None, now, zone
    )
    review = reviews.last(store, goal.name)
    return Measured(
        goal,
        baseline,
        current,
        stand if current else replace(stand, pace="too early"),
        unlike(baseline.heard, current.heard) if current else (),
        review,
        review_due(goal, review.at if review else None, now, zone),
    )
