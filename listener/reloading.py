"""config.yaml read again while the daemon runs: mistakes change nothing, and what is new is told key by key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from listener.config import Config, ConfigError
from listener.config.difference import Change, difference
from listener.config.problems import Problem
from listener.dashboard.sockets import NotServed, Sockets
from listener.engine import Bench
from listener.learning import with_head
from listener.logs import tell_renamed
from listener.schedule import Bell
from listener.station import Station
from sentiment.tone import EngineUnavailable

log = structlog.get_logger(__name__)

PATIENCE = 10.0
"""Seconds that a message under way has to arrive before its channel is closed."""
MOST_TOLD = 100
"""Changes that are logged one by one."""


@dataclass(slots=True)
class Standing:
    """A configuration, and what it shares with the one before: the engine with its thread, the page's sockets.

    `changes`: in how many keys it differs from that one; 0 for the first. The first has no sockets until the store is
    open, which knows the tokens.
    """

    config: Config
    bench: Bench
    sockets: Sockets | None = None
    changes: int = 0

    def close(self, following: Standing | None = None) -> None:
        """Let go of what the `following` one does not use."""
        if following is None or following.bench is not self.bench:
            self.bench.close()
        if self.sockets is not None and (following is None or following.sockets is not self.sockets):
            self.sockets.close()


class Reloaded(Exception):
    """A new configuration stands ready; everything that runs by the old one is to end."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        super().__init__(f"{standing.changes} changes")


@dataclass(frozen=True, slots=True)
class Reloading:
    """Reads the configuration by `read` whenever it is `asked`. A bell that rings twice before it looks rings once."""

    read: Callable[[Path], Config]
    asked: Bell = field(default_factory=Bell)

    async def watch(self, station: Station, standing: Standing) -> None:
        """Wait for a configuration that is new and has no mistake. Raises Reloaded with it."""
        while True:
            await self.asked.wait_and_clear()
            try:
                new = await asyncio.to_thread(self.read, standing.config.file)
                changes = await asyncio.to_thread(difference, standing.config, new)
                following = await prepare(new, station, standing, len(changes)) if changes else None
            except ConfigError as error:
                station.config_good = False
                _refuse(error)
                continue
            tell_renamed(new.warnings)
            if following is None:
                station.config_at, station.config_good = station.now(), True
                log.info("the configuration was read again: nothing has changed", file=str(new.file))
                continue
            _tell(changes)
            await station.dispatcher.rest(PATIENCE)
            raise Reloaded(following)


async def prepare(new: Config, station: Station, standing: Standing, changes: int) -> Standing:
    """Make ready, while everything goes on, whatever may fail. Raises ConfigError with all that cannot be had."""
    problems: list[Problem] = []
    if new.database != standing.config.database:
        problems.append(
            Problem("storage.url", "cannot change while the daemon runs: stop it, and start it again")
        )
    bench, sockets = standing.bench, standing.sockets
    if not bench.does_for(new):
        bench = Bench(new)
        try:
            await asyncio.to_thread(with_head, await bench.engine(), station.reader)
        except EngineUnavailable as error:
            problems.append(Problem("sentiment", str(error)))
    if sockets is None or not sockets.do_for(new.dashboard):
        try:
            sockets = await Sockets.bind(new.dashboard, station.reader)
        except NotServed as error:
            problems.append(Problem("dashboard", _why(error, new, standing.config)))
    following = Standing(new, bench, sockets, changes)
    if problems:
        following.close(standing)
        raise ConfigError(new.file, problems)
    return following


def _why(error: NotServed, new: Config, old: Config) -> str:
    if new.dashboard.port != old.dashboard.port:
        return str(error)
    return f"{error}; a host that overlaps with {old.dashboard.host} on the same port needs a restart"


def _tell(changes: Sequence[Change]) -> None:
    """Log what was and what is; a key that is missing on one side was added, or taken out."""
    for change in changes[:MOST_TOLD]:
        sides = {"before": change.before, "after": change.after}
        shown = {side: value for side, value in sides.items() if value is not None}
        log.info("the configuration changes", path=change.path, **shown)
    if (more := len(changes) - MOST_TOLD) > 0:
        log.info("the configuration changes", more=more)


def _refuse(error: ConfigError) -> None:
    for problem in error.problems:
        line = {} if problem.line is None else {"line": problem.line}
        # The lines below show the place in a query, which takes a column: `listener check` draws it.
        says = problem.message.partition("\n")[0]
        log.error("a mistake in the configuration", path=problem.path, **line, says=says)
    log.error(
        "the configuration was not taken; the one from before goes on",
        file=str(error.file),
        mistakes=len(error.problems),
    )
