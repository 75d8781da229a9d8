"""listener explain: one number, opened."""

from __future__ import annotations

import json
from pathlib import Path

import click

from listener.asking import UsageError, question
from listener.commands.explained import lines
from listener.commands.options import (
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    read_config,
)
from storage.explain import explain
from storage.kpi import KPIS

_MOST_POSTS = 10_000


@click.command("explain")
@click.argument("name", metavar="KPI")
@config_option
@click.option("--brand", required=True, help="The brand whose number it is.")
@click.option("--source", "sources", multiple=True, help="Only this source or kind of source.")
@click.option("--since", metavar="TIME", help="From here on: 2026-11-02, 2026-11-02T08:00Z or 7d (ago).")
@click.option("--until", metavar="TIME", help="Up to here, itself not included; default now.")
@click.option("--timezone", metavar="ZONE", help="Zone for days and for times without one.")
@click.option(
    "--posts",
    type=click.IntRange(0, _MOST_POSTS),
    default=10,
    show_default=True,
    metavar="N",
    help="How many of the posts behind it to show.",
)
@click.option("--after", type=int, metavar="ID", help="Go on after this post, the last of the page before.")
@click.option(
    "--sentiment",
    type=click.Choice(["negative", "neutral", "positive"]),
    help="Show only posts of this tone.",
)
@json_option
def command(
    name: str,
    config_file: Path,
    brand: str,
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    timezone: str | None,
    posts: int,
    after: int | None,
    sentiment: str | None,
    as_json: bool,
) -> None:
    """Open one number: what it was made of, what was not heard, and the posts behind it.

    Shows the value with its interval, the formula with the numbers put in, hours heard of each source and every gap,
    engines, versions of the query, corrections, posts, and the SQL.

    Example: listener explain share_of_voice --brand Acme --since 7d
    """
    config = read_config(config_file)
    with open_reader(config) as reader, reader.snapshot() as store:
        try:
            ask, (kpi,) = question(
                store,
                config,
                now(),
                kpis=(name,),
                brands=(brand,),
                sources=sources,
                since=since,
                until=until,
                timezone=timezone,
            )
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        made = explain(store, KPIS[kpi], ask, posts=posts, after=after, label=sentiment)
    if as_json:
        click.echo(json.dumps(made.to_json(ask.zone), ensure_ascii=False))
    else:
        for line in lines(made, ask.zone):
            click.echo(line)
