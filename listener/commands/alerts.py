"""listener alerts: what fires, what was told, what waits; and a test of the channels."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from alerts import format as reading
from alerts.telling import amount
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    open_reader,
    read_config,
    store_errors,
)
from listener.showing import Alerts, alerts


@click.group("alerts", invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, config_file: Path, as_json: bool) -> None:
    """Show what fires, what was told, what waits to be delivered."""
    ctx.obj = config_file
    if ctx.invoked_subcommand is not None:
        return
    config = read_config(config_file)
    with open_reader(config) as reader:
        seen = alerts(reader)
    if as_json:
        click.echo(json.dumps(seen.to_json(config.zone), ensure_ascii=False))
    else:
        _print(seen, config.zone)


def _print(seen: Alerts, zone: ZoneInfo) -> None:
    click.echo("Firing now:" if seen.firing else "Nothing fires now.")
    for state in seen.firing:
        click.echo(f"  {state.brand}: {state.rule}, since {reading.moment(state.fired_at, zone)}")
    if seen.events:
        click.echo("Told lately:")
    for event in seen.events[:20]:
        when = reading.moment(event.at, zone)
        click.echo(f"  {when}  {event.brand}: {event.rule} {event.kind} ({_value(event.numbers)})")
    if seen.undelivered:
        click.echo("Not delivered:")
    for item in seen.undelivered:
        tries = reading.plural(item.attempts, "attempt")
        click.echo(
            f"  {item.kind} on {item.channel}: {item.state} after {tries}: {item.error or 'not sent yet'}"
        )


def _value(numbers: Mapping[str, Any]) -> str:
    if numbers["value"] is None:
        return "too little data"
    return f"{numbers['kpi']} {amount(numbers['value'], numbers['unit'], numbers['kpi'])}"


@command.command("test")
@click.argument("channels", nargs=-1)
@config_option
@click.pass_context
def test(ctx: click.Context, config_file: Path, channels: tuple[str, ...]) -> None:
    """Send a sample to each channel, or to those named.

    A running daemon sends it, if there is one. Exit 1 when a channel did not take it.
    """
    here = ctx.get_parameter_source("config_file") == ParameterSource.COMMANDLINE
    config = read_config(config_file if here else ctx.obj)
    unknown = [name for name in channels if name not in config.channels]
    if unknown:
        raise WrongUsage(f"there is no channel {unknown[0]!r}; there are: {', '.join(config.channels)}")
    from listener import logs
    from listener.errands import test_channels

    logs.set_up()
    try:
        with store_errors():
            errand = asyncio.run(test_channels(config, time.time, channels or tuple(config.channels)))
    except TimeoutError:
        raise Failure("a daemon runs on this store, but it does not send; look at its log") from None
    for line in errand.lines:
        click.echo(line)
    if errand.failed:
        raise Failure(f"not delivered: {', '.join(errand.failed)}")
