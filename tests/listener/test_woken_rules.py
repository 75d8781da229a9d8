"""Which rules a commit wakes: those that look at its brand and hour, and none that the minute is soon enough for."""

from __future__ import annotations

import pytest

from listener.config import Config, load
from listener.watching import concerned

NOW = 1_790_000_000
HOUR = NOW // 3600
CONFIG = """
brands:
  - {name: Acme, own: true}
  - {name: Bolt}
  - {name: Umber, own: true, market: lamps}
goals:
  - {name: voice, kpi: share_of_voice, brand: Acme, target: 40%, by: 2027-02-01, owner: ana,
     baseline: {since: 2026-08-01, until: 2026-09-01}}
alerts:
  rules:
    - {name: many, when: mentions >= 3, brand: Acme}
    - {name: long, when: mentions >= 3, brand: Acme, over: 1d}
    - {name: voice, when: share_of_voice < 10%, brand: Acme}
    - {name: rival, when: share_of_voice overtaken, brand: Acme}
    - {name: goal, when: any goal at risk, brand: Acme}
    - {name: unusual, when: anomaly, brand: Acme}
    - {name: waits, when: unanswered for 2h, brand: Acme}
    - {name: deaf, when: source down for 1h}
"""


class Station:
    """What is asked of a station."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def now(self) -> int:
        return NOW


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    file = tmp_path_factory.mktemp("watching") / "config.yaml"
    file.write_text(CONFIG)
    return Station(load(file, {}))


@pytest.mark.parametrize(
    ("brand", "hour", "woken"),
    [
        ("Acme", HOUR, {"many", "long", "voice", "rival", "waits"}),
        # A rival's mentions change what is measured against the market, and nothing else.
        ("Bolt", HOUR, {"voice", "rival"}),
        ("Umber", HOUR, set()),
        # Of an hour that is over only what looks so far back.
        ("Acme", HOUR - 5, {"long"}),
        ("Acme", HOUR - 24 * 30, set()),
    ],
)
def test_a_commit_wakes_the_rules_that_look_at_its_brand_and_hour(
    station: Station, brand: str, hour: int, woken: set[str]
) -> None:
    assert {rule.name for rule in concerned(station, station.config.rules, [(brand, hour)])} == woken  # type: ignore[arg-type]


def test_goals_are_measured_by_the_minute_alone(station: Station) -> None:
    """To measure a month for each of 10,000 commits an hour would hold all other rules up."""
    everything = [(brand.name, HOUR) for brand in station.config.brands]
    assert "goal" not in {rule.name for rule in concerned(station, station.config.rules, everything)}  # type: ignore[arg-type]
