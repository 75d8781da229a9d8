"""A change on the period before, or on the same window a week earlier: `mentions rises by 50%`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from alerts.rules.base import BRAND, Look, Sample, Seen, WokenBy, told
from alerts.rules.conditions.threshold import known_kpi, whole_days
from storage.calendar import Window
from storage.kpi import KPIS, Ask, KpiValue
from storage.kpi.value import NOT_COMPARABLE

if TYPE_CHECKING:
    from alerts.rules.options import RuleOptions
    from alerts.rules.rule import Rule

_WHEN = re.compile(
    r"\s*([\w.]+)\s+(rises|falls)\s+by\s+(\d+(?:\.\d+)?)\s*(%|points?)\s*(on\s+last\s+week)?\s*"
)
_WEEK = 7 * 86_400
_SURE = 1.96


@dataclass(frozen=True, slots=True)
class Change:
    """A KPI that rose or fell by at least so much: a ratio of what it was, or points of a share.

    What chance alone would make fires nothing: the change's interval, or that of two counts, must not hold 0.
    """

    form: ClassVar[str] = "change"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    woken_by: ClassVar[WokenBy] = "count"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset()

    kpi: str
    way: Literal["rises", "falls"]
    by: float
    points: bool
    last_week: bool

    @property
    def market_wide(self) -> bool:
        """Whether the KPI counts other brands too."""
        return KPIS[self.kpi].market_wide

    def words(self) -> str:
        """As it is written in `when`."""
        unit = "points" if self.points else "%"
        return f"{self.kpi} {self.way} by {self.by * 100:g}{' ' if self.points else ''}{unit}" + (
            " on last week" if self.last_week else ""
        )

    def mistake(self, options: RuleOptions) -> str | None:
        """What in the rest of a rule does not go with it."""
        if self.last_week and options.over > _WEEK:
            return "a window longer than a week cannot be compared with last week"
        return whole_days(self.kpi, options)

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """The KPI in the window to which nothing can be added any more, and in the one before."""
        return ((self.kpi, look.ask(rule, window)) for window in self._windows(rule, look))

    def _windows(self, rule: Rule, look: Look) -> tuple[Window, Window]:
        # What has ended by the lateness of its sources has everything, as the one before has.
        until = look.now - look.lateness(rule.source)
        back = _WEEK if self.last_week else rule.over
        return Window(until - rule.over, until), Window(until - rule.over - back, until - back)

    def see(self, rule: Rule, look: Look) -> Seen:
        """One sample, of the newest window that is complete."""
        window, earlier = self._windows(rule, look)
        sample = self._sample(rule, look, window, earlier, live_only=False)
        if not sample.met:
            return {BRAND: [sample]}
        live = self._sample(rule, look, window, earlier, live_only=True)
        return {
            BRAND: [
                Sample(window.since, window.until, True, True, live.met, sample.value, sample.numbers),
            ]
        }

    def _sample(self, rule: Rule, look: Look, window: Window, earlier: Window, *, live_only: bool) -> Sample:
        now, then = (
            look.value(self.kpi, look.ask(rule, one, live_only=live_only)) for one in (window, earlier)
        )
        change = None if now.value is None or then.value is None else now.value - then.value
        # Other sources then would be another measure, and other engines another tone.
        same = {one.source for one in now.heard} == {one.source for one in then.heard}
        alike = same and not self._other_engine(rule, look, Window(earlier.since, window.until), now)
        enough = change is not None and alike and max(now.n, then.n) >= max(1, rule.min_n)
        numbers = {
            "way": self.way,
            "by": self.by,
            "in_points": self.points,
            "last_week": self.last_week,
            **told(now),
            "before": then.value,
            "n_before": then.n,
            "change": change,
            **({} if alike else {"reason": NOT_COMPARABLE}),
        }
        met = enough and change is not None and self._far_enough(change, then) and self._sure(now, then)
        return Sample(window.since, window.until, enough, met, met, now, numbers)

    def _other_engine(self, rule: Rule, look: Look, whole: Window, now: KpiValue) -> bool:
        """Whether another engine began to judge anywhere between the beginning of one window and the end of the other.

        Each window alone may be of one engine, and the change be that of the engine.
        """
        # Who says by which method a value was made has made it of tones.
        if "method" not in now.more:
            return False
        ask = replace(look.ask(rule, whole), strict=False)
        return bool(now.engine_changes or look.value(self.kpi, ask).engine_changes)

    def _far_enough(self, change: float, then: KpiValue) -> bool:
        moved = change if self.way == "rises" else -change
        least = self.by if self.points else self.by * abs(then.value or 0)
        return moved > 0 and moved >= least - 1e-12

    def _sure(self, now: KpiValue, then: KpiValue) -> bool:
        """Whether chance alone would seldom make as much: two counts, two shares, or intervals of their own."""
        a, b = float(now.value or 0), float(then.value or 0)
        if now.unit == "ratio":
            spread = math.sqrt(_variance(a, now) + _variance(b, then))
            return abs(a - b) > _SURE * spread
        # Two counts of the same mean differ by about the root of their sum (Poisson).
        return abs(a - b) > _SURE * math.sqrt(a + b) if now.unit in ("mentions", "posts", "people") else True


def _variance(share: float, value: KpiValue) -> float:
    """Of a share of n: from its own interval where it has one, else binomial."""
    interval = value.more.get("interval")
    if isinstance(interval, list):
        return float(((interval[1] - interval[0]) / (2 * _SURE)) ** 2)
    return max(share * (1 - share), 0.25 / max(value.n, 1)) / max(value.n, 1)


def parse(text: str) -> Change | None:
    """Read "mentions rises by 50%" or "negative_share falls by 10 points on last week"; None where it is none."""
    match = _WHEN.fullmatch(text)
    if match is None:
        return None
    kpi, way, digits, suffix, week = match.groups()
    points = suffix.startswith("point")
    if points and KPIS[known_kpi(kpi)].unit != "ratio":
        raise ValueError(f"{known_kpi(kpi)} is no share; write how many percent, as in {kpi} {way} by 50%")
    way_: Literal["rises", "falls"] = "rises" if way == "rises" else "falls"
    if way_ == "falls" and not points and float(digits) > 100:
        raise ValueError("nothing falls by more than 100%")
    return Change(known_kpi(kpi), way_, float(digits) / 100, points, week is not None)
