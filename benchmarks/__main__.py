"""`make bench`: print the figures and ratios of this machine, now (those of tone: `python -m benchmarks.tone`)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from benchmarks import at_rest, feed_to_kpis, firehose, millions, socket_to_store, telling


@click.command()
@click.option("--count", default=10_000, show_default=True, help="Mentions.")
@click.option("--repeats", default=5, show_default=True, help="Runs of which the best counts.")
def main(count: int, repeats: int) -> None:
    """Measure, best of several runs, because the machine is noisy."""
    with tempfile.TemporaryDirectory() as folder:
        for line in feed_to_kpis.report(count, repeats, Path(folder)):
            click.echo(line)
        for line in at_rest.report(Path(folder) / "rest"):
            click.echo(line)
        for line in firehose.report(repeats):
            click.echo(line)
        for line in socket_to_store.report(Path(folder) / "stream"):
            click.echo(line)
        for line in telling.report(Path(folder) / "telling"):
            click.echo(line)
        for mentions in millions.SIZES:
            for line in millions.report(mentions, Path(folder) / f"{mentions} mentions"):
                click.echo(line)


main()
