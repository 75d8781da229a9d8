"""From a stream to Slack: how long after somebody said it an alert is told, while a hundred rules look on."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import telling_world
from benchmarks.telling_world import PAST, RATE, RULES, SETTLED, WARM_UP, World
from storage.sqlite import Reader

STEADY = int(RATE * PAST)
"""Mentions that are in the store where it has been like this all the time."""
_START = 120.0
_PATIENCE = 20.0
"""Seconds after the last mention in which what was not told yet may still be."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds from the stream to Slack, in order, endless for what was never told.

    `mentions` were said meanwhile, `kept` of them are in the store at the end; `requests` are what Slack got.
    """

    waits: Sequence[float]
    mentions: int
    kept: int
    requests: Sequence[bytes]

    def within(self, share: float) -> float:
        """Seconds within which this share was told."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


@asynccontextmanager
async def _daemon(config: Path, world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "listener", "run", "--config", str(config))
    with (config.parent / "log").open("wb") as log:
        daemon = await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=log, env={**os.environ, **world.environment}
        )
    try:
        yield daemon
    finally:
        if daemon.returncode is None:
            daemon.send_signal(signal.SIGTERM)
        await daemon.wait()


async def measure(folder: Path, seconds: float, past: int, warm_up: float = WARM_UP) -> Timed:
    """Time what makes rules fire in so many seconds, beside `past` mentions of two hours that are kept already."""
    await asyncio.to_thread(telling_world.fill, folder, past)
    async with World(seconds, warm_up) as world, _daemon(world.config(folder), world) as daemon:
        async with asyncio.timeout(_START + seconds + warm_up):
            while not world.done.is_set():
                if daemon.returncode is not None:
                    raise RuntimeError(f"the daemon has ended; see {folder / 'log'}")
                await asyncio.sleep(0.1)
        try:
            async with asyncio.timeout(_PATIENCE):
                while len(world.told) < len(world.sent):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            # What is missing counts as endless.
            pass
    with closing(Reader(folder / "listener.db")) as reader:
        kept = reader.rows("SELECT count(*) FROM posts WHERE text NOT LIKE 'sighting %'")[0][0] - past
    return Timed(telling_world.waits(world), world.mentions, kept, world.requests)


def report(folder: Path, seconds: float = 120.0, past: int = STEADY) -> list[str]:
    """The lines that `make bench` prints."""
    folder.mkdir(exist_ok=True)
    timed = asyncio.run(measure(folder, seconds, past, SETTLED))
    return [
        f"from a stream to Slack: {RULES} rules, {60 * RATE:,.0f} mentions a minute for {seconds:.0f} s, {past:,} of "
        f"the last two hours in the store, {len(timed.waits)} alerts ({timed.mentions:,} said, {timed.kept:,} kept):",
        f"  half of them within {statistics.median(timed.waits):.2f} s, 95 % within {timed.within(0.95):.2f} s, "
        f"99 % within {timed.within(0.99):.2f} s, all within {timed.waits[-1]:.2f} s",
    ]


@click.command()
@click.option("--seconds", default=120.0, show_default=True, help="How long mentions come.")
@click.option(
    "--past", default=STEADY, show_default=True, help="Mentions of the last two hours in the store."
)
def main(seconds: float, past: int) -> None:
    """Time the way from a post on a stream to the request at Slack."""
    with tempfile.TemporaryDirectory() as folder:
        for line in report(Path(folder), seconds, past):
            click.echo(line)


if __name__ == "__main__":
    main()
