"""Replays two months of posts to one brand: which alarms would have been told, at the default alarm rate.

python -m benchmarks.care_replay
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.anomaly import KINDS, Bucket, calibrate, detector, episodes, per_series
from benchmarks.spike_designs import DATA, Missing

STEP = 900
SINCE = datetime(2017, 10, 4, tzinfo=UTC)
"""Before it the file holds single posts, not all."""
DAYS = 61
LEARNED = 28
AGAIN = 7
"""Days after which the threshold is calibrated, and then calibrated anew."""
ZONE = ZoneInfo("UTC")
WATCHED = ("volume.up", "volume.down")
"""Of this file, which has no tone and no interactions."""


def buckets() -> list[Bucket]:
    """Posts by quarter hour. Raises Missing."""
    file = DATA / "brands" / "care_volume_one_brand.jsonl"
    if not file.is_file():
        raise Missing("brands/ in ../shared/data, or in the folder that LISTENER_DATA names")
    counts: Counter[int] = Counter()
    for line in file.open(encoding="utf-8"):
        at = datetime.fromisoformat(json.loads(line)["created_at"])
        counts[int(at.timestamp()) // STEP] += 1
    first = int(SINCE.timestamp()) // STEP
    return [Bucket(row * STEP, 1.0, counts[row]) for row in range(first, first + DAYS * 86_400 // STEP)]


def report() -> Iterator[str]:
    """Each alarm with what was observed and usual, and the threshold of its time."""
    rows = buckets()
    per_day = 86_400 // STEP
    for kind in WATCHED:
        read = detector(kind, step=STEP, zone=ZONE, holidays=None)
        judge = episodes(kind, float("inf"))
        yield f"{kind}: {LEARNED} days learned, then {DAYS - LEARNED} watched"
        told = 0
        for row, bucket in enumerate(rows):
            days, rest = divmod(row, per_day)
            if not rest and days >= LEARNED and (days - LEARNED) % AGAIN == 0:
                found = calibrate(
                    kind, rows[:row], alarms_per_month=per_series(1.0, KINDS), step=STEP, zone=ZONE, seed=days
                )
                judge.threshold = found.threshold
                day = (SINCE + timedelta(days=days)).date()
                yield f"  {day} threshold {found.threshold:.2f}, over the past {found.measured_rate} a month"
            reading = read.feed(bucket)
            if judge.alarm(bucket.start, reading.surprise):
                told += 1
                at = datetime.fromtimestamp(bucket.start + STEP, UTC)
                yield (
                    f"  {at:%a %d %b %H:%M} surprise {reading.surprise:.2f}: {reading.observed:.0f} in "
                    f"{reading.over // 3600} h, usual {reading.expected:.0f} ({reading.low:.0f} to {reading.high:.0f})"
                )
        yield f"  {told} alarms"


if __name__ == "__main__":
    try:
        for line in report():
            print(line, flush=True)
    except Missing as missing:
        sys.exit(f"SKIPPED: needs {missing}")
