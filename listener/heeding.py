"""What is usual for each brand is learned while the day runs, step by step; thresholds are calibrated once a day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from alerts import heeding
from alerts.anomaly import KINDS, per_series
from alerts.rules import Rule
from listener import calibrating, watching
from listener.station import Station
from storage import baselines, ledger
from storage.base import Transaction
from storage.baselines import Baseline
from storage.mention import Brand

log = structlog.get_logger(__name__)

EVERY = 60
"""Seconds between two looks at what is new."""
CALIBRATE_EVERY = 86_400
RETRY_EVERY = 3_600
"""Seconds after which a calibration that failed is tried again."""
_PAUSE = 0.05
"""Seconds between two steps of learning, in which others have the machine to themselves."""


def rules_of(station: Station) -> list[Rule]:
    """The rules that look at anomalies; without one nothing is learned."""
    return [rule for rule in station.config.rules if rule.condition.form == "anomaly"]


async def heed(station: Station) -> None:
    """Learn what has settled since the last time, judge what is new, and let the rules look at it."""
    rules = rules_of(station)
    named = {rule.brand for rule in rules}
    for brand in station.config.brands:
        if brand.name in named:
            await _learn(station, brand)
    if rules:
        await watching.judge(station, rules)


async def _learn(station: Station, brand: Brand) -> None:
    """Step by step, each kept before the next begins."""
    while True:
        engine = await asyncio.to_thread(ledger.engine, station.reader)
        step = await asyncio.to_thread(
            heeding.heed, station.reader, brand, station.config.zone, station.now(), engine
        )
        if step.baselines:
            await station.writer(lambda db, found=step.baselines: _put(db, found))  # type: ignore[misc]
        if not step.more:
            return
        await asyncio.sleep(_PAUSE)


def _put(db: Transaction, found: Sequence[Baseline]) -> None:
    for one in found:
        baselines.learn(db, one)


class Calibrating:
    """Finds thresholds: one series after the other, each in a child process."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._rests: dict[tuple[str, str], int] = {}

    async def turn(self) -> None:
        """Calibrate what was not for a day, or for another alarm rate, and has not failed within the hour."""
        station = self._station
        named = {rule.brand for rule in rules_of(station)}
        rate = per_series(station.config.alarm_rate, KINDS)
        for brand in station.config.brands:
            if brand.name not in named:
                continue
            for kind in KINDS:
                known = await asyncio.to_thread(baselines.of_brand, station.reader, brand.name)
                rests = station.now() < self._rests.get((brand.name, kind), 0)
                if kind in known and not rests and _is_due(known[kind], rate, station.now()):
                    await self._calibrate(brand, known[kind], rate)

    async def _calibrate(self, brand: Brand, before: Baseline, rate: float) -> None:
        station, kind = self._station, before.series
        zone, now = station.config.zone, station.now()
        rows = await asyncio.to_thread(heeding.history, station.reader, brand, kind, now)
        try:
            found = await calibrating.calibrated(
                kind, rows, rate, heeding.STEP, zone, heeding.holidays(brand)
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            self._rests[brand.name, kind] = station.now() + RETRY_EVERY
            log.warning(
                "an anomaly threshold was not found; the one before, if any, stays, and it is tried again in an hour",
                brand=brand.name,
                series=kind,
                why=str(error),
            )
            return

        def keep(db: Transaction) -> None:
            # What was learned meanwhile stays, and only the threshold is new; for what began anew it says nothing.
            newest = baselines.of_brand(db, brand.name).get(kind)
            if newest is not None and newest.setting == before.setting:
                baselines.put(db, heeding.calibrated(newest, found, now))

        await station.writer(keep)
        log.info("anomaly threshold", brand=brand.name, series=kind, threshold=round(found.threshold, 3))


def _is_due(baseline: Baseline, rate: float, now: int) -> bool:
    if not baseline.state.get("newest"):
        return False
    found = baseline.calibration
    for_another_rate = found is not None and found["threshold"] is not None and found["expected_rate"] != rate
    return found is None or for_another_rate or now - baseline.calibrated_at >= CALIBRATE_EVERY
