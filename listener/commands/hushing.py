"""listener alerts silence, silences, ack, snooze: who wants not to be told, why, and until when."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from alerts import format as reading
from alerts.render import clean
from listener import hushing
from listener.asking import UsageError
from listener.commands.options import (
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from listener.config import Config
from listener.pipeline import clean as storable
from storage.base import Transaction
from storage.desk import silences
from storage.desk.acknowledgements import Acknowledgement
from storage.desk.silences import Refused, Silence
from storage.durations import parse_duration

Made = TypeVar("Made", Silence, Acknowledgement)
_LABELS = ("brand", "rule", "source", "tag", "severity")


class _Time(click.ParamType[int]):
    """A duration, as in 4h."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return hushing.lasting(parse_duration(value))
        except (ValueError, UsageError) as error:
            raise WrongUsage(f"--for: {error}") from None


def _label_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--brand, --rule, --source, --tag, --severity; each may be repeated."""
    options = [
        click.option(
            f"--{name}", name, multiple=True, metavar=name.upper(), help=f"Only this {name}; may be repeated."
        )
        for name in reversed(_LABELS)
    ]
    return reduce(lambda made, option: option(made), options, function)


_for_option = click.option("--for", "lasts", type=_Time(), metavar="TIME", help="For how long, as in 4h.")
_by_option = click.option("--by", metavar="NAME", help="Who says so.")
_why_option = click.option("--why", metavar="TEXT", help="Why.")


@click.group("silence", invoke_without_command=True)
@_label_options
@_for_option
@_why_option
@_by_option
@config_option
@json_option
@click.pass_context
def silence(
    ctx: click.Context,
    /,
    lasts: int | None,
    why: str | None,
    by: str | None,
    config_file: Path,
    as_json: bool,
    **labels: tuple[str, ...],
) -> None:
    """Do not tell alerts that match for a while.

    They are judged and kept all the same. What still fires when the silence ends is told then.

    Example: listener alerts silence --brand Acme --rule angry --for 4h --why "sale" --by ann
    """
    _pass_on(ctx, config_file)
    if ctx.invoked_subcommand is not None:
        return
    if lasts is None:
        raise WrongUsage("say for how long: --for 4h")
    who, reason = _needed(by, "--by", "who says so"), _needed(why, "--why", "why")
    config = read_config(ctx.obj)
    try:
        which = hushing.matchers(config, labels)
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    _told(
        config,
        _write(config, lambda db: hushing.silence(db, config, which, lasts, by=who, why=reason, now=now())),
        as_json,
    )


@silence.command("end")
@click.argument("number", metavar="ID", type=int)
@_by_option
@config_option
@json_option
@click.pass_context
def end(ctx: click.Context, number: int, by: str | None, config_file: Path, as_json: bool) -> None:
    """End a silence before its time. What still fires is told."""
    _pass_on(ctx, config_file)
    who = _needed(by, "--by", "who says so")
    config = read_config(ctx.obj)
    _told(config, _write(config, lambda db: hushing.end(db, config, number, by=who, now=now())), as_json)


@click.command("silences")
@click.option("--all", "every", is_flag=True, help="Those that are over, too.")
@config_option
@json_option
@click.pass_context
def listing(ctx: click.Context, every: bool, config_file: Path, as_json: bool) -> None:
    """List silences, the newest first."""
    _pass_on(ctx, config_file)
    config = read_config(ctx.obj)
    at = now()
    with open_reader(config) as reader:
        found = [one for one in silences.every(reader) if every or one.active(at)]
    if as_json:
        told = [hushing.silence_json(one, at, config.zone) for one in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if not found:
        click.echo("There is no silence.")
    for one in found:
        click.echo(line(one, config.zone, at))
    if any(one.active(at) for one in found):
        click.echo("`listener alerts silence end ID --by NAME` ends one before its time.")


@click.command("ack")
@click.argument("key", metavar="KEY")
@_why_option
@_by_option
@config_option
@json_option
@click.pass_context
def ack(
    ctx: click.Context, key: str, why: str | None, by: str | None, config_file: Path, as_json: bool
) -> None:
    """Take an alert on: it is not told again while it fires. That it resolved is told.

    KEY is that of an alert that fires, as `listener alerts` shows it.
    """
    _answer(ctx, key, by, why, config_file, as_json, None)


@click.command("snooze")
@click.argument("key", metavar="KEY")
@_for_option
@_why_option
@_by_option
@config_option
@json_option
@click.pass_context
def snooze(
    ctx: click.Context,
    key: str,
    lasts: int | None,
    why: str | None,
    by: str | None,
    config_file: Path,
    as_json: bool,
) -> None:
    """Put an alert off: it is told again then, if it still fires.

    KEY is that of an alert that fires, as `listener alerts` shows it.
    """
    if lasts is None:
        raise WrongUsage("say for how long: --for 2h")
    _answer(ctx, key, by, why, config_file, as_json, lasts)


def _answer(
    ctx: click.Context,
    key: str,
    by: str | None,
    why: str | None,
    config_file: Path,
    as_json: bool,
    lasts: int | None,
) -> None:
    _pass_on(ctx, config_file)
    who = _needed(by, "--by", "who says so")
    config = read_config(ctx.obj)
    reason = None if why is None else storable(why)
    said = _write(
        config, lambda db: hushing.answer(db, config, key, by=who, why=reason, now=now(), lasts=lasts)
    )
    if as_json:
        click.echo(json.dumps(hushing.answer_json(said, config.zone), ensure_ascii=False))
        return
    what = "taken on" if said.until is None else f"put off until {reading.moment(said.until, config.zone)}"
    click.echo(f"{said.episode}: {what} by {clean(said.by)}")


def _write(config: Config, work: Callable[[Transaction], Made]) -> Made:
    with open_store(config) as store:
        try:
            with store.writing() as db:
                return work(db)
        except Refused as error:
            raise WrongUsage(clean(str(error))) from None


def _told(config: Config, made: Silence, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(hushing.silence_json(made, now(), config.zone), ensure_ascii=False))
    else:
        click.echo(line(made, config.zone, now()))


def line(one: Silence, zone: ZoneInfo, at: int) -> str:
    """A silence in words."""
    which = ", ".join(f"{label} {clean(' or '.join(values))}" for label, values in one.matchers.items())
    until = f"until {reading.moment(one.until, zone)}"
    if one.ended_at is not None:
        until = f"ended {reading.moment(one.ended_at, zone)} by {clean(one.ended_by or '')}"
    elif not one.active(at):
        until = f"over since {reading.moment(one.until, zone)}"
    return f"silence {one.id}  {which}  {until}  ({clean(one.by)}: {clean(one.why)})"


def _needed(text: str | None, option: str, what: str) -> str:
    """What must be said: a silence tells who, why and until when."""
    if text is None or not (said := clean(storable(text))):
        raise WrongUsage(f"say {what}: {option}")
    return said


def _pass_on(ctx: click.Context, config_file: Path) -> None:
    """Take the configuration that stands nearest: `--config` may follow any of the words."""
    if ctx.get_parameter_source("config_file") == ParameterSource.COMMANDLINE or ctx.obj is None:
        ctx.obj = config_file
