"""`python -m benchmarks.stories`: how many copies of real posts are found, what is merged wrongly, and what it costs.

Real posts arrive one after the other; then copies that are made of them: with a retweet's prefix, cut short, with words
dropped. A post belongs to the half that its folded text alone decides: thresholds were chosen on one, figures are of
the other. A pair that is looked at is a new post and a story that shares a key with it and is compared with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from statistics import fmean

import click

from storage.stories.fingerprint import LEAST_EXACT, fingerprint, words
from storage.stories.index import Index

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LISTENER_DATA", ROOT.parent / "shared" / "data"))

LEAST_LONG = 8
"""Runs of three words: ten words, the half of which is just long enough to be known."""

Copy = Callable[[str, random.Random], str]


def _retweet(text: str, by: random.Random) -> str:
    return f"RT @user{by.randrange(1000)}: {text}"


def _cut(text: str, by: random.Random) -> str:
    """The beginning, from half of the text on, cut where it falls."""
    return text[: int(len(text) * by.uniform(0.5, 0.9))] + "…"


def _retweet_cut(text: str, by: random.Random) -> str:
    whole = _retweet(text, by)
    return whole[: max(len(whole) * 6 // 10, 139)] + "…" if len(whole) > 140 else whole


def _drop(text: str, by: random.Random) -> str:
    """One word in ten is dropped, at least one."""
    said = text.split()
    gone = set(by.sample(range(len(said)), max(1, len(said) // 10)))
    return " ".join(word for at, word in enumerate(said) if at not in gone)


KINDS: dict[str, Copy] = {
    "same words": lambda text, _: text,
    "retweet prefix": _retweet,
    "retweet prefix, cut at 140": _retweet_cut,
    "cut to 50-90 %": _cut,
    "one word in ten dropped": _drop,
}


def real_posts(half: int) -> list[str]:
    """Texts of one half, in the order of the files; each line of a file is one, equal or not."""
    files = sorted((*(DATA / "brands").glob("*.jsonl"), *(DATA / "tone").glob("*.jsonl")))
    return [text for file in files for text in _texts(file) if _half(text) == half]


def _texts(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield str(json.loads(line)["text"])


def _half(text: str) -> int:
    # Folded, so that a retweet is in the half of what it repeats.
    return hashlib.sha256(" ".join(words(text)[:6]).encode()).digest()[0] % 2


def judged_false(one: str, other: str) -> bool:
    """Whether two texts that were merged share no long run of words: judged without the sketches that merged them."""
    first, second = words(one), words(other)
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    alike = sum(block.size for block in blocks if block.size >= 2)
    return alike < 0.6 * min(len(first), len(second))


def arrive(texts: Sequence[str]) -> tuple[Index, list[int], list[tuple[int, int]]]:
    """Let posts arrive; return the index, the story of each, and near-copies as (post, story)."""
    index, stories, near = Index(most=len(texts) + 1), [], []
    for number, text in enumerate(texts):
        print_of = fingerprint(text)
        found = index.find(print_of, 0)
        if found is None:
            index.add(number, print_of, 0)
        elif fingerprint(texts[found]).exact != print_of.exact:
            near.append((number, found))
        stories.append(number if found is None else found)
    return index, stories, near


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of copies whose story was found, by kind of copy: of posts of ten words on, and of all of five on."""

    posts: int
    long_posts: int
    long: Mapping[str, float]
    all: Mapping[str, float]


def recall(texts: Sequence[str], index: Index, stories: Sequence[int], copies: int) -> Recall:
    """Make a copy of each kind of so many posts, and look each one up."""
    by = random.Random(7)
    told = [number for number, text in enumerate(texts) if len(words(text)) >= LEAST_EXACT]
    chosen = by.sample(told, min(copies, len(told)))
    long = {number for number in chosen if fingerprint(texts[number]).runs >= LEAST_LONG}
    found = {
        kind: {n for n in chosen if index.find(fingerprint(make(texts[n], by)), 0) == stories[n]}
        for kind, make in KINDS.items()
    }
    of_long = {kind: len(those & long) / len(long) for kind, those in found.items()}
    return Recall(
        len(chosen), len(long), of_long, {k: len(those) / len(chosen) for k, those in found.items()}
    )


def told(found: Recall) -> Iterator[str]:
    """The table of a recall, line by line."""
    yield f"{found.posts} posts of {LEAST_EXACT}+ words, {found.long_posts} of them of {LEAST_LONG}+ runs of words"
    for kind, share in found.long.items():
        yield f"  {kind:28} recall {share:.4f}   with short posts {found.all[kind]:.4f}"
    every, every_long = fmean(found.all.values()), fmean(found.long.values())
    yield f"  {'all kinds':28} recall {every_long:.4f}   with short {every:.4f}"


@click.command()
@click.option(
    "--half", type=click.IntRange(0, 1), default=1, help="0: the one that thresholds were chosen on."
)
@click.option("--copies", default=10_000, help="Posts of which a copy of each kind is made.")
@click.option(
    "--show", default=0, help="Print so many merges of posts with other words, to judge them by eye."
)
def main(half: int, copies: int, show: int) -> None:
    """Print recall, false merges and cost."""
    if not DATA.exists():
        raise click.ClickException(f"no real posts in {DATA}; set LISTENER_DATA")
    texts = real_posts(half)
    start = time.process_time()
    index, stories, near = arrive(texts)
    seconds = time.process_time() - start
    looked_at = index.looked_at
    sizes = Counter(stories)
    wrong = [pair for pair in near if judged_false(texts[pair[0]], texts[pair[1]])]
    print(
        f"{len(texts)} real posts, {len(sizes)} stories; {len(texts) - len(sizes)} copies, of these {len(near)}"
        f" in other words; largest {max(sizes.values())}"
    )
    print(
        f"{looked_at} pairs looked at; {len(wrong)} merges share no long run of words:"
        f" {1000 * len(wrong) / max(1, looked_at):.3f} in 1,000 pairs looked at,"
        f" {len(wrong) / len(near):.4f} of near-copies"
    )
    for line in told(recall(texts, index, stories, copies)):
        print(line)
    print(f"{seconds / len(texts) * 1e6:.1f} microseconds of CPU a post: fold, hash, look up, add")
    for number, story in islice(random.Random(1).sample(near, len(near)), show):
        print(
            f"--- {'FALSE?' if (number, story) in wrong else ''}\n  {texts[number][:200]!r}\n  {texts[story][:200]!r}"
        )


if __name__ == "__main__":
    main()
