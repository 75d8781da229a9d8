"""listener annotate: what happened on which day."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean, shorten
from listener.asking import UsageError, brand_named, moment
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from storage.calendar import local_day
from storage.desk import annotations as notes
from storage.desk.annotations import Annotation

_LONGEST = 300


@click.group("annotate")
def command() -> None:
    """Write on a day what happened, for charts and reports.

    A campaign's start, an outage, a holiday, a change of what a network shows: what explains a peak or a dip that
    nobody will remember in half a year.
    """


@command.command("add")
@click.argument("day")
@click.argument("text")
@config_option
@click.option("--brand", metavar="BRAND", help="Only about this brand; without it about all.")
@click.option("--by", metavar="NAME", help="Who says so.")
def add(day: str, text: str, config_file: Path, brand: str | None, by: str | None) -> None:
    """Write TEXT on a DAY: 2026-11-21, or 3d for three days ago.

    Example: listener annotate add 2026-11-21 "price rise" --brand Acme
    """
    config = read_config(config_file)
    said = clean(text)
    if not said:
        raise WrongUsage("say what happened, as in: listener annotate add 2026-11-21 'price rise'")
    if len(said) > _LONGEST:
        raise WrongUsage(f"that is {len(said)} characters; a chart has room for {_LONGEST} at most")
    try:
        on = local_day(moment(day, config.zone, now()), config.zone)
        about = brand_named(brand, config.brands) if brand is not None else None
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    with open_store(config) as store, store.writing() as db:
        number = notes.add(db, on, said, brand=about, by=clean(by) if by else None, now=now())
    click.echo(f"{number}  {on.isoformat()}  {about or 'all brands'}  {said}")


@command.command("list")
@config_option
@click.option("--brand", metavar="BRAND", help="Only those that concern this brand.")
@json_option
def listing(config_file: Path, brand: str | None, as_json: bool) -> None:
    """List the annotations in the order of their days."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        found = notes.all_annotations(reader)
    try:
        if brand is not None:
            found = notes.concern(found, brand_named(brand, config.brands))
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    if as_json:
        click.echo(json.dumps([_to_json(one) for one in found], ensure_ascii=False))
        return
    if not found:
        click.echo("There is no annotation: `listener annotate add DAY TEXT` writes one.", err=True)
    for one in found:
        who = f"  by {clean(one.by)}" if one.by else ""
        about = shorten(clean(one.brand), 40) if one.brand else "all brands"
        click.echo(f"{one.id}  {one.day.isoformat()}  {about}  {clean(one.text)}{who}")


@command.command("remove")
@click.argument("number", type=int, metavar="NUMBER")
@config_option
def remove(number: int, config_file: Path) -> None:
    """Take an annotation back. NUMBER is shown by `annotate list`."""
    config = read_config(config_file)
    with open_store(config) as store, store.writing() as db:
        if not notes.remove(db, number):
            raise Failure(
                f"there is no annotation {reading.count(number)}; `listener annotate list` shows them"
            )
    click.echo(f"annotation {number} is removed")


def _to_json(one: Annotation) -> dict[str, object]:
    return {"id": one.id, "day": one.day.isoformat(), "text": one.text, "brand": one.brand, "by": one.by}
