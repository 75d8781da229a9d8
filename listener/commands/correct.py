"""listener correct: people's word on the tone of a mention."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean, shorten
from listener import correcting
from listener.asking import UsageError, brand_named, moment
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
from listener.imports.history import rows
from listener.pipeline import clean as storable
from sentiment.tone import Label
from storage import browse
from storage.browse import Seen
from storage.calendar import iso
from storage.desk import corrections
from storage.desk.corrections import Correction

_SHOWN = 100
_LONGEST = 1_000
_ANSWERS: dict[str, Label] = {"n": "negative", "u": "neutral", "p": "positive"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options say, where more than one way of correcting needs it."""

    config: Config
    brand: str | None
    by: str | None
    sampled: bool
    as_json: bool


@click.command("correct")
@click.argument("post", metavar="[ID", required=False)
@click.argument("label", metavar="LABEL]", required=False)
@config_option
@click.option("--brand", metavar="BRAND", help="The brand that is meant, where a post names several.")
@click.option("--by", metavar="NAME", help="Who says so.")
@click.option("--find", metavar="WORDS", help="Show the newest mentions with these words, and their numbers.")
@click.option("--ask", is_flag=True, help="Be asked about mentions drawn by chance.")
@click.option("--since", default="30d", show_default=True, metavar="TIME", help="Draw from here on.")
@click.option(
    "--count", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How many to draw or find."
)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="Read many from a CSV or JSON Lines: id or url, label, and perhaps brand and by.",
)
@click.option("--sampled", is_flag=True, help="What is given was drawn by chance, not picked.")
@click.option("--withdraw", metavar="ID", help="Take a correction back.")
@click.option("--list", "listing", is_flag=True, help="List the corrections.")
@json_option
def command(
    post: str | None,
    label: str | None,
    config_file: Path,
    brand: str | None,
    by: str | None,
    find: str | None,
    ask: bool,
    since: str,
    count: int,
    file: Path | None,
    sampled: bool,
    withdraw: str | None,
    listing: bool,
    as_json: bool,
) -> None:
    """Say what the tone of a mention is.

    LABEL is negative, neutral or positive (n, u, p). ID is the number of a post (--find shows it) or its address. A
    correction counts at once, and stays when history is judged again. Best are mentions drawn by chance (--ask): only
    they tell how right the engine is. From 60 corrections on a head is learned from them, and put in service where it
    does better.

    Example: listener correct 4711 negative --brand Acme
    """
    given = [post is not None, find is not None, ask, file is not None, withdraw is not None, listing]
    if sum(given) != 1:
        raise WrongUsage("give an ID with its label, or one of --find, --ask, --file, --withdraw, --list")
    config = read_config(config_file)
    # What is no UTF-8 on the command line arrives as half surrogate pairs, which no store takes.
    said_by = None if by is None else storable(by)
    asked = _Asked(config, _brand(config, brand), said_by, sampled, as_json)
    if post is not None:
        _one(asked, post, label)
    elif find is not None:
        _find(asked, find, count)
    elif ask:
        _ask(asked, since, count)
    elif file is not None:
        _file(asked, file)
    elif withdraw is not None:
        _withdraw(asked, withdraw)
    else:
        _list(asked)


def _brand(config: Config, brand: str | None) -> str | None:
    try:
        return None if brand is None else brand_named(brand, config.brands)
    except UsageError as error:
        raise WrongUsage(str(error)) from None


def _one(asked: _Asked, post: str, said: str | None) -> None:
    if said is None:
        raise WrongUsage("what is its tone? Write negative, neutral or positive after the ID")
    try:
        label = correcting.label_of(said)
        with open_store(asked.config) as store:
            seen = correcting.mention_of(store, asked.config.brands, post, asked.brand)
            with store.writing() as db:
                written = corrections.record(
                    db, seen.brand, seen.id, label, sampled=asked.sampled, by=asked.by, now=now()
                )
        if not written:
            raise correcting.no_more(seen)
    except NoMention as error:
        raise WrongUsage(str(error)) from None
    engine = f"{seen.engine} said {seen.label}" if seen.label else "no engine could tell"
    _done(
        asked,
        {"id": seen.id, "brand": seen.brand, "label": label, "engine_label": seen.label},
        f"{seen.brand}, post {seen.id}: {label} ({engine}).",
    )


def _find(asked: _Asked, words: str, most: int) -> None:
    with open_reader(asked.config) as reader:
        found = correcting.search(reader, words, asked.brand, most)
    if asked.as_json:
        click.echo(json.dumps([seen.to_json() for seen in found], ensure_ascii=False))
        return
    if not found:
        click.echo("No mention holds these words.")
    for seen in found:
        when = reading.dated(seen.published_at, asked.config.zone)
        click.echo(f"{seen.id}  {seen.brand}  {seen.label or 'no label'}  {when}  {_brief(seen.joined())}")


