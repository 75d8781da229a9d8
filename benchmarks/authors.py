"""Populations of authors made from real posts, which `benchmarks.intervals` draws from."""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

from sentiment.engines import load
from sentiment.tone import Text

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LISTENER_DATA", ROOT.parent / "shared" / "data"))
LABELLED = "brands/tech_four_brands.jsonl"
ONE_BRAND = "brands/care_volume_one_brand.jsonl"
CARE = "care/conversations_25_brands.jsonl"
# Two periods of four weeks each, the last that were heard of the one brand.
PERIODS = ("2017-10-09", "2017-11-06", "2017-12-04")
BIGGEST = 8
TONES = ("judged", "positive", "negative")


class Missing(Exception):
    """The real posts are not here."""


@dataclass(frozen=True, slots=True)
class Post:
    """The brands that it names, and its tone, None where nobody judged it."""

    brands: frozenset[str]
    label: str | None


Totals = dict[tuple[str, ...], int]
"""By ("mentions", brand), ("mentions", brand, other), ...: a sum over authors of counts, or of products of two."""


@dataclass(frozen=True, slots=True)
class World:
    """The authors of two periods, each as what he adds to the totals: row by row, by `names`.

    `together`: the two rows at one place are one author, who is drawn for both periods at once. `brands`: the most
    named first. `alike`: see `alikeness`. `posts` of the later period.
    """

    name: str
    brands: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    now: Sequence[tuple[int, ...]]
    before: Sequence[tuple[int, ...]]
    posts: int
    alike: float
    together: bool

    def totals(self, authors: Sequence[tuple[int, ...]]) -> Totals:
        sums = [sum(column) for column in zip(*authors, strict=True)] or [0] * len(self.names)
        return dict(zip(self.names, sums, strict=True))


def world(
    name: str, now: Sequence[Sequence[Post]], before: Sequence[Sequence[Post]], *, together: bool = False
) -> World:
    """Add up what each author of the two periods said."""
    named = Counter(brand for posts in now for post in posts for brand in post.brands)
    brands = tuple(brand for brand, _ in named.most_common())
    columns = [_added(posts, brands) for posts in [*now, *before]]
    return World(
        name,
        brands,
        tuple(columns[0]),
        [tuple(one.values()) for one in columns[: len(now)]],
        [tuple(one.values()) for one in columns[len(now) :]],
        sum(map(len, now)),
        alikeness([*now, *before]),
        together,
    )


def _added(posts: Sequence[Post], brands: Sequence[str]) -> Totals:
    """What one author adds to the sums of counts and of their products."""
    mentions = Counter(brand for post in posts for brand in post.brands)
    positive = Counter(brand for post in posts if post.label == "positive" for brand in post.brands)
    labels = Counter(post.label for post in posts)
    judged = sum(count for label, count in labels.items() if label is not None)
    counts: dict[str, Mapping[str, int]] = {
        "mentions": {brand: mentions[brand] for brand in brands},
        "positive": {brand: positive[brand] for brand in brands},
        "authors": {brand: int(mentions[brand] > 0) for brand in brands},
        "tone": dict(zip(TONES, (judged, labels["positive"], labels["negative"]), strict=True)),
    }
    added: Totals = {}
    for kind, of in counts.items():
        added.update({(kind, one): of[one] for one in of})
        pairs = combinations_with_replacement(of, 2)
        added.update({(kind, one, other): of[one] * of[other] for one, other in pairs})
    return added


