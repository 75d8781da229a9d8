"""The daemon learns beside its work, step by step; thresholds come from a child process that may fail."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from pages import HACKERNEWS, page, post

from alerts import heeding as learning
from alerts.anomaly import KINDS, Calibration, per_series
from listener import calibrating, heeding
from listener.config import load
from listener.heeding import Calibrating
from listener.station import Station, open_station
from storage import baselines
from storage.base import Rows
from storage.baselines import Baseline
from storage.mention import KeptPost

DAY, HOUR, QUARTER = 86_400, 3600, 900
NOW = 1_790_000_000 // DAY * DAY
KNOWN = Calibration(threshold=1.0, expected_rate=1 / 7, measured_rate=None, trained_days=20, enough=True)


class Life:
    """A folder whose daemon is started again and again; the clock is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.config = folder / "config.yaml"
        self.configure()

    def configure(self, **alerts: Any) -> None:
        settings = {
            "timezone": "UTC",
            "brands": [{"name": "Acme", "own": True}, {"name": "Bolt"}],
            "sources": {"hackernews": {}},
            "sentiment": {"engine": "vader"},
            "storage": {"url": f"sqlite:///{self.config.parent / 'listener.db'}"},
            "alerts": {"rules": [{"name": "odd", "when": "anomaly in mentions"}], **alerts},
        }
        self.config.write_text(json.dumps(settings), encoding="utf-8")

    @asynccontextmanager
    async def day(self) -> AsyncIterator[Station]:
        async with open_station(load(self.config, {}), lambda: float(self.now)) as station:
            yield station


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


async def hear(station: Station, days: int, *, live: bool = True, posts: Sequence[KeptPost] = ()) -> None:
    """Six posts an hour, heard until now."""
    until = station.now()
    said = [
        post(f"{at} {n}", at + n * 600) for at in range(until - days * DAY, until, HOUR) for n in range(6)
    ]
    heard = page([*said, *posts], (until - days * DAY, until), source=HACKERNEWS, live=live)
    await station.writer.store(lambda store: store.commit(heard))


async def flood(life: Life, station: Station) -> None:
    """Ten minutes in which two hundred posts come."""
    life.now += 600
    posts = [post(f"flood {n}", NOW + 1 + n) for n in range(200)]
    heard = page(posts, (NOW, NOW + 600), source=HACKERNEWS)
    await station.writer.store(lambda store: store.commit(heard))


def known(station: Station, brand: str = "Acme") -> dict[str, Baseline]:
    return baselines.of_brand(station.reader, brand)


def fired(station: Station) -> list[str]:
    return [row[0] for row in station.reader.rows("SELECT subject FROM alert_events WHERE kind = 'fired'")]


async def calibrate(station: Station, kind: str = "volume.up") -> None:
    one = learning.calibrated(known(station)[kind], KNOWN, station.now())
    await station.writer(lambda db: baselines.put(db, one))


# Learning


async def test_what_is_stored_is_learned_on_other_threads_and_kept_by_the_writer(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[str]] = {"learns": set(), "keeps": set()}
    _note_thread(monkeypatch, learning, "heed", threads["learns"])
    _note_thread(monkeypatch, baselines, "learn", threads["keeps"])
    monkeypatch.setattr(heeding, "_PAUSE", 0)
    async with life.day() as station:
        await hear(station, 20)
        await heeding.heed(station)
        assert {one.through for one in known(station).values()} == {NOW - heeding_lateness(station)}
        assert set(known(station)) == set(KINDS)
        assert known(station, "Bolt") == {}, "no rule looks at it"
    assert threads["learns"]
    assert threading.main_thread().name not in threads["learns"]
    assert all(name.startswith("writer") for name in threads["keeps"])


