"""listener digest: the weekly letter, written to files or to the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from alerts.language import LANGUAGES
from listener import __version__
from listener.asking import UsageError, moment, zone_of
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    read_config,
)
from listener.config import Config, DigestOptions
from storage.calendar import Window
from storage.sqlite import Reader

if TYPE_CHECKING:
    from alerts.digest.content import Digest
    from alerts.digest.facts import DigestFacts
    from alerts.message import Quote

_PICTURE = re.compile(r'src="cid:([\w-]+)"')


@click.command("digest")
@config_option
@click.option("--name", metavar="NAME", help="Which of several letters; without it the first.")
@click.option("--since", metavar="TIME", help="Begin here instead of with the last whole period.")
@click.option("--until", metavar="TIME", help="End here, itself not included.")
@click.option("--timezone", metavar="ZONE", help="Zone for days and for times without one.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Write it in this language.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write digest.html, .txt, .md, .slack.json and .json there, and the charts.",
)
@click.option(
    "--pdf", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it as PDF there."
)
@click.option("--markdown", is_flag=True, help="Print it as Markdown.")
@json_option
def command(
    config_file: Path,
    name: str | None,
    since: str | None,
    until: str | None,
    timezone: str | None,
    language: str | None,
    out: Path | None,
    pdf: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Show the letter on the last whole week, or another period. Nothing is sent.

    With --name that of a letter of the list `digest`, on its own period and brands. Where nothing of that period was
    heard, it is on this one so far.

    The daemon sends it by itself when digest.cron says so, once.
    """
    config = read_config(config_file)
    options = _options(config, name, language, timezone)
    from alerts.digest.sending import digest_from

    with open_reader(config) as reader:
        key, facts = facts_of(reader, config, options, since, until)
        digest, quotes = digest_from(facts, reader, ZoneInfo(facts.timezone))
    if pdf is not None:
        _write_pdf(digest, quotes, pdf)
    if out is not None:
        _write(digest, quotes, key, out)
    if out is None and pdf is None:
        click.echo(_said(digest, quotes, key, markdown=markdown, as_json=as_json), nl=not markdown)


def _options(config: Config, name: str | None, language: str | None, timezone: str | None) -> DigestOptions:
    """The letter that is meant, with what the command says otherwise."""
    known = {one.name: one for one in config.letters}
    if name is not None and name not in known:
        named = ", ".join(filter(None, known))
        remedy = f"there are: {named}" if named else "none there has a name, so leave --name out"
        raise WrongUsage(f"there is no letter {name!r} under digest in config.yaml; {remedy}")
    found = known[name] if name is not None else next(iter(known.values()), DigestOptions())
    try:
        zone = zone_of(timezone).key if timezone else found.zone
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    return found.model_copy(update={"zone": zone, "language": language or found.language or config.language})


def facts_of(
    reader: Reader, config: Config, options: DigestOptions, since: str | None, until: str | None
) -> tuple[str, DigestFacts]:
    """The facts of the period that is asked for, else of the first period of which anything was heard."""
    from alerts.digest.period import Period, periods
    from listener.letters import count
    from listener.letters import zone_of as zone_of_letter

    present, zone = now(), zone_of_letter(options, config)
    asked = periods(present, zone, options.period, options.name)
    try:
        if since or until:
            end = moment(until, zone, present) if until else present
            begin = moment(since, zone, present) if since else end - 7 * 86400
            asked = [Period(f"digest-{begin}-{end}", Window(begin, end))]
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    if asked[0].window.since >= asked[0].window.until:
        raise WrongUsage("--since must lie before --until")
    for period in asked:
        facts = count(reader, config, options, period.window, present)
        if facts.coverage:
            break
    # What is printed is no letter of a series.
    return period.key, replace(facts, next_letter_at=None)


def _said(digest: Digest, quotes: Mapping[str, Quote], key: str, *, markdown: bool, as_json: bool) -> str:
    from alerts.digest.paper import as_markdown
    from alerts.digest.render import letter

    if markdown:
        return as_markdown(digest, quotes)
    return (
        json.dumps({"version": __version__, **digest.data}, ensure_ascii=False)
        if as_json
        else letter(digest, quotes, key).text
    )


def _write_pdf(digest: Digest, quotes: Mapping[str, Quote], file: Path) -> None:
    from alerts.digest.paper import as_pdf
    from alerts.pdf import Missing

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(as_pdf(digest, quotes))
    except Missing as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"written: {file}")


def _write(digest: Digest, quotes: Mapping[str, Quote], key: str, folder: Path) -> None:
    from alerts.digest.paper import as_markdown
    from alerts.digest.render import letter

    made = letter(digest, quotes, key)
    # In a file the charts lie beside it: only a mail holds parts that are called by cid.
    files: dict[str, bytes] = {f"{name}.png": png for name, png in made.pictures.items()}
    files |= {
        name: text.encode()
        for name, text in {
            "digest.html": _PICTURE.sub(r'src="\1.png"', made.html),
            "digest.txt": f"{made.text.rstrip()}\n\nListener {__version__}\n",
            "digest.md": as_markdown(digest, quotes),
            "digest.slack.json": json.dumps(made.blocks, ensure_ascii=False, indent=1),
            "digest.json": json.dumps({"version": __version__, **made.data}, ensure_ascii=False, indent=1),
        }.items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror}") from None
    click.echo(f"written to {folder}: {', '.join(files)}")
