"""listener tone head: the heads learned from corrections, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from listener.commands.options import (
    Failure,
    config_option,
    json_option,
    open_reader,
    open_store,
    read_config,
)
from listener.config import Config
from storage.calendar import iso
from storage.desk import heads
from storage.desk.heads import KeptHead


@click.command("head")
@config_option
@click.option("--retire", is_flag=True, help="Take the head out of service; the plain engine judges again.")
@json_option
def command(config_file: Path, retire: bool, as_json: bool) -> None:
    """Show the heads learned from corrections: which one serves, and why.

    They stay listed with what they showed when they were tried.
    """
    config = read_config(config_file)
    if retire:
        _retire(config)
        return
    with open_reader(config) as reader:
        found = heads.all_heads(reader)
    if as_json:
        click.echo(json.dumps([_to_json(head, config) for head in found], ensure_ascii=False))
        return
    if not found:
        click.echo("No head yet: `listener tone learn` says how many corrections that needs.")
        return
    from listener.commands import evidence
    from listener.learning import Evidence

    for head in found:
        when = reading.moment(head.made_at, config.zone)
        click.echo(f"{head.id}  {_name(head)}  {head.state}, learned {when}")
        for line in evidence.lines(Evidence.of(head.evidence)):
            click.echo(f"    {line}")


def _retire(config: Config) -> None:
    with open_store(config) as store, store.writing() as db:
        done = heads.retire(db)
    if not done:
        raise Failure("no head is in service")
    from listener.commands.evidence import AGAIN

    click.echo(f"The head is retired: the plain engine judges from now on; {AGAIN}.")


def _name(head: KeptHead) -> str:
    from sentiment.head import DamagedHead, Head

    try:
        return Head.from_bytes(head.weights).name
    except DamagedHead as damaged:
        return f"{head.engine}, damaged: {damaged}"


def _to_json(head: KeptHead, config: Config) -> dict[str, object]:
    return {
        "id": head.id,
        "engine": head.engine,
        "name": _name(head),
        "state": head.state,
        "made_at": iso(head.made_at, config.zone),
        "evidence": head.evidence,
    }
