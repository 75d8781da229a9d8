"""A receiver that forgets is not told again what somebody has silenced or put off, and is told when that ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from servers import FaultServer, Reply

from alerts.routing.settling import lay_out
from listener import hushing
from listener.config import Config, load
from listener.station import Station, open_station
from storage import alerting
from storage.alerting import AlertEvent, AlertState
from storage.base import Transaction

NOW = 1_790_000_000
MINUTE, HOUR = 60, 3_600


def house(folder: Path, server: FaultServer) -> Config:
    rules = [{"name": name, "when": "mentions >= 3", "over": "1h"} for name in ("busy", "angry")]
    settings = {
        "brands": [{"name": "Acme", "own": True}],
        "sentiment": {"engine": "vader"},
        "storage": {"url": "sqlite:///listener.db"},
        "channels": {"alertmanager": {"url": [server.url("")]}},
        "alerts": {"rules": rules},
    }
    (folder / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return load(folder / "config.yaml", {})


def fire(db: Transaction, station: Station, rule: str) -> None:
    numbers = {
        **{
            "kpi": "mentions",
            "op": ">=",
            "threshold": 3,
            "unit": "mentions",
            "value": 4,
            "n": 4,
            "over": HOUR,
        },
        **{"min_n": 0, "since": NOW - HOUR, "until": NOW, "fired_at": NOW, "cooldown": HOUR, "expire": HOUR},
        **{"heard": [], "left_out": [], "tag": None, "severity": "warning"},
    }
    event = AlertEvent(rule, rule, "Acme", "fired", NOW, NOW - HOUR, NOW, numbers, (), "", "warning", rule)
    alerting.step(db, None, AlertState(rule, "Acme", "firing", NOW, NOW, NOW, NOW, "", rule))
    alerting.add_event(db, event)
    lay_out(db, station.config.routing, event, rule, NOW)


@pytest.mark.parametrize("how", ["silence", "snooze"])
async def test_what_is_silenced_is_not_said_again_until_that_ends(
    tmp_path: Path, server: FaultServer, how: str
) -> None:
    server.script("*", Reply(200))
    config, now = house(tmp_path, server), NOW
    async with open_station(config, lambda: float(now)) as station:

        async def said() -> list[str]:
            """What Alertmanager is told in this minute."""
            before = len(server.requests)
            await station.dispatcher.deliver_due("alertmanager")
            await station.dispatcher._repeating.turn("alertmanager")
            bodies = [json.loads(seen.body) for seen in server.requests[before:]]
            return [alert["labels"]["alertname"] for body in bodies for alert in body]

        def hush(db: Transaction) -> None:
            if how == "silence":
                hushing.silence(db, config, {"rule": ["angry"]}, HOUR, by="ann", why="", now=now)
            else:
                hushing.answer(db, config, "angry", by="ann", why=None, now=now, lasts=HOUR)

        for rule in ("busy", "angry"):
            await station.writer(lambda db, rule=rule: fire(db, station, rule))  # type: ignore[misc]
        assert await said() == ["busy", "angry"] * 2, "told, and said again after a start"
        now += MINUTE
        assert await said() == ["busy", "angry"]
        await station.writer(hush)
        now += MINUTE
        assert await said() == ["busy"]
        now += HOUR - MINUTE - 1
        assert await said() == ["busy"]
        now += MINUTE
        assert await said() == ["busy", "angry"]


async def test_somebody_who_takes_an_alert_on_does_not_end_it(tmp_path: Path, server: FaultServer) -> None:
    server.script("*", Reply(200))
    config = house(tmp_path, server)
    async with open_station(config, lambda: float(NOW)) as station:
        await station.writer(lambda db: fire(db, station, "angry"))
        await station.dispatcher.deliver_due("alertmanager")
        await station.writer(lambda db: hushing.answer(db, config, "angry", by="ann", why="on it", now=NOW))
        await station.dispatcher._repeating.turn("alertmanager")
        assert len(server.requests) == 2
