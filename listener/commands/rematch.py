"""listener rematch: the queries of today, applied to what is kept."""

from __future__ import annotations

from pathlib import Path

import click

from alerts import format as reading
from listener.asking import UsageError, moment
from listener.commands.judging import make_pipeline
from listener.commands.options import Failure, WrongUsage, config_option, now, open_store, read_config
from listener.commands.progress import progress
from storage import queries
from storage.lock import is_held


@click.command("rematch")
@config_option
@click.option("--since", required=True, metavar="TIME", help="From here on: 2026-11-02, or 7d (ago).")
def command(config_file: Path, since: str) -> None:
    """Apply changed queries to what is kept.

    Mentions that no longer match are taken back; new ones are judged and added, also out of the sample of posts
    that matched nobody. Such posts never fire a rule. May be ended and begun again. A daemon that runs must have read
    these queries.
    """
    config = read_config(config_file)
    try:
        start = moment(since, config.zone, now())
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    from listener import rematching

    with open_store(config) as store:
        pipeline = make_pipeline(config, store)
        if (changed := queries.unwritten(store, config.brands)) and is_held(config.database):
            names = ", ".join(brand.name for brand in changed)
            raise Failure(
                f"the daemon still listens by the old queries of {names}; send it SIGHUP or restart it, then rematch"
            )
        with progress("matching again") as bar:
            done = rematching.rematch(store, pipeline, config.brands, start, now(), bar.advance)
    click.echo(
        f"{reading.plural(done.looked_at, 'post')} since {reading.moment(start, config.zone)} looked at."
    )
    for brand in sorted({*done.added, *done.removed}):
        added, removed = reading.count(done.added[brand]), reading.count(done.removed[brand])
        click.echo(f"  {brand}: {added} mentions added, {removed} taken back")
    if not done.added and not done.removed:
        click.echo("  Nothing changed: every post concerns the same brands as before.")
    for share in done.incomplete:
        click.echo(
            f"  {share.source}: of the posts that matched nobody only {reading.percent(share.share)} are kept, so of "
            "those that match now no more can be found. The break in the series stays marked."
        )
