"""The daemon: one TaskGroup of tasks that wait for bells; a SIGTERM ends them within a second, a SIGHUP begins anew."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from alerts.rules import Rule
from listener import crash, expiring, hangup, heeding, letters, listening, pulse, watching
from listener.collectors.base import Collector
from listener.config import Config, DigestOptions, load
from listener.dashboard.app import serve
from listener.dashboard.health import examine
from listener.dashboard.sockets import Sockets
from listener.engine import Bench
from listener.http import AT_ONCE
from listener.reloading import Reloaded, Reloading, Standing
from listener.schedule import Bell, Bells
from listener.settling import Settling
from listener.station import Changes, Station, judge_by_head, open_with
from listener.supervisor import Supervisor
from listener.visiting import EVERY as VISIT_EVERY
from listener.visiting import Visiting, visitor_of
from storage import hearing, polling
from storage.lock import DaemonLock
from storage.sqlite import SqliteStore

log = structlog.get_logger(__name__)

JUDGE_EVERY = 60
"""Seconds between two looks at every rule, for `for`, expiry and lateness."""
SETTLE_EVERY = 20
"""Seconds between two looks for what was wiped and may still stand in the store's files: what fails is tried again."""
NOTICE_EVERY = 1
"""Seconds between two looks for what other programs wrote."""
HELPER = "helper"
"""How the names of the threads begin that may still be at work when the daemon has ended."""
_BREATH = 0.2
"""Seconds in which the changes of several commits are gathered before the rules look."""
_PATIENCE_WITH_FIRST_ROUND = 300


async def run(config: Config, read: Callable[[Path], Config] = load) -> None:
    """Run until SIGTERM or SIGINT; on SIGHUP `read` the configuration again.

    Raises what ends the program: StoreError, EngineUnavailable, NotServed, bugs.
    """
    stop, reloading = asyncio.Event(), Reloading(read)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    hangup.listen(reloading.asked.set, stop.set)
    # Twice as many as requests may be waiting for a name.
    loop.set_default_executor(_Helpers(2 * AT_ONCE, thread_name_prefix=HELPER))
    supervisor = Supervisor.of(os.environ)
    supervisor.starting()
    log.info("opening", config=str(config.file.resolve()), pid=os.getpid())
    try:
        # The stop is watched from outside of the station: opening it may take long, as when a model is loaded.
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_raise_when(stop, supervisor))
            tasks.create_task(_live(config, reloading, supervisor))
    except* _Stopped:
        log.info("stopped")


async def _live(config: Config, reloading: Reloading, supervisor: Supervisor) -> None:
    """One configuration after the other, on a store that stays ours."""
    with DaemonLock(config.database):
        standing = Standing(config, Bench(config))
        try:
            while True:
                following = await _until_reloaded(standing, reloading, supervisor)
                supervisor.reloading(time.monotonic())
                crash.remember(following.config)
                standing.close(following)
                standing = following
        finally:
            standing.close()


async def _until_reloaded(standing: Standing, reloading: Reloading, supervisor: Supervisor) -> Standing:
    """Live by one configuration; return the next one. What runs ends as it does at a stop, and nothing is lost."""
    following: Standing | None = None
    config = standing.config
    try:
        async with open_with(config, time.time, standing.bench, watched=standing.changes > 0) as station:
            spare_the_collector()
            standing.sockets = standing.sockets or await Sockets.bind(config.dashboard, station.reader)
            if standing.changes:
                log.info("the new configuration is in force", changes=standing.changes)
            with Bells() as bells:
                async with asyncio.TaskGroup() as tasks:
                    _Day(station, bells, supervisor).begin(tasks, standing.sockets)
                    tasks.create_task(reloading.watch(station, standing))
    except* Reloaded as group:
        # Without the exception itself: its frames hold all that has ended.
        following = next(error.standing for error in group.exceptions if isinstance(error, Reloaded))
    assert following is not None
    return following


