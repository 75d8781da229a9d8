"""Simulated worlds for the shares: an engine that misreads topics, and authors, each in its own way."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.tone import LABELS, Label
from sentiment.training.measure import Judged
from storage.mention import LABEL_NUMBERS
from storage.stats.expected import Known, Sums

# What the engine's scores (negative, positive) are around for each true label, before a topic shifts them.
_CENTRES = {"negative": (1.0, -1.0), "neutral": (-0.7, -0.6), "positive": (-1.1, 1.1)}


@dataclass(frozen=True, slots=True)
class Post:
    """One mention: its true label, its author, and the engine's probabilities."""

    label: Label
    author: int
    p_negative: float
    p_positive: float

    @property
    def said(self) -> Label:
        p = (self.p_negative, 1 - self.p_negative - self.p_positive, self.p_positive)
        return LABELS[p.index(max(p))]


def topic(chance: random.Random, size: int, per_author: int = 1, missed: float | None = None) -> list[Post]:
    """A topic: any shares of the labels, its own shift of the scores, and authors who are misread alike.

    `missed`: by how much the engine's scores for positive are too low, instead of by chance.
    """
    shares = [chance.gammavariate(2, 1) for _ in LABELS]
    shift = (chance.gauss(0, 0.5), chance.gauss(0, 0.5)) if missed is None else (0.0, -missed)
    posts: list[Post] = []
    author = 0
    while len(posts) < size:
        author += 1
        likes = chance.choices(LABELS, shares)[0]
        habit = (chance.gauss(0, 1), chance.gauss(0, 1)) if per_author > 1 else (0.0, 0.0)
        for _ in range(chance.randint(1, 2 * per_author - 1)):
            again = per_author > 1 and chance.random() < 0.7
            label = likes if again else chance.choices(LABELS, shares)[0]
            posts.append(_said(chance, label, author, (shift[0] + habit[0], shift[1] + habit[1])))
    return posts[:size]


def _said(chance: random.Random, label: Label, author: int, shift: tuple[float, float]) -> Post:
    negative, positive = (
        math.exp(centre + more + chance.gauss(0, 0.8))
        for centre, more in zip(_CENTRES[label], shift, strict=True)
    )
    total = negative + 1 + positive
    return Post(label, author, negative / total, positive / total)


def judged(posts: Sequence[Post], name: str, lang: str = "en") -> list[Judged]:
    """The same as rows that an engine is measured on."""
    return [Judged(one.label, one.said, one.p_negative, one.p_positive, lang, name) for one in posts]


def sums(posts: Sequence[Post]) -> Sums:
    """What the store adds up."""
    good, bad = [one.p_positive for one in posts], [one.p_negative for one in posts]
    return Sums(
        len(posts),
        sum(good),
        sum(bad),
        sum(p * p for p in good),
        sum(p * p for p in bad),
        sum(p * q for p, q in zip(good, bad, strict=True)),
    )


def known(one: Post, at: int = 0, *, sampled: bool) -> Known:
    """A correction of it, in the first stratum."""
    return Known(LABEL_NUMBERS[one.label], 0, one.p_negative, one.p_positive, sampled, at)


def clustered(posts: Sequence[Post]) -> float:
    """By how much the authors' habits make noise grow."""
    authors = [one.author for one in posts]
    return sum(authors.count(author) ** 2 for author in set(authors)) / len(posts)


def truth(posts: Sequence[Post]) -> dict[str, float]:
    """The true shares."""
    good, bad = (sum(one.label == label for one in posts) / len(posts) for label in ("positive", "negative"))
    return {"positive": good, "negative": bad, "net": good - bad}
