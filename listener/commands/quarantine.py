"""listener quarantine: items that could not be read, and another try at them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean
from listener.asking import UsageError, sources_named
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    engine_of,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from storage import quarantine
from storage.base import Rows
from storage.calendar import iso

_source_option = click.option("--source", metavar="NAME", help="Only of this source.")


def _check(store: Rows, source: str | None) -> None:
    """Raises WrongUsage for a source that there is not: "nothing set aside" would be no answer."""
    try:
        sources_named(store, [] if source is None else [source])
    except UsageError as error:
        raise WrongUsage(str(error)) from None


@click.group("quarantine")
def command() -> None:
    """Look at items that could not be read, and try them again."""


@command.command("list")
@config_option
@_source_option
@json_option
def listing(config_file: Path, source: str | None, as_json: bool) -> None:
    """List the items set aside, and why.

    With source, id, when, and where our code stumbled; never with their text.
    """
    config = read_config(config_file)
    with open_reader(config) as reader:
        _check(reader, source)
        found = quarantine.items(reader, source)
    if as_json:
        rows = [
            {
                "id": item.id,
                "source": item.source,
                "native_id": item.native_id,
                "at": iso(item.at, config.zone),
                "cause": item.cause,
                "whole": item.whole,
            }
            for item in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not found:
        click.echo("Nothing is set aside: every item that came could be read.")
    for item in found:
        when = reading.moment(item.at, config.zone)
        cut = "" if item.whole else " (too long to be kept whole: it cannot be tried again)"
        click.echo(f"{item.id}  {item.source}  {clean(item.native_id or 'without an id')}  {when}{cut}")
        click.echo("\n".join(f"    {line}" for line in item.cause.splitlines()))


@command.command("replay")
@config_option
@_source_option
def replay(config_file: Path, source: str | None) -> None:
    """Try to read them again with today's code.

    What can be read is kept, as history. Exit 1 where some still cannot be read; they stay in quarantine.
    """
    config = read_config(config_file)
    from listener import replaying
    from listener.pipeline import Pipeline

    pipeline = Pipeline(config.brands, engine_of(config))
    with open_store(config) as store:
        _check(store, source)
        done = replaying.replay(store, pipeline, config.brands, source, now())
        left = len(quarantine.items(store, source))
    click.echo(
        f"{reading.plural(done.tried, 'item')} tried, {done.read} read, {done.kept} kept as new posts."
    )
    if left:
        raise Failure(f"still set aside: {reading.plural(left, 'item')}; `listener quarantine list` says why")
