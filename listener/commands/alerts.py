"""listener alerts: what fires, what was told, what waits; and a test of the channels."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from alerts import format as reading
from alerts.render import clean
from alerts.telling import headline
from listener.commands import backtesting, baselines, hushing
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    read_config,
    store_errors,
)
from listener.config import Config
from listener.showing import Alerts, alerts
from storage.alerting import AlertState

if TYPE_CHECKING:
    from listener.errands import Errand


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
        seen = alerts(reader, now())
    if as_json:
        click.echo(json.dumps(seen.to_json(config.zone), ensure_ascii=False))
    else:
        _print(seen, config.zone)


def _print(seen: Alerts, zone: ZoneInfo) -> None:
    click.echo("Firing now:" if seen.firing else "Nothing fires now.")
    for state in seen.firing:
        what = f" ({state.subject})" if state.subject else ""
        severity = seen.severities.get(state.episode)
        what += f", {severity}" if severity else ""
        told = f"  {state.brand or 'the house'}: {state.rule}{what}, since {reading.moment(state.fired_at, zone)}"
        if at := seen.unsure_since(state):
            told += f", too little data since {reading.moment(at, zone)}"
        click.echo(f"{told}{_answered(seen, state, zone)} ({state.episode})")
    if any(seen.answered(state) is None for state in seen.firing):
        click.echo("  With the key in brackets: `listener alerts ack KEY --by NAME` takes one on, and")
        click.echo("  `listener alerts snooze KEY --for 2h --by NAME` puts it off.")
    for one in seen.silences:
        click.echo(f"  {hushing.line(one, zone, seen.now)}")
    if seen.events:
        click.echo("Told lately:")
    for event in seen.events[:20]:
        when = reading.moment(event.at, zone)
        click.echo(f"  {when}  {clean(headline(event, zone))} ({event.rule})")
    if seen.undelivered:
        click.echo("Not delivered:")
    for item in seen.undelivered:
        tries = reading.plural(item.attempts, "attempt")
        why = f": {item.withheld}" if item.withheld else f" after {tries}: {item.error or 'not sent yet'}"
        waits = item.state == "waiting" and item.attempts == 0 and item.next_at > seen.now
        due = f", due {reading.moment(item.next_at, zone)}" if waits else ""
        click.echo(f"  {item.kind} on {item.channel}: {item.state}{due}{why} ({item.key})")
    if any(item.state == "failed" for item in seen.undelivered):
        click.echo("`listener alerts resend --failed` sends again what failed; with a key instead, that one.")


def _answered(seen: Alerts, state: AlertState, zone: ZoneInfo) -> str:
    said = seen.answered(state)
    if said is None:
        return ""
    what = "taken on" if said.until is None else f"put off until {reading.moment(said.until, zone)}"
    return f", {what} by {clean(said.by)}" + (f": {clean(said.why)}" if said.why else "")


for one in (
    hushing.silence,
    hushing.listing,
    hushing.ack,
    hushing.snooze,
    backtesting.command,
    baselines.command,
):
    command.add_command(one)


@command.command("test")
@click.argument("channels", nargs=-1)
@config_option
@click.pass_context
def test(ctx: click.Context, config_file: Path, channels: tuple[str, ...]) -> None:
    """Send a sample to each channel, or to those named.

    A running daemon sends it, if there is one. Exit 1 when a channel did not take it.
    """
    config = _config(ctx, config_file)
    _check(config, channels)
    from listener.errands import test_channels

    _run(test_channels(config, time.time, channels or tuple(config.channels)))


@command.command("resend")
@click.argument("key", required=False)
@click.option("--failed", is_flag=True, help="All that was given up.")
@click.option("--channel", metavar="NAME", help="On this channel only.")
@config_option
@click.pass_context
def resend(ctx: click.Context, config_file: Path, key: str | None, failed: bool, channel: str | None) -> None:
    """Send again what failed, or the message of KEY.

    With KEY whatever became of it: what waits is sent now, what the receiver has it gets once more.

    It keeps its idempotency key, and who has it of several recipients does not get it again. A running daemon sends
    it, if there is one. Exit 1 when a channel did not take it.
    """
    if (key is None) != failed:
        raise WrongUsage(
            "give the key of a message, as `listener alerts` shows it, or --failed for all of them"
        )
    config = _config(ctx, config_file)
    _check(config, (channel,) if channel else ())
    from listener.errands import send_again

    if not _run(send_again(config, time.time, key, channel)):
        if key is not None:
            raise Failure(
                f"nothing is sent: there is no message {key!r}{f' for {channel}' if channel else ''}; "
                "`listener alerts` shows what fires and what was not delivered, each with its key"
            )
        click.echo("Nothing has failed.")


def _config(ctx: click.Context, config_file: Path) -> Config:
    here = ctx.get_parameter_source("config_file") == ParameterSource.COMMANDLINE
    return read_config(config_file if here else ctx.obj)


def _check(config: Config, channels: Sequence[str]) -> None:
    unknown = [name for name in channels if name not in config.channels]
    if unknown:
        raise WrongUsage(f"there is no channel {unknown[0]!r}; there are: {', '.join(config.channels)}")


def _run(errand: Coroutine[Any, Any, Errand]) -> bool:
    """Do it and print what came of it; whether there was anything. Raises Failure where a channel did not take it."""
    from listener import logs

    logs.set_up(begins=False)
    try:
        with store_errors():
            done = asyncio.run(errand)
    except TimeoutError:
        raise Failure("a daemon runs on this store, but it does not send; look at its log") from None
    for line in done.lines:
        click.echo(line)
    if done.failed:
        raise Failure(f"not delivered: {', '.join(dict.fromkeys(done.failed))}")
    return bool(done.lines)
