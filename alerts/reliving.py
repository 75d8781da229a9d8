"""What the anomaly detectors of a brand would have known at each moment of the past, with today's thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from alerts.anomaly import Detector, Episodes, detector, episodes
from alerts.anomaly.reading import DAY, LEARNING
from alerts.heeding import AT_ONCE, HISTORY, STEP, Points, holidays, row, threshold
from storage import baselines, series
from storage.base import Rows
from storage.baselines import Baseline
from storage.coverage import Ledger, ledgers
from storage.mention import Brand, Heard
from storage.series import Panel, Quarter


@dataclass
class _Series:
    """One series on its way through time."""

    kind: str
    made: Detector
    told: Episodes
    points: Points


class Relived:
    """The series of one brand, led from one moment to the next; each has read what lay before it and nothing else.

    Only `kinds` that have a threshold are led. Which sources are compared, and how much each brings, is looked at once
    a day, as it was then.
    """

    def __init__(self, store: Rows, brand: Brand, zone: ZoneInfo, kinds: Sequence[str], since: int) -> None:
        self._store, self._brand, self._zone, self._since = store, brand, zone, since
        self._number = baselines.brand_id(store, brand.name)
        known = baselines.of_brand(store, brand.name)
        self._known = {kind: known[kind] for kind in kinds if kind in known and known[kind].calibration}
        self._ledgers = [replace(one, lateness=0) for one in ledgers(store)]
        self._series: list[_Series] = []
        self._panel = Panel((), (), 0, 0)
        self._chosen = -1
        self._through = 0
        self._ahead: list[tuple[Quarter, float]] = []

    @property
    def can_alarm(self) -> bool:
        """Whether any series has a threshold."""
        return any(threshold(one.calibration) < float("inf") for one in self._known.values())

    def at(self, now: int) -> Mapping[str, Baseline]:
        """What was known at this second, by series. Asked for in order of time."""
        if self._number is None:
            return {}
        if now // DAY != self._chosen:
            self._choose(self._number, now)
        if not self._panel.ledgers:
            return {}
        for quarter, heard in self._read(self._number, now // STEP * STEP):
            for one in self._series:
                reading = one.made.feed(row(one.kind, quarter, heard))
                one.points.add(reading, one.told, tells=quarter.start >= self._since)
        seen = ((one.kind, one.points.dump(live=True, now=now)) for one in self._series)
        return {kind: replace(self._known[kind], state={"newest": newest}) for kind, newest in seen if newest}

    def _choose(self, number: int, now: int) -> None:
        """Look which sources were heard for long enough by then; where these are others, everything begins anew."""
        self._chosen = now // DAY
        before = self._panel.ids
        panel = series.panel(self._store, number, now, LEARNING, [_as_of(one, now) for one in self._ledgers])
        whole = {one.source_id: one for one in self._ledgers}
        self._panel = replace(panel, ledgers=tuple(whole[one.source_id] for one in panel.ledgers))
        if self._panel.ids != before:
            self._through = max(panel.began, (now - HISTORY) // STEP * STEP)
            self._ahead = []
            self._series = [self._begun(kind) for kind in self._known]

    def _begun(self, kind: str) -> _Series:
        made = detector(kind, step=STEP, zone=self._zone, holidays=holidays(self._brand))
        told = episodes(kind, threshold(self._known[kind].calibration))
        return _Series(kind, made, told, Points([], []))

    def _read(self, number: int, until: int) -> Iterator[tuple[Quarter, float]]:
        """The quarter hours that have ended since the last time; fetched by the week, and a day ahead at the end."""
        while self._through < until:
            if not self._ahead:
                end = self._through + (AT_ONCE if until - self._through >= AT_ONCE else DAY)
                found = series.quarters(self._store, number, self._panel.ids, self._through, end)
                self._ahead = list(zip(found, self._panel.heard(self._through, end), strict=True))[::-1]
            self._through += STEP
            yield self._ahead.pop()


def _as_of(ledger: Ledger, now: int) -> Ledger:
    """What was heard by then."""

    def before(spans: Sequence[Heard]) -> tuple[Heard, ...]:
        return tuple(Heard(one.since, min(one.until, now)) for one in spans if one.since < now)

    return replace(ledger, live=before(ledger.live), imports=before(ledger.imports))
