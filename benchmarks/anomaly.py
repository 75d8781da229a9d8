"""Anomalies: alarms on labelled series, false alarms on streams without events against the setting, and delays.

python -m benchmarks.anomaly spikes | rates | delays   (each prints its table; the seeds are fixed)
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from alerts.anomaly import Bucket, Calibration, calibrate, episodes
from alerts.anomaly.calibrate import MONTH, alarms
from alerts.anomaly.empty import binomial
from alerts.anomaly.kinds import statistic
from alerts.anomaly.reading import DAY
from benchmarks import spike_designs
from benchmarks.empty_streams import HOLIDAYS, PER_DAY, STEP, Event, World, interactions, positive, stream
from benchmarks.spike_designs import Missing

VOLUMES = (5, 20, 100, 500, 2000)
RATED = ("volume.up", "volume.down", "negative_share.up")
HISTORY = 70
"""Days before the threshold is calibrated."""
MONTHS = 4
"""For which it then stands."""
BRANDS = 40
SEED = 910_000
"""From which seeds of the tables count; those of tuning lay below 72,100."""
GROWTH = 0.01
"""A week, unless asked otherwise."""
UTC = ZoneInfo("UTC")

Row = tuple[int, int, int]


def calibrated(kind: str, rows: Sequence[Row], rate: float, seed: int, months: int) -> Calibration:
    """The threshold from what came before the table's months."""
    return calibrate(
        kind,
        [Bucket(at, 1.0, count, part) for at, count, part in rows],
        alarms_per_month=rate,
        step=STEP,
        zone=UTC,
        seed=seed,
        holidays=HOLIDAYS,
        months=months,
    )


def surprises(kind: str, rows: Sequence[Row]) -> list[tuple[int, float]]:
    """Start and surprise of each row."""
    surprise = statistic(kind, step=STEP, zone=UTC, holidays=HOLIDAYS)
    return [(at, surprise(at, count, part)) for at, count, part in rows]


def rate_cell(
    kinds: Sequence[str], world: World, setting: float, brands: range, months: int
) -> Mapping[str, int]:
    """Alarms by kind of so many brands, at a setting for all of their series together."""
    days = HISTORY + round(MONTHS * MONTH / DAY)
    counted = dict.fromkeys(kinds, 0)
    for brand in brands:
        drawn = series(world, days, brand)
        for kind in kinds:
            rows = drawn[kind.split(".")[0]]
            found = calibrated(kind, rows[: HISTORY * PER_DAY], setting / len(kinds), brand, months)
            counted[kind] += alarms(kind, surprises(kind, rows)[HISTORY * PER_DAY :], found.threshold)
    return counted


def series(world: World, days: int, seed: int) -> Mapping[str, Sequence[Row]]:
    """All series of one brand: mentions with the negative and the positive of them, and interactions."""
    rows = list(stream(world, days, seed))
    return {
        "volume": rows,
        "negative_share": rows,
        "positive_share": list(positive(rows, seed)),
        "interactions": list(interactions(rows, seed)),
    }


def rates(
    volumes: Sequence[float], kinds: Sequence[str], brands: range, growth: float, months: int
) -> Iterator[str]:
    """False alarms against a setting of one a brand and month."""
    expected = len(brands) * MONTHS
    yield f"growth {growth:.1%} a week, brands {brands.start} to {brands.stop - 1}, replayed {months} months"
    yield f"{'series':20} {'posts/day':>9} {'expected':>8} {'counted':>7}  ratio"
    for asked in kinds:
        for volume in volumes:
            world = World(volume, growth_a_week=growth)
            counted = rate_cell(asked.split("+"), world, 1.0, brands, months)
            total = sum(counted.values())
            yield f"{asked:20} {volume:9} {expected:8} {total:7}  {total / expected:.2f}"
            if len(counted) > 1:
                yield "  " + ", ".join(f"{kind} {number}" for kind, number in counted.items())


