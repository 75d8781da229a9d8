"""listener once: one poll of each source, everything that follows from it, exit."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from listener.commands.options import Failure, config_option, first_of, log_options, read_config
from listener.commands.progress import load_structlog_alone

if TYPE_CHECKING:
    from listener.logs import Form


@click.command("once")
@config_option
@log_options
def command(config_file: Path, log_level: str, log_format: Form) -> None:
    """Poll each source once, do what follows from it, and exit.

    What follows: judging, counting, alerts, a letter that is due. A source that is down, or asked to wait, is
    left alone until its time has come. Exit 1 when a source or a message failed.
    """
    config = read_config(config_file, warn=False)
    load_structlog_alone()
    from listener import logs
    from listener.errands import Errand, run_once
    from sentiment.tone import EngineUnavailable
    from storage.base import StoreError

    logs.set_up(level=log_level, form=log_format)
    logs.tell_renamed(config.warnings)
    errand = Errand((), ())
    try:
        errand = asyncio.run(run_once(config, time.time))
    except* (EngineUnavailable, StoreError) as group:
        raise Failure(str(first_of(group))) from None
    for line in errand.lines:
        click.echo(line)
    if errand.failed:
        raise Failure(
            f"not everything worked: {', '.join(errand.failed)}; see `listener sources` and `listener alerts`"
        )
