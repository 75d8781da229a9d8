"""listener alerts backtest at the terminal."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from commandline import CommandLine

from alerts import heeding
from alerts.anomaly import Calibration
from storage import baselines
from storage.baselines import Baseline
from storage.sqlite import SqliteStore

CONFIG = """timezone: Europe/Madrid
brands: [{name: Acme, own: true}]
sources: {hackernews: {}}
alerts:
  rules: [{name: busy, when: mentions >= 3, over: 1h, cooldown: 1h}]
  quiet_hours: {from: "22:00", to: "07:00", zone: Europe/Madrid}
"""
SPAN = ("--since", "2026-01-01", "--until", "2026-01-31")


def row(number: int, at: str) -> str:
    return json.dumps(
        {
            "id": str(number),
            "text": "acme \u001b[31m",
            "created_at": at,
            "url": f"https://example.org/{number}",
        }
    )


ROWS = "\n".join(
    row(number, f"2026-01-{day:02}T{hour:02}:0{number % 3}:00Z")
    for number, (day, hour) in enumerate([(5, 10)] * 3 + [(9, 23)] * 3 + [(12, 10)] * 2)
)


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("rows.jsonl", ROWS), "--source", "shop")
    return line


def test_a_line_for_each_time_and_one_for_all(filled: CommandLine) -> None:
    out = filled.good("alerts", "backtest", "busy", *SPAN).out
    assert "would have fired 2 times in 30 days (0.5 a week), 1 of them within quiet hours" in out
    assert out.count("https://example.org/") == 6
    assert "\u001b" not in out


def test_a_changed_rule(filled: CommandLine) -> None:
    found = filled.good("alerts", "backtest", "busy", *SPAN, "--when", "mentions >= 2", "--json").json()
    assert (found["fired"], found["when"]) == (3, "mentions >= 2")
    assert len(found["episodes"][0]["post_ids"]) == 3
    assert (
        "would not have fired"
        in filled.good("alerts", "backtest", "busy", *SPAN, "--when", "mentions > 9").out
    )


def test_an_anomaly_is_led_through_the_past_once_there_is_a_threshold(filled: CommandLine) -> None:
    asked = ("alerts", "backtest", "busy", *SPAN, "--when", "anomaly in mentions")
    assert "no threshold was found yet; `listener alerts baselines` shows" in filled.good(*asked).out
    known = Calibration(1.0, 1 / 7, None, 30.0, enough=True)
    with closing(SqliteStore(filled.folder / "data" / "listener.db")) as store, store.writing() as db:
        baselines.put(db, heeding.calibrated(Baseline("Acme", "volume.up", 0, "", {}), known, 1))
    out = filled.good(*asked).out
    assert "busy (anomaly in mentions) would not have fired in 30 days." in out
    assert "with the thresholds of today" in out


def test_mistakes_have_a_remedy(filled: CommandLine) -> None:
    ran = filled("alerts", "backtest", "bussy")
    assert (ran.code, "there are: busy" in ran.err) == (2, True)
    assert filled("alerts", "backtest", "busy", "--when", "many").code == 2
    assert filled("alerts", "backtest", "busy", "--since", "2026-02-01", "--until", "2026-01-01").code == 2
