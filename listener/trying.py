"""A query tried on what is kept: what it finds and why, what each of its exclusions costs, how often it is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from listener.matching.explain import Explainer, Explanation
from listener.pipeline import said_of
from storage import rematching
from storage.base import Rows
from storage.desk import judgements
from storage.mention import Brand
from storage.rematching import SampleShare, Standing
from storage.stats.wilson import wilson


@dataclass(frozen=True, slots=True)
class Example:
    """A post and why the query is true of it or not. `id` is its number, None where it is in the sample only."""

    id: int | None
    standing: Standing
    explanation: Explanation


@dataclass
class Examples:
    """How many posts there were, how many of them for more than one reason, and the newest few, newest first."""

    count: int = 0
    shared: int = 0
    newest: list[Example] = field(default_factory=list)

    def add(self, example: Example, most: int) -> None:
        self.count += 1
        self.shared += example.explanation.together
        self.newest.append(example)
        self.newest.sort(key=lambda one: -one.standing.post.published_at)
        del self.newest[most:]


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the judged posts that the query finds, how many are about the brand, with a 95 % interval (Wilson)."""

    relevant: int
    judged: int

    @property
    def share(self) -> float | None:
        return self.relevant / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.relevant, self.judged)


@dataclass
class Trial:
    """What trying a query came to.

    `kept` and `sampled` are how many posts it was tried on: mentions and replies that are kept, and posts that were
    no mention of anybody. `clauses` are the posts that each NOT and exclusion takes away. `gained` and `lost` compare
    it with what is a mention now. `named`: posts that an import called the brand's, and how many of them it finds.
    """

    kept: int = 0
    sampled: int = 0
    matched: Examples = field(default_factory=Examples)
    clauses: dict[str, Examples] = field(default_factory=dict)
    gained: Examples = field(default_factory=Examples)
    lost: Examples = field(default_factory=Examples)
    named: int = 0
    named_found: int = 0
    precision: Precision = Precision(0, 0)
    shares: Sequence[SampleShare] = ()


def trial(
    store: Rows, brand: Brand, since: int, examples: int, told: Callable[[], None] = lambda: None
) -> Trial:
    """Try the brand's query on everything kept that was published since then. Raises QueryError, ValueError.

    `told` of each post that was looked at.
    """
    explainer = Explainer(brand)
    found = Trial(clauses={name: Examples() for name in explainer.clauses})
    answers = {answer.post_id: answer.relevant for answer in judgements.of_brand(store, brand.name)}
    judged = relevant = 0
    for standing in chain.from_iterable(rematching.pages(store, rematching.kept_posts, since)):
        found.kept += 1
        told()
        mention = next((m for m in standing.post.mentions if m.brand == brand.name), None)
        # Its own posts are none, and where an imported row said whose post it is, no query is asked about others.
        if mention.own if mention is not None else any(not m.by_query for m in standing.post.mentions):
            continue
        example = Example(
            standing.id,
            standing,
            explainer.explain(said_of(standing.post, standing.post.text, standing.source)),
        )
        now, before = example.explanation.matched, mention is not None and mention.matched
        if mention is not None and not mention.by_query:
            found.named += 1
            found.named_found += now
        elif now and not before:
            found.gained.add(example, examples)
        elif before and not now:
            found.lost.add(example, examples)
        _sort(found, example, examples)
        if now and standing.id in answers:
            judged += 1
            relevant += answers[standing.id]
    for standing in chain.from_iterable(rematching.pages(store, rematching.unmatched_posts, since)):
        found.sampled += 1
        told()
        example = Example(
            None, standing, explainer.explain(said_of(standing.post, standing.post.text, standing.source))
        )
        if example.explanation.matched:
            found.gained.add(example, examples)
        _sort(found, example, examples)
    found.precision = Precision(relevant, judged)
    found.shares = rematching.sample_shares(store, since)
    return found


def _sort(found: Trial, example: Example, examples: int) -> None:
    if example.explanation.matched:
        found.matched.add(example, examples)
    for name in example.explanation.removed_by:
        found.clauses[name].add(example, examples)


def _example(explainer: Explainer, id_: int | None, standing: Standing) -> Example:
    said = said_of(standing.post, standing.post.text, standing.source)
    return Example(id_, standing, explainer.explain(said))


def to_judge(store: Rows, brand: Brand, since: int) -> list[Example]:
    """Mentions that the query finds and nobody has judged yet."""
    explainer = Explainer(brand)
    answered = {answer.post_id for answer in judgements.of_brand(store, brand.name)}
    open_ones = []
    for standing in chain.from_iterable(rematching.pages(store, rematching.kept_posts, since)):
        mention = next((m for m in standing.post.mentions if m.brand == brand.name and m.matched), None)
        if mention is None or mention.own or not mention.by_query or standing.id in answered:
            continue
        example = _example(explainer, standing.id, standing)
        if example.explanation.matched:
            open_ones.append(example)
    return open_ones
