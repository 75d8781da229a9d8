"""listener tone learn: a head from the corrections, in service where it does better."""

from __future__ import annotations

import json
from pathlib import Path

import click

from listener.commands.options import (
    Failure,
    config_option,
    engine_of,
    json_option,
    now,
    open_store,
    read_config,
)


@click.command("learn")
@config_option
@json_option
def command(config_file: Path, as_json: bool) -> None:
    """Learn from the corrections, and say what that shows.

    A small head is fitted to them and compared with the plain engine on corrections that it has not seen. It is put
    in service only where it surely does better; where it does not, one that served is retired. `listener correct` does
    the same by itself when there are enough new corrections.
    """
    config = read_config(config_file)
    from listener.commands import evidence
    from listener.learning import learn
    from sentiment.tone import EngineUnavailable

    with open_store(config) as store:
        try:
            outcome = learn(store, config.brands, engine_of(config, or_fallback=False), now())
        except EngineUnavailable as error:
            # A head in service that is damaged: the message says how to take it out.
            raise Failure(str(error)) from None
    if as_json:
        told = {
            "result": outcome.result,
            "engine": outcome.name,
            "lacking": outcome.lacking or None,
            "evidence": outcome.evidence.to_json(),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if outcome.result != "too_few":
        for line in evidence.lines(outcome.evidence):
            click.echo(line)
    click.echo(evidence.result(outcome))
