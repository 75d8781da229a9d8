"""A threshold on a KPI: `negative_share > 40%`."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from alerts.rules.base import BRAND, Look, Sample, Seen, WokenBy, told, windows
from storage.calendar import Window
from storage.durations import parse_duration
from storage.kpi import KPIS, Ask, KpiValue

if TYPE_CHECKING:
    from alerts.rules.options import RuleOptions
    from alerts.rules.rule import Rule

_WHEN = re.compile(r"\s*([\w.]+)\s*(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?)\s*(%|[smhdw]|)\s*")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
# Shares lie in a known range, so that "negative_share > 40" can be told to be a mistake for 40%.
RANGES = {
    "share_of_voice": (0.0, 1.0),
    "positive_share": (0.0, 1.0),
    "negative_share": (0.0, 1.0),
    "net_sentiment": (-1.0, 1.0),
    "returning_author_share": (0.0, 1.0),
    **{
        f"share_of_voice.{of}": (0.0, 1.0)
        for of in ("authors", "positive", "net", "interactions", "organic", "reach")
    },
    "csat": (0.0, 1.0),
    "nps": (-1.0, 1.0),
    "bounce_rate.ga4": (0.0, 1.0),
    "bounce_rate.ua": (0.0, 1.0),
    "conversion_share.social": (0.0, 1.0),
    "qualified_lead_rate": (0.0, 1.0),
    "response_rate": (0.0, 1.0),
    "case_completion": (0.0, 1.0),
    "lead_conversion_rate": (0.0, 1.0),
}
_COUNTS = frozenset(
    {
        "mentions",
        "positive_mentions",
        "positive_growth",
        "negative_mentions",
        "negative_growth",
        "authors",
        "hashtags",
    }
)
"""KPIs that only grow while more posts of their window arrive."""
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Condition:
    """KPI OP NUMBER, the number in the KPI's own unit (a ratio, a count, seconds)."""

    form: ClassVar[str] = "threshold"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    woken_by: ClassVar[WokenBy] = "count"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset()

    kpi: str
    op: str
    number: float

    @property
    def market_wide(self) -> bool:
        """Whether the KPI counts other brands too."""
        return KPIS[self.kpi].market_wide

    def words(self) -> str:
        """As it is written in `when`."""
        return f"{self.kpi} {self.op} {self.number:g}"

    def holds(self, value: float) -> bool:
        """Compare a value of the KPI with the number."""
        return _COMPARE[self.op](value, self.number)

    def mistake(self, options: RuleOptions) -> str | None:
        """What in the rest of a rule does not go with it."""
        return whole_days(self.kpi, options)

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """The KPI in each window that counts as now."""
        asks = (look.ask(rule, window) for window in self._windows(rule, look))
        return ((self.kpi, replace(ask, rough=True)) for ask in asks)

    def _windows(self, rule: Rule, look: Look) -> list[Window]:
        return looked_at(rule, look.lateness(rule.source), look.now)

    def see(self, rule: Rule, look: Look) -> Seen:
        """The KPI in each window that counts as now; of what was heard live only where that matters."""
        values = [self._value(rule, look, ask) for _, ask in self.wants(rule, look)]
        return {BRAND: [self._sample(rule, look, value) for value in values]}

    def _value(self, rule: Rule, look: Look, rough: Ask) -> KpiValue:
        """How sure a value is takes longer to find than the value: it is found where something may be told of it."""
        value = look.value(self.kpi, rough)
        told = self.enough_and_met(rule, value) or look.firing.get((rule.name, rule.brand))
        return look.value(self.kpi, replace(rough, rough=False)) if told else value

    def _sample(self, rule: Rule, look: Look, value: KpiValue) -> Sample:
        met = self.enough_and_met(rule, value)
        fires = met and self.enough_and_met(
            rule, look.value(self.kpi, look.ask(rule, Window(value.since, value.until), live_only=True))
        )
        enough = value.value is not None and value.n >= rule.min_n
        numbers = {"op": self.op, "threshold": self.number, **told(value)}
        return Sample(value.since, value.until, enough, met, fires, value, numbers)

    def enough_and_met(self, rule: Rule, value: KpiValue) -> bool:
        """Whether there is enough data to judge by, and the condition holds."""
        return value.value is not None and value.n >= rule.min_n and self.holds(value.value)


def looked_at(rule: Rule, lateness: int, now: int) -> list[Window]:
    """The windows that a rule judges now, newest last.

    That a count is low is believed only of a window that nothing can be added to any more: the last minutes
    always lack what the sources deliver late, and "mentions < 10" would fire for that alone.
    """
    condition = rule.condition
    if isinstance(condition, Condition) and condition.op in ("<", "<=") and condition.kpi in _COUNTS:
        return [Window(now - lateness - rule.over, now - lateness)]
    return windows(rule.over, lateness, now)


def whole_days(kpi: str, options: RuleOptions) -> str | None:
    """Numbers of files are of whole days."""
    if options.over < _DAY and KPIS[kpi].imported:
        return f"{kpi} is made of numbers of whole days; write over: 1d or more"
    return None


def known_kpi(name: str) -> str:
    """A KPI's name; ValueError with the nearest one where there is none of it."""
    if name not in KPIS:
        close = difflib.get_close_matches(name, KPIS, 1, 0.6)
        hint = f"did you mean {close[0]}?" if close else "`listener kpi --list` shows them"
        raise ValueError(f"there is no KPI {name!r}; {hint}")
    return name


def parse_condition(text: str) -> Condition:
    """Read "negative_share > 40%". Raises ValueError that says what is wrong and how to write it."""
    match = _WHEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no condition; write KPI OP NUMBER, as in negative_share > 40%")
    kpi, op, digits, suffix = match.groups()
    unit = KPIS[known_kpi(kpi)].unit
    number = float(digits)
    if suffix == "%" and unit == "ratio":
        number /= 100
    elif suffix and suffix != "%" and unit == "seconds":
        number = parse_duration(digits + suffix)
    elif suffix:
        how = {"ratio": "0.4 or 40%", "seconds": "a duration as in 2h"}.get(unit, "a plain number")
        counted = "an amount of money" if unit == "currency" else f"counted in {unit}"
        raise ValueError(f"{kpi} is {counted}; write {how} instead of {digits}{suffix}")
    low, high = RANGES.get(kpi, (float("-inf"), float("inf")))
    if not low <= number <= high:
        meant = low <= number / 100 <= high and not suffix
        hint = f"; for {digits} percent write {digits}%" if meant else ""
        raise ValueError(f"{kpi} lies between {low:g} and {high:g}{hint}")
    return Condition(kpi, op, number)


def parse(text: str) -> Condition | None:
    """Read a threshold; None where the text is none."""
    return parse_condition(text) if _WHEN.fullmatch(text) else None
