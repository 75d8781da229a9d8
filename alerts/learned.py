"""What the anomaly detectors of each brand have learned so far, as one list for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from alerts.anomaly import KINDS, per_series
from alerts.anomaly.reading import LEARNING
from storage import baselines, series
from storage.base import Rows
from storage.baselines import Baseline
from storage.calendar import iso

Stage = Literal["waiting", "learning", "learned", "silent", "calibrated"]
STAGES: Mapping[Stage, str] = {
    "waiting": "nothing is learned yet: no source was heard for long enough",
    "learning": "a running daemon learns what is stored, step by step",
    "learned": "has no threshold yet, and fires nothing",
    "silent": "too little is said, or was heard, to tell anything",
    "calibrated": "fires by its threshold",
}
"""What each stage means."""


@dataclass(frozen=True, slots=True)
class Learned:
    """One series of a brand. Times in Unix seconds, rates in alarms a month of this series alone.

    `heard` and `needed`: seconds that the source was heard which was heard longest, and for how long one must be.
    `since` and `through`: the span that was learned. `rate_set` is what the configuration gives this series now,
    `rate_measured` what its threshold would have told over the history itself. None is what is not known yet.
    """

    brand: str
    series: str
    stage: Stage
    heard: int
    rate_set: float
    since: int | None = None
    through: int | None = None
    rate_measured: float | None = None
    threshold: float | None = None
    calibrated_at: int | None = None
    needed: int = LEARNING

    def to_json(self, zone: ZoneInfo) -> dict[str, object]:
        """Plain JSON with times in ISO 8601."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("since", "through", "calibrated_at"):
            fields[name] = None if fields[name] is None else iso(fields[name], zone)
        return fields


def learned(store: Rows, brands: Iterable[str], alarm_rate: float, now: int) -> list[Learned]:
    """Every series of these brands, in the order in which they are given; `alarm_rate` a month of each brand."""
    rate = per_series(alarm_rate, KINDS)
    return [one for brand in brands for one in _of_brand(store, brand, rate, now)]


def _of_brand(store: Rows, brand: str, rate: float, now: int) -> Sequence[Learned]:
    number = baselines.brand_id(store, brand)
    heard = 0 if number is None else series.panel(store, number, now, LEARNING).trained
    known = baselines.of_brand(store, brand)
    first: Stage = "learning" if heard >= LEARNING else "waiting"
    return [
        _series(known[kind], heard, rate) if kind in known else Learned(brand, kind, first, heard, rate)
        for kind in KINDS
    ]


def _series(baseline: Baseline, heard: int, rate: float) -> Learned:
    found = baseline.calibration or {}
    return Learned(
        baseline.brand,
        baseline.series,
        _stage(baseline),
        heard,
        rate,
        baseline.state.get("began"),
        baseline.through,
        found.get("measured_rate"),
        found.get("threshold"),
        baseline.calibrated_at or None,
    )


def _stage(baseline: Baseline) -> Stage:
    if not baseline.state.get("newest"):
        return "learning"
    if baseline.calibration is None:
        return "learned"
    speaks = baseline.calibration["enough"] and baseline.calibration["threshold"] is not None
    return "calibrated" if speaks else "silent"
