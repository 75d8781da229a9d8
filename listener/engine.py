"""The engine that config.yaml names, or the fallback that it names too, where the first cannot be had."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from listener.config import Config
from sentiment.engines import load, obstacle
from sentiment.tone import Engine, EngineUnavailable

log = structlog.get_logger(__name__)

JUDGE = "judge"
"""How the name of the thread begins on which the engine judges."""


@dataclass(frozen=True, slots=True)
class Judging:
    """The engine that judges; `instead` says why it is the fallback, or is None."""

    engine: Engine
    instead: str | None = None


def judge_of(config: Config) -> Judging:
    """Load the engine, or its fallback. Raises EngineUnavailable where there is none, or it cannot be had either.

    Which engine judged stands with each judgement, so what the fallback judged is told apart for good.
    """
    try:
        return Judging(load(config.engine, config.engine_options, config.copies))
    except EngineUnavailable as error:
        if config.fallback is None:
            raise
        why = str(error)
    try:
        fallback = load(config.fallback.engine, config.fallback.options, config.copies)
    except EngineUnavailable as error:
        raise EngineUnavailable(f"{why}; and its fallback cannot be had: {error}") from error
    return Judging(fallback, why)


def hindrance(config: Config) -> str | None:
    """Why the engine can certainly not be had, looked for offline and without loading it; None where nothing shows."""
    return obstacle(config.engine, config.engine_options, config.copies)


class Bench:
    """The engine and the one thread on which it judges, for as long as no configuration wants another engine.

    They belong together: what is judged when a configuration ends goes on for a while, and an engine is asked by one
    thread at a time.
    """

    def __init__(self, config: Config) -> None:
        self.thread = ThreadPoolExecutor(1, JUDGE)
        self._config = config
        self._judging: Judging | None = None

    async def engine(self) -> Engine:
        """The engine, loaded when it is first asked for. Raises EngineUnavailable."""
        if self._judging is None:
            loop = asyncio.get_running_loop()
            judging = await loop.run_in_executor(self.thread, judge_of, self._config)
            if judging.instead:
                log.warning(
                    "the engine cannot be had; its fallback judges",
                    why=judging.instead,
                    by=judging.engine.name,
                )
            self._judging = judging
        return self._judging.engine

    def does_for(self, config: Config) -> bool:
        """Whether it is what this configuration wants; a fallback is not: its engine may be had by now."""
        wanted = [(c.engine, c.engine_options, c.fallback, c.copies) for c in (self._config, config)]
        return wanted[0] == wanted[1] and not (self._judging and self._judging.instead)

    def close(self) -> None:
        """Let the thread end after what it judges now."""
        self.thread.shutdown(wait=False, cancel_futures=True)
