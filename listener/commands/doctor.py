"""listener doctor: everything, with the network, and what to do about what is wrong."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import click

from listener.commands.check import describe
from listener.commands.options import Failure, config_option, read_config, store_errors


@click.command("doctor")
@config_option
def command(config_file: Path) -> None:
    """Check everything, with the network, and say what to do.

    Looks at configuration, store, disk, engine, sources and channels. Nothing is stored and nothing is told.
    Exit 1 when something needs a hand.
    """
    config = read_config(config_file)
    from listener.examining import examine

    for line in describe(config):
        click.echo(f"  ok   {line}")
    with store_errors():
        findings = asyncio.run(examine(config, time.time, _free(config.database.parent)))
    for finding in findings:
        mark = "  ok  " if finding.good else "  FAIL"
        click.echo(f"{mark} {finding.what}: {finding.says}")
        if finding.remedy:
            click.echo(f"         {finding.remedy}")
    bad = [finding.what for finding in findings if not finding.good]
    if bad:
        raise Failure(f"needs a hand: {', '.join(bad)}")
    click.echo("All is well: `listener run` starts the daemon.")


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
