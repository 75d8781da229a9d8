"""listener token: bearer tokens of the HTTP API."""

from __future__ import annotations

from pathlib import Path

import click

from alerts import format as reading
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from storage.desk import tokens


@click.group("token")
def command() -> None:
    """Make and revoke the tokens of the HTTP API.

    They are asked for where the dashboard can be reached from other machines; only their hashes are kept.
    """


@command.command("add")
@click.argument("name")
@config_option
def add(name: str, config_file: Path) -> None:
    """Make a token and print it: the only time that it can be seen."""
    config = read_config(config_file)
    if not name.strip():
        raise WrongUsage("a token needs a name, so that it can be revoked")
    with open_store(config) as store, store.writing() as db:
        try:
            token = tokens.add(db, name, now())
        except ValueError as error:
            raise WrongUsage(str(error)) from None
    click.echo(token)


@command.command("list")
@config_option
def listing(config_file: Path) -> None:
    """List the names of the tokens."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        found = tokens.names(reader)
        if not found:
            click.echo("There is no token: `listener token add NAME` makes one.", err=True)
        for name, made in found:
            click.echo(f"{name}  made {reading.moment(made, config.zone)}")


@command.command("revoke")
@click.argument("name")
@config_option
def revoke(name: str, config_file: Path) -> None:
    """Take a token out of use, at once."""
    config = read_config(config_file)
    with open_store(config) as store, store.writing() as db:
        if not tokens.revoke(db, name):
            raise Failure(f"there is no token named {name!r}")
    click.echo(f"{name} is revoked")