def _ask(asked: _Asked, since: str, count: int) -> None:
    config = asked.config
    try:
        start = moment(since, config.zone, now())
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    drawn = _draw(asked, start, count)
    if not drawn:
        click.echo(f"Nothing is left to ask about since {reading.moment(start, config.zone)}.")
        return
    click.echo("What is said of the brand?  n negative, u neutral, p positive, s skip, q stop\n")
    done = 0
    for number, seen in enumerate(drawn, 1):
        when = reading.moment(seen.published_at, config.zone)
        click.echo(f"{number}/{len(drawn)}  {seen.brand}, {clean(seen.source)}, {when}")
        click.echo(f"  {shorten(clean(seen.joined()), _LONGEST)}")
        choice = click.Choice([*_ANSWERS, "s", "q"])
        answer = click.prompt("", type=choice, show_choices=False, prompt_suffix="> ")
        if answer == "q":
            break
        if answer != "s":
            # Each answer on its own: who is interrupted loses none.
            with open_store(config) as store, store.writing() as db:
                done += corrections.record(
                    db, seen.brand, seen.id, _ANSWERS[answer], sampled=True, by=asked.by, now=now()
                )
    click.echo(f"{reading.plural(done, 'correction')} written; `listener tone quality` shows what they say.")
    _learn(asked, done)


def _draw(asked: _Asked, since: int, count: int) -> Sequence[Seen]:
    """Mentions drawn by chance, as many of each brand; the engine's label is not told with them."""
    brands = asked.config.brands
    names = [asked.brand] if asked.brand else [b.name for b in brands if b.own] or [b.name for b in brands]
    rng = random.Random()
    with open_reader(asked.config) as reader:
        found: list[Seen] = []
        for place, name in enumerate(names):
            number = count // len(names) + (place < count % len(names))
            drawn = corrections.draw(reader, name, since, now() + 1, number, rng.getrandbits(32))
            found += browse.by_ids(reader, name, drawn)
    rng.shuffle(found)
    return found


def _file(asked: _Asked, file: Path) -> None:
    with open_store(asked.config) as store:
        # Before the transaction: a daemon would wait for as long as a large file and all addresses take.
        readable = correcting.read_rows(store, asked.config.brands, rows(file), asked.by)
        with store.writing() as db:
            written = correcting.write_rows(db, readable, sampled=asked.sampled, now=now())
    for line, why in written.bad:
        click.echo(f"  line {line}: {clean(why)}", err=True)
    _done(
        asked,
        {
            "new": written.new,
            "known": written.known,
            "bad": [{"line": line, "reason": why} for line, why in written.bad],
        },
        f"{file}: {reading.plural(written.new, 'correction')} written, {reading.count(written.known)} stood already, "
        f"{reading.plural(len(written.bad), 'bad row')} left out.",
        written.new,
    )
    if not written.new and not written.known:
        raise Failure("no correction was written")


def _withdraw(asked: _Asked, post: str) -> None:
    with open_store(asked.config) as store:
        brands = asked.config.brands
        try:
            named = correcting.corrected(store, brands, post, asked.brand)
        except NoMention as error:
            raise WrongUsage(str(error)) from None
        with store.writing() as db:
            corrections.withdraw(db, named.brand, named.post_id)
    _done(
        asked,
        {"id": named.post_id, "brand": named.brand, "withdrawn": named.label},
        f"{named.brand}, post {named.post_id}: {named.label} is taken back; the engine's label counts again.",
        0,
    )


def _list(asked: _Asked) -> None:
    with open_reader(asked.config) as reader:
        found = corrections.all_corrections(reader, asked.brand, fallen=True)
    if asked.as_json:
        zone = asked.config.zone
        told = [{**correcting.to_json(c, zone), "text": c.text} for c in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if not found:
        click.echo("Nobody has corrected anything yet.")
    for one in found:
        click.echo(_line(one, asked.config))


def _line(one: Correction, config: Config) -> str:
    said = f"{one.label} (engine: {one.engine_label or 'no label'})"
    who = f" by {clean(one.by)}" if one.by else ""
    chance = "drawn" if one.sampled else "picked"
    when = iso(one.at, config.zone)[:10]
    fallen = "" if one.stands else "  fell away: the post was edited since"
    return f"{one.post_id}  {one.brand}  {said}  {chance}{who} {when}{fallen}  {_brief(one.text)}"


def _brief(text: str) -> str:
    return shorten(clean(text), _SHOWN)


def _done(asked: _Asked, told: dict[str, object], line: str, new: int = 1) -> None:
    learned = _outcome(asked, new)
    if asked.as_json:
        click.echo(json.dumps({**told, "learned": learned}, ensure_ascii=False))
        return
    click.echo(line)
    if learned:
        click.echo(learned)


def _learn(asked: _Asked, new: int) -> None:
    if learned := _outcome(asked, new):
        click.echo(learned)


def _outcome(asked: _Asked, new: int) -> str | None:
    """Learn where enough new corrections have come together; say what came of it."""
    if not new:
        return None
    from listener.commands import evidence
    from listener.commands.options import engine_of
    from listener.learning import is_due, learn
    from sentiment.tone import EngineUnavailable

    with open_store(asked.config) as store:
        if not is_due(store):
            return None
        try:
            engine = engine_of(asked.config, or_fallback=False)
            return evidence.result(learn(store, asked.config.brands, engine, now()))
        except (Failure, EngineUnavailable) as error:
            # The correction is written: that nothing can be learned from it today is no failure of it.
            return f"Nothing is learned now: {error}."
