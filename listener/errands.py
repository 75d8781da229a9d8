"""What a command does once with the daemon's parts: a round of polls, a test of the channels."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from listener import letters, listening, watching
from listener.collectors.base import Collector
from listener.config import Config
from listener.station import Clock, Station, open_station
from storage import outbox


@dataclass(frozen=True, slots=True)
class Errand:
    """What was done, a line each, and the names of what failed."""

    lines: tuple[str, ...]
    failed: tuple[str, ...]


async def run_once(config: Config, clock: Clock) -> Errand:
    """Poll each source once, judge the rules, write a letter that is due, deliver what is due."""
    async with open_station(config, clock) as station:
        outcomes = await asyncio.gather(*(_poll(station, collector) for collector in station.collectors))
        await watching.judge(station, config.rules)
        await letters.write_if_due(station)
        for channel in config.channels:
            await station.dispatcher.deliver_due(channel)
        failed = [line.split(":")[0] for line, good in outcomes if not good]
        return Errand(
            tuple(line for line, _ in outcomes),
            (*failed, *(f"channel {c}" for c in station.dispatcher.failing)),
        )


async def _poll(station: Station, collector: Collector) -> tuple[str, bool]:
    source = collector.source.name
    before = await listening.state(station, source)
    if before.failures and before.next_poll_at and before.next_poll_at > station.now():
        return (
            f"{source}: left alone for {before.next_poll_at - station.now()} s more: {before.next_reason}",
            True,
        )
    outcome = await listening.poll(station, collector)
    after = await listening.state(station, source)
    if outcome == "failed":
        return f"{source}: {after.error}", False
    return f"{source}: {after.posts - before.posts} new posts kept, {after.posts} in all", True


async def test_channels(config: Config, clock: Clock, channels: tuple[str, ...]) -> Errand:
    """Send a test message to each of these channels, now."""
    async with open_station(config, clock) as station:
        now = station.now()
        key = f"test-{now}"
        await station.writer(lambda db: outbox.put(db, channels, key, "test", {}, [], now))
        lines = []
        for channel in channels:
            await station.dispatcher.deliver_due(channel)
            why = station.dispatcher.failing.get(channel)
            lines.append(f"{channel}: {why or 'took it'}")
        return Errand(tuple(lines), tuple(station.dispatcher.failing))
