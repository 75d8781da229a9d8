"""`python -m benchmarks.relevance`: how much of what queries find is about the brand, and how much they miss.

Three materials: ambiguous posts of our own, real posts with the same names, and real posts about four brands of 2011.
Queries are written on one half of the first and the last and measured on the other; which half a post is in, its id
alone decides. The posts between were judged when the queries were finished.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML

from listener.config.options import BrandOptions
from listener.matching.matcher import Matcher
from listener.matching.said import Said
from storage.mention import Brand, Source
from storage.stats.wilson import wilson

ROOT = Path(__file__).parents[1]
OWN = ROOT / "tests" / "listener" / "matching" / "relevance"
UNSEEN = OWN / "judgements.jsonl"
DATA = Path(os.environ.get("LISTENER_DATA", ROOT.parent / "shared" / "data"))
# Four in five of the real posts with an ambiguous name that are about a brand are about these two.
FAMOUS = ("Apple", "Amazon")
REAL = ("tech_four_brands.jsonl", "tech_irrelevant.jsonl")

# Networks' handles and links are no words of a language, and short posts are half made of them.
_NO_WORDS = re.compile(r"https?://\S+|@\w+")
_SOURCE = Source("relevance", "import")


@dataclass(frozen=True, slots=True)
class Post:
    """A post that was collected for one brand, and whether a person judged it to be about it."""

    id: str
    text: str
    brand: str
    relevant: bool
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What a query made of `n` posts: `found` of them, `right` of these relevant, of all that are `relevant`."""

    n: int
    relevant: int
    found: int
    right: int


class Missing(Exception):
    """A material that cannot be measured here, and what it would need."""


def held_out(post: Post) -> bool:
    """Say whether a post is in the half on which queries are measured and never written."""
    return int(hashlib.sha256(post.id.encode()).hexdigest(), 16) % 2 == 1


def written_on(post: Post) -> bool:
    """Say whether a post is in the half on which queries are written."""
    return not held_out(post)


def _any(post: Post) -> bool:
    return True


HALVES: Mapping[str, Callable[[Post], bool]] = {"written on": written_on, "held out": held_out}


def tally(posts: Iterable[Post], finds: Callable[[Post], bool]) -> Score:
    """Count what `finds` makes of the posts."""
    judged = [(post.relevant, finds(post)) for post in posts]
    return Score(
        len(judged),
        sum(relevant for relevant, _ in judged),
        sum(found for _, found in judged),
        sum(relevant and found for relevant, found in judged),
    )


def finder(brands: Sequence[Brand]) -> Callable[[Post], bool]:
    """Return what says whether a post's brand is heard in it: the daemon's matcher, with all brands at once."""
    matcher = Matcher(brands)

    def finds(post: Post) -> bool:
        hits = matcher.match(Said(post.text, _SOURCE, language=post.language))
        return any(hit.brand == post.brand for hit in hits)

    return finds


def brands_of(path: Path) -> list[Brand]:
    """Read brands as they stand in config.yaml, with the same checks."""
    return [BrandOptions.model_validate(entry).brand() for entry in YAML(typ="safe").load(path)]


def own_posts() -> list[Post]:
    """Read the ambiguous posts of our own writing, with the language that they are in."""
    rows = _rows(OWN / "ambiguous_posts.jsonl")
    return [Post(row["id"], row["text"], row["brand"], row["relevant"], row["lang"]) for row in rows]


def unseen_posts(folder: Path = DATA) -> list[Post]:
    """Read the real posts with ambiguous names that were judged by file and id. Raises Missing."""
    judged = list(_rows(UNSEEN))
    names = dict.fromkeys(row["file"] for row in judged)
    rows = {(name, row["id"]): row for name in names for row in _rows(folder / name)}
    posts = []
    for one in judged:
        row = rows.get((one["file"], one["id"]))
        if row is None:
            raise Missing(f"{one['id']} of {one['file']}: this is another edition of the data")
        posts.append(Post(one["id"], row["text"], one["brand"], one["relevant"], row["lang"]))
    return posts


