"""A real Alertmanager receives, groups, silences and resolves ours, and knows them again after its restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import BRANDS, HACKERNEWS, page, post
from pydantic import SecretStr
from real_alertmanager import AMTOOL, BINARY, RealAlertmanager
from sample_messages import hostile, plain
from servers import FaultServer, Reply

from alerts import judging
from alerts.channels.alertmanager import Alertmanager, Options, build
from alerts.channels.base import Undelivered
from alerts.message import Message
from alerts.repeating import Repeating
from alerts.rules import Look, Rule, RuleOptions
from alerts.telling import to_send
from alerts.transport import Transport
from storage import alerting, outbox
from storage.outbox import OutboxRow
from storage.sqlite import SqliteStore

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        BINARY is None or AMTOOL is None,
        reason="no Alertmanager on this machine (apt install prometheus-alertmanager)",
    ),
]
HOOK = "/hook"


@pytest.fixture
async def hook() -> AsyncIterator[FaultServer]:
    async with FaultServer() as running:
        running.script(HOOK, Reply(200))
        yield running


@pytest.fixture
def manager(tmp_path: Path, hook: FaultServer) -> Iterator[RealAlertmanager]:
    running = RealAlertmanager(tmp_path, hook.url(HOOK))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def channel(manager: RealAlertmanager) -> AsyncIterator[Alertmanager]:
    async with Transport() as transport:
        yield build(Options(url=(SecretStr(manager.url + "/"),)), transport)


def told(rule: str, kind: str = "fired", ago: float = 60.0, **changes: object) -> Message:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    began = (datetime.now(UTC) - timedelta(seconds=60)).replace(microsecond=0)
    data = {"kpi": "negative_share", "fired_at": began.isoformat(), "tag": None}
    return replace(plain(rule), rule=rule, kind=kind, at=at.isoformat(), data=data, **changes)  # type: ignore[arg-type]


async def until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 15
    while not seen():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


def hooked(hook: FaultServer, rule: str, status: str) -> list[dict[str, str]]:
    """The labels of what the receiver was told with this status, for a rule."""
    return [
        alert["labels"]
        for seen in hook.seen(HOOK)
        for alert in seen.json()["alerts"]
        if alert["labels"]["alertname"] == rule and alert["status"] == status
    ]


async def test_it_groups_silences_and_resolves(
    manager: RealAlertmanager, channel: Alertmanager, hook: FaultServer
) -> None:
    assert await channel.reachable() == "ready"
    silence = ("silence", "add", "alertname=quiet", "--comment=known", "--author=me", "--duration=1h")
    await asyncio.to_thread(manager.amtool, *silence)
    await channel.send(told("angry", severity="critical"))
    await channel.send(told("busy"))
    await channel.send(told("quiet"))
    await channel.send(told("elsewhere", brand="Morvane"))
    await until(lambda: bool(hooked(hook, "busy", "firing")), "the group came")

    held = await asyncio.to_thread(manager.alerts)
    assert sorted(one["labels"]["alertname"] for one in held) == ["angry", "busy", "elsewhere", "quiet"]
    (angry,) = (one for one in held if one["labels"]["alertname"] == "angry")
    assert angry["labels"] == {
        "alertname": "angry",
        "brand": "Nordlicht",
        "severity": "critical",
        "kpi": "negative_share",
    }
    assert angry["generatorURL"] == "http://127.0.0.1:8765/alerts/1"
    assert "46.3" in angry["annotations"]["description"]
    assert angry["annotations"]["posts"] == "https://news.example/item?id=1&x=2"
    assert "lamp" not in str(angry["annotations"]), "no post's text: receivers escape nothing"
    ends = datetime.fromisoformat(angry["endsAt"])
    assert timedelta(minutes=55) < ends - datetime.now(UTC) < timedelta(minutes=65)
    silenced = [one["labels"]["alertname"] for one in held if one["status"]["state"] == "suppressed"]
    assert silenced == ["quiet"]
    groups = [
        {alert["labels"]["alertname"] for alert in seen.json()["alerts"]}
        for seen in hook.seen(HOOK)
        if seen.json()["groupLabels"] == {"brand": "Nordlicht"}
    ]
    assert groups[-1] == {"angry", "busy"}

    await channel.send(told("angry", "resolved", ago=0, severity="critical"))
    await channel.send(told("quiet", "resolved", ago=0))
    await until(lambda: bool(hooked(hook, "angry", "resolved")), "the end came")
    assert hooked(hook, "angry", "resolved")[0] == hooked(hook, "angry", "firing")[0]
    left = await asyncio.to_thread(manager.alerts)
    assert sorted(one["labels"]["alertname"] for one in left) == ["busy", "elsewhere"]
    assert not hooked(hook, "quiet", "firing") + hooked(hook, "quiet", "resolved")


async def test_it_takes_what_strangers_write_and_a_test_that_ends_by_itself(
    manager: RealAlertmanager, channel: Alertmanager
) -> None:
    await channel.send(replace(hostile(), kind="fired"))
    await channel.send(replace(plain("test-1"), kind="test", rule=None, brand=None, data={}))
    held = await asyncio.to_thread(manager.alerts)
    (test,) = (one for one in held if one["labels"]["alertname"] == "ListenerTest")
    assert datetime.fromisoformat(test["endsAt"]) - datetime.now(UTC) < timedelta(minutes=1)
    (strange,) = (one for one in held if one != test)
    said = " ".join(text for name, text in strange["annotations"].items() if name != "posts")
    assert "@\u2060channel" in said
    assert "<!channel>" not in said and "@channel" not in said and "<@" not in said
    assert "<" not in strange["annotations"]["posts"]


async def test_what_still_fires_is_there_again_after_its_restart_and_what_is_over_is_not(
    manager: RealAlertmanager, channel: Alertmanager, tmp_path: Path
) -> None:
    store, now = SqliteStore(tmp_path / "listener.db"), int(time.time())
    store.register(BRANDS, [HACKERNEWS])
    store.commit(page([post(f"p{n}", now - 60 - n) for n in range(4)], (now - 86_400, now)))
    options = {"when": "mentions >= 3", "channels": ["alertmanager"]}
    rules = [
        Rule.of(RuleOptions.model_validate({"name": name, **options}), "Acme") for name in ("busy", "gone")
    ]

    def make(row: OutboxRow) -> Message:
        made = to_send(row, store, ZoneInfo("Europe/Madrid"), None)
        assert isinstance(made, Message)
        return made

    found = judging.look(Look(store, BRANDS, ZoneInfo("UTC"), now), rules)
    with store.writing() as db:
        assert len(judging.write(db, found, now)) == 2
        while row := outbox.claim(db, "alertmanager", now):
            await channel.send(make(row))
            outbox.delivered(db, row.id, now)
        # As a start does with a rule that is configured no more.
        alerting.forget_missing(db, [("busy", "Acme")])

    before = await asyncio.to_thread(manager.alerts, "alertname=busy")
    await asyncio.to_thread(manager.stop)
    await asyncio.to_thread(manager.start)
    assert await asyncio.to_thread(manager.alerts) == [], "it forgets alerts: that is why they are repeated"

    repeating = Repeating(store, {"alertmanager": channel}, make, time.time)
    due = await repeating.turn("alertmanager")
    assert due is not None and 50 < due - time.time() <= 60
    held = await asyncio.to_thread(manager.alerts)
    assert [(one["labels"], one["fingerprint"]) for one in held] == [
        (before[0]["labels"], before[0]["fingerprint"])
    ]
    assert datetime.fromisoformat(held[0]["startsAt"]) == datetime.fromtimestamp(now, UTC)
    store.close()


async def test_nobody_there_is_found_out_without_sending(
    manager: RealAlertmanager, channel: Alertmanager
) -> None:
    await asyncio.to_thread(manager.stop)
    with pytest.raises(Undelivered, match="cannot be reached"):
        await channel.reachable()
