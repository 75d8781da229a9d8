"""A brand's series fed to its anomaly detectors: what is settled is learned, what is new is judged on a copy."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from alerts.anomaly import KINDS, Bucket, Calibration, Episodes, Reading, detector, episodes, load
from alerts.anomaly.reading import DAY, LEARNING
from storage import baselines, series
from storage.base import Rows
from storage.baselines import Baseline
from storage.mention import Brand
from storage.rollups.periods import QUARTER
from storage.series import Panel, Quarter

STEP = QUARTER
HISTORY = 400 * DAY
"""Seconds back from which is learned, at most."""
AT_ONCE = 7 * DAY
"""Seconds of a series that are learned in one step."""
SHOWN = 96
"""Quarter hours in the small chart of an alert."""
RECENT = 6 * 3600
"""Seconds for which an alarm that nobody could be told of, because nothing ran, is still told."""
_LIVE_ENOUGH = 0.9
_VERSION = 1
_FORWARD = ("volume.up", "interactions.up")
"""What can only grow while more arrives: of these the quarter hour that has not ended is judged too."""


@dataclass(frozen=True, slots=True)
class Heeded:
    """What one step came to: baselines to keep, and whether there is more to learn at once."""

    baselines: list[Baseline] = field(default_factory=list)
    more: bool = False


def row(kind: str, quarter: Quarter, heard: float) -> Bucket:
    """What a detector of this kind reads of a quarter hour."""
    name = kind.partition(".")[0]
    if name == "volume":
        return Bucket(quarter.start, heard, quarter.mentions)
    if name == "interactions":
        return Bucket(quarter.start, heard, quarter.interactions)
    part = quarter.negative if name == "negative_share" else quarter.positive
    return Bucket(quarter.start, heard, quarter.judged, part)


def heed(store: Rows, brand: Brand, zone: ZoneInfo, now: int, engine: str | None) -> Heeded:
    """Learn one step of every series of a brand, and judge what is new where all is learned. Reads only."""
    number = baselines.brand_id(store, brand.name)
    if number is None:
        return Heeded()
    panel = series.panel(store, number, now, LEARNING)
    if not panel.ledgers:
        return Heeded()
    known = baselines.of_brand(store, brand.name)
    work = _Work(store, brand, number, zone, now, panel)
    found, more = [], False
    for kind in KINDS:
        before = known.get(kind)
        setting = _setting(kind, brand, zone, panel, engine)
        if before is None or before.setting != setting:
            before = Baseline(brand.name, kind, work.began, setting, {})
        after = work.learn(before)
        more = more or after.through < work.settled
        if after != known.get(kind):
            found.append(after)
    return Heeded(found, more)


def _setting(kind: str, brand: Brand, zone: ZoneInfo, panel: Panel, engine: str | None) -> str:
    """What a series is made of; where that changes, what was learned says nothing about it any more."""
    imports = sorted((one.source_id, span.since, span.until) for one in panel.ledgers for span in one.imports)
    made = {
        "version": _VERSION,
        "zone": str(zone),
        "holidays": holidays(brand),
        "sources": sorted(panel.ids),
        "imports": imports,
        # Another engine has another idea of what is negative.
        "engine": engine if "_share" in kind else None,
    }
    return json.dumps(made, sort_keys=True)


def holidays(brand: Brand) -> str | None:
    """The place whose public holidays the brand keeps."""
    return brand.business_hours.holidays if brand.business_hours else None


@dataclass
class _Work:
    """What the series of one brand have in common."""

    store: Rows
    brand: Brand
    number: int
    zone: ZoneInfo
    now: int
    panel: Panel
    _read: dict[tuple[int, int], list[tuple[Quarter, float]]] = field(default_factory=dict)

    @property
    def began(self) -> int:
        """The first second that is learned."""
        return max(self.panel.began, (self.now - HISTORY) // STEP * STEP)

    @property
    def settled(self) -> int:
        """Up to here nothing more is expected to arrive."""
        return (self.now - self.panel.lateness) // STEP * STEP

    def quarters(self, since: int, until: int) -> list[tuple[Quarter, float]]:
        """Quarter hours and how much of each was heard; read once for all series."""
        key = since, until
        if key not in self._read:
            found = series.quarters(self.store, self.number, self.panel.ids, since, until)
            self._read[key] = list(zip(found, self.panel.heard(since, until), strict=True))
        return self._read[key]

    def learn(self, before: Baseline) -> Baseline:
        """Feed what is settled, a step at most, and judge the rest once nothing settled is left."""
        kind, state = before.series, before.state
        told = episodes(kind, math.inf)
        if state:
            told = _episodes(state["episodes"])
        told.threshold = threshold(before.calibration)
        made = detector(kind, step=STEP, zone=self.zone, holidays=holidays(self.brand))
        if state:
            made = load(kind, state["detector"], step=STEP, zone=self.zone, holidays=holidays(self.brand))
        until = min(self.settled, before.through + AT_ONCE)
        # What is learned after a long pause is learned, and not told.
        tells = self.settled - before.through <= RECENT
        points = Points(state.get("points", []), state.get("alarms", []) if tells else [])
        if until > before.through:
            for quarter, heard in self.quarters(before.through, until):
                reading = made.feed(row(kind, quarter, heard))
                points.add(reading, told, tells=tells)
        after = {
            "began": state.get("began", before.through),
            "detector": made.dump(),
            "episodes": _kept(told),
            "points": points.points,
            "alarms": points.alarms,
            "newest": None,
        }
        through = max(before.through, until)
        if through >= self.settled:
            # A copy, because what is new may still change.
            again = load(kind, made.dump(), step=STEP, zone=self.zone, holidays=holidays(self.brand))
            newest = Points(points.points, points.alarms, points.last)
            self._judge(kind, through, again.feed, replace(told), newest)
            # Where no quarter hour has ended since the last look, what was seen then is the newest still.
            after["newest"] = newest.dump(self.live(kind), self.now) or state.get("newest")
        return replace(before, through=through, state=after)

    def _judge(
        self, kind: str, since: int, feed: Callable[[Bucket], Reading], told: Episodes, newest: Points
    ) -> None:
        """Read what may still change: a rise is one already, whatever else arrives; a drop is none before."""
        if kind.startswith("volume.down"):
            return
        end = -(-self.now // STEP) * STEP if kind in _FORWARD else self.now // STEP * STEP
        for quarter, _ in self.quarters(since, end) if end > since else ():
            newest.add(feed(row(kind, quarter, 1.0)), told, tells=True)

    def live(self, kind: str) -> bool:
        """Whether at most a tenth of the past day came otherwise than by listening, which makes nothing fire."""
        until = -(-self.now // STEP) * STEP
        day = [quarter for quarter, _ in self.quarters(until - DAY, until)]
        others = sum(q.not_judged_live if "_share" in kind else q.not_live for q in day)
        return others <= (1 - _LIVE_ENOUGH) * sum(q.mentions for q in day)


class Points:
    """The newest readings of a series: what the chart draws, and the alarms in them."""

    def __init__(
        self, points: Sequence[list[Any]], alarms: Sequence[int], last: Reading | None = None
    ) -> None:
        self.points, self.alarms, self.last = list(points), list(alarms), last
        self.surprise_needed = math.inf

    def add(self, reading: Reading, told: Episodes, *, tells: bool) -> None:
        """Take a reading in."""
        heard = reading.state != "no data"
        # Always of one span: the most surprising one changes from row to row.
        shown = reading.longest if heard else None
        values = (shown.observed, shown.low, shown.high) if shown else (None, None, None)
        self.points.append([reading.start, *(None if one is None else round(one, 4) for one in values)])
        del self.points[:-SHOWN]
        self.last = reading
        if heard and told.alarm(reading.start, reading.surprise) and tells:
            self.alarms.append(reading.start)
        self.alarms = [at for at in self.alarms if at >= reading.start - RECENT]

    def dump(self, live: bool, now: int) -> dict[str, Any] | None:
        """What rules see, for JSON."""
        if self.last is None:
            return None
        last = self.last
        return {
            "start": last.start,
            "until": min(last.start + STEP, now),
            "state": last.state,
            "score": round(last.score, 4),
            "surprise": round(last.surprise, 4),
            "expected": last.expected,
            "low": last.low,
            "high": last.high,
            "observed": last.observed,
            "span": last.over,
            "alarms": self.alarms,
            "live": live,
            "points": self.points,
        }


def threshold(calibration: Mapping[str, Any] | None) -> float:
    """The calibrated threshold; infinite before there is one, and where nothing can be said."""
    found = calibration["threshold"] if calibration else None
    return math.inf if found is None else float(found)


def _kept(told: Episodes) -> dict[str, object]:
    return {**told.dump(), "threshold": None if math.isinf(told.threshold) else told.threshold}


def _episodes(kept: Mapping[str, Any]) -> Episodes:
    return Episodes.load({**kept, "threshold": math.inf if kept["threshold"] is None else kept["threshold"]})


def history(store: Rows, brand: Brand, kind: str, now: int) -> list[Bucket]:
    """Everything that is known of a series and settled, oldest first: what its threshold is calibrated on."""
    number = baselines.brand_id(store, brand.name)
    if number is None:
        return []
    panel = series.panel(store, number, now, LEARNING)
    if not panel.ledgers:
        return []
    work = _Work(store, brand, number, ZoneInfo("UTC"), now, panel)
    return [row(kind, quarter, heard) for quarter, heard in work.quarters(work.began, work.settled)]


def calibrated(baseline: Baseline, found: Calibration, now: int) -> Baseline:
    """The same with what a calibration found."""
    kept = {**found.dump(), "threshold": None if math.isinf(found.threshold) else found.threshold}
    return replace(baseline, calibration=kept, calibrated_at=now)
