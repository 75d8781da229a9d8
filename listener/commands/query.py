"""listener query: a brand's query tried on what was heard, and people's word on whether it is right."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alerts import format as reading
from alerts.render import clean
from listener.asking import UsageError, brand_named, moment
from listener.commands.options import (
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from listener.commands.progress import progress
from listener.config import Config
from listener.matching.mistakes import QueryError
from storage.calendar import iso
from storage.desk import judgements
from storage.mention import Brand

if TYPE_CHECKING:
    from listener.matching.explain import Span
    from listener.trying import Example, Examples, Trial

_AROUND = 60
_LONGEST = 240
_since_option = click.option(
    "--since", default="7d", show_default=True, metavar="TIME", help="From here on: 2026-11-02, or 7d (ago)."
)


@click.group("query")
def command() -> None:
    """Try a brand's query on what was heard, and judge it."""


@command.command("test")
@click.argument("brand_name", metavar="BRAND")
@config_option
@_since_option
@click.option("--query", "text", metavar="QUERY", help="Try this query instead of the configured one.")
@click.option(
    "--examples",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="Posts to show of each kind.",
)
@json_option
def test(
    brand_name: str, config_file: Path, since: str, text: str | None, examples: int, as_json: bool
) -> None:
    """Show what BRAND's query finds, and what it misses.

    With the words that made it match, what each NOT takes away, and how often the query is right.

    It is tried on the posts that are kept, and on a sample of those that were no mention of anybody.
    """
    from listener.trying import trial

    config = read_config(config_file)
    brand, start = _brand_and_time(config, brand_name, since)
    if text is not None:
        brand = replace(brand, query=text)
    with open_reader(config) as reader, progress("trying the query") as bar:
        try:
            found = trial(reader, brand, start, examples, bar.advance)
        except QueryError as error:
            raise WrongUsage(f"{error}\n{error.caret()}") from None
        except ValueError as error:
            raise WrongUsage(str(error)) from None
    if as_json:
        click.echo(json.dumps(_to_json(found, config), ensure_ascii=False))
        return
    for line in _lines(found, brand, config, start):
        click.echo(line)


def _brand_and_time(config: Config, name: str, since: str) -> tuple[Brand, int]:
    try:
        named = brand_named(name, config.brands)
        return next(b for b in config.brands if b.name == named), moment(since, config.zone, now())
    except UsageError as error:
        raise WrongUsage(str(error)) from None


def _lines(found: Trial, brand: Brand, config: Config, start: int) -> Iterator[str]:
    yield f"{brand.name}: {brand.query or 'no query; its name and aliases are looked for'}"
    yield (
        f"Tried on {reading.plural(found.kept, 'kept post')} and {reading.plural(found.sampled, 'post')} "
        f"that concerned nobody, from {reading.moment(start, config.zone)} on."
    )
    for share in found.shares:
        if share.share < 1:
            held = reading.percent(share.share)
            yield f"Of the posts of {share.source} that concerned nobody, the sample holds {held}."
    yield ""
    yield f"FOUND: {reading.plural(found.matched.count, 'mention')}"
    yield from _shown(found.matched, config, against=False)
    for name, examples in found.clauses.items():
        yield ""
        shared = f", {reading.count(examples.shared)} of them not it alone" if examples.shared else ""
        yield f"TAKEN AWAY by {name}: removes {reading.plural(examples.count, 'post')}{shared}"
        yield from _shown(examples, config, against=True)
    if found.gained.count or found.lost.count:
        yield ""
        yield (
            f"AGAINST WHAT COUNTS NOW: {reading.count(found.gained.count)} more, "
            f"{reading.count(found.lost.count)} no more (`listener rematch` applies a query to what is kept)"
        )
        yield from _shown(found.gained, config, against=False, sign="+")
        yield from _shown(found.lost, config, against=True, sign="-")
    if found.named:
        yield ""
        yield (
            f"Of {reading.plural(found.named, 'imported post')} that are said to be about {brand.name}, "
            f"the query finds {reading.count(found.named_found)}."
        )
    yield ""
    yield _precision(found, brand)


def _precision(found: Trial, brand: Brand) -> str:
    judged = found.precision
    if judged.share is None:
        ask = f"`listener query judge {brand.name!r}` asks you about a few dozen posts."
        return f"PRECISION: nobody has judged yet; {ask}"
    low, high = judged.interval
    return (
        f"PRECISION: {reading.percent(judged.share)} ({judged.relevant} of {judged.judged} judged posts are about "
        f"{brand.name}; with 95 % certainty between {reading.percent(low)} and {reading.percent(high)})"
    )


def _shown(examples: Examples, config: Config, *, against: bool, sign: str = "") -> Iterator[str]:
    for example in examples.newest:
        post, explanation = example.standing.post, example.explanation
        spans = explanation.against if against and explanation.against else explanation.spans
        head = f"{example.standing.source.name}, {reading.moment(post.published_at, config.zone)}"
        yield f"  {sign + ' ' if sign else ''}{clean(head)}: {marked(post.text, spans)}"
        if explanation.told and not against:
            yield f"      also: {clean(', '.join(explanation.told))}"
        if post.url:
            yield f"      {clean(post.url)}"