def heeding_lateness(station: Station) -> int:
    """Seconds for which posts of the source may still arrive, in whole quarter hours."""
    (collector,) = station.collectors
    return -(-collector.source.lateness // QUARTER) * QUARTER


def _note_thread(patch: pytest.MonkeyPatch, module: Any, name: str, seen: set[str]) -> None:
    inner: Callable[..., Any] = getattr(module, name)

    def noting(*arguments: Any) -> Any:
        seen.add(threading.current_thread().name)
        return inner(*arguments)

    patch.setattr(module, name, noting)


async def test_a_restart_in_the_middle_goes_on_where_it_was(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    inner = learning.heed

    def counted(store: Rows, *rest: Any) -> Any:
        steps.append(max((one.through for one in baselines.of_brand(store, "Acme").values()), default=0))
        return inner(store, *rest)

    monkeypatch.setattr(learning, "heed", counted)
    monkeypatch.setattr(heeding, "_PAUSE", 60)
    async with life.day() as station:
        await hear(station, 20)
        # It waits a minute behind the first step, and is stopped there.
        await _stopped_when(heeding.heed(station), lambda: bool(known(station)))
        assert {one.through for one in known(station).values()} == {NOW - 13 * DAY}
    monkeypatch.setattr(heeding, "_PAUSE", 0)
    async with life.day() as station:
        await heeding.heed(station)
    assert steps == [0, NOW - 13 * DAY, NOW - 6 * DAY]


async def _stopped_when(work: Awaitable[None], done: Callable[[], bool]) -> None:
    task = asyncio.ensure_future(work)
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=20)
    assert task.cancelled(), "a daemon that stops is not kept waiting"


async def test_a_flood_in_the_first_two_weeks_is_not_told(life: Life) -> None:
    async with life.day() as station:
        await hear(station, 13)
        await flood(life, station)
        await heeding.heed(station)
        assert known(station) == {}
        assert fired(station) == []


async def test_a_flood_is_told_once_where_the_weeks_before_were_imported(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heeding, "_PAUSE", 0)
    async with life.day() as station:
        await hear(station, 20, live=False)
        await heeding.heed(station)
        await calibrate(station)
        life.now += DAY
        # The past day must have come by listening.
        await hear(station, 1)
        await heeding.heed(station)
        assert fired(station) == []
        life.now += 600
        posts = [post(f"flood {n}", NOW + DAY + n) for n in range(200)]
        heard = page(posts, (NOW + DAY, NOW + DAY + 600), source=HACKERNEWS)
        await station.writer.store(lambda store: store.commit(heard))
        await heeding.heed(station)
        await heeding.heed(station)
        assert fired(station) == ["volume.up"]
    async with life.day() as station:
        life.now += 60
        await heeding.heed(station)
        assert fired(station) == ["volume.up"], "a restart tells nothing again"


# Calibrating


@pytest.fixture
def one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heeding, "_PAUSE", 0)
    monkeypatch.setattr(heeding, "KINDS", ("volume.up",))


