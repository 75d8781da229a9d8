"""listener once: one poll of each source, everything that follows from it, exit."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from listener.commands.options import Failure, config_option, first_of, read_config
from listener.commands.progress import load_structlog_alone


@click.command("once")
@config_option
def command(config_file: Path) -> None:
    """Poll each source once, do what follows from it, and exit.

    What follows: judging, counting, alerts, a letter that is due. A source that is down, or asked to wait, is
    left alone until its time has come. Exit 1 when a source or a message failed.
    """
    config = read_config(config_file)
    load_structlog_alone()
    from listener import logs
    from listener.errands import Errand, run_once
    from sentiment.tone import EngineUnavailable
    from storage.base import StoreError

    logs.set_up()
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
