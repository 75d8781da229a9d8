"""listener preview: what would be heard, judged and told, before anything is stored."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from alerts import format as reading
from alerts.render import clean, clean_lines
from listener.commands.options import (
    Failure,
    config_option,
    engine_of,
    json_option,
    now,
    read_config,
    store_errors,
)
from listener.commands.query import marked
from listener.commands.tables import table, terminal_width
from listener.config import Config, DigestOptions
from storage.calendar import iso

if TYPE_CHECKING:
    from alerts.backtest import Backtest
    from alerts.rules import Rule
    from listener.previewing import Example, Heard
    from storage.sqlite import Reader

_LABELS = ("positive", "neutral", "negative", "unjudged")
_LETTER = 12
"""Lines of the letter that are shown."""


@dataclass(frozen=True, slots=True)
class _Preview:
    """All that there is to show. `rules`: each with what it would have done, and in a sentence."""

    heard: Sequence[Heard]
    mentions: Sequence[tuple[str, Sequence[Example]]]
    rules: Sequence[tuple[Rule, Backtest, str]]
    letter: Sequence[str]


@click.command("preview")
@config_option
@click.option(
    "--seconds",
    type=click.FloatRange(1, 600),
    default=20,
    show_default=True,
    help="How long each source is read at most, and a stream in any case.",
)
@click.option(
    "--examples",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    help="Mentions to show of each brand.",
)
@json_option
def command(config_file: Path, seconds: float, examples: int, as_json: bool) -> None:
    """Show what would be heard, judged and told. Nothing is stored, and nothing is sent.

    Each source is read once as if for the first time, and its mentions are judged: how many, of whom, in which tone,
    by which words. Then the rules are led through the last day of that, and the letter is begun. The store and its
    cursors are not touched. Sources that cost money are not asked. Exit 1 when a source failed.
    """
    config = read_config(config_file)
    engine = engine_of(config)
    from listener.previewing import listen

    if sys.stderr.isatty():
        click.echo(f"Listening for {seconds:g} s to {', '.join(config.sources) or 'nothing'} ...", err=True)
    _end_in_order()
    with store_errors(), TemporaryDirectory(prefix="listener-preview-") as folder:
        from storage.sqlite import SqliteStore

        file = Path(folder) / "preview.db"
        with closing(SqliteStore(file, unmatched=0, zone=config.zone)) as store:
            heard = asyncio.run(listen(config, engine, store, time.time, seconds))
        found = _looked_at(config, heard, file, examples)
    if as_json:
        click.echo(json.dumps(_json(found, config, seconds), ensure_ascii=False))
    else:
        for line in _lines(found, config):
            click.echo(line)
    failed = [one.source.name for one in heard if one.failure]
    if failed:
        raise Failure(
            f"not everything was heard: {', '.join(map(clean, failed))}; `listener doctor` says what to do"
        )


def _end_in_order() -> None:
    """Let SIGTERM remove the folder too: posts would else lie there for good."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _looked_at(config: Config, heard: Sequence[Heard], file: Path, most: int) -> _Preview:
    from listener.commands.backtesting import summary
    from listener.previewing import examples, rules_tried
    from storage.sqlite import Reader

    if not any(one.read for one in heard):
        # Of silence no rule and no letter has anything to say.
        return _Preview(heard, [], [], [])
    with closing(Reader(file)) as reader:
        tried = rules_tried(config, reader, now())
        letter = _letter(config, reader)
    return _Preview(
        heard,
        [(brand.name, shown) for brand in config.brands if (shown := examples(heard, brand, most))],
        [(rule, found, _said(rule, found, summary(found, rule))) for rule, found in tried.items()],
        letter,
    )


def _said(rule: Rule, found: Backtest, summary: str) -> str:
    if found.cannot:
        return f"{rule.name} ({rule.condition.words()}): cannot be shown here: {found.cannot}"
    if not found.episodes and found.judged is not None and found.judged == 0:
        return f"{summary[:-1]}: too little to judge by (it wants at least {rule.min_n}, heard without gaps)."
    return summary


