"""listener run: the daemon."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from listener import crash, hangup
from listener.commands.options import Failure, WrongUsage, config_option, first_of, log_options, read_config
from listener.commands.progress import load_structlog_alone

if TYPE_CHECKING:
    from listener.logs import Form


@click.command("run")
@config_option
@log_options
@click.option("--verbose", is_flag=True, help="The same as --log-level debug.")
def command(config_file: Path, log_level: str, log_format: Form, verbose: bool) -> None:
    """Listen, judge, count and tell until stopped (Ctrl-C, SIGTERM).

    Serves a status page on dashboard.host and .port. Stopping is safe at any moment, kill -9 included. SIGHUP
    lets it read the configuration again.
    """
    hangup.hold()
    config = read_config(config_file, warn=False)
    load_structlog_alone()
    # Only now: these load the web server, the scheduler and the engine.
    import structlog

    from listener import daemon, logs
    from listener.dashboard.sockets import NotServed
    from listener.engine import JUDGE
    from sentiment.tone import EngineUnavailable
    from storage.base import StoreError

    logs.set_up(level="debug" if verbose else log_level, form=log_format)
    logs.tell_renamed(config.warnings)
    reports = crash.folder_of(config)
    for file in crash.past(reports):
        structlog.get_logger(__name__).error("an earlier run was ended by a fatal signal", report=str(file))
    try:
        with crash.fatal_signals(reports):
            asyncio.run(daemon.run(config))
    except* NotServed as group:
        raise WrongUsage(str(first_of(group))) from None
    # In a group: the store may fail under several tasks at once.
    except* (EngineUnavailable, StoreError) as group:
        raise Failure(str(first_of(group))) from None
    # An engine in the middle of a long batch, or a name that is looked up without a network, must not keep a stopped
    # daemon alive; nothing that they do is lost.
    if any(thread.name.startswith((JUDGE, daemon.HELPER)) for thread in threading.enumerate()):
        # Every line was flushed when it was written; asking again would wait for an output that nobody reads.
        os._exit(0)