def answers(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the child be another program."""
    monkeypatch.setattr(calibrating, "_COMMAND", (sys.executable, "-c", code))


_READS = "import sys, json, os, time; lines = sys.stdin.readlines()\n"
_FOUND = (
    "print(json.dumps({'threshold': 3.5, 'expected_rate': 1.0, 'measured_rate': None, 'trained_days': 20.0, "
    "'enough': True}))"
)


@pytest.mark.usefixtures("one_kind")
@pytest.mark.parametrize(
    ("code", "why"),
    [
        (_READS + "raise ValueError('of no use')", "ended with 1: ValueError: of no use"),
        (_READS + "os.kill(os.getpid(), 9)", "ended with -9"),
        (_READS + "print('hello')", "cannot be read"),
        (_READS + "print('[]')", "cannot be read"),
        ("import sys; sys.stdin.close(); sys.exit(4)", "ended with 4"),
        ("import time; time.sleep(60)", "no answer within 0.5 seconds"),
    ],
)
async def test_a_child_that_fails_is_survived_and_said(
    life: Life, monkeypatch: pytest.MonkeyPatch, code: str, why: str
) -> None:
    answers(monkeypatch, code)
    monkeypatch.setattr(calibrating, "_PATIENCE", 0.5 if "sleep" in code else 60)
    async with life.day() as station:
        await hear(station, 15)
        await heeding.heed(station)
        turns = Calibrating(station)
        with structlog.testing.capture_logs() as logs:
            await turns.turn()
        (line,) = (one for one in logs if one["log_level"] == "warning")
        assert (line["brand"], line["series"]) == ("Acme", "volume.up")
        assert why in line["why"]
        assert known(station)["volume.up"].calibration is None
        # Not at once again, and not never.
        answers(monkeypatch, _READS + _FOUND)
        life.now += heeding.RETRY_EVERY - 1
        await turns.turn()
        assert known(station)["volume.up"].calibration is None
        life.now += 1
        await turns.turn()
        assert learning.threshold(known(station)["volume.up"].calibration) == 3.5


@pytest.mark.usefixtures("one_kind")
async def test_without_a_program_to_start_it_is_said(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrating, "_COMMAND", (str(life.config.parent / "no such program"),))
    async with life.day() as station:
        await hear(station, 15)
        await heeding.heed(station)
        with structlog.testing.capture_logs() as logs:
            await Calibrating(station).turn()
        assert "no such program" in next(one["why"] for one in logs if one["log_level"] == "warning")


@pytest.mark.usefixtures("one_kind")
async def test_no_child_outlives_the_daemon(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    said = life.config.parent / "pid"
    answers(monkeypatch, f"import os, time; open({str(said)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    async with life.day() as station:
        await hear(station, 15)
        await heeding.heed(station)
        await _stopped_when(Calibrating(station).turn(), lambda: said.exists() and bool(said.read_text()))
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)


@pytest.mark.usefixtures("one_kind")
async def test_thresholds_are_found_anew_each_day_and_for_another_rate(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = life.config.parent / "asked"
    write = f"open({str(asked)!r}, 'a').write(lines[0])\nwork = json.loads(lines[0])\n"
    answers(
        monkeypatch, _READS + write + _FOUND.replace("'expected_rate': 1.0", "'expected_rate': work['rate']")
    )
    async with life.day() as station:
        await hear(station, 15)
        await heeding.heed(station)
        turns = Calibrating(station)
        await turns.turn()
        life.now += heeding.CALIBRATE_EVERY - 1
        await turns.turn()
        assert len(asked.read_text().splitlines()) == 1
        life.now += 1
        await turns.turn()
        assert len(asked.read_text().splitlines()) == 2
    life.configure(alarm_rate="6/year")
    async with life.day() as station:
        await Calibrating(station).turn()
    rates = [json.loads(line)["rate"] for line in asked.read_text().splitlines()]
    assert rates == [per_series(1, ["volume.up"]), per_series(1, ["volume.up"]), 0.5]


@pytest.mark.usefixtures("one_kind")
async def test_a_threshold_that_is_found_while_it_learns_is_not_lost(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, loop = learning.heed, asyncio.get_running_loop()
    async with life.day() as station:
        await hear(station, 15)
        await heeding.heed(station)
        life.now += HOUR

        def slow(*arguments: Any) -> Any:
            step = inner(*arguments)
            asyncio.run_coroutine_threadsafe(calibrate(station), loop).result(20)
            return step

        monkeypatch.setattr(learning, "heed", slow)
        await heeding.heed(station)
        kept = known(station)["volume.up"]
        assert learning.threshold(kept.calibration) == KNOWN.threshold
        assert kept.through > NOW - QUARTER, "and what was learned stays too"


@pytest.mark.usefixtures("one_kind")
async def test_a_threshold_for_what_began_anew_meanwhile_is_dropped(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life.day() as station:
        await hear(station, 15)
        await heeding.heed(station)
        anew = replace(known(station)["volume.up"], setting="another", through=NOW - DAY)

        async def slow(*_: object) -> Calibration:
            await station.writer(lambda db: baselines.put(db, anew))
            return KNOWN

        monkeypatch.setattr(calibrating, "calibrated", slow)
        await Calibrating(station).turn()
        assert known(station)["volume.up"] == anew


@pytest.mark.slow
@pytest.mark.usefixtures("one_kind")
async def test_the_real_child_finds_a_threshold_by_which_a_flood_fires_and_a_usual_day_does_not(
    life: Life,
) -> None:
    async with life.day() as station:
        await hear(station, 20)
        await heeding.heed(station)
        await Calibrating(station).turn()
        found = known(station)["volume.up"].calibration
        assert found is not None
        assert (found["enough"], found["expected_rate"]) == (True, 1.0)
        assert 0.3 < found["threshold"] < 20
        await heeding.heed(station)
        assert fired(station) == []
        await flood(life, station)
        await heeding.heed(station)
        assert fired(station) == ["volume.up"]
