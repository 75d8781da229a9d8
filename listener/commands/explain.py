"""listener explain: one number, opened."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean_lines
from listener import __version__
from listener.asking import UsageError, question
from listener.commands.explained import checked, lines
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    read_config,
)
from storage.base import Rows
from storage.explain import Explanation, NoEvidence, Written, explain, write
from storage.explain import verify as verified
from storage.kpi import Ask, kpis_of

_MOST_POSTS = 10_000


@click.command("explain")
@click.argument("name", metavar="[KPI]", required=False)
@config_option
@click.option("--brand", help="The brand whose number it is.")
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
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write an evidence file: the facts, and SQL that makes the number of them again.",
)
@click.option(
    "--verify",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Check an evidence file instead: its hash, and that the number comes out again.",
)
@json_option
def command(
    name: str | None,
    config_file: Path,
    brand: str | None,
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    timezone: str | None,
    posts: int,
    after: int | None,
    sentiment: str | None,
    bundle: Path | None,
    verify: Path | None,
    as_json: bool,
) -> None:
    """Open one number: how it came about, down to the posts.

    Shows the value with its interval, the formula with the numbers put in, hours heard of each source and every gap,
    engines, versions of the query, corrections, posts, and the SQL.

    Example: listener explain share_of_voice --brand Acme --since 7d
    """
    if verify is not None:
        _verify(verify, as_json)
        return
    if name is None or brand is None:
        raise click.UsageError("name a KPI and a --brand, or a file to --verify")
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
        made = explain(store, kpis_of(store)[kpi], ask, posts=posts, after=after, label=sentiment)
        written = _write(store, made, ask, bundle) if bundle else None
    if as_json:
        told = made.to_json(ask.zone) | ({"bundle": _bundle(written)} if written else {})
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in lines(made, ask.zone):
        click.echo(line)
    if written:
        click.echo(f"\n{bundle}: {reading.plural(written.facts, 'fact')}, sha256 {written.sha256}")
        click.echo(f"  {written.recomputed}")


def _write(store: Rows, made: Explanation, ask: Ask, file: Path) -> Written:
    try:
        return write(store, made, ask, file, version=__version__)
    except FileExistsError:
        raise Failure(
            f"{file} is there already, and evidence is not written over; name another file"
        ) from None
    except OSError as error:
        raise Failure(f"{file} cannot be written ({error.strerror}); name another file") from None


def _bundle(written: Written) -> dict[str, object]:
    return {name: getattr(written, name) for name in Written.__slots__}


def _verify(file: Path, as_json: bool) -> None:
    """Check an evidence file. Raises Failure where it is not what was written."""
    try:
        found = verified(file)
    except NoEvidence as error:
        raise Failure(clean_lines(str(error))) from None
    good = found.untouched and found.same
    if as_json:
        manifest = {"manifest": found.manifest, "sha256": found.sha256, "untouched": found.untouched}
        answer = {"answer": found.answer, "value": found.value, "same": found.same, "good": good}
        click.echo(json.dumps(manifest | answer, ensure_ascii=False))
    else:
        for line in checked(found):
            click.echo(line)
    if not good:
        raise Failure(f"{file} is not what was written")