def marked(text: str, spans: tuple[Span, ...]) -> str:
    """The part of a text around what was found, which stands in [brackets]."""
    start = max(0, spans[0].start - _AROUND) if spans else 0
    end = min(len(text), max(start + _LONGEST, spans[0].end + _AROUND if spans else 0))
    parts, at = ["…" if start else ""], start
    for span in spans:
        if span.end > end:
            break
        parts += [text[at : span.start], "[", text[span.start : span.end], "]"]
        at = span.end
    parts += [text[at:end], "…" if end < len(text) else ""]
    return " ".join(clean("".join(parts)).split())


def _to_json(found: Trial, config: Config) -> dict[str, Any]:
    judged = found.precision
    return {
        "kept": found.kept,
        "sampled": found.sampled,
        "sample": [{"source": s.source, "share": round(s.share, 4)} for s in found.shares],
        "matched": _examples(found.matched, config),
        "removed": [{"clause": name, **_examples(posts, config)} for name, posts in found.clauses.items()],
        "gained": _examples(found.gained, config),
        "lost": _examples(found.lost, config),
        "imported": {"said": found.named, "found": found.named_found},
        "precision": {
            "value": judged.share,
            "interval": list(judged.interval) if judged.judged else None,
            "n": judged.judged,
        },
    }


def _examples(examples: Examples, config: Config) -> dict[str, Any]:
    return {
        "posts": examples.count,
        "shared": examples.shared,
        "examples": [_example(e, config) for e in examples.newest],
    }


def _example(example: Example, config: Config) -> dict[str, Any]:
    post, explanation = example.standing.post, example.explanation
    return {
        "id": example.id,
        "source": example.standing.source.name,
        "native_id": post.native_id,
        "published_at": iso(post.published_at, config.zone),
        "url": post.url,
        "text": post.text,
        "spans": [{"start": s.start, "end": s.end, "what": s.what} for s in explanation.spans],
        "against": [{"start": s.start, "end": s.end, "what": s.what} for s in explanation.against],
        "told": list(explanation.told),
        "removed_by": list(explanation.removed_by),
    }


@command.command("judge")
@click.argument("brand_name", metavar="BRAND")
@config_option
@_since_option
@click.option(
    "--posts", type=click.IntRange(1, 1_000), default=30, show_default=True, help="How many to ask about."
)
@click.option("--by", metavar="NAME", help="Who judges.")
@click.option(
    "--file",
    "answers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
    help="Read the answers from a CSV with the columns id and relevant (yes or no) instead.",
)
def judge(
    brand_name: str, config_file: Path, since: str, posts: int, by: str | None, answers: Path | None
) -> None:
    """Say of some mentions whether they are about BRAND.

    They are chosen at random. From some thirty answers on, `listener query test` says how often the query is
    right, and how sure that is. Judged posts are not asked about again.
    """
    from listener.trying import to_judge

    config = read_config(config_file)
    brand, start = _brand_and_time(config, brand_name, since)
    if answers is not None:
        _record_file(config, brand, answers, by)
        return
    with open_reader(config) as reader:
        found = to_judge(reader, brand, start)
        asked = random.sample(found, min(posts, len(found)))
    if not asked:
        click.echo(f"No mention of {brand.name} is left to judge.")
        return
    click.echo(f"Is it about {brand.name}?  y yes, n no, s skip, q stop\n")
    done = 0
    for number, example in enumerate(asked, 1):
        click.echo(f"{number}/{len(asked)}  {marked(example.standing.post.text, example.explanation.spans)}")
        answer = click.prompt(
            "", type=click.Choice(["y", "n", "s", "q"]), show_choices=False, prompt_suffix="> "
        )
        if answer == "q":
            break
        if answer != "s":
            assert example.id is not None
            # Each answer on its own: who is interrupted loses none.
            with open_store(config) as store, store.writing() as db:
                done += judgements.record(db, brand.name, example.id, answer == "y", by, now())
    click.echo(
        f"{reading.plural(done, 'answer')} written; `listener query test {brand.name!r}` shows what they say."
    )


_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})


def _record_file(config: Config, brand: Brand, file: Path, by: str | None) -> None:
    rows: list[tuple[int, bool]] = []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise WrongUsage(f"{file} is no text in UTF-8; save it as UTF-8") from None
    for line, row in enumerate(csv.DictReader(lines), 2):
        id_, said = (row.get("id") or "").strip(), (row.get("relevant") or "").strip().casefold()
        if not id_.isdecimal() or len(id_) > 18 or said not in _YES | _NO:
            raise WrongUsage(f"{file}, line {line}: needs the columns id (a number) and relevant (yes or no)")
        rows.append((int(id_), said in _YES))
    with open_store(config) as store, store.writing() as db:
        written = sum(judgements.record(db, brand.name, id_, said, by, now()) for id_, said in rows)
    click.echo(
        f"{reading.plural(written, 'answer')} written, {len(rows) - written} on posts that are not kept."
    )
