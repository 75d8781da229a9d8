"""listener alerts baselines at the terminal: how far each series is, from nothing heard to a threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from time import time
from zoneinfo import ZoneInfo

import pytest
from commandline import CommandLine
from pages import ACME, page, post

from alerts import heeding
from alerts.anomaly import KINDS, Calibration
from storage import baselines
from storage.sqlite import SqliteStore

CONFIG = """timezone: Europe/Madrid
brands: [{name: Acme, own: true}, {name: Bolt}]
sources: {hackernews: {}}
alerts:
  alarm_rate: 2/week
  rules: [{name: odd, when: anomaly}]
"""
DAY, HOUR = 86_400, 3600
KNOWN = Calibration(threshold=1.25, expected_rate=1.24, measured_rate=0.5, trained_days=20, enough=True)


@pytest.fixture
def store(line: CommandLine) -> Iterator[SqliteStore]:
    line.configure(CONFIG)
    (line.folder / "data").mkdir()
    opened = SqliteStore(line.folder / "data" / "listener.db")
    yield opened
    opened.close()


def hear(store: SqliteStore, days: int) -> int:
    """Post once an hour, heard until now; returns the second at which it was first heard."""
    until = int(time()) // HOUR * HOUR
    posts = [post(str(at), at) for at in range(until - days * DAY, until, HOUR)]
    store.commit(page(posts, (until - days * DAY, until)))
    return until - days * DAY


def learn(store: SqliteStore, *, to_the_end: bool = True) -> None:
    more = True
    while more:
        step = heeding.heed(store, ACME, ZoneInfo("Europe/Madrid"), int(time()), "ours-1")
        with store.writing() as db:
            for one in step.baselines:
                baselines.put(db, one)
        more = step.more and to_the_end


def calibrate(store: SqliteStore, kind: str, found: Calibration) -> None:
    with store.writing() as db:
        baselines.put(db, heeding.calibrated(baselines.of_brand(db, "Acme")[kind], found, 1_790_000_000))


def test_before_two_weeks_were_heard_it_says_how_much_is_missing(
    line: CommandLine, store: SqliteStore
) -> None:
    hear(store, 5)
    learn(store)
    out = line.good("alerts", "baselines").out
    assert "Acme: heard for 5.0 of the 14.0 days that are needed." in out
    assert "Bolt" not in out
    rows = line.good("alerts", "baselines", "--json").json()
    assert [(row["series"], row["stage"], row["since"]) for row in rows] == [
        (kind, "waiting", None) for kind in KINDS
    ]


def test_each_series_says_since_when_it_is_learned_and_how_far_it_is(
    line: CommandLine, store: SqliteStore
) -> None:
    since = hear(store, 20)
    rows = line.good("alerts", "baselines", "--json").json()
    assert {row["stage"] for row in rows} == {"learning"}, "enough was heard for a daemon to begin"
    learn(store, to_the_end=False)
    rows = line.good("alerts", "baselines", "--json").json()
    assert {row["stage"] for row in rows} == {"learning"}
    learn(store)
    calibrate(store, "volume.up", KNOWN)
    calibrate(store, "negative_share.up", replace(KNOWN, threshold=float("inf"), measured_rate=None))
    calibrate(store, "negative_share.down", replace(KNOWN, enough=False))
    calibrate(store, "volume.down", replace(KNOWN, measured_rate=0.25))
    rows = {row["series"]: row for row in line.good("alerts", "baselines", "--json").json()}
    assert {kind: row["stage"] for kind, row in rows.items()} == {
        **dict.fromkeys(KINDS, "learned"),
        "volume.up": "calibrated",
        "volume.down": "calibrated",
        "negative_share.up": "silent",
        "negative_share.down": "silent",
    }
    up = rows["volume.up"]
    assert (up["threshold"], up["rate_measured"]) == (1.25, 0.5)
    # The budget of the brand, in equal parts over its series, whatever the last calibration was made for.
    assert sum(row["rate_set"] for row in rows.values()) == pytest.approx(2 * 30.4375 / 7)
    assert datetime.fromisoformat(up["since"]).timestamp() == since
    out = line.good("alerts", "baselines", "--brand", "Acme").out
    (row,) = (text for text in out.splitlines() if " volume.up " in text)
    assert row.split()[-4:] == ["calibrated", "1.24", "0.50", "1.25"]
    assert "Acme: 0.75 a month measured, over 2 of its series." in out


def test_without_a_rule_on_anomalies_it_says_what_begins_one(line: CommandLine, store: SqliteStore) -> None:
    line.configure(CONFIG.replace("when: anomaly", "when: mentions > 3"))
    out = line.good("alerts", "baselines").out
    assert "`when: anomaly` in a rule begins it" in out
    assert line.good("alerts", "baselines", "--json").json() == []


def test_a_brand_that_is_not_there_is_a_mistake(line: CommandLine, store: SqliteStore) -> None:
    ran = line("alerts", "baselines", "--brand", "Acne")
    assert (ran.code, "there are: Acme, Bolt" in ran.err) == (2, True)
