"""The listening station: everything that runs, put together once from the configuration."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from importlib import import_module

import structlog

from alerts import judging
from alerts.channels import CHANNELS
from alerts.channels.base import Channel
from alerts.dispatch import Dispatcher
from alerts.language import Language
from alerts.routing import settling
from alerts.telling import to_send
from alerts.transport import Transport
from listener.collectors import collectors_of
from listener.collectors.base import Collector
from listener.config import Config
from listener.engine import Bench
from listener.hearing import MOST_REMEMBERED, Hearing
from listener.http import PoliteClient
from listener.learning import with_head
from listener.pipeline import Pipeline
from listener.pulse import Pulse
from listener.purse import StorePurse
from listener.writer import Writer
from sentiment.tone import Engine
from storage import ledger, outbox, polling, quarantine, queries, visits
from storage.alerting import AlertState
from storage.base import Transaction
from storage.hearing import kept_ids, sampled_ids
from storage.kpi.recent import Recent
from storage.lock import DaemonLock
from storage.sqlite import Reader

log = structlog.get_logger(__name__)

Clock = Callable[[], float]

_READERS = 6
"""Connections that read: two lanes of rules, the look of each minute, what is learned, what is sent, and the page."""


class Changes:
    """Which (brand, hour) commits have changed, gathered until some rules have looked at them."""

    def __init__(self) -> None:
        self._what: set[tuple[str, int]] = set()
        self._any = asyncio.Event()

    def tell(self, what: Collection[tuple[str, int]]) -> None:
        """Let whoever looks know of a commit."""
        self._what.update(what)
        self._any.set()

    async def take(self, breath: float) -> set[tuple[str, int]]:
        """Wait for a change and `breath` seconds for others; return all of them, each once."""
        await self._any.wait()
        await asyncio.sleep(breath)
        self._any.clear()
        taken, self._what = self._what, set()
        return taken


@dataclass
class Station:
    """What the tasks of the daemon share. `watchers` are told of each commit that rules may have to look at.

    `recent`: what rules have counted of the newest minutes.

    `engine` is the configured one; the pipeline judges by it with the head in service. `wiped`: texts were taken back,
    and the store's file or its log may still hold them.
    `heard_from` is told when a stream answers, which no end of a poll will tell.
    `config_at`: when the configuration was last taken (seconds since 1970); `config_good`: the last one read was.
    """

    config: Config
    clock: Clock
    writer: Writer
    reader: Reader
    collectors: list[Collector]
    engine: Engine
    pipeline: Pipeline
    hearing: Hearing
    dispatcher: Dispatcher
    judge_thread: ThreadPoolExecutor
    born: int
    rng: random.Random = field(default_factory=random.Random)
    watchers: list[Changes] = field(default_factory=list)
    recent: Recent = field(default_factory=Recent)
    # What the last run left is seen to once.
    wiped: bool = True
    # Whether it was said that the store has passed `storage.max_size`.
    too_large: bool = False
    heard_from: Callable[[str, bool], None] = lambda source, answered: None
    config_at: int = 0
    config_good: bool = True
    pulse: Pulse = field(default_factory=Pulse)

    def now(self) -> int:
        """The time in whole seconds."""
        return int(self.clock())

    @property
    def link(self) -> str | None:
        """Where a message points to; nowhere, unless the operator has said where people reach the page."""
        return self.config.dashboard.public_url


@asynccontextmanager
async def open_station(config: Config, clock: Clock) -> AsyncIterator[Station]:
    """Take the store, load the engine, connect everything. Raises StoreError, EngineUnavailable."""
    with DaemonLock(config.database), closing(Bench(config)) as bench:
        async with open_with(config, clock, bench) as station:
            yield station


@asynccontextmanager
async def open_with(
    config: Config, clock: Clock, bench: Bench, *, watched: bool = False
) -> AsyncIterator[Station]:
    """Connect everything to a store that is taken already; `watched`: it was listened to until a moment ago."""
    database = config.database
    writer = Writer(database, unmatched=config.storage.unmatched_sample, zone=config.zone)
    try:
        await writer.open()
        if copied := await writer.store(lambda store: store.copied):
            log.info("the store was brought to the shape of this version", copy=copied.name)
        engine = await bench.engine()
        # Readers are closed whatever happens; a thread that still reads keeps its own connection until it is done.
        async with AsyncExitStack() as stack:
            reader = stack.enter_context(closing(Reader(database, _READERS)))
            pipeline = Pipeline(
                config.brands, await asyncio.to_thread(with_head, engine, reader), config.tags
            )
            hearing = Hearing(config.brands, pipeline.matcher, lambda kind: StorePurse(kind, writer))
            transport = await stack.enter_async_context(Transport())
            collectors = collectors_of(config.sources, PoliteClient(transport, clock), hearing)
            born = await _settle(
                config, writer, collectors, pipeline.engine_name, int(clock()), watched=watched
            )
            language = Language.of(config.language)
            dispatcher = Dispatcher(
                writer,
                reader,
                make_channels(config, transport),
                lambda row: to_send(row, reader, config.zone, config.dashboard.public_url, language),
                clock,
                covered=lambda now: settling.covered(reader, config.routing, now),
            )
            await asyncio.to_thread(_remember, hearing, reader, collectors)
            yield Station(
                config,
                clock,
                writer,
                reader,
                collectors,
                engine,
                pipeline,
                hearing,
                dispatcher,
                bench.thread,
                born,
                config_at=int(clock()),
            )
    finally:
        writer.close()


def make_channels(config: Config, transport: Transport) -> dict[str, Channel]:
    """The configured channels by name."""
    return {
        name: import_module(CHANNELS[name]).build(options, transport)
        for name, options in config.channels.items()
    }


def _remember(hearing: Hearing, reader: Reader, collectors: list[Collector]) -> None:
    """Tell the ears which posts are kept. On a thread, before anybody asks them: there may be many."""
    for kind, streams in {(collector.source.kind, collector.streams) for collector in collectors}:
        hearing.remember(kind, kept_ids(reader, kind, MOST_REMEMBERED))
        hearing.remember_sampled(kind, quarantine.native_ids(reader, kind))
        if streams:
            hearing.remember_sampled(kind, sampled_ids(reader, kind))


async def judge_by_head(station: Station) -> None:
    """Let the pipeline judge by the head that serves now, where a command has changed that. Raises EngineUnavailable.

    Between two pages: the engine is changed on the thread that judges.
    """
    engine = await asyncio.to_thread(with_head, station.engine, station.reader)
    before = station.pipeline.engine_name
    if engine.name == before:
        return
    await asyncio.get_running_loop().run_in_executor(station.judge_thread, station.pipeline.judge_by, engine)
    await station.writer(lambda db: ledger.keep_engine(db, engine.name))
    log.info("another tone engine judges from now on", engine=engine.name, before=before)


async def _settle(
    config: Config, writer: Writer, collectors: list[Collector], engine: str, now: int, *, watched: bool
) -> int:
    """Write down who is listened to, for whom and by which engine; take up what the last run left.

    Returns when the store was made.
    """
    sources = [collector.source for collector in collectors]
    await writer.store(lambda store: store.register(config.brands, sources))

    def work(db: Transaction) -> tuple[int, int, list[AlertState]]:
        born = ledger.born(db, now)
        ledger.keep_engine(db, engine)
        if ledger.keep_config(db, config.text, now):
            polling.ask_anew(db, now)
        if (changed := queries.keep_versions(db, config.brands, now)) and born < now:
            log.info("what counts as a mention is new, from now on", brands=", ".join(changed))
        visits.keep_plans(db, sources, now)
        return born, outbox.recover(db, now), judging.restart(db, config.rules, now, watched=watched)

    born, unknown, gone = await writer(work)
    if unknown:
        log.warning("was being sent when the last run ended; sent again under the same key", messages=unknown)
    for state in gone:
        log.warning("fired, but is configured no more: closed untold", rule=state.rule, brand=state.brand)
    return born
