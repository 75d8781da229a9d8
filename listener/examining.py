"""What the doctor looks at: each finding says what is wrong and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing, closing
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from alerts.channels import CHANNELS
from alerts.channels.base import Looks, Undelivered
from alerts.channels.mail_faults import no_connection
from alerts.format import plural
from alerts.transport import Answer, Transport
from listener import machine
from listener.collectors import collectors_of
from listener.collectors.base import Collector, Permanent, Retriable
from listener.config import Config
from listener.engine import judge_of
from listener.finding import Finding
from listener.hearing import Hearing
from listener.http import PoliteClient
from listener.matching.matcher import Matcher
from listener.showing import lost
from sentiment.tone import EngineUnavailable, Text
from storage.condition import condition
from storage.sqlite import SqliteStore

_PATIENCE = 60.0


class _Watch(Transport):
    """A transport that notes by how much our clock is ahead of those who answer, without asking anybody for it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self.offsets: dict[str, float] = {}

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        before = self._clock()
        answer = await super().request(method, url, **options)
        after = self._clock()
        if (told := machine.told_time(answer.headers)) is not None:
            # A Date has whole seconds, and was said at some time between the question and its answer.
            self.offsets[urlsplit(answer.url).hostname or ""] = (before + after) / 2 - (told + 0.5)
        return answer


async def examine(config: Config, clock: Callable[[], float], free: int) -> list[Finding]:
    """Look at store, disk, engine, fonts, sources, channels and clock. `free` in bytes. Raises StoreError."""
    now = int(clock())
    with closing(SqliteStore(config.database, zone=config.zone)) as store:
        told = lost(store, now)
        found = condition(store, now)
    findings = [
        *machine.database(config.database, found),
        machine.disk(free, found.a_day),
        _engine(config),
        machine.fonts(),
    ]
    transport = _Watch(clock)
    async with transport:
        client = PoliteClient(transport, clock)
        hearing = Hearing(config.brands, Matcher(config.brands))
        collectors = collectors_of(config.sources, client, hearing)
        findings += await asyncio.gather(*(_source(c, now) for c in collectors))
        findings += [await _channel(name, options, transport) for name, options in config.channels.items()]
    findings.append(machine.clock(list(transport.offsets.values())))
    if told:
        remedy = "mend what it says there, then `listener alerts resend --failed`"
        findings.append(Finding("messages", False, told, remedy))
    if not collectors:
        findings.append(
            Finding("sources", False, "none is configured", "add one under sources, or import a file")
        )
    return findings


def _engine(config: Config) -> Finding:
    try:
        judge = judge_of(config)
    except EngineUnavailable as error:
        return Finding("sentiment", False, str(error))
    tone = judge.engine.judge([Text("This is wonderful, thank you!", "en")])[0]
    if judge.instead:
        return Finding(
            "sentiment", False, judge.instead, f"until then its fallback {judge.engine.name} judges"
        )
    return Finding("sentiment", True, f"{judge.engine.name} judges a sample {tone.label}")


async def _source(collector: Collector, now: int) -> Finding:
    name = collector.source.name
    try:
        async with asyncio.timeout(_PATIENCE):
            async with aclosing(collector.pages(None, now)) as pages:
                async for page in pages:
                    return Finding(
                        name, True, f"answers, {plural(len(page.posts), 'post')} on its first page"
                    )
    except Retriable as failure:
        remedy = "the daemon goes on asking; if it stays so, check the network and the address"
        return Finding(name, False, str(failure), remedy)
    except Permanent as failure:
        return Finding(name, False, str(failure))
    except TimeoutError:
        return Finding(name, False, f"no page within {_PATIENCE:.0f} s", "check the network, or try again")
    return Finding(name, True, "answers, nothing on it yet")


async def _channel(name: str, options: BaseModel, transport: Transport) -> Finding:
    """Channels are not sent anything: that is what `listener alerts test` is for. Their server is looked for."""
    channel = import_module(CHANNELS[name]).build(options, transport)
    if isinstance(channel, Looks):
        try:
            says = await channel.reachable()
        except Undelivered as failure:
            return Finding(f"channel {name}", False, str(failure), f"check channels.{name} in config.yaml")
        return Finding(f"channel {name}", True, f"{says}; `listener alerts test {name}` sends a sample")
    fields: Mapping[str, object] = dict(options)
    host, port = fields.get("host"), fields.get("port")
    if isinstance(host, str) and isinstance(port, int):
        try:
            async with asyncio.timeout(10):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
        except (OSError, TimeoutError) as error:
            why = no_connection(error, host, port)
            return Finding(f"channel {name}", False, why, f"mend channels.{name} in config.yaml")
        return Finding(
            f"channel {name}", True, f"{host}:{port} can be reached; `listener alerts test` sends a sample"
        )
    kept = any(isinstance(value, SecretStr) for value in fields.values())
    says = "its secret is set; " if kept else ""
    return Finding(f"channel {name}", True, f"{says}`listener alerts test {name}` sends a sample")
