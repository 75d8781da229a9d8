"""Logs: one event a line; for people on a terminal, as JSON for everything else."""

from __future__ import annotations

import logging
import os
import sys

import structlog
from structlog.typing import Processor


def set_up(*, verbose: bool = False) -> None:
    """Send our events, and warnings of the libraries, to standard error."""
    people = sys.stderr.isatty()
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if people else "iso", utc=not people)
    # Asked not to by name (no-color.org), or by a terminal that would show the codes themselves.
    colors = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    shared: list[Processor] = [structlog.stdlib.add_log_level, stamp, structlog.processors.format_exc_info]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=24)
        if people
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shared, renderer]
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