def worlds(folder: Path = DATA, seed: int = 1) -> Iterator[World]:
    """The real populations. Raises Missing.

    The labelled posts have no authors: they are dealt to authors who have as many posts each as the real ones who wrote
    to the one brand. How alike an author's posts are is not known of them, so three answers are tried: he repeats the
    brands and the tone of his first post never (but by chance), half the time, and always. The two periods are the
    earlier and the later half of the posts: the source collected one brand after another, so that in either a brand is
    hardly named.

    The others have real authors, and VADER's word for people's: an interval must hold whoever judges. Of the one brand
    the periods are months; authors are drawn for each by itself, and then for both at once. Of the eight brands they
    are two halves of the authors.
    """
    rows = _rows(folder, LABELLED)
    one_brand = [row for row in _rows(folder, ONE_BRAND) if row["inbound"]]
    care = [row for row in _rows(folder, CARE) if row["inbound"]]
    yield from _dealt(rows, list(Counter(str(row["author"]) for row in one_brand).values()), seed)
    start, middle, end = PERIODS
    months = _judged(row for row in one_brand if start <= str(row["created_at"]) < end)
    late, early = _by_author(months, middle, end), _by_author(months, start, middle)
    name = "one brand, its real authors, judged by VADER"
    yield world(name, list(late.values()), list(early.values()))
    both = sorted({*late, *early})
    now, before = ([of.get(author, []) for author in both] for of in (late, early))
    yield world(f"{name}; each drawn for both periods at once", now, before, together=True)
    biggest = {brand for brand, _ in Counter(str(row["brand"]) for row in care).most_common(BIGGEST)}
    named = list(_by_author(_judged(row for row in care if row["brand"] in biggest), "", "~").values())
    yield world(f"{BIGGEST} brands, their real authors, judged by VADER", named[::2], named[1::2])


def _dealt(rows: Sequence[Mapping[str, object]], sizes: Sequence[int], seed: int) -> Iterator[World]:
    posts = _labelled(sorted(rows, key=lambda row: str(row["created_at"])))
    half = len(posts) // 2
    for alike, repeats in ((0.0, "never"), (0.5, "half the time"), (1.0, "always")):
        chance = random.Random(seed)
        now, before = (deal(some, sizes, alike, chance) for some in (posts[half:], posts[:half]))
        yield world(f"four brands, labelled by people; an author repeats himself {repeats}", now, before)


def deal(
    posts: Sequence[Post], sizes: Sequence[int], alike: float, chance: random.Random
) -> list[list[Post]]:
    """Deal the posts to authors of these sizes, drawn by chance.

    With the chance `alike` a further post of an author is of the brands and tone of his first, while any are left.
    """
    left: defaultdict[Post, int] = defaultdict(int, Counter(posts))
    authors = []
    while left:
        kind = _drawn(left, chance)
        said = [kind]
        for _ in range(chance.choice(sizes) - 1):
            if left:
                said.append(_drawn(left, chance, kind if chance.random() < alike else None))
        authors.append(said)
    return authors


def _drawn(left: dict[Post, int], chance: random.Random, kind: Post | None = None) -> Post:
    if kind is None or kind not in left:
        kind = chance.choices(list(left), list(left.values()))[0]
    left[kind] -= 1
    if not left[kind]:
        del left[kind]
    return kind


def _rows(folder: Path, name: str) -> list[dict[str, object]]:
    path = folder / name
    if not path.is_file():
        raise Missing(f"{name} in ../shared/data, or in the folder that LISTENER_DATA names")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _labelled(rows: Sequence[Mapping[str, object]]) -> list[Post]:
    """A post names the brand that it was labelled for, and each other one that stands in it as a word."""
    brands = {str(row["brand"]) for row in rows}
    word = re.compile(r"\b(" + "|".join(sorted(brands)) + r")\b")
    return [
        Post(
            frozenset({str(row["brand"]), *word.findall(str(row["text"]).casefold())}),
            str(row["label"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class _Said:
    author: str
    at: str
    post: Post


def _judged(rows: Iterable[Mapping[str, object]]) -> list[_Said]:
    rows = list(rows)
    tones = load("vader").judge([Text(str(row["text"]), "en") for row in rows])
    return [
        _Said(str(row["author"]), str(row["created_at"]), Post(frozenset({str(row["brand"])}), tone.label))
        for row, tone in zip(rows, tones, strict=True)
    ]


def _by_author(said: Iterable[_Said], since: str, until: str) -> dict[str, list[Post]]:
    authors: defaultdict[str, list[Post]] = defaultdict(list)
    for one in said:
        if since <= one.at < until:
            authors[one.author].append(one.post)
    return authors


def alikeness(authors: Sequence[Sequence[Post]]) -> float:
    """How much likelier two posts of one author have the same tone than two of strangers: 0 by chance, 1 always."""
    labels = Counter(post.label for posts in authors for post in posts)
    total = sum(labels.values())
    chance = sum((count / total) ** 2 for count in labels.values())
    same = pairs = 0
    for posts in authors:
        own = Counter(post.label for post in posts)
        same += sum(count * (count - 1) for count in own.values())
        pairs += len(posts) * (len(posts) - 1)
    return (same / pairs - chance) / (1 - chance)
