"""The setting is the alarm rate: thresholds that keep it on streams of another make, and what stands behind them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from alerts.anomaly import KINDS, Bucket, Calibration, calibrate, per_series
from alerts.anomaly.calibrate import MONTH, alarms, replay
from alerts.anomaly.clock import hour_of_week
from alerts.anomaly.empty import Empty, Noise, fit
from alerts.anomaly.reading import DAY
from benchmarks.anomaly import MONTHS, rate_cell
from benchmarks.empty_streams import START, World, stream

UTC = ZoneInfo("UTC")
STEP = 3600


def history(days: int, volume: float = 100) -> list[Bucket]:
    """By hours, which costs a quarter."""
    rows = list(stream(World(volume), days, 5))
    hours = [rows[at : at + 4] for at in range(0, len(rows), 4)]
    return [Bucket(h[0][0], 1.0, sum(n for _, n, _ in h), sum(k for _, _, k in h)) for h in hours]


def found(kind: str, buckets: Sequence[Bucket], rate: float = 1.0, seed: int = 1) -> Calibration:
    return calibrate(kind, buckets, alarms_per_month=rate, step=STEP, zone=UTC, seed=seed, months=12)


def test_rarer_alarms_need_a_higher_threshold_and_a_seed_gives_the_same() -> None:
    buckets = history(42)
    often, seldom = (found("volume.up", buckets, rate) for rate in (4.0, 0.5))
    assert often.threshold < seldom.threshold < math.inf
    assert often == found("volume.up", buckets, 4.0)
    assert often.enough
    assert often.trained_days == 42
    assert often.measured_rate is not None
    assert Calibration.load(json.loads(json.dumps(often.dump()))) == often


def test_too_short_a_history_is_not_enough() -> None:
    for buckets in ([], history(13), [Bucket(b.start, 0.5, b.count) for b in history(42)]):
        calibration = found("volume.up", buckets)
        assert not calibration.enough
        assert calibration.threshold == math.inf


def test_a_series_of_which_nothing_can_be_said_is_silent() -> None:
    assert found("negative_share.up", history(42, volume=2)).threshold == math.inf


def test_the_budget_is_that_of_all_series_together() -> None:
    assert sum(per_series(1.0, KINDS) for _ in KINDS) == pytest.approx(1.0)


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        found("volume.up", history(42), 0.0)


def test_what_was_drawn_is_learned() -> None:
    """Rhythm, moods and shares of a stream that the model drew itself."""
    rates = tuple(4.0 + 3 * (hour % 24 > 8) + 2 * (hour < 120) for hour in range(168))
    drawn = Empty(900, rates, Noise(0.2, (0.0, 0.05, 0.0, 0.02)), 0.3, (0.0, 0.1, 0.0, 0.0))
    hour = {at: int(at // 3600 - 96) % 168 for at in range(0, 200 * DAY, 900)}
    rows = [Bucket(at, 1.0, n, k) for at, n, k in drawn.draw(140, 3, 4 * DAY, hour.__getitem__)]
    learned = fit(rows, step=900, zone=UTC)
    assert learned is not None
    assert sum(learned.rates) == pytest.approx(sum(rates), rel=0.15)
    assert learned.rates[12] / learned.rates[2] == pytest.approx(rates[12] / rates[2], rel=0.1)
    assert learned.noise.row == pytest.approx(0.2, abs=0.05)
    assert sum(learned.noise.moods) == pytest.approx(0.07, abs=0.03)
    assert learned.share == pytest.approx(0.3, abs=0.02)
    assert sum(learned.share_moods) == pytest.approx(0.1, abs=0.05)


def steady(days: int, growth_a_week: float) -> list[Bucket]:
    """Counts without any chance: by day 20 an hour, by night 5, on Sundays and public holidays of Spain half."""
    rows = []
    hour = hour_of_week(UTC, "ES")
    for at in range(START, START + days * DAY, STEP):
        of_week = hour(at)
        usual = (20 if of_week % 24 > 7 else 5) * (0.5 if of_week >= 144 else 1)
        rows.append(Bucket(at, 1.0, round(100 * usual * (1 + growth_a_week) ** ((at - START) / DAY / 7))))
    return rows


def test_a_trend_is_seen_and_a_week_of_holidays_at_the_beginning_is_none() -> None:
    """The history begins on Monday, 30 December, with two public holidays in eight days."""
    level = fit(steady(70, 0.0), step=STEP, zone=UTC, holidays="ES")
    grown = fit(steady(70, 0.03), step=STEP, zone=UTC, holidays="ES")
    assert level is not None
    assert grown is not None
    assert level.growth == pytest.approx(0.0, abs=1e-4)
    # Ten weeks are believed like twelve of which two showed no trend.
    assert 7 * grown.growth == pytest.approx(10 / 12 * math.log(1.03), abs=1e-3)


def test_a_steep_trend_is_not_believed_for_long() -> None:
    """Half of the history and 30 days may move the rates by half, in logarithms."""
    steep = fit(steady(70, 0.4), step=STEP, zone=UTC, holidays="ES")
    assert steep is not None
    assert steep.growth * (35 + 30) == pytest.approx(0.5, rel=1e-2)


def test_what_is_drawn_grows_and_is_at_its_rates_on_the_day_that_was_asked() -> None:
    empty = Empty(STEP, (1000.0,) * 168, Noise(0.0, ()), growth=0.01)
    days = [0] * 80
    for at, count, _ in empty.draw(80, 1, 0, lambda _: 0, level=60):
        days[at // DAY] += count
    assert days[60] / 24_000 == pytest.approx(1.0, abs=0.03)
    assert days[10] / 24_000 == pytest.approx(math.exp(-0.5), abs=0.03)


def test_of_a_stream_that_grows_more_is_told_at_the_same_threshold() -> None:
    """What is learned lags behind the trend; a replay without it would set thresholds of rises too low."""
    told = []
    for growth in (0.0, 0.007):
        empty = Empty(STEP, (20.0,) * 168, Noise(0.05, (0.0, 0.05, 0.02, 0.0)), growth=growth)
        drawn = replay("volume.up", empty, months=10, seed=3, zone=UTC)
        days = len({at // DAY for at, _ in drawn})
        assert days <= math.ceil(10 * MONTH / DAY)
        assert drawn == sorted(drawn)
        told.append(alarms("volume.up", drawn, 1.0))
    assert told[0] * 1.2 < told[1]


def test_stretches_of_a_replay_are_others() -> None:
    empty = Empty(STEP, (20.0,) * 168, Noise(0.05, (0.0, 0.05, 0.02, 0.0)), growth=0.02)
    drawn = replay("volume.up", empty, months=3, seed=3, zone=UTC)
    heights = [height for _, height in drawn]
    assert drawn[-1][0] - drawn[0][0] > 100 * DAY
    assert len(set(heights)) == len(heights)


def test_a_quiet_weekend_of_few_mentions_is_drawn_quiet() -> None:
    """14 a day, 3 on Saturdays and Sundays: too few by hour of week to know it, not by day."""
    rows = [
        Bucket(
            at,
            1.0,
            1 if at % DAY // STEP in ((9, 12, 18) if at // DAY % 7 in (2, 3) else range(7, 21)) else 0,
        )
        for at in range(4 * DAY, 60 * DAY, STEP)
    ]
    learned = fit(rows, step=STEP, zone=UTC)
    assert learned is not None
    assert sum(learned.rates[120:]) / sum(learned.rates[:120]) < 1.4 * (2 * 3) / (5 * 14)


@pytest.mark.slow
def test_alarms_come_as_often_as_was_set() -> None:
    """Small: 24 expected, so that two standard deviations are 40 %; benchmarks.anomaly counts 160 a cell."""
    brands, expected = range(6), 6 * MONTHS
    counted = sum(rate_cell(["volume.up"], World(200), 1.0, brands, 40).values())
    assert abs(counted - expected) <= 2.2 * math.sqrt(expected)