EFFECTS: Mapping[str, tuple[str, Event]] = {
    "volume x1.5": ("volume.up", Event(0, 192, times=1.5)),
    "volume x2": ("volume.up", Event(0, 192, times=2)),
    "volume x3": ("volume.up", Event(0, 192, times=3)),
    "volume x5": ("volume.up", Event(0, 192, times=5)),
    "volume x10": ("volume.up", Event(0, 192, times=10)),
    "negative +10 points": ("negative_share.up", Event(0, 192, share=0.1)),
    "negative +20 points": ("negative_share.up", Event(0, 192, share=0.2)),
    "volume to a half": ("volume.down", Event(0, 192, times=0.5)),
    "volume to a fifth": ("volume.down", Event(0, 192, times=0.2)),
    "volume to nothing": ("volume.down", Event(0, 192, times=0)),
}


def delay(kind: str, volume: float, event: Event, brand: int, threshold: float) -> float | None:
    """Hours from the first row of a two-day event to its alarm; None: none in it."""
    begins = HISTORY * PER_DAY + random.Random(brand).randrange(7 * PER_DAY)
    during = Event(begins, event.rows, event.times, event.share)
    rows = list(stream(World(volume), HISTORY + 10, SEED + 1000 + brand, during))
    judge = episodes(kind, threshold)
    for row, (at, height) in enumerate(surprises(kind, rows)):
        if begins <= row < begins + event.rows and judge.alarm(at, height):
            return (row + 1 - begins) * STEP / 3600
    return None


def delays(volumes: Sequence[float], brands: int) -> Iterator[str]:
    """Median hours to the alarm, and the share found in two days, at one false alarm a brand and month in all."""
    yield f"{'event of two days':22}" + "".join(f"{f'{volume:,}/day':>16}" for volume in volumes)
    thresholds: dict[tuple[str, float, int], float] = {}
    for name, (kind, event) in EFFECTS.items():
        cells = []
        for volume in volumes:
            found = []
            for brand in range(brands):
                key = (kind, volume, brand % 3)
                if key not in thresholds:
                    before = list(stream(World(volume), HISTORY, SEED + 2000 + brand))
                    thresholds[key] = calibrated(kind, before, 1 / 7, brand, 90).threshold
                found.append(delay(kind, volume, event, brand, thresholds[key]))
            hours = [one for one in found if one is not None]
            middle = f"{statistics.median(hours):.1f} h" if hours else "-"
            cells.append(f"{middle} ({len(hours) / brands:.0%})")
        yield f"{name:22}" + "".join(f"{cell:>16}" for cell in cells)


def thinned(counts: Sequence[int], share: float, seed: int) -> list[int]:
    """A copy in which each mention is kept by chance."""
    chance = random.Random(seed)
    return [binomial(chance, count, share) for count in counts]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anomaly", description=__doc__)
    parser.add_argument("table", choices=("spikes", "rates", "delays"))
    parser.add_argument("--volumes", default=",".join(map(str, VOLUMES)))
    parser.add_argument(
        "--kinds", default=",".join(RATED), help="a + b: both, at one setting for both together"
    )
    parser.add_argument("--brands", type=int, default=0)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--growth", type=float, default=GROWTH)
    parser.add_argument(
        "--months", type=int, default=60, help="of the replay that calibrates (90 as shipped)"
    )
    asked = parser.parse_args()
    volumes = [float(volume) for volume in asked.volumes.split(",")]
    if asked.table == "rates":
        lines = rates(
            volumes,
            asked.kinds.split(","),
            range(asked.seed, asked.seed + (asked.brands or BRANDS)),
            asked.growth,
            asked.months,
        )
    elif asked.table == "delays":
        lines = delays(volumes, asked.brands or 12)
    else:
        lines = spike_designs.report(thinned)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    try:
        main()
    except Missing as missing:
        sys.exit(f"SKIPPED: needs {missing}")
