"""listener digest: the weekly letter, written to files or to the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts.message import Letter
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
from storage.calendar import Window


@click.command("digest")
@config_option
@click.option("--since", metavar="TIME", help="Begin here instead of with the last whole week.")
@click.option("--until", metavar="TIME", help="End here, itself not included.")
@click.option("--timezone", metavar="ZONE", help="Zone for days and for times without one.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write digest.html, digest.txt, digest.slack.json and digest.json there.",
)
@json_option
def command(
    config_file: Path,
    since: str | None,
    until: str | None,
    timezone: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show the letter on the last whole week (or another period). Nothing is sent.

    Where nothing of that week was heard, it is on this week so far.

    The daemon sends it by itself when digest.cron says so, once.
    """
    config = read_config(config_file)
    from alerts.digest.gather import gather
    from alerts.digest.period import Period, periods
    from alerts.digest.sending import letter_from

    try:
        zone = zone_of(timezone) if timezone else config.zone
        present = now()
        asked = periods(present, zone)
        if since or until:
            end = moment(until, zone, present) if until else present
            begin = moment(since, zone, present) if since else end - 7 * 86400
            asked = [Period(f"digest-{begin}-{end}", Window(begin, end))]
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    if asked[0].window.since >= asked[0].window.until:
        raise WrongUsage("--since must lie before --until")
    with open_reader(config) as reader:
        for period in asked:
            facts = gather(
                reader, config.brands, period.window, zone, present, None, config.dashboard.public_url
            )
            if facts.coverage:
                break
        letter = letter_from(facts, reader, zone, period.key)
    if out is not None:
        _write(letter, out)
    elif as_json:
        click.echo(json.dumps(letter.data, ensure_ascii=False))
    else:
        click.echo(letter.text)


def _write(letter: Letter, folder: Path) -> None:
    files = {
        "digest.html": letter.html,
        "digest.txt": letter.text,
        "digest.slack.json": json.dumps(letter.blocks, ensure_ascii=False, indent=1),
        "digest.json": json.dumps(letter.data, ensure_ascii=False, indent=1),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror}") from None
    click.echo(f"written to {folder}: {', '.join(files)}")
