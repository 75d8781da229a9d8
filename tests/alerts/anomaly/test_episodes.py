"""One alarm an episode."""

from __future__ import annotations

from alerts.anomaly.episodes import Episodes
from alerts.anomaly.reading import DAY


def test_the_first_at_the_threshold_alarms() -> None:
    episodes = Episodes(2.0)
    assert not episodes.alarm(0, 1.99)
    assert episodes.alarm(900, 2.0)
    assert episodes.last == 900


def test_nothing_alarms_for_half_a_day_behind_an_alarm() -> None:
    episodes = Episodes(1.0)
    episodes.alarm(0, 1.0)
    assert not episodes.alarm(DAY // 2 - 1, 1e9)
    assert episodes.alarm(DAY // 2, 1e9)


def test_the_next_must_be_higher_by_an_amount_that_halves_each_day() -> None:
    episodes = Episodes(1.0, last=0)
    assert episodes.needed(DAY) == 1.5
    assert episodes.needed(3 * DAY) == 1.125
    assert not episodes.alarm(DAY, 1.49)
    assert episodes.alarm(DAY, 1.5)
