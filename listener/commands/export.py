"""listener export: everything that is held on one author, for whoever asks; mentions to be handed on."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import click
from click.core import ParameterSource

from alerts import format as reading
from alerts.render import clean
from listener import __version__
from listener.asking import UsageError, sources_named
from listener.commands import export_mentions
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    now,
    open_reader,
    read_config,
    tell_of_namesakes,
)
from listener.config import Config
from listener.pipeline import clean as storable
from storage import about, browse, held, retention
from storage.base import Rows
from storage.calendar import iso
from storage.held import Held
from storage.journal import Journal


@click.group("export", invoke_without_command=True)
@config_option
@click.option("--author", metavar="NAME", help="A name, or an account's id.")
@click.option("--source", metavar="NAME", help="Only of this source or kind of source.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; a new one.",
)
@click.pass_context
def command(
    ctx: click.Context, config_file: Path, author: str | None, source: str | None, out: Path | None
) -> None:
    """Write everything that is held on an author into a JSON file.

    Their posts with when, from where, and until when they are kept; what each was counted as, its tone and its
    corrections; cases, tags, counters. Only you may read the file (mode 0600).

    Example: listener export --author ann@example.social --out ann.json

    What was said of a brand, whoever said it: `listener export mentions`.
    """
    if ctx.invoked_subcommand is not None:
        _check_place(ctx)
    elif author is None:
        raise WrongUsage(
            "export what? --author NAME --out FILE: what is held on a person; `listener export mentions`: mentions"
        )
    elif out is None:
        raise WrongUsage("--author needs --out FILE, a new file to write into")
    else:
        _of_author(config_file, author, source, out)


command.add_command(export_mentions.command)


def _check_place(ctx: click.Context) -> None:
    """Raises WrongUsage for options before the name of what is exported, which would count for nothing there."""
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given:
        name = "config" if given[0] == "config_file" else given[0]
        raise WrongUsage(f"write --{name} after `{ctx.invoked_subcommand}`")


def _of_author(config_file: Path, author: str, source: str | None, out: Path) -> None:
    config = read_config(config_file)
    who = storable(author)
    with open_reader(config) as reader:
        try:
            sources_named(reader, [] if source is None else [source])
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        found = held.by_author(reader, who, source)
        counted = _only_counted(config, reader, who)
        told = _told(config, reader, who, found, counted)
    if not found and not counted:
        raise WrongUsage(f"nothing is held of {clean(author)[:80]!r}")
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failure(f"{out}: {error.strerror}; name a new file") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=1)
        file.write("\n")
    for (name, written_by), count in Counter((one.source, one.author or "") for one in found).most_common():
        click.echo(f"{clean(name)}: {clean(written_by)}: {reading.plural(count, 'post')}")
    for name, count in counted.items():
        click.echo(
            f"{clean(name)}: {reading.plural(count, 'mention')} that have only been counted since their words went"
        )
    tell_of_namesakes([*(one.source for one in found), *counted])
    click.echo(f"Written to {out}. Give it to them only once you know that it is theirs.")


def _only_counted(config: Config, store: Rows, who: str) -> dict[str, int]:
    journal = Journal(config.database)
    if not journal.key_path.exists():
        return {}
    names = browse.sources(store)
    return about.only_counted(store, [journal.hashed(name, who) for name in names])


def _told(
    config: Config, store: Rows, who: str, found: list[Held], counted: dict[str, int]
) -> dict[str, object]:
    limits = retention.limits(store, config.storage.kept_for)
    beside = about.posts(store, [one.id for one in found if one.id is not None])
    return {
        "version": __version__,
        "author": who,
        "asked_at": iso(now()),
        "posts": [
            {
                **_post(one, limits.get(one.source_id)),
                **(beside.get(one.id, {}) if one.id is not None else {}),
            }
            for one in found
        ],
        "mentions_without_words": counted,
    }


def _post(one: Held, limit: int | None) -> dict[str, object]:
    return {
        "source": one.source,
        "id": one.native_id,
        "address": one.url,
        "author": one.author,
        "author_id": one.author_id,
        "title": one.title,
        "text": one.text,
        "published_at": iso(one.published_at),
        "fetched_at": iso(one.fetched_at),
        "kept_as": "a post" if one.id is not None else "one of a sample, for at most a week",
        "words_kept_until": None if limit is None else iso(one.fetched_at + limit),
    }
