"""listener alerts: what fires, what was told, what waits; and a test of the channels."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import click

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
from storage import alerting, outbox
from storage.calendar import iso


@click.group("alerts", invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, config_file: Path, as_json: bool) -> None:
    """Show what fires now, what was told lately, and what could not be delivered."""
    ctx.obj = config_file
    if ctx.invoked_subcommand is not None:
        return
    config = read_config(config_file)
    with open_reader(config) as reader:
        states = alerting.states(reader)
        events = alerting.events(reader)
        waiting = outbox.deliveries(reader, undelivered=True)
        told = outbox.deliveries(reader, 20)
    firing = [state for state in states.values() if state.phase == "firing"]
    zone = config.zone
    if as_json:
        document = {
            "firing": [{"rule": s.rule, "brand": s.brand, "fired_at": iso(s.fired_at, zone)} for s in firing],
            "events": [
                {
                    "rule": e.rule,
                    "brand": e.brand,
                    "kind": e.kind,
                    "at": iso(e.at, zone),
                    "key": e.key,
                    **e.numbers,
                }
                for e in events
            ],
            "deliveries": [
                {
                    "key": d.key,
                    "channel": d.channel,
                    "kind": d.kind,
                    "state": d.state,
                    "attempts": d.attempts,
                    "unknown": d.unknown,
                    "error": d.error,
                }
                for d in told
            ],
        }
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    click.echo("Firing now:" if firing else "Nothing fires now.")
    for state in firing:
        click.echo(f"  {state.brand}: {state.rule}, since {reading.moment(state.fired_at, zone)}")
    if events:
        click.echo("Told lately:")
    for event in events[:20]:
        n = event.numbers
        value = (
            amount(n["value"], str(n["unit"]), str(n["kpi"])) if n["value"] is not None else "too little data"
        )  # type: ignore[arg-type]
        click.echo(
            f"  {reading.moment(event.at, zone)}  {event.brand}: {event.rule} {event.kind} ({n['kpi']} {value})"
        )
    if waiting:
        click.echo("Not delivered:")
    for item in waiting:
        tries = f"{item.attempts} attempt{'s' if item.attempts != 1 else ''}"
        click.echo(
            f"  {item.kind} on {item.channel}: {item.state} after {tries}: {item.error or 'not sent yet'}"
        )


@command.command("test")
@click.argument("channels", nargs=-1)
@click.pass_obj
def test(config_file: Path, channels: tuple[str, ...]) -> None:
    """Send a sample to each channel (or to those named), now."""
    config = read_config(config_file)
    unknown = [name for name in channels if name not in config.channels]
    if unknown:
        raise WrongUsage(f"there is no channel {unknown[0]!r}; there are: {', '.join(config.channels)}")
    from listener import logs
    from listener.errands import test_channels

    logs.set_up()
    with store_errors():
        errand = asyncio.run(test_channels(config, time.time, channels or tuple(config.channels)))
    for line in errand.lines:
        click.echo(line)
    if errand.failed:
        raise Failure(f"not delivered: {', '.join(errand.failed)}")
