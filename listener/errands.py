"""What a command does once with the daemon's parts: a round of polls, a test of the channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from listener import expiring, letters, listening, watching
from listener.collectors.base import Collector
from listener.config import Config
from listener.settling import Settling
from listener.station import Clock, Station, open_station
from listener.visiting import Visiting
from listener.writer import Writer
from storage import outbox, polling
from storage.base import StoreBusy, Transaction
from storage.sqlite import Reader

STREAM_LIMIT = 120.0
"""Seconds for which one round reads a stream that has not yet told everything up to now."""
PATIENCE = 60.0
"""Seconds in which a running daemon should have tried every channel."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What was done, a line each, and the names of what failed."""

    lines: tuple[str, ...]
    failed: tuple[str, ...]


async def run_once(config: Config, clock: Clock) -> Errand:
    """Poll each source once, with a look at kept posts, judge the rules, write a letter, drop old texts, deliver.

    All of it as far as it is due.
    """
    async with open_station(config, clock) as station:
        async with asyncio.TaskGroup() as polls:
            tasks = [polls.create_task(_poll(station, collector)) for collector in station.collectors]
        outcomes = [task.result() for task in tasks]
        await watching.judge(station, config.rules)
        await letters.write_if_due(station)
        await expiring.expire(station)
        await Settling().settle(station)
        for channel in config.channels:
            await station.dispatcher.deliver_due(channel)
        failed = [
            c.source.name for c, (_, good) in zip(station.collectors, outcomes, strict=True) if not good
        ]
        return Errand(
            tuple(line for line, _ in outcomes),
            (*failed, *(f"channel {c}" for c in station.dispatcher.failing)),
        )


async def _poll(station: Station, collector: Collector) -> tuple[str, bool]:
    source = collector.source.name
    before = await listening.state(station, source)
    if (wait := listening.must_wait(before, station.now())) > 0:
        return f"{source}: left alone for {wait} s more: {before.next_reason}", True
    try:
        async with asyncio.timeout(STREAM_LIMIT if collector.streams else None):
            outcome = await listening.poll(station, collector, until=station.now())
    except TimeoutError:
        # A stream that has much to tell: what came so far is kept, the rest comes with the next run.
        await listening.answered(station, collector)
        outcome = "answered"
    after = await listening.state(station, source)
    if after.next_reason != polling.ASKED_TO_WAIT:
        await Visiting(station, collector).turn()
    if outcome == "failed":
        return f"{source}: {after.error}", False
    return f"{source}: {after.posts - before.posts} new posts kept, {after.posts} in all", True


async def test_channels(config: Config, clock: Clock, names: tuple[str, ...]) -> Errand:
    """Send a test message to each of these channels: by the daemon if one runs, otherwise from here."""
    now = int(clock())
    key = f"test-{now}"

    def lay_out(db: Transaction) -> None:
        outbox.put(db, names, key, "test", {}, [], now)

    try:
        async with open_station(config, clock) as station:
            await station.writer(lay_out)
            for name in names:
                await station.dispatcher.deliver_due(name)
    except StoreBusy:
        await _by_the_daemon(config, key, lay_out)
    return _results(config, key)


async def _by_the_daemon(config: Config, key: str, lay_out: Callable[[Transaction], None]) -> None:
    """Lay the messages out beside the running daemon and wait until it has tried each of them."""
    writer = Writer(config.database, zone=config.zone)
    await writer.open()
    await writer(lay_out)
    writer.close()
    with closing(Reader(config.database)) as reader:
        async with asyncio.timeout(PATIENCE):
            # Another process works, which has no event of ours to set.
            while _untried(reader, key):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


def _untried(reader: Reader, key: str) -> bool:
    return any(d.attempts == 0 or d.state == "sending" for d in outbox.of_key(reader, key))


def _results(config: Config, key: str) -> Errand:
    with closing(Reader(config.database)) as reader:
        found = outbox.of_key(reader, key)
    lines = [
        f"{d.channel}: {'took it' if d.state == 'delivered' else d.error or 'not tried yet'}" for d in found
    ]
    return Errand(tuple(lines), tuple(d.channel for d in found if d.state != "delivered"))
