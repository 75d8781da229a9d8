"""What a command does once with the daemon's parts: a round of polls, a test of the channels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from listener import expiring, letters, listening, watching
from listener.collectors.base import Collector
from listener.config import Config
from listener.settling import Settling
from listener.station import Clock, Station, open_station
from listener.visiting import Visiting
from listener.writer import Writer
from storage import deliveries, outbox, polling
from storage.base import Rows, StoreBusy, Transaction
from storage.deliveries import Delivery
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
        await watching.settle(station)
        await letters.write_all_due(station)
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

    def lay_out(db: Transaction) -> list[tuple[str, str]]:
        outbox.put(db, names, key, "test", {}, [], now)
        return [(key, name) for name in names]

    return await _send(config, clock, lay_out)


async def send_again(config: Config, clock: Clock, key: str | None, channel: str | None) -> Errand:
    """Send what was given up, or the message of a key, once more: by the daemon if one runs, otherwise from here."""
    return await _send(config, clock, lambda db: deliveries.resend(db, int(clock()), key, channel))


async def _send(
    config: Config, clock: Clock, lay_out: Callable[[Transaction], list[tuple[str, str]]]
) -> Errand:
    """Lay messages out, have each of them tried, and tell what came of them. `lay_out` returns (key, channel)."""
    try:
        async with open_station(config, clock) as station:
            laid_out = await station.writer(lay_out)
            for name in {name for _, name in laid_out if name in config.channels}:
                await station.dispatcher.deliver_due(name)
    except StoreBusy:
        laid_out = await _by_the_daemon(config, lay_out)
    return _results(config, laid_out)


async def _by_the_daemon(
    config: Config, lay_out: Callable[[Transaction], list[tuple[str, str]]]
) -> list[tuple[str, str]]:
    """Lay the messages out beside the running daemon and wait until it has tried each of them."""
    writer = Writer(config.database, zone=config.zone)
    await writer.open()
    with closing(Reader(config.database)) as reader:
        before: dict[tuple[str, str], int] = {}

        def note(db: Transaction) -> list[tuple[str, str]]:
            laid_out = lay_out(db)
            before.update({(d.key, d.channel): d.attempts for d in _of(db, laid_out)})
            return laid_out

        laid_out = await writer(note)
        writer.close()
        asked = [one for one in laid_out if one[1] in config.channels]
        async with asyncio.timeout(PATIENCE):
            # Another process works, which has no event of ours to set.
            while any(_untried(d, before) for d in _of(reader, asked)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    return laid_out


def _of(store: Rows, laid_out: list[tuple[str, str]]) -> list[Delivery]:
    keys = dict.fromkeys(key for key, _ in laid_out)
    return [d for key in keys for d in deliveries.of_key(store, key) if (d.key, d.channel) in laid_out]


def _untried(delivery: Delivery, before: Mapping[tuple[str, str], int]) -> bool:
    begun = delivery.attempts > before[delivery.key, delivery.channel]
    return not begun or delivery.state == "sending"


def _results(config: Config, laid_out: list[tuple[str, str]]) -> Errand:
    with closing(Reader(config.database)) as reader:
        found = _of(reader, laid_out)
    missing = [d for d in found if d.channel not in config.channels]
    lines = [
        f"{d.channel}: {'is configured no more' if d in missing else _outcome(d)}"
        + (f" ({d.key})" if d.kind != "test" else "")
        for d in found
    ]
    return Errand(tuple(lines), tuple(d.channel for d in found if d.state != "delivered"))


def _outcome(delivery: Delivery) -> str:
    return "took it" if delivery.state == "delivered" else delivery.error or "not tried yet"
