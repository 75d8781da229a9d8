"""`python -m benchmarks.comparative`: tone towards each brand of our comparative posts, six languages, by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from sentiment.engines import ENGINES, load
from sentiment.targets import Mask, Named
from sentiment.tone import Engine, EngineUnavailable, Label, Text

POSTS = Path(__file__).parents[1] / "tests" / "sentiment" / "comparative"
LANGUAGES = ("en", "es", "ca", "ro", "sv", "fa")
ENGINES_SHOWN = ("vader", "builtin", "neural")


@dataclass(frozen=True, slots=True)
class Compared:
    """One post with the tone towards each brand that it names."""

    id: str
    text: str
    lang: str
    tones: Mapping[str, Label]


def posts(language: str) -> list[Compared]:
    """Read the posts of one language."""
    lines = (POSTS / f"{language}.jsonl").read_text(encoding="utf-8").split("\n")
    return [Compared(**json.loads(line)) for line in lines if line]


def texts(post: Compared) -> list[tuple[Text, Label]]:
    """Return what an engine is asked of a post, as the pipeline asks it, and the right answers."""
    masked = Mask([Named(brand, (brand,)) for brand in post.tones]).mask(post.text)
    return [
        (Text(masked.text, post.lang, brand, masked.spans[brand], masked.others(brand)), label)
        for brand, label in post.tones.items()
    ]


def accuracy(engine: Engine, language: str) -> tuple[int, int, int]:
    """Return (brands judged right, right by the tone of the whole text, brands)."""
    asked = [pair for post in posts(language) for pair in texts(post)]
    judged = engine.judge([text for text, _ in asked])
    whole = engine.judge([Text(text.text, text.lang) for text, _ in asked])
    right = sum(tone.label == label for tone, (_, label) in zip(judged, asked, strict=True))
    plain = sum(tone.label == label for tone, (_, label) in zip(whole, asked, strict=True))
    return right, plain, len(asked)


def report(names: Sequence[str] = ENGINES_SHOWN) -> Iterator[str]:
    """Return the lines that are printed."""
    yield "Tone towards each brand of our comparative posts: right, and right were it the tone of the whole post"
    for name in names:
        try:
            engine = load(name)
        except EngineUnavailable as why:
            yield f"  {name}: NOT MEASURED, {why}"
            continue
        cells, total = [], Counter[str]()
        for language in LANGUAGES:
            right, plain, count = accuracy(engine, language)
            total.update(right=right, plain=plain, count=count)
            cells.append(f"{language} {right / count:.2f}")
        all_of_it = f"{total['right'] / total['count']:.3f} (whole {total['plain'] / total['count']:.3f})"
        yield f"  {name:8} {all_of_it}  {'  '.join(cells)}  n {total['count']}"


@click.command()
@click.option(
    "--engine", "names", multiple=True, type=click.Choice(list(ENGINES)), help="Only these engines."
)
def main(names: Sequence[str]) -> None:
    """Print how many brands of the comparative posts are judged right."""
    for line in report(names or ENGINES_SHOWN):
        click.echo(line)


if __name__ == "__main__":
    main()
