"""listener backup: a copy of everything that is kept, while the daemon runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from alerts.format import plural
from listener import __version__
from listener.commands.options import WrongUsage, config_option, now, read_config, store_errors
from listener.commands.progress import progress
from storage import backup
from storage.archive import Progress

_STEPS = 1_000
"""A bar moves by thousandths."""


@click.command("backup")
@config_option
@click.argument("file", required=False, type=click.Path())
@click.option(
    "--keep", type=click.IntRange(1), metavar="N", help="Then remove all but the newest N in that folder."
)
@click.option(
    "--with-key", is_flag=True, help="Put the key in too; keep such a file where nobody else reads it."
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def command(config_file: Path, file: str | None, keep: int | None, with_key: bool, force: bool) -> None:
    """Copy everything into one file, while the daemon runs.

    That is the store and config.yaml. FILE is a new file, or a folder; without it, it is a file named after this moment
    in the folder backups beside the store. It is written whole or not at all, and only you may read it. `listener
    restore FILE` puts it back; `tar xf` opens it too. --keep is for cron, and removes only files with such a name.

    Example: listener backup --keep 14
    """
    config = read_config(config_file)
    folder = backup.folder_of(config.database) if file is None else Path(file)
    named = file is not None and not file.endswith("/") and not folder.is_dir()
    if named and keep:
        raise WrongUsage(
            "--keep goes with a folder, or without FILE: files that you name yourself are never removed"
        )
    made_at = now()
    target = folder if named else folder / backup.name_at(made_at)
    with store_errors(), progress_bar("copying") as told:
        manifest = backup.make(
            config.database,
            target,
            config.text,
            __version__,
            made_at,
            force=force,
            with_key=with_key,
            progress=told,
        )
    held = ", ".join(plural(count, name.removesuffix("s")) for name, count in manifest.counts.items())
    click.echo(f"{target}: {held}, {target.stat().st_size / 1e6:,.1f} MB")
    for old in backup.rotate(folder, keep) if keep else ():
        click.echo(f"removed {old.name}")
    key = config.database.with_name(config.database.name + ".key")
    if key.exists() and not with_key:
        click.echo(
            f"The key is not in it: without {key.name} it cannot be opened. Keep one copy of {key} elsewhere, "
            "or use --with-key."
        )


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A bar on standard error while something long goes on, where somebody looks at it."""
    with progress(what, _STEPS, counted=False) as bar:

        def told(done: int, of: int) -> None:
            bar.advance(done * _STEPS // max(of, 1) - bar.done)

        yield told