def real_posts(folder: Path = DATA) -> list[Post]:
    """Read the real posts about four brands that are surely English. Raises Missing."""
    rows = [row for name in REAL for row in _rows(folder / "brands" / name)]
    is_english = _identifier()
    return [
        # Of the posts about the brands only the tone was labelled.
        Post(row["id"], row["text"], row["brand"], row.get("relevant", True))
        for row in rows
        if is_english(_NO_WORDS.sub(" ", row["text"]))
    ]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise Missing(f"{path.name} in ../shared/data, or in the folder that LISTENER_DATA names")
    # Not splitlines, which would also part a post at the line separators of Unicode inside it.
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _identifier() -> Callable[[str], bool]:
    try:
        import eldc
    except ImportError:
        raise Missing("the language identifier eldc, which the development install brings") from None
    eldc.init()

    def is_english(text: str) -> bool:
        told = eldc.detect_details(text)
        return bool(told.language == "en" and told.reliable)

    return is_english


def by_name(brand: Brand) -> Brand:
    """The same brand without a query: what a user has who writes none."""
    return Brand(brand.name, aliases=brand.aliases, aliases_in=brand.aliases_in)


def share(successes: int, n: int) -> str:
    """Write a share with its interval: `93 % [88, 96]`."""
    low, high = wilson(successes, n)
    middle = f"{successes / n:4.0%}" if n else "   -"
    return f"{middle.replace('%', ' %')} [{_percent(low)}, {_percent(high)}]"


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def row(
    name: str, posts: Sequence[Post], finds: Callable[[Post], bool], parts: Iterable[Callable[[Post], bool]]
) -> str:
    """Return one line of the table: the name and, for each part of the posts, n, precision and recall."""
    cells = [f"{name:<24}"]
    for part in parts:
        score = tally(filter(part, posts), finds)
        precision, recall = share(score.right, score.found), share(score.right, score.relevant)
        cells.append(f"{score.n:5} {precision:>17} {recall:>17}")
    return " ".join(cells)


def table(
    title: str, posts: Sequence[Post], brands: Sequence[Brand], parts: Mapping[str, Callable[[Post], bool]]
) -> Iterator[str]:
    """Return the lines on one material: each brand, each language where there are several, and the total."""
    yield f"{title}: {len(posts)} posts, {sum(post.relevant for post in posts)} of them relevant"
    yield " ".join([" " * 24, *(f"{name:>41}" for name in parts)])
    yield " ".join([" " * 24, *[f"    n {'precision [95 %]':>17} {'recall [95 %]':>17}"] * len(parts)])
    finds, splits = finder(brands), list(parts.values())
    for brand in brands:
        yield row(brand.name, [post for post in posts if post.brand == brand.name], finds, splits)
    languages = dict.fromkeys(post.language for post in posts)
    if len(languages) > 1:
        for language in languages:
            yield row(f"in {language}", [post for post in posts if post.language == language], finds, splits)
    yield row("total", posts, finds, splits)
    if len(languages) > 1:
        yield row("- Apple, Amazon apart", [p for p in posts if p.brand not in FAMOUS], finds, splits)
        yield row("- language not told", [replace(post, language=None) for post in posts], finds, splits)
    yield row("- names, no query", posts, finder([by_name(brand) for brand in brands]), splits)


def report(parts: Mapping[str, Callable[[Post], bool]] = HALVES, folder: Path = DATA) -> Iterator[str]:
    """Return everything that is printed."""
    ambiguous, real = (brands_of(OWN / f"{name}_brands.yaml") for name in ("ambiguous", "real"))
    yield from table("Posts of our own", own_posts(), ambiguous, parts)
    yield ""
    # Who writes queries looks at one half, and at nothing that is there to measure them.
    if parts is HALVES:
        yield from _real("Real posts with the same names", unseen_posts, folder, ambiguous, {"all": _any})
        yield ""
    yield from _real("Real posts of 2011, surely English", real_posts, folder, real, parts)


def _real(
    title: str,
    posts: Callable[[Path], list[Post]],
    folder: Path,
    brands: Sequence[Brand],
    parts: Mapping[str, Callable[[Post], bool]],
) -> Iterator[str]:
    try:
        read = posts(folder)
    except Missing as missing:
        yield f"{title}: NOT MEASURED, missing {missing}"
        return
    yield from table(title, read, brands, parts)


@click.command()
@click.option("--writing", is_flag=True, help="Only the half on which queries are written: to work on them.")
def main(writing: bool) -> None:
    """Measure the queries of all materials."""
    for line in report({"written on": written_on} if writing else HALVES):
        click.echo(line)


if __name__ == "__main__":
    main()
