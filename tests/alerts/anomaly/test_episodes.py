"""One alarm an episode."""

from __future__ import annotations

import json

from alerts.anomaly.episodes import CALM, Episodes
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


def test_what_lasts_is_one_episode_for_three_days() -> None:
    """A drop lasts longer than the rest: told once, and then again only when it is still there after three days."""
    episodes = Episodes(1.0, calm=CALM)
    assert [at for at in range(0, 4 * DAY, 3600) if episodes.alarm(at, 3.0)] == [0, 3 * DAY]


def test_three_calm_hours_end_an_episode() -> None:
    for calm, ended in ((CALM, False), (CALM + 900, True)):
        episodes = Episodes(1.0, calm=CALM)
        for at in range(0, 10 * 3600 + 900, 900):
            episodes.alarm(at, 3.0)
        # Calm inside the rest counts as well.
        again = 10 * 3600 + calm
        assert [at for at in range(again, again + 6 * 3600, 900) if episodes.alarm(at, 3.0)] == (
            [again] if ended else []
        )


def test_an_episode_outlives_a_restart() -> None:
    episodes = Episodes(1.0)
    episodes.alarm(0, 2.0)
    episodes.alarm(900, 2.0)
    assert Episodes.load(json.loads(json.dumps(episodes.dump()))) == episodes
