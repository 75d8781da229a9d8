"""listener tag: what mentions are about, and who should see them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean
from listener import correcting, tagged
from listener.asking import UsageError, brand_named, tags_named
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
from listener.config import Config
from listener.correcting import NoMention
from listener.pipeline import clean as storable
from storage.desk import tags

_brand_option = click.option("--brand", metavar="BRAND", help="The brand that is meant.")


@click.group("tag")
def command() -> None:
    """Tag mentions by hand, and see what is tagged.

    Rules under `tags` in the configuration tag what is heard from then on, and history with `listener rematch`.
    """


@command.command("add")
@click.argument("tag")
@click.argument("posts", nargs=-1, required=True, metavar="ID...")
@_brand_option
@click.option("--by", metavar="NAME", help="Who says so.")
@config_option
def add(tag: str, posts: tuple[str, ...], brand: str | None, by: str | None, config_file: Path) -> None:
    """Tag mentions, by the numbers or addresses of their posts.

    Example: listener tag add sales 4711 4712 --brand Acme
    """
    config = read_config(config_file)
    name = _tag(tag)
    with open_store(config) as store:
        try:
            seen = [correcting.mention_of(store, config.brands, post, brand) for post in posts]
        except NoMention as error:
            raise WrongUsage(str(error)) from None
        who = None if by is None else storable(by)
        with store.writing() as db:
            new = sum(tags.add(db, name, one.brand, [one.id], by=who, now=now()) for one in seen)
    click.echo(f"{reading.plural(new, 'mention')} tagged {clean(name)}; {len(seen) - new} bore it already.")


@command.command("remove")
@click.argument("tag")
@click.argument("posts", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1), metavar="ID...")
@_brand_option
@config_option
def remove(tag: str, posts: tuple[int, ...], brand: str | None, config_file: Path) -> None:
    """Take a tag off mentions; what a rule gave comes back when the post is matched again."""
    config = read_config(config_file)
    name, of_brand = _tag(tag), _brand(config, brand)
    with open_store(config) as store, store.writing() as db:
        gone = sum(tagged.remove(db, name, post, of_brand) for post in posts)
    if not gone:
        raise Failure("no mention of these posts bears this tag")
    click.echo(f"{clean(name)} is taken off {reading.plural(gone, 'mention')}.")


@command.command("list")
@click.argument("post", required=False, type=click.IntRange(1, 2**63 - 1), metavar="[ID]")
@_brand_option
@click.option("--since", metavar="TIME", help="Mentions from here on.")
@click.option("--until", metavar="TIME", help="Mentions up to here.")
@json_option
@config_option
def listing(
    post: int | None,
    brand: str | None,
    since: str | None,
    until: str | None,
    as_json: bool,
    config_file: Path,
) -> None:
    """Show how many mentions bear each tag, or the tags of one post."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        try:
            names, window = tagged.question(config, now(), brand, since, until)
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        if post is not None:
            found = [tagged.to_json(t, config.zone) for t in tags.of_post(reader, post) if t.brand in names]
            lines = [f"{one['brand']}  {clean(str(one['tag']))}  {_who(one)}" for one in found]
        else:
            found = tagged.counted(reader, names, window, config.tags)
            lines = [_line(one) for one in found]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo("\n".join(lines) or "Nothing is tagged.")


def _who(one: dict[str, object]) -> str:
    return "by a rule" if one["by"] is None else f"by {clean(str(one['by']))}" if one["by"] else "by hand"


def _line(one: dict[str, object]) -> str:
    route = f"  to {one['route']}" if one["route"] else ""
    return f"{one['brand']}  {clean(str(one['tag']))}  {reading.plural(float(str(one['mentions'])), 'mention')}{route}"


def _tag(text: str) -> str:
    try:
        named = tags_named(storable(text), None, ())
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    assert named is not None
    return named[0]


def _brand(config: Config, brand: str | None) -> str | None:
    try:
        return None if brand is None else brand_named(brand, config.brands)
    except UsageError as error:
        raise WrongUsage(str(error)) from None
