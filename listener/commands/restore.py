"""listener restore: put a backup back, and keep what was there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts.format import plural
from listener.commands.backup import progress_bar
from listener.commands.options import config_option, now, read_config, store_errors
from storage import restoring
from storage.archive import CONFIG, Backup


@click.command("restore")
@config_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="STORE",
    help="Restore into this file instead.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(config_file: Path, file: Path, to: Path | None, yes: bool) -> None:
    """Put a backup back in the place of the store.

    The daemon must be stopped. First the backup is looked through from end to end; what was there stays beside the
    store as listener.db.before-restore-TIME. Erasures made since the backup are made again. Your config.yaml stays
    as it is; where there is none, the one in the backup is taken.

    Example: listener restore data/backups/listener-2026-11-28T030000Z.tar
    """
    config = read_config(config_file) if config_file.exists() else None
    with store_errors(), Backup(file) as backup:
        manifest = backup.manifest
        config_then = backup.read(CONFIG)
    if config is None and to is None:
        config_file.write_bytes(config_then)
        click.echo(f"{config_file} was not there; it is the one in the backup now.")
        config = read_config(config_file)
    database = to or (config.database if config else None)
    assert database is not None
    zone = config.zone if config else None
    taken = f"{datetime.fromtimestamp(manifest.made_at, zone or ZoneInfo('UTC')):%Y-%m-%d %H:%M %Z}"
    click.echo(f"{file}: {_told(manifest.counts)}, taken {taken} by version {manifest.version}")
    if database.exists() and not yes:
        click.confirm(f"Put it in the place of {database}, and keep that beside it?", abort=True)
    with store_errors(), progress_bar("restoring") as progress:
        done = restoring.restore(
            file, database, now(), zone=zone, like=config.database if config else None, progress=progress
        )
    if done.kept is not None:
        was = "a store that cannot be read" if done.was is None else _told(done.was)
        click.echo(f"before: {was}; kept as {done.kept}")
    click.echo(f"now: {_told(done.now)} in {database}")
    if config is not None and to is None and config.text.encode() != config_then:
        click.echo(
            f"{config_file} is not the one in the backup, and stays as it is: tar xOf {file} {CONFIG} shows that one."
        )


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(plural(count, name.removesuffix("s")) for name, count in counts.items())
