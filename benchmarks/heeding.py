"""Anomalies through a real store: false alarms against the setting as a rule tells them, and what waits for learning.

python -m benchmarks.heeding rates | lag   (the seeds are fixed)
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts import heeding, judging
from alerts.anomaly import KINDS, calibrate, per_series
from alerts.anomaly.reading import DAY
from alerts.rules import Look, Rule, RuleOptions
from benchmarks.empty_streams import HOLIDAYS, PER_DAY, START, STEP, World, positive, stream
from listener import heeding as task
from listener.cli import OBJECTS
from listener.config import load
from listener.daemon import spare_the_collector
from listener.station import open_station
from sentiment.tone import Label, Tone
from storage import baselines
from storage.calendar import MONTH
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Reading, Source
from storage.sqlite import SqliteStore
from storage.stats.business_hours import BusinessHours, parse_week

UTC = ZoneInfo("UTC")
HOUR = 3600
HISTORY = 70
"""Days that are learned before the threshold is calibrated."""
MONTHS = 4
"""For which it then stands."""
SEED = 930_000
SOURCE = Source("hackernews", "hackernews")
ENGINE = "made up"
POSTS = 100_000
"""In the store of which the lag is measured, over 60 days."""
_TONES: dict[Label, tuple[float, float, float]] = {
    "negative": (0.9, 0.1, 0.0),
    "neutral": (0.1, 0.8, 0.1),
    "positive": (0.0, 0.1, 0.9),
}


def pages(world: World, days: int, seed: int) -> Iterator[Kept]:
    """A page for each day of an empty stream: its posts with their tone, and what each was liked within the hour."""
    chance = random.Random(f"posts {seed}")
    rows = list(stream(world, days, seed))
    for first in range(0, len(rows), PER_DAY):
        day = rows[first : first + PER_DAY]
        posts: list[KeptPost] = []
        readings: list[Reading] = []
        for (at, count, negative), (_, _, glad) in zip(day, positive(day, seed + first), strict=True):
            labels: list[Label] = ["negative"] * negative + ["positive"] * glad
            labels += ["neutral"] * (count - len(labels))
            for place, label in enumerate(labels):
                second = at + place * STEP // max(1, count)
                posts.append(_post(f"{seed} {at} {place}", second, label))
                likes = int(chance.lognormvariate(1.1, 1.2))
                readings.append(
                    Reading(posts[-1].native_id, second + chance.randrange(HOUR), {"likes": likes})
                )
        since = day[0][0]
        yield Kept(SOURCE, posts, heard=Heard(since, since + DAY), at=since + DAY, readings=readings)


def _post(native_id: str, at: int, label: Label) -> KeptPost:
    tone = Tone(label, *_TONES[label], ENGINE)
    return KeptPost(native_id, f"words of {native_id}", at, at, mentions=(Mention("Acme", tone=tone),))


def brand() -> Brand:
    """The brand, with the public holidays that the streams keep."""
    return Brand(
        "Acme", own=True, business_hours=BusinessHours(UTC, parse_week({"mon-fri": "09:00-18:00"}), HOLIDAYS)
    )


def fill(folder: Path, world: World, days: int, seed: int) -> SqliteStore:
    """A store in which the stream is kept."""
    store = SqliteStore(folder / "listener.db")
    store.register((brand(),), [SOURCE])
    for page in pages(world, days, seed):
        store.commit(page)
    return store


def learn(store: SqliteStore, now: int) -> None:
    """As the daemon does, until there is no more to learn."""
    more = True
    while more:
        step = heeding.heed(store, brand(), UTC, now, ENGINE)
        with store.writing() as db:
            for one in step.baselines:
                baselines.put(db, one)
        more = step.more


def calibrated(store: SqliteStore, now: int, rate: float, seed: int, months: int) -> None:
    """Find the thresholds of all series, as the daemon does once a day."""
    for kind in KINDS:
        found = calibrate(
            kind,
            heeding.history(store, brand(), kind, now),
            alarms_per_month=per_series(rate, KINDS),
            step=STEP,
            zone=UTC,
            seed=seed,
            holidays=HOLIDAYS,
            months=months,
        )
        with store.writing() as db:
            baselines.put(db, heeding.calibrated(baselines.of_brand(db, "Acme")[kind], found, now))


def watched(
    volume: float, rate: float, seed: int, months: int, growth: float
) -> tuple[dict[str, int], dict[str, float]]:
    """What a rule told of one brand in four months by series, and the thresholds; looked at once an hour."""
    told = dict.fromkeys(KINDS, 0)
    rule = Rule.of(RuleOptions.model_validate({"name": "odd", "when": "anomaly", "cooldown": "0s"}), "Acme")
    begins = START + HISTORY * DAY
    ends = begins + round(MONTHS * MONTH)
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Path(folder), World(volume, growth_a_week=growth), (ends - START) // DAY + 1, seed)
        learn(store, begins)
        calibrated(store, begins, rate, seed, months)
        for now in range(begins, ends, HOUR):
            learn(store, now)
            found = judging.look(Look(store, (brand(),), UTC, now + 1), [rule])
            with store.writing() as db:
                for event in judging.write(db, found, now):
                    told[event.subject] += event.kind == "fired"
        known = baselines.of_brand(store, "Acme")
        limits = {kind: heeding.threshold(known[kind].calibration) for kind in KINDS}
        store.close()
    return told, limits


def rates(volumes: Sequence[float], brands: int, rate: float, months: int, growth: float) -> Iterator[str]:
    """What was told against the setting, for all series of a brand together."""
    yield f"setting {rate} a month and brand, {MONTHS} months, {brands} brands, replayed {months} months"
    for volume in volumes:
        whole = dict.fromkeys(KINDS, 0)
        expected = 0.0
        for number in range(brands):
            told, limits = watched(volume, rate, SEED + number, months, growth)
            whole = {kind: whole[kind] + told[kind] for kind in KINDS}
            # A series on which nothing can be said is silent, and uses nothing of the budget.
            expected += MONTHS * rate * sum(not math.isinf(limits[kind]) for kind in KINDS) / len(KINDS)
            yield f"  {volume:g} a day, brand {number}: {sum(told.values())} told"
        total = sum(whole.values())
        budget = MONTHS * rate * brands
        yield (
            f"{volume:g} a day: {total} told, {budget:.0f} allowed ({total / budget:.2f}), "
            f"{expected:.0f} by the series that speak"
        )
        yield "  " + ", ".join(f"{kind} {number}" for kind, number in whole.items())


async def lag(folder: Path, posts: int) -> Sequence[str]:
    """How late the loop wakes while nothing is done, while a brand is learned, and while a threshold is found."""
    days = 60
    store = fill(folder, World(posts / days), days, SEED)
    kept = store.rows("SELECT count(*) FROM posts")[0][0]
    store.close()
    config = folder / "config.yaml"
    settings = {
        "timezone": "UTC",
        "brands": [{"name": "Acme", "own": True}],
        "sources": {"hackernews": {}},
        "sentiment": {"engine": "vader"},
        "storage": {"url": f"sqlite:///{folder / 'listener.db'}"},
        "alerts": {"rules": [{"name": "odd", "when": "anomaly"}]},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    lines = [f"{kept} posts over {days} days"]
    gc.set_threshold(OBJECTS)
    async with open_station(load(config, {}), lambda: float(START + days * DAY)) as station:
        spare_the_collector()
        lines.append(await _late("nothing", asyncio.sleep(10)))
        lines.append(await _late("learning all", task.heed(station)))
        lines.append(await _late("nothing new", task.heed(station)))
        lines.append(await _late("calibrating", task.Calibrating(station).turn()))
    return lines


async def _late(name: str, work: object) -> str:
    waits: list[float] = []
    probe = asyncio.create_task(_probe(waits))
    begun = time.perf_counter()
    await work  # type: ignore[misc]
    took = time.perf_counter() - begun
    probe.cancel()
    ordered = sorted(waits)
    at_99 = ordered[int(len(ordered) * 0.99)] if ordered else 0.0
    return (
        f"{name}: {took:.1f} s; late by {statistics.median(ordered) * 1000:.1f} ms (median), "
        f"{at_99 * 1000:.1f} (99th percentile), {ordered[-1] * 1000:.1f} (worst of {len(ordered)})"
    )


async def _probe(waits: list[float]) -> None:
    pause = 0.002
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(pause)
        waits.append(time.perf_counter() - begun - pause)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heeding", description=__doc__)
    parser.add_argument("table", choices=("rates", "lag"))
    parser.add_argument("--volumes", default="20,100")
    parser.add_argument("--brands", type=int, default=10)
    parser.add_argument("--rate", type=float, default=MONTH / (7 * DAY), help="alarms a month and brand")
    parser.add_argument(
        "--months", type=int, default=60, help="of the replay that calibrates (90 as shipped)"
    )
    parser.add_argument("--growth", type=float, default=0.005, help="a week")
    parser.add_argument("--posts", type=int, default=POSTS)
    asked = parser.parse_args()
    if asked.table == "rates":
        volumes = [float(volume) for volume in asked.volumes.split(",")]
        for line in rates(volumes, asked.brands, asked.rate, asked.months, asked.growth):
            print(line, flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        for line in asyncio.run(lag(Path(folder), asked.posts)):
            print(line)


if __name__ == "__main__":
    main()
