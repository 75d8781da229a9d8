"""Logs: one event a line; for people on a terminal, as JSON for everything else. No exception's words stand in them."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable
from typing import Literal

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from listener import __version__, tracebacks

Form = Literal["auto", "json", "text"]
LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up(*, level: str = "info", form: Form = "auto", begins: bool = True) -> None:
    """Send our events from `level` (a key of LEVELS) on, and warnings of the libraries, to standard error.

    The first line names the version whatever the level, where a log `begins`; in JSON each line does.
    """
    terminal = sys.stderr.isatty()
    text = form == "text" or (form == "auto" and terminal)
    forms: list[Processor] = [_visible, _text(terminal)] if text else [_json()]
    chain = [*_shared(text=text, terminal=terminal), *forms]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    leave_out = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_without_values, leave_out, *chain]))
    # Never less: what libraries say at their lower levels may hold requests, and with them tokens.
    logging.basicConfig(level=max(logging.WARNING, LEVELS[level]), handlers=[handler], force=True)
    logging.captureWarnings(True)
    threading.excepthook = _of_a_thread
    sys.unraisablehook = _of_nobody
    first = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    if begins:
        first.info("starting", version=__version__)


def tell_renamed(warnings: Iterable[str]) -> None:
    """Log which keys of the configuration have another name by now."""
    for warning in warnings:
        structlog.get_logger(__name__).warning("renamed in the configuration", reason=warning)


def no_color() -> bool:
    """Whether colours are unwanted: asked for by name (no-color.org), or by a terminal that would show their codes."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def _shared(*, text: bool, terminal: bool) -> list[Processor]:
    short = text and terminal
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if short else "iso", utc=not short),
        structlog.processors.ExceptionRenderer(_exception),
    ]


def _text(terminal: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=terminal and not no_color(),
        pad_event_to=24,
        exception_formatter=structlog.dev.plain_traceback,
    )


def _visible(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Write what is no visible character as its escape: names of strangers must not speak to the terminal."""
    shown = {key: _escaped(value) for key, value in event.items() if isinstance(value, str)}
    return {**event, **shown, **({"exception": event["exception"]} if "exception" in event else {})}


def _escaped(text: str) -> str:
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _json() -> Processor:
    render = structlog.processors.JSONRenderer()

    def line(logger: WrappedLogger, name: str, event: EventDict) -> str | bytes:
        return render(logger, name, {**event, "version": __version__})

    return line


def _exception(exc_info: ExcInfo) -> str:
    return tracebacks.told(exc_info[1])


def _without_values(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Cut what asyncio says to what it says always: after it come tasks and arguments, with whatever they hold."""
    if event["_record"].name == "asyncio":
        said = str(event["event"]).split("\n")[0].split(" <")[0]
        event["event"] = "Exception in callback" if said.startswith("Exception in callback") else said
    return event


def _of_a_thread(args: threading.ExceptHookArgs) -> None:
    """Log what ended a thread; Python itself would write the exception's words to standard error."""
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        logging.getLogger("threading").error("a thread ended", exc_info=args.exc_value)


def _of_nobody(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        logging.getLogger("python").error("an exception that nobody can catch", exc_info=args.exc_value)
