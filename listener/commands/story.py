"""listener story: the largest stories, and one of them with all of its copies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts import format as reading
from alerts.render import clean, shorten
from listener import tagged
from listener.asking import UsageError
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    read_config,
)
from listener.commands.tables import table, terminal_width
from storage.stories import looking
from storage.stories.looking import Copy, Story

_HEADLINE = 60
_WORDS = 100


@click.command("story")
@click.argument("post", required=False, type=click.IntRange(1, 2**63 - 1), metavar="[ID]")
@click.option("--brand", metavar="BRAND", help="Only stories that mention this brand.")
@click.option("--since", metavar="TIME", default="7d", show_default=True, help="Mentions from here on.")
@click.option("--until", metavar="TIME", help="Mentions up to here, itself not included; default now.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many, at most."
)
@json_option
@config_option
def command(
    post: int | None,
    brand: str | None,
    since: str,
    until: str | None,
    limit: int,
    as_json: bool,
    config_file: Path,
) -> None:
    """List the largest stories, or open one of them.

    Posts that are copies of one another are one story.

    With the ID of any of its posts one story is opened: who had it first, and who repeated whom.

    Example: listener story --brand Acme --since 30d
    """
    config = read_config(config_file)
    with open_reader(config) as reader:
        if post is not None:
            told = looking.copies(reader, post)
            if not told:
                raise Failure(f"there is no post {post}; `listener story` shows the numbers of stories")
            shown: dict[str, object] = {"id": post, "copies": [one.to_json() for one in told]}
            lines = _tree(told, config.zone)
        else:
            try:
                names, window = tagged.question(config, now(), brand, since, until)
            except UsageError as error:
                raise WrongUsage(str(error)) from None
            found = looking.largest(reader, names, window, limit)
            shown = {"stories": [one.to_json() for one in found]}
            lines = _table(found, config.zone)
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for line in lines:
        click.echo(line)
    if post is None and not shown["stories"]:
        click.echo("No story of two posts or more was heard in this time.", err=True)


def _table(found: Sequence[Story], zone: ZoneInfo) -> Iterator[str]:
    if not found:
        return
    rows = [
        (
            str(one.id),
            *("–" if n is None else reading.count(n) for n in (one.posts, one.publishers, one.sources)),
            *(_time(at, zone) for at in (one.first_at, one.last_at)),
            f"+{one.positive} -{one.negative}",
            shorten(clean(one.headline), _HEADLINE) if one.headline else "(taken back)",
        )
        for one in found
    ]
    head = ("ID", "posts", "publishers", "sources", "first", "last", "tone", "begins")
    yield from table(head, rows, right=(0, 1, 2, 3), width=terminal_width())


def _tree(told: Sequence[Copy], zone: ZoneInfo) -> Iterator[str]:
    sources = len({one.source for one in told})
    yield f"{reading.plural(len(told), 'post')} in {reading.plural(sources, 'source')}, each under what it repeats:"
    for one in told:
        words = "(taken back)" if one.erased else shorten(clean(one.title or one.text), _WORDS)
        tones = ", ".join(f"{clean(brand)} {label or 'unjudged'}" for brand, label in one.tones)
        by = clean(one.author) if one.author else "unknown author"
        indent = "  " * one.depth
        yield f"{indent}{one.id}  {_time(one.published_at, zone)}  {clean(one.source)}  {by}  [{tones}]"
        yield f"{indent}    {words}"


def _time(at: int, zone: ZoneInfo) -> str:
    # Imported history may be of any year; what is heard is of this one.
    if datetime.fromtimestamp(at, zone).year != datetime.fromtimestamp(now(), zone).year:
        return reading.dated(at, zone)
    return reading.moment(at, zone)
