"""How the commands that judge posts make the daemon's pipeline: configured engine, and what people have taught it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from listener.commands.options import Failure, engine_of
from listener.config import Config
from storage.base import Rows

if TYPE_CHECKING:
    from listener.pipeline import Pipeline


def make_pipeline(config: Config, store: Rows, *, or_fallback: bool = True) -> Pipeline:
    """The pipeline of the daemon: the configured brands, engine (or its fallback), head in service. Raises Failure."""
    from listener.learning import with_head
    from listener.pipeline import Pipeline
    from sentiment.tone import EngineUnavailable

    try:
        engine = with_head(engine_of(config, or_fallback=or_fallback), store)
        return Pipeline(config.brands, engine, config.tags)
    except EngineUnavailable as error:
        raise Failure(str(error)) from None
