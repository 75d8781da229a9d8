"""listener import: history from a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from alerts.format import count, plural
from listener.asking import UsageError, zone_of
from listener.commands import import_numbers
from listener.commands.judging import make_pipeline
from listener.commands.options import Failure, WrongUsage, config_option, now, open_store, read_config
from listener.commands.progress import passing, progress
from listener.config import Config
from listener.imports.history import FIELDS, BadRow, Importer, Report, Row, Wish, rows
from listener.imports.misfit import misfit
from listener.imports.new_brands import BrandWriter, CannotAdd, market_of
from storage import queries


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@config_option
@click.option("--source", default="import", show_default=True, help="Where the posts come from.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Read a field from another column; repeatable.",
)
@click.option("--timezone", metavar="ZONE", help="Zone of times that bear none; default: the configured one.")
@click.option("--add-brands", is_flag=True, help="Add unknown brands to the configuration, as competitors.")
@import_numbers.options
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path,
    config_file: Path,
    source: str,
    mapping: tuple[str, ...],
    timezone: str | None,
    add_brands: bool,
    **numbers: Any,
) -> None:
    """Import history: CSV with a first line of names, or JSON Lines. With --kind, numbers that mentions cannot tell.

    Fields: text, id, created_at, author, brand, url, source, in_reply_to, thread, inbound, language. A column
    that bears a field's name needs no --map; other columns are ignored. `brand` stands instead of the query;
    `inbound` false says that the brand itself wrote it; `thread` ties an answer to its question. Files of `listener
    export mentions` have three more: automatic, same_post, guarded (docs/export.md).

    Importing twice changes nothing. Imported posts count in every KPI and never make a rule fire.

    Kinds of numbers: traffic (ga4), search (gsc), advertising (ads), leads (crm), answers (survey), the networks' own
    statistics (native), orders (shop), customers and margins (business), stars (reviews), your own (custom), as their
    programs export them, CSV or ZIP. A newer export replaces what it holds of the same days. See docs/imports.md.
    """
    asked = import_numbers.asked_of(numbers)
    config = read_config(config_file)
    try:
        zone = zone_of(timezone) if timezone else config.zone
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    if asked is not None:
        if add_brands or context.get_parameter_source("source") is not ParameterSource.DEFAULT:
            raise WrongUsage("--source and --add-brands are for posts, not for numbers")
        import_numbers.bring(file, config, asked, _pairs(mapping), zone)
        return
    wish = Wish(source, _columns(mapping), zone)
    if not source.strip():
        raise WrongUsage("--source needs a name for where the posts come from")
    if why := misfit(file, wish):
        raise WrongUsage(f"{file}: {why}")
    bring(file, rows(file), config, wish, add_brands=add_brands)


def bring(
    file: Path,
    found: Iterable[tuple[int, Row | BadRow]],
    config: Config,
    wish: Wish,
    *,
    add_brands: bool = False,
) -> None:
    """Keep rows of posts and tell what became of them. Raises Failure where nothing was imported."""
    report = _import(found, config, wish, add_brands)
    _tell(report, file, wish.zone, market_of(config.brands))
    if not report.kept and not report.doubles:
        raise Failure("nothing was imported")


def _columns(mapping: tuple[str, ...]) -> dict[str, str]:
    columns = {}
    for pair in mapping:
        name, equals, column = pair.partition("=")
        if not equals or name not in FIELDS or not column:
            raise WrongUsage(f"--map {pair!r}: write FIELD=COLUMN, where FIELD is one of {', '.join(FIELDS)}")
        columns[name] = column
    return columns


def _pairs(mapping: tuple[str, ...]) -> dict[str, str]:
    """The columns of --kind, whose fields its tables name."""
    pairs = [pair.partition("=") for pair in mapping]
    if wrong := [name for name, _, column in pairs if not name or not column]:
        raise WrongUsage(f"--map {wrong[0]!r}: write FIELD=COLUMN")
    return {name: column for name, _, column in pairs}


def _import(
    found: Iterable[tuple[int, Row | BadRow]], config: Config, wish: Wish, add_brands: bool
) -> Report:
    writer = BrandWriter(config.file, market_of(config.brands))
    with open_store(config) as store:
        pipeline = make_pipeline(config, store)
        with store.writing() as db:
            queries.keep_versions(db, config.brands, now())
        importer = Importer(config.brands, pipeline, store.commit, writer.add if add_brands else None, now())
        with progress("importing") as bar:
            report = importer.run(passing(bar, found), wish)
    try:
        writer.save()
    except CannotAdd as error:
        raise Failure(f"the posts are kept, but {config.file} could not be changed: {error}") from None
    return report


def _tell(report: Report, file: Path, zone: ZoneInfo, market: str) -> None:
    click.echo(
        f"{file}: {plural(report.rows, 'row')} read; {plural(report.kept, 'new post')} kept "
        f"with {plural(report.mentions, 'mention')}; "
        f"{count(report.doubles)} were kept already, stand twice in the file, or answer nothing that is kept"
    )
    if report.unmatched:
        click.echo(
            f"{plural(report.unmatched, 'row')} left out: no brand named, and no brand's query matches"
        )
    if report.added:
        click.echo(
            f"added to the configuration as competitors in the market {market}: {', '.join(report.added)}"
        )
    if report.unknown_brands:
        refused = sum(report.unknown_brands.values())
        from alerts.render import clean_lines

        # Whoever wrote the file wrote these names; cleaned, or they could steer the terminal.
        values = ", ".join(f"{clean_lines(name)} ({n})" for name, n in report.unknown_brands.most_common(20))
        click.echo(f"{plural(refused, 'row')} of unknown brands refused: {values}", err=True)
        click.echo("  add them to the configuration, or import with --add-brands", err=True)
    if report.bad_rows:
        click.echo(
            f"{plural(report.bad_rows, 'bad row')} left out (times are read in {zone.key} where they bear no zone):",
            err=True,
        )
        for line, reason in report.bad:
            click.echo(f"  line {line}: {reason}", err=True)
        if report.bad_rows > len(report.bad):
            click.echo(f"  and {count(report.bad_rows - len(report.bad))} more", err=True)