def spare_the_collector() -> None:
    """Take what lives as long as the daemon out of every later garbage collection: a full one stops all threads.

    The engine, and what the ears remember, are hundreds of thousands of objects; looking through them takes a tenth of
    a second.
    """
    # What an earlier configuration left is let go.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class _Helpers(ThreadPoolExecutor):
    """The threads of `asyncio.to_thread`, which nobody waits for at the end.

    They write nothing to the store. One that looks up a name while there is no network would keep a stopped daemon
    for half a minute.
    """

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


class _Stopped(Exception):
    """SIGTERM arrived."""


async def _raise_when(stop: asyncio.Event, supervisor: Supervisor) -> None:
    # Raising inside the group is what cancels the other tasks: stopping is crashing politely.
    await stop.wait()
    supervisor.stopping()
    raise _Stopped


class _Day:
    """The tasks of a running daemon."""

    def __init__(self, station: Station, bells: Bells, supervisor: Supervisor) -> None:
        self._station = station
        self._bells = bells
        self._supervisor = supervisor
        self._to_answer = {collector.source.name for collector in station.collectors}
        self._first_round = asyncio.Event()
        self._any_answered = False
        self._newest_post = 0
        self._visit_bells = {
            # A stream has no polls after which kept posts could be looked at.
            collector.source.name: bells.every(VISIT_EVERY) if collector.streams else Bell()
            for collector in station.collectors
            if visitor_of(collector)
        }
        station.heard_from = self._heard_from

    def begin(self, tasks: asyncio.TaskGroup, sockets: Sockets) -> None:
        """Start all of them; each runs until it is cancelled."""
        channels = self._station.config.channels
        for work in (
            serve(self._station, sockets, self._supervisor.ready),
            pulse.beat(self._station.pulse),
            self._supervisor.watch(self._station.writer),
            self._supervisor.report(lambda: examine(self._station).sentence),
            *(self._watch(rules) for rules in watching.lanes(self._station.config.rules)),
            self._ring_judge(),
            self._heed(),
            self._calibrate(),
            self._notice_others(),
            *(self._write_letters(options) for options in self._station.config.letters),
            self._expire(),
            self._settle(),
            *(self._station.dispatcher.run(channel) for channel in channels),
            *(self._listen(collector) for collector in self._station.collectors),
            *(self._visit(collector) for collector in self._station.collectors if visitor_of(collector)),
        ):
            tasks.create_task(work)

    async def _listen(self, collector: Collector) -> None:
        """Poll a source for ever; its row says when."""
        source, bell = collector.source.name, Bell()
        state = await listening.state(self._station, source)
        if (wait := listening.must_wait(state, self._station.now())) > 0:
            # A restart is no reason to ask sooner than a source that is down, or asked us to wait, allows.
            log.info("source waits", source=source, reason=state.next_reason, next_poll_in=wait)
            self._heard_from(source, False)
            self._bells.at(f"poll {source}", self._station.now() + wait, bell)
            await bell.wait_and_clear()
        while True:
            outcome = await listening.poll(self._station, collector)
            self._heard_from(source, outcome == "answered")
            state = await listening.state(self._station, source)
            again = state.next_poll_at or self._station.now() + collector.poll
            log.debug("asked", source=source, outcome=outcome, next_poll_in=again - self._station.now())
            self._bells.at(f"poll {source}", again, bell)
            if source in self._visit_bells and state.next_reason != polling.ASKED_TO_WAIT:
                self._visit_bells[source].set()
            await bell.wait_and_clear()

    async def _visit(self, collector: Collector) -> None:
        """Look at kept posts again after each poll, in a task of its own: hearing never waits for it."""
        visiting, bell = Visiting(self._station, collector), self._visit_bells[collector.source.name]
        while True:
            await bell.wait_and_clear()
            await visiting.turn()

    def _heard_from(self, source: str, answered: bool) -> None:
        self._any_answered = self._any_answered or answered
        self._to_answer.discard(source)
        if self._to_answer or self._first_round.is_set():
            return
        self._first_round.set()
        if not self._any_answered and self._station.collectors:
            log.warning(
                "no source answered; is there a network? Listener keeps trying. "
                "`make demo` shows it at work without one"
            )

    async def _watch(self, rules: Sequence[Rule]) -> None:
        """Judge those of these rules that a commit concerns, a moment after it."""
        station, changes, looked = self._station, Changes(), watching.Looked()
        station.watchers.append(changes)
        while True:
            changed = await changes.take(_BREATH)
            await watching.judge(station, watching.concerned(station, rules, changed), looked)

    async def _ring_judge(self) -> None:
        """Judge every rule once a minute: time passes without commits too."""
        bell = self._bells.every(JUDGE_EVERY)
        await watching.settle(self._station)
        while True:
            await bell.wait_and_clear()
            await watching.judge(self._station, self._station.config.rules)
            await watching.settle(self._station)

    async def _heed(self) -> None:
        """Learn what is usual for each brand, and notice what is not."""
        bell = self._bells.every(heeding.EVERY)
        while True:
            await heeding.heed(self._station)
            await bell.wait_and_clear()

    async def _calibrate(self) -> None:
        """Find the thresholds of new series soon after they are learned, and all of them anew each day."""
        bell, calibrating = self._bells.every(heeding.EVERY), heeding.Calibrating(self._station)
        while True:
            await bell.wait_and_clear()
            await calibrating.turn()

    async def _settle(self) -> None:
        """See to it that what was taken back stands in no byte of the store's files a minute later."""
        bell, settling = self._bells.every(SETTLE_EVERY), Settling()
        while True:
            await bell.wait_and_clear()
            await settling.settle(self._station)

    async def _expire(self) -> None:
        """Drop texts that have grown old, at once and then every hour."""
        bell = self._bells.every(expiring.EVERY)
        while True:
            await expiring.expire(self._station)
            await bell.wait_and_clear()

    async def _notice_others(self) -> None:
        """Look once a second whether a command has written beside us, so that its work is told at once too."""
        bell = self._bells.every(NOTICE_EVERY)
        known = await self._station.writer.store(SqliteStore.data_version)
        self._newest_post = await asyncio.to_thread(hearing.newest_post, self._station.reader)
        while True:
            await bell.wait_and_clear()
            version = await self._station.writer.store(SqliteStore.data_version)
            if version != known:
                known = version
                self._station.recent.forget()
                await self._hear_of_posts()
                await judge_by_head(self._station)
                # Before anything else may leave: somebody may have silenced it.
                await watching.settle(self._station)
                self._station.dispatcher.wake_all()
                await watching.judge(self._station, self._station.config.rules)

    async def _hear_of_posts(self) -> None:
        """Tell the ears of posts that a rematch or a replay has kept: their deletions matter from now on."""
        reader, seen = self._station.reader, self._newest_post
        self._newest_post = await asyncio.to_thread(hearing.newest_post, reader)
        for kind, native_ids in (await asyncio.to_thread(hearing.kept_after, reader, seen)).items():
            self._station.hearing.remember(kind, native_ids)

    async def _write_letters(self, options: DigestOptions) -> None:
        """Write one letter whenever its bell has rung.

        The clock is asked every few seconds: a machine that slept, or whose clock was set, wakes nobody in time. The
        ledger says whether a letter was written already, whatever the clock says.
        """
        # A letter that is overdue waits for what was said meanwhile.
        try:
            async with asyncio.timeout(_PATIENCE_WITH_FIRST_ROUND):
                await self._first_round.wait()
        except TimeoutError:
            log.warning("writing letters although not every source has answered yet")
        station, bell, rung = self._station, Bell(), 0
        zone = letters.zone_of(options, station.config)
        while True:
            now = station.now()
            if (last := letters.last_bell(options.cron, zone, now)) != rung:
                await letters.write_if_due(station, options)
                rung = last
            soon = min(letters.next_bell(options.cron, zone, now), now + letters.LOOK_EVERY)
            self._bells.at(f"letter {options.name}", soon, bell)
            await bell.wait_and_clear()
