"""Something unusual for this brand: `anomaly`, `anomaly in negative_share`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from alerts.anomaly import KINDS
from alerts.heeding import threshold
from alerts.rules.base import Look, Sample, Seen, WokenBy
from storage.baselines import Baseline
from storage.kpi import Ask
from storage.rollups.periods import QUARTER

if TYPE_CHECKING:
    from alerts.rules.options import RuleOptions
    from alerts.rules.rule import Rule

_WHEN = re.compile(r"\s*anomaly(?:\s+in\s+([\w.]+))?\s*")
SERIES: Mapping[str, tuple[str, ...]] = {
    "mentions": ("volume.up", "volume.down"),
    "negative_share": ("negative_share.up", "negative_share.down"),
    "positive_share": ("positive_share.up", "positive_share.down"),
    "interactions": ("interactions.up",),
}
"""What a rule may name, and the series that belong to it."""
_OF = {kind: name for name, kinds in SERIES.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A series of the brand (of `name`, or any) stands above what its own past makes of the wanted alarm rate.

    The rate is of all the brand's series together, whichever the rule looks at.
    """

    form: ClassVar[str] = "anomaly"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "learned"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset()

    name: str | None = None

    def words(self) -> str:
        """As it is written in `when`."""
        return f"anomaly in {self.name}" if self.name else "anomaly"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The series that it looks at."""
        return SERIES[self.name] if self.name else KINDS

    def mistake(self, options: RuleOptions) -> str | None:
        """What is learned of a brand is of all its mentions."""
        for key in ("source", "tag"):
            if getattr(options, key) is not None:
                return f"an anomaly is judged of all mentions of a brand; leave out {key}"
        return None

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """It asks for no KPI."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each series that something is known of; without a threshold there is not enough."""
        known = look.baselines(rule.brand)
        firing = set(look.firing.get((rule.name, rule.brand), ()))
        return {
            kind: samples(known[kind], firing=kind in firing)
            for kind in self.kinds
            if kind in known and known[kind].state.get("newest")
        }


def samples(baseline: Baseline, *, firing: bool) -> list[Sample]:
    """The alarms that were not told yet, and what is seen now; while it fires, what is seen now alone."""
    newest: Mapping[str, Any] = baseline.state["newest"]
    calibration = baseline.calibration or {}
    limit = threshold(baseline.calibration)
    enough = bool(calibration.get("enough")) and newest["state"] in ("calm", "surprising")
    met = enough and newest["surprise"] >= limit
    told = numbers(baseline)
    fires = [
        Sample(
            at, min(at + QUARTER, newest["until"]), enough, enough, enough and newest["live"], numbers=told
        )
        for at in newest["alarms"]
        if not firing and at < newest["start"]
    ]
    alarms = newest["start"] in newest["alarms"] and newest["live"]
    since = newest["until"] - max(QUARTER, newest["span"])
    now = Sample(since, newest["until"], enough, met, met and alarms, numbers=told)
    return [*fires, now]


def numbers(baseline: Baseline) -> dict[str, object]:
    """What is told of a series now."""
    newest: Mapping[str, Any] = baseline.state["newest"]
    calibration = baseline.calibration or {}
    name = _OF[baseline.series]
    return {
        "series": baseline.series,
        "of": name,
        "way": baseline.series.partition(".")[2],
        "unit": "ratio" if name.endswith("_share") else name,
        "value": newest["observed"],
        "expected": newest["expected"],
        "low": newest["low"],
        "high": newest["high"],
        "span": newest["span"],
        "score": newest["score"],
        "surprise": newest["surprise"],
        "limit": calibration.get("threshold"),
        "alarm_rate": calibration.get("expected_rate"),
        "measured_rate": calibration.get("measured_rate"),
        "points": newest["points"],
    }


def parse(text: str) -> Anomaly | None:
    """Read "anomaly" or "anomaly in mentions"; None where the text is neither."""
    match = _WHEN.fullmatch(text)
    if match is None:
        return None
    if match[1] is not None and match[1] not in SERIES:
        raise ValueError(f"anomalies are looked for in {', '.join(SERIES)}, not in {match[1]!r}")
    return Anomaly(match[1])