def _letter(config: Config, reader: Reader) -> list[str]:
    from alerts.digest.render import letter
    from alerts.digest.sending import digest_from
    from listener.commands.digest import facts_of

    if not config.letters:
        return []
    first = config.letters[0]
    options: DigestOptions = first.model_copy(update={"language": first.language or config.language})
    key, facts = facts_of(reader, config, options, None, None)
    digest, quotes = digest_from(facts, reader, ZoneInfo(facts.timezone))
    lines = [line for line in letter(digest, quotes, key).text.splitlines() if line.strip()]
    return [*lines[:_LETTER], *(["..."] if len(lines) > _LETTER else [])]


def _lines(found: _Preview, config: Config) -> Iterator[str]:
    head = ("source", "read", "brand", "mentions", "tone")
    brands = [brand.name for brand in config.brands]
    rows = [row for one in found.heard for row in _rows(one, brands)]
    yield from table(head, rows, right=(1, 3), width=terminal_width())
    if not found.heard:
        yield "No source is configured: add one under sources."
    for brand, shown in found.mentions:
        yield f"\nMENTIONS OF {clean(brand)}, the newest"
        for one in shown:
            yield from _example(one, config)
    if found.rules:
        yield "\nRULES, led through the last day of what was heard"
        yield from (f"  {clean(said)}" for _, _, said in found.rules)
    if found.letter:
        yield "\nTHE LETTER would begin"
        yield from (f"  {clean_lines(line)}" for line in found.letter)
    yield "\nNothing was stored and nothing was sent. `listener run` listens."


def _rows(one: Heard, brands: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A source: a row for each brand that it named, in the order of the configuration, then what is to be known."""
    notes = [clean(note) for note in (one.failure, one.left_out) if note]
    read = "–" if notes and not one.read else reading.count(one.read)
    if one.cut and not one.streams:
        notes.append("there is more; --seconds reads longer")
    if one.aside:
        notes.append(f"{reading.plural(one.aside, 'item')} could not be read")
    named = [brand for brand in brands if brand in one.tones]
    front = [clean(one.source.name), read]
    for brand in named:
        labels = one.tones[brand]
        said = [f"{reading.count(labels[label])} {label}" for label in _LABELS if labels[label]]
        yield *front, clean(brand), reading.count(labels.total()), ", ".join(said)
        front = ["", ""]
    if notes or not named:
        none = "" if named else "–" if read == "–" else "0"
        yield *front, "" if named else "–", none, "; ".join(notes)


def _example(one: Example, config: Config) -> Iterator[str]:
    tone = one.mention.tone
    label = (tone.label if tone else None) or "unjudged"
    head = f"{clean(one.source.name)}, {reading.moment(one.post.published_at, config.zone)}, {label}"
    yield f"  {head}: {marked(one.post.text, one.explanation.spans)}"
    why = ", ".join(one.explanation.told) or (
        "" if one.explanation.spans else "the source says whom it is about"
    )
    if why:
        yield f"      because of: {clean(why)}"
    if one.post.url:
        yield f"      {clean(one.post.url)}"


def _json(found: _Preview, config: Config, seconds: float) -> dict[str, object]:
    return {
        "seconds": seconds,
        "sources": [
            {
                "source": one.source.name,
                "kind": one.source.kind,
                "streams": one.streams,
                "read": one.read,
                "mentions": one.mentions,
                "unreadable": one.aside,
                "cut": one.cut,
                "failure": one.failure,
                "left_out": one.left_out or None,
                "brands": [
                    {
                        "brand": brand,
                        "mentions": labels.total(),
                        **{label: labels[label] for label in _LABELS},
                    }
                    for brand, labels in one.tones.items()
                ],
            }
            for one in found.heard
        ],
        "mentions": [
            {
                "brand": brand,
                "source": one.source.name,
                "published_at": iso(one.post.published_at, config.zone),
                "url": one.post.url,
                "text": one.post.text,
                "label": one.mention.tone.label if one.mention.tone else None,
                "spans": [{"start": s.start, "end": s.end, "what": s.what} for s in one.explanation.spans],
                "told": list(one.explanation.told),
            }
            for brand, shown in found.mentions
            for one in shown
        ],
        "rules": [
            {"rule": rule.name, "fired": len(tried.episodes), "cannot": tried.cannot, "says": said}
            for rule, tried, said in found.rules
        ],
        "letter": list(found.letter),
    }
