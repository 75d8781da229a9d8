"""Texts expire once an hour, and not because a clock says for a moment that years have passed."""

from __future__ import annotations

import json
from pathlib import Path

from listener.config import load
from listener.expiring import expire
from listener.station import open_station
from storage import deliveries, outbox
from storage.mention import Heard, Kept, KeptPost, Mention, Source

HOUR, DAY = 3_600, 86_400
T0 = 1_800_000_000


async def test_a_clock_that_leaps_ahead_drops_nothing_unless_it_stays_there(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    settings = {
        "timezone": "UTC",
        "brands": [{"name": "Acme", "own": True}],
        "sentiment": {"engine": "vader"},
        "storage": {"url": "sqlite:///listener.db", "retention": {"default": "365d"}},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    now = T0 + HOUR
    async with open_station(load(config, {}), lambda: float(now)) as station:
        await station.writer(lambda db: outbox.put(db, ["console"], "test-1", "test", {}, [], T0))
        await station.dispatcher.deliver_due("console")
        post = KeptPost("1", "Acme is fine", T0, T0, mentions=(Mention("Acme"),))
        page = Kept(Source("news", "feeds"), [post], heard=Heard(T0 - DAY, T0), at=T0)
        await station.writer.store(lambda store: store.commit(page))
        assert await expire(station) == 0
        now += 400 * DAY
        assert await expire(station) == 0, "the clock leapt"
        now -= 400 * DAY - HOUR
        assert await expire(station) == 0, "it was wrong"
        now += 400 * DAY
        assert await expire(station) == 0
        now += HOUR
        assert len(deliveries.newest(station.reader)) == 1
        assert await expire(station) == 1, "it stayed there: the daemon was off for so long"
        assert deliveries.newest(station.reader) == [], "what was told is dropped as texts are"


async def test_what_is_kept_for_good_is_not_dropped(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    settings = {
        "brands": [{"name": "Acme", "own": True}],
        "sentiment": {"engine": "vader"},
        "storage": {"url": "sqlite:///listener.db", "retention": {"default": None}},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    now = T0
    async with open_station(load(config, {}), lambda: float(now)) as station:
        await station.writer(lambda db: outbox.put(db, ["console"], "test-1", "test", {}, [], T0))
        await station.dispatcher.deliver_due("console")
        now += 9_999 * DAY
        for _ in range(2):
            assert await expire(station) == 0
        assert len(deliveries.newest(station.reader)) == 1
