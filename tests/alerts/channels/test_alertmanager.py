"""What Alertmanager is sent, who may ask it, and what each outcome means, against a scripted server."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError
from sample_messages import plain
from servers import FaultServer, Reply

from alerts.channels.alertmanager import Options, alert, build
from alerts.channels.base import Past, Undelivered
from alerts.message import Letter, Message
from alerts.repeating import Repeating
from alerts.transport import Transport
from storage.outbox import OutboxRow

NOW = 1_794_500_000.0
FIRED = {"kpi": "mentions", "fired_at": "2026-11-12T13:15:00Z", "value": 9, "market": "lamps"}


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport() as running:
        yield running


def options(*paths: str, server: FaultServer | None = None, **more: object) -> Options:
    at = [server.url(path) if server else f"http://127.0.0.1:9093{path}" for path in paths or ("",)]
    return Options.model_validate({"url": at, **more})


def test_the_end_bears_the_labels_and_the_beginning_of_what_fired() -> None:
    fired = alert(plain(data=FIRED), options(), NOW)
    over = plain(kind="resolved", at="2026-11-12T15:00:00+01:00", data={**FIRED, "value": 1, "n": 3})
    resolved = alert(over, options(), NOW)
    assert resolved["labels"] == fired["labels"]
    assert fired["labels"] == {
        "alertname": "angry",
        "brand": "Nordlicht",
        "severity": "warning",
        "kpi": "mentions",
        "market": "lamps",
    }
    assert resolved["startsAt"] == fired["startsAt"] == "2026-11-12T13:15:00+00:00"
    assert resolved["endsAt"] == "2026-11-12T15:00:00+01:00"


async def test_alerts_that_come_in_one_message_are_alerts_of_their_own(
    server: FaultServer, transport: Transport
) -> None:
    server.script("*", Reply(200))
    over = {"rule": "slow", "brand": "Brisa", "kind": "resolved", "at": "2026-11-12T14:00:00Z", **FIRED}
    first = {"rule": "angry", "brand": "Nordlicht", "kind": "fired", "severity": "critical", **FIRED}
    message = plain(rule=None, brand=None, data={"alerts": [first, over]})
    await build(options("", server=server), transport).send(message)
    (sent,) = server.requests
    angry, slow = sent.json()
    assert (angry["labels"]["alertname"], angry["labels"]["severity"]) == ("angry", "critical")
    assert (slow["labels"]["alertname"], slow["labels"]["brand"]) == ("slow", "Brisa")
    assert slow["endsAt"] == "2026-11-12T14:00:00+00:00" < angry["endsAt"]


@pytest.mark.parametrize(("kind", "lasts"), [("fired", timedelta(hours=2)), ("test", timedelta(minutes=1))])
def test_what_fires_lasts_as_long_as_is_set_and_a_test_a_minute(kind: str, lasts: timedelta) -> None:
    made = alert(plain(kind=kind, data=FIRED), options(lasts="2h"), NOW)
    assert datetime.fromisoformat(str(made["endsAt"])).timestamp() - NOW == lasts.total_seconds()


def test_an_end_before_the_beginning_is_no_alert_that_is_refused() -> None:
    made = alert(plain(kind="expired", at="2026-11-12T10:00:00Z", data=FIRED), options(), NOW)
    assert made["startsAt"] == made["endsAt"]


def test_labels_of_ones_own_are_added_and_never_instead_of_ours() -> None:
    made = alert(plain(data={}), options(labels={"team": "social"}), NOW)["labels"]
    assert isinstance(made, dict) and made["team"] == "social"
    for wrong in ({"brand": "x"}, {"a-b": "x"}, {"a\n": "x"}):
        with pytest.raises(ValidationError, match="no label to add"):
            options(labels=wrong)


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({"token": "t0k3n"}, "Bearer t0k3n"),
        ({"username": "u", "password": "p:é"}, "Basic " + base64.b64encode("u:p:é".encode()).decode()),
    ],
)
async def test_who_asks_is_said(
    server: FaultServer, transport: Transport, more: dict[str, str], header: str
) -> None:
    server.script("*", Reply(200))
    channel = build(options("", server=server, **more), transport)
    await channel.send(plain())
    assert await channel.reachable() == "ready"
    assert [(seen.method, seen.path, seen.headers["Authorization"]) for seen in server.requests] == [
        ("POST", "/api/v2/alerts", header),
        ("GET", "/-/ready", header),
    ]


async def test_each_of_a_cluster_is_told_and_none_twice(server: FaultServer, transport: Transport) -> None:
    server.script("/a/api/v2/alerts", Reply(200))
    server.script("/b/api/v2/alerts", Reply(429, headers={"Retry-After": "9"}), Reply(200))
    channel = build(options("/a", "/b", server=server), transport)
    with pytest.raises(Undelivered) as caught:
        await channel.send(plain())
    failure = caught.value
    assert (failure.permanent, failure.retry_after, len(failure.taken)) == (False, 9.0, 1)
    await channel.send(plain(), Past(failure.taken))
    assert [seen.path[:2] for seen in server.requests] == ["/a", "/b", "/b"]


@pytest.mark.parametrize(
    ("reply", "permanent", "unknown"),
    [
        (Reply(400, "bad"), True, False),
        (Reply(401), True, False),
        (Reply(503), False, False),
        (Reply(reset=True), False, True),
    ],
)
async def test_what_each_outcome_means(
    server: FaultServer, transport: Transport, reply: Reply, permanent: bool, unknown: bool
) -> None:
    server.script("*", reply)
    with pytest.raises(Undelivered) as caught:
        await build(options("/s3cr3t", server=server), transport).send(plain())
    assert (caught.value.permanent, caught.value.unknown) == (permanent, unknown)
    assert "s3cr3t" not in str(caught.value)


async def test_a_letter_is_not_sent(server: FaultServer, transport: Transport) -> None:
    with pytest.raises(Undelivered, match="no letters") as caught:
        await build(options("", server=server), transport).send(Letter("k", "s", "h", "t", (), {}))
    assert caught.value.permanent
    assert not server.requests


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": []}, "at least 1"),
        ({"url": ["ftp://x"]}, "begins with"),
        ({"username": "u"}, "belong together"),
        ({"username": "u", "password": "s3cr3t", "token": "s3cr3t"}, "either"),
        ({"lasts": "1m"}, "greater than or equal"),
    ],
)
def test_mistakes_are_told_without_secrets(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        Options.model_validate({"url": ["http://127.0.0.1:9093"], **wrong})
    assert "s3cr3t" not in str(caught.value)


class Firing:
    """A store in which one alert fires."""

    def rows(self, sql: str, parameters: object = ()) -> list[tuple[object, ...]]:
        return [(1, "angry:42", "{}", "[]", 1, 1, "angry:42")]


async def test_what_fires_is_said_again_each_minute_whatever_the_clock_does(
    server: FaultServer, transport: Transport
) -> None:
    server.script("*", Reply(200), Reply(500), Reply(200))
    clock = [NOW]

    def make(row: OutboxRow) -> Message:
        return replace(plain(row.key), data=FIRED)

    channels = {"alertmanager": build(options("", server=server), transport)}
    repeating = Repeating(Firing(), channels, make, lambda: clock[0])  # type: ignore[arg-type]
    sent = []
    for moved in (0, 1, 59, 61, 30, -7_200, 1):
        clock[0] += moved
        await repeating.turn("alertmanager")
        sent.append(len(server.requests))
    assert sent == [1, 1, 2, 3, 3, 4, 4]


async def test_other_channels_are_told_once(transport: Transport) -> None:
    from alerts.channels.webhook import Webhook

    channels = {"webhook": Webhook(SecretStr("http://127.0.0.1:9/"), None, transport)}
    repeating = Repeating(Firing(), channels, lambda row: plain(), time.time)  # type: ignore[arg-type]
    assert await repeating.turn("webhook") is None
