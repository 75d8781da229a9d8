"""How the commands that judge posts load the configured engine, with what people have taught it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from listener.commands.options import Failure
from listener.config import Config
from storage.base import Rows

if TYPE_CHECKING:
    from listener.pipeline import Pipeline
    from sentiment.tone import Engine


def load_engine(config: Config) -> Engine:
    """Load the configured engine, without a head. Raises Failure."""
    from sentiment.engines import load
    from sentiment.tone import EngineUnavailable

    try:
        return load(config.engine, config.engine_options)
    except EngineUnavailable as error:
        raise Failure(str(error)) from None


def make_pipeline(config: Config, store: Rows) -> Pipeline:
    """The pipeline of the daemon: the configured brands, engine, and head in service. Raises Failure."""
    from listener.learning import with_head
    from listener.pipeline import Pipeline
    from sentiment.tone import EngineUnavailable

    try:
        return Pipeline(config.brands, with_head(load_engine(config), store))
    except EngineUnavailable as error:
        raise Failure(str(error)) from None
