"""The engine that config.yaml names, or the fallback that it names too, where the first cannot be had."""

from __future__ import annotations

from dataclasses import dataclass

from listener.config import Config
from sentiment.engines import load, obstacle
from sentiment.tone import Engine, EngineUnavailable


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
