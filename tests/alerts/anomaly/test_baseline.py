"""Drops and shares against what is usual: what alarms, what stays silent, and that states can be kept."""

from __future__ import annotations

import json
import random
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.anomaly import KINDS, Bucket, Reading, detector, load
from alerts.anomaly.reading import DAY

UTC = ZoneInfo("UTC")
STEP = 3600
PER_DAY = DAY // STEP
MONDAY = 4 * DAY
BASELINES = [kind for kind in KINDS if kind not in ("volume.up", "interactions.up")]


def rows(days: int, *, night: int = 4, day: int = 40, share: float = 0.25, seed: int = 3) -> list[Bucket]:
    """Busy from 8 to 22 o'clock, with a share that wavers a little."""
    chance = random.Random(seed)
    made = []
    for row in range(days * PER_DAY):
        mean = day if 8 <= row % PER_DAY < 22 else night
        count = chance.randint(mean * 3 // 4, mean * 5 // 4)
        part = sum(chance.random() < share for _ in range(count))
        made.append(Bucket(MONDAY + row * STEP, 1.0, count, part))
    return made


def read(kind: str, buckets: list[Bucket], holidays: str | None = None) -> list[Reading]:
    made = detector(kind, step=STEP, zone=UTC, holidays=holidays)
    return [made.feed(bucket) for bucket in buckets]


def test_a_day_at_a_third_is_a_drop_and_a_night_is_none() -> None:
    buckets = rows(35)
    from_row = 30 * PER_DAY + 9
    low = [
        b if not from_row <= i < from_row + 14 else Bucket(b.start, 1.0, b.count // 3)
        for i, b in enumerate(buckets)
    ]
    readings = read("volume.down", low)
    alarmed = [i for i, reading in enumerate(readings) if reading.state == "surprising"]
    assert alarmed
    assert from_row < alarmed[0] <= from_row + 6
    assert all(reading.score < 0.5 for reading in readings[:from_row])
    assert [reading for reading in read("volume.down", buckets) if reading.state == "surprising"] == []


@pytest.mark.parametrize(("kind", "to"), [("negative_share.up", 0.5), ("positive_share.down", 0.08)])
def test_a_share_that_moves_is_told_and_one_that_does_not_is_not(kind: str, to: float) -> None:
    before, behind = rows(30), rows(33, share=to, seed=4)[30 * PER_DAY :]
    readings = read(kind, before + behind)
    assert all(reading.score < 0.5 for reading in readings[: len(before)])
    told = [reading for reading in readings[len(before) :] if reading.state == "surprising"]
    assert told
    assert told[0].expected == pytest.approx(0.25, abs=0.06)
    assert told[0].observed is not None
    other = kind.replace(".up", ".X").replace(".down", ".up").replace(".X", ".down")
    assert [r for r in read(other, before + behind)[: len(before) + PER_DAY] if r.state == "surprising"] == []


def test_a_drop_of_an_hour_or_two_is_told_over_its_span() -> None:
    buckets = rows(31)
    first = 30 * PER_DAY + 12
    silent = [Bucket(b.start, 1.0, 0) if first <= i < first + 5 else b for i, b in enumerate(buckets)]
    reading = read("volume.down", silent)[first + 4]
    assert reading.over == 6 * 3600
    assert reading.observed is not None and reading.low is not None
    assert reading.observed < reading.low / 2
    assert reading.longest is not None
    assert reading.longest.over == 24 * 3600


def test_thin_data_is_silence() -> None:
    thin = [Bucket(b.start, 1.0, int(i % 12 == 0), float(i % 12 == 0)) for i, b in enumerate(rows(40))]
    gone = [Bucket(b.start + 40 * DAY, 1.0, 0) for b in rows(10)]
    for kind in BASELINES:
        assert {reading.surprise for reading in read(kind, thin + gone)} == {0.0}


def test_what_was_not_heard_is_neither_drop_nor_recovery() -> None:
    buckets = rows(30)
    gap = [Bucket(b.start, 0.89, 0) if 700 <= i < 724 else b for i, b in enumerate(buckets)]
    readings = read("volume.down", gap)
    assert {reading.state for reading in readings[700:724]} == {"no data"}
    assert max(reading.score for reading in readings) < 0.5


def test_a_public_holiday_is_a_sunday() -> None:
    """Thirteen quiet Sundays; then the first of May 2026, a Friday, is quiet as well."""
    may = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp())
    buckets = [
        Bucket(at, 1.0, 5 if (at // DAY + 3) % 7 == 6 or at >= may else 40)
        for at in range(may - 90 * DAY, may + DAY, STEP)
    ]
    ignorant, knowing = (read("volume.down", buckets, holidays)[-1].surprise for holidays in (None, "DE"))
    assert ignorant > 1.5 * knowing


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_goes_on_from_its_state(kind: str) -> None:
    buckets = rows(20)
    whole = read(kind, buckets)
    first = detector(kind, step=STEP, zone=UTC)
    for bucket in buckets[:400]:
        first.feed(bucket)
    second = load(kind, json.loads(json.dumps(first.dump())), step=STEP, zone=UTC)
    rest = [second.feed(bucket) for bucket in buckets[400:]]
    assert [r.surprise for r in rest] == pytest.approx([r.surprise for r in whole[400:]], abs=1e-6)
    assert [r.state for r in rest] == [r.state for r in whole[400:]]


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no kind of anomaly; there are volume\.up"):
        detector("volume.sideways", step=STEP, zone=UTC)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=120), st.data())
def test_no_kind_looks_ahead(counts: list[tuple[int, float]], data: st.DataObject) -> None:
    buckets = [Bucket(i * STEP, 1.0, n, n * share) for i, (n, share) in enumerate(counts)]
    cut = data.draw(st.integers(0, len(buckets)))
    for kind in BASELINES:
        scores = [reading.score for reading in read(kind, buckets)]
        assert [reading.score for reading in read(kind, buckets[:cut])] == scores[:cut]
        assert all(0 <= score <= 1 for score in scores)
