"""Volume against past peaks: what alarms, what does not, and that nothing ahead is known."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.anomaly.peaks import Peaks
from alerts.anomaly.reading import DAY, Bucket, Reading

STEP = 900
PER_DAY = DAY // STEP


def quiet(days: int, seed: int = 1, mean: int = 5) -> list[int]:
    chance = random.Random(seed)
    return [chance.randint(0, 2 * mean) for _ in range(days * PER_DAY)]


def read(counts: list[int], detector: Peaks | None = None, start: int = 0) -> list[Reading]:
    detector = detector or Peaks(step=STEP)
    return [detector.feed(Bucket(start + row * STEP, 1.0, count)) for row, count in enumerate(counts)]


def test_a_flood_alarms_once_and_within_the_hour() -> None:
    counts = quiet(30)
    flood = 28 * PER_DAY
    for row in range(flood, flood + 16):
        counts[row] *= 12
    readings = read(counts)
    alarmed = [row for row, reading in enumerate(readings) if reading.score >= 0.5]
    assert len([row for row in alarmed if row >= flood]) == 1
    assert flood <= alarmed[-1] <= flood + 4
    assert readings[alarmed[-1]].state == "surprising"
    # The rest of the flood is surprising, and told already.
    rest = readings[alarmed[-1] + 1 : flood + 16]
    assert max(reading.surprise for reading in rest) > 1
    assert max(reading.score for reading in rest) < 0.5


def test_calm_days_are_calm() -> None:
    readings = read(quiet(60))
    assert [reading for reading in readings[14 * PER_DAY :] if reading.state != "calm"] == []
    assert all(0 <= reading.score < 0.5 for reading in readings)


def test_the_first_two_weeks_are_told_as_learning() -> None:
    readings = read(quiet(20))
    assert {reading.state for reading in readings[: 14 * PER_DAY - 1]} == {"learning"}
    assert {reading.state for reading in readings[14 * PER_DAY :]} == {"calm"}


def test_silence_that_was_not_heard_changes_nothing() -> None:
    counts = quiet(20)
    whole, gapped = Peaks(step=STEP), Peaks(step=STEP)
    heard = [whole.feed(Bucket(row * STEP, 1.0, count)) for row, count in enumerate(counts)][-1]
    later = 0
    for row, count in enumerate(counts):
        if row == 17 * PER_DAY:
            for _ in range(PER_DAY):
                unheard = gapped.feed(Bucket((row + later) * STEP, 0.5, 0))
                assert (unheard.state, unheard.score) == ("no data", 0.0)
                later += 1
        reading = gapped.feed(Bucket((row + later) * STEP, 1.0, count))
    assert reading.surprise == heard.surprise


def test_time_does_not_go_back() -> None:
    detector = Peaks(step=STEP)
    detector.feed(Bucket(STEP, 1.0, 1))
    with pytest.raises(ValueError, match="follow each other"):
        detector.feed(Bucket(STEP, 1.0, 1))


def test_it_goes_on_from_its_state() -> None:
    counts = quiet(12) + [200] * 8 + quiet(3, seed=2)
    cut = 12 * PER_DAY + 4
    whole = read(counts)
    first = Peaks(step=STEP)
    read(counts[:cut], first)
    second = Peaks(step=STEP)
    second.load(json.loads(json.dumps(first.dump())))
    assert read(counts[cut:], second, start=cut * STEP) == whole[cut:]


def test_what_is_usual_stands_in_what_was_counted() -> None:
    longest = read([10] * (20 * PER_DAY))[-1].longest
    assert longest is not None
    assert longest.over == 16 * 3600
    assert longest.observed == 640
    assert longest.expected == pytest.approx(640, rel=0.02)
    assert longest.low is not None and longest.high is not None
    assert longest.low < 640 < longest.high


def test_a_reading_tells_of_the_span_that_is_most_surprising() -> None:
    """A burst of one quarter hour is little in 16 hours: "285 mentions, usual 275" would say nothing."""
    burst = read([10] * (20 * PER_DAY) + [80])[-1]
    assert burst.over == STEP
    assert burst.observed == 80
    assert burst.expected == pytest.approx(10, abs=1)
    slow = read(quiet(20) + [14] * 64)[-1]
    assert slow.over > STEP


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=400), st.data())
def test_cutting_the_series_changes_no_earlier_score(counts: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(counts)))
    assert [r.score for r in read(counts[:cut])] == [r.score for r in read(counts)][:cut]
    other = data.draw(st.lists(st.integers(0, 10_000), max_size=20))
    assert [r.score for r in read(counts[:cut] + other)][:cut] == [r.score for r in read(counts)][:cut]
