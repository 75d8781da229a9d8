"""Anomalies against a real store: what is learned, what fires, what may not, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from pages import page
from pages import post as plain_post

from alerts import heeding, judging, telling
from alerts.anomaly import Calibration
from alerts.anomaly.reading import DAY
from alerts.rules import Look, Rule, RuleOptions
from storage import baselines, outbox
from storage.alerting import AlertEvent
from storage.mention import Brand, KeptPost, Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
HOUR, QUARTER = 3600, 900
NOW = 1_790_000_000 // QUARTER * QUARTER
ACME = Brand("Acme", own=True)
SOURCE = Source("hn", "hackernews")
KNOWN = Calibration(threshold=1.0, expected_rate=1 / 7, measured_rate=0.1, trained_days=30, enough=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register((ACME,), [SOURCE])
    yield opened
    opened.close()


def said(days: int, now: int = NOW, an_hour: int = 6, label: str | None = None) -> list[KeptPost]:
    random = Random(2)
    labels = [label] if label else ["negative", "positive", "neutral"]
    return [
        plain_post(f"{start} {n}", start + random.randrange(HOUR), random.choice(labels))  # type: ignore[arg-type]
        for start in range(now - days * DAY, now, HOUR)
        for n in range(an_hour)
    ]


def learn(store: SqliteStore, now: int, engine: str = "vader") -> int:
    """As the daemon does, until there is no more to learn; returns the number of steps."""
    steps = 0
    while True:
        step = heeding.heed(store, ACME, UTC, now, engine)
        with store.writing() as db:
            for one in step.baselines:
                baselines.put(db, one)
        steps += 1
        if not step.more:
            return steps


def calibrate(store: SqliteStore, known: Calibration = KNOWN, kind: str = "volume.up") -> None:
    with store.writing() as db:
        baselines.put(db, heeding.calibrated(baselines.of_brand(db, "Acme")[kind], known, NOW))


def judge(store: SqliteStore, now: int, when: str = "anomaly in mentions") -> list[AlertEvent]:
    rule = Rule.of(RuleOptions.model_validate({"name": "odd", "when": when, "cooldown": 0}), "Acme")
    found = judging.look(Look(store, (ACME,), UTC, now), [rule])
    with store.writing() as db:
        return judging.write(db, found, now)


def flood(number: int, at: int, word: str = "flood") -> list[KeptPost]:
    return [
        plain_post(f"{word} {at} {n}", at + n, "negative", text=f"kettle explodes {n}") for n in range(number)
    ]


def taught(store: SqliteStore) -> None:
    store.commit(page(said(20), (NOW - 20 * DAY, NOW), source=SOURCE))
    assert learn(store, NOW) == 3
    calibrate(store)
    learn(store, NOW + 60)


def test_a_flood_fires_once_says_what_is_usual_and_is_over_when_it_is(store: SqliteStore) -> None:
    taught(store)
    assert judge(store, NOW + 60) == []
    store.commit(page(flood(150, NOW + 60), (NOW, NOW + 600), source=SOURCE))
    learn(store, NOW + 600)
    (event,) = judge(store, NOW + 601)
    assert (event.kind, event.subject, len(event.post_ids)) == ("fired", "volume.up", 3)
    assert event.numbers["value"] > event.numbers["high"] > event.numbers["low"] > 0  # type: ignore[operator]
    assert (event.numbers["alarm_rate"], event.numbers["measured_rate"]) == (1 / 7, 0.1)
    learn(store, NOW + HOUR)
    assert judge(store, NOW + HOUR) == []
    # A day later all spans have forgotten it.
    store.commit(page([], (NOW, NOW + 2 * DAY), source=SOURCE))
    learn(store, NOW + 2 * DAY)
    assert [one.kind for one in judge(store, NOW + 2 * DAY)] == ["resolved"]


def test_the_message_holds_the_chart_and_says_how_seldom_chance_does_that(store: SqliteStore) -> None:
    taught(store)
    store.commit(page(flood(150, NOW + 60), (NOW, NOW + 600), source=SOURCE))
    learn(store, NOW + 600)
    judge(store, NOW + 601)
    with store.writing() as db:
        row = outbox.claim(db, "console", NOW + 700)
    assert row is not None
    message = telling.to_send(row, store, UTC, None)
    assert "mentions unusually high" in message.title  # type: ignore[union-attr]
    assert "By chance alone" in message.summary  # type: ignore[union-attr]
    chart = message.chart  # type: ignore[union-attr]
    assert chart is not None
    assert chart.png.startswith(b"\x89PNG")
    assert len(chart.values) == heeding.SHOWN
    assert "points" not in (message.data or {})


def test_nothing_is_said_before_two_weeks_were_heard(store: SqliteStore) -> None:
    store.commit(page(said(10), (NOW - 10 * DAY, NOW), source=SOURCE))
    assert learn(store, NOW) == 1
    assert baselines.every(store) == []


def test_nothing_is_said_before_there_is_a_threshold(store: SqliteStore) -> None:
    store.commit(page(said(20), (NOW - 20 * DAY, NOW), source=SOURCE))
    learn(store, NOW)
    store.commit(page(flood(150, NOW + 60), (NOW, NOW + 600), source=SOURCE))
    learn(store, NOW + 600)
    assert judge(store, NOW + 601) == []
    calibrate(store, replace(KNOWN, enough=False))
    learn(store, NOW + 660)
    assert judge(store, NOW + 661) == []


def test_a_threshold_that_cannot_be_found_is_kept_as_none(store: SqliteStore) -> None:
    taught(store)
    calibrate(store, replace(KNOWN, threshold=math.inf))
    assert heeding.threshold(baselines.of_brand(store, "Acme")["volume.up"].calibration) == math.inf


def test_what_was_not_heard_live_is_learned_from_and_makes_nothing_fire(store: SqliteStore) -> None:
    store.commit(page(said(20), (NOW - 20 * DAY, NOW), source=SOURCE, live=False))
    learn(store, NOW)
    calibrate(store)
    assert baselines.of_brand(store, "Acme")["volume.up"].state["newest"]["expected"] > 50
    store.commit(page(flood(150, NOW + 60), (NOW, NOW + 600), source=SOURCE, live=False))
    learn(store, NOW + 600)
    assert baselines.of_brand(store, "Acme")["volume.up"].state["newest"]["alarms"]
    assert judge(store, NOW + 601) == []


def test_another_engine_starts_the_tone_series_anew_and_no_other(store: SqliteStore) -> None:
    taught(store)
    before = baselines.of_brand(store, "Acme")
    step = heeding.heed(store, ACME, UTC, NOW + 60, "another")
    assert step.more
    assert {one.series for one in step.baselines} == {kind for kind in before if "_share" in kind}
    assert all(one.through < NOW - DAY for one in step.baselines)


def test_what_may_still_change_is_not_learned(store: SqliteStore) -> None:
    late = Source("hn", "hackernews", lateness=2 * HOUR)
    store.register((ACME,), [late])
    store.commit(page(said(20), (NOW - 20 * DAY, NOW), source=late))
    learn(store, NOW)
    known = baselines.of_brand(store, "Acme")
    assert {one.through for one in known.values()} == {NOW - 2 * HOUR}
    # The newest is judged all the same, but a drop is none before everything can have arrived.
    assert known["volume.up"].state["newest"]["start"] == NOW - QUARTER
    assert known["volume.down"].state["newest"]["start"] == NOW - 2 * HOUR - QUARTER


def test_what_was_seen_last_stays_until_a_quarter_hour_has_ended(store: SqliteStore) -> None:
    store.commit(page(said(20), (NOW - 20 * DAY, NOW), source=SOURCE))
    learn(store, NOW)
    before = baselines.of_brand(store, "Acme")
    assert {one.state["newest"]["start"] for one in before.values()} == {NOW - QUARTER}
    learn(store, NOW + 60)
    after = baselines.of_brand(store, "Acme")
    assert after["volume.down"].state == before["volume.down"].state
    assert after["negative_share.up"].state == before["negative_share.up"].state
    assert after["volume.up"].state["newest"]["start"] == NOW


def test_a_dead_collector_is_no_drop(store: SqliteStore) -> None:
    taught(store)
    calibrate(store, kind="volume.down")
    learn(store, NOW + 2 * DAY)
    assert judge(store, NOW + 2 * DAY) == []
    assert baselines.of_brand(store, "Acme")["volume.down"].state["newest"]["state"] == "no data"


def test_silence_that_was_heard_is_a_drop(store: SqliteStore) -> None:
    taught(store)
    calibrate(store, kind="volume.down")
    store.commit(page([], (NOW, NOW + 2 * DAY), source=SOURCE))
    events: Sequence[AlertEvent] = []
    for hour in range(1, 25):
        learn(store, NOW + hour * HOUR)
        events = [*events, *judge(store, NOW + hour * HOUR)]
    assert [(one.kind, one.subject) for one in events] == [("fired", "volume.down")]
