"""A look at what would be heard: one reading of each source into a store of its own, which is gone afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field

from alerts.backtest import Backtest, backtest
from alerts.rules import Rule
from alerts.transport import Transport
from listener.collectors import collectors_of
from listener.collectors.base import Collector, Permanent, Retriable
from listener.collectors.post import Page
from listener.config import Config
from listener.hearing import Hearing
from listener.http import PoliteClient
from listener.matching.explain import Explainer, Explanation
from listener.pipeline import Pipeline, said_of
from sentiment.tone import Engine
from storage import ledger, queries
from storage.mention import Brand, KeptPost, Mention, Source
from storage.sqlite import Reader, SqliteStore

UNJUDGED = "unjudged"
_DAY = 86_400
_COSTS = "not asked: each request costs money"


@dataclass
class Heard:
    """What one source brought. `read`: posts that were looked at, also those that concern nobody.

    `tones`: for each brand how many of its mentions have which label. `posts` are those that mention somebody.
    `cut`: the time was over before it had told everything. `failure`: why it told nothing more, in words.
    `left_out`: why it was not asked at all.
    """

    source: Source
    streams: bool = False
    read: int = 0
    aside: int = 0
    posts: list[KeptPost] = field(default_factory=list)
    tones: dict[str, Counter[str]] = field(default_factory=dict)
    cut: bool = False
    failure: str | None = None
    left_out: str = ""

    @property
    def mentions(self) -> int:
        """How many pairs of a post and a brand."""
        return sum(labels.total() for labels in self.tones.values())


@dataclass(frozen=True, slots=True)
class Example:
    """A mention of a brand, and why it is one."""

    source: Source
    post: KeptPost
    mention: Mention
    explanation: Explanation


def counted(post: KeptPost) -> Iterator[Mention]:
    """The mentions of a post that count: not what a brand's own accounts write."""
    return (mention for mention in post.mentions if mention.matched and not mention.own)


async def listen(
    config: Config, engine: Engine, store: SqliteStore, clock: Callable[[], float], seconds: float
) -> list[Heard]:
    """Read each source once, as if for the first time, for at most so many seconds; what is found goes into `store`.

    That must not be the store of the configuration, of which nothing is read or written here: no cursor moves.
    Nothing is sent. Sources that cost money for each request are not asked.
    """
    pipeline = Pipeline(config.brands, engine, config.tags)
    hearing = Hearing(config.brands, pipeline.matcher)
    asked = {kind: options for kind, options in config.sources.items() if not hasattr(options, "costs")}
    async with Transport() as transport:
        collectors = collectors_of(asked, PoliteClient(transport, clock), hearing)
        _settle(store, config, engine, [one.source for one in collectors], int(clock()))
        # One thread, on which pages are judged and kept one after the other: the store is not shared.
        with ThreadPoolExecutor(1, "preview") as thread:
            room = _Room(pipeline, hearing, store, thread, clock)
            found = await asyncio.gather(*(room.hear(one, seconds) for one in collectors))
    dear = [kind for kind in config.sources if kind not in asked]
    return [*found, *(Heard(Source(kind, kind), left_out=_COSTS) for kind in dear)]


def _settle(store: SqliteStore, config: Config, engine: Engine, sources: Sequence[Source], now: int) -> None:
    store.register(config.brands, sources)
    with store.writing() as db:
        ledger.born(db, now)
        ledger.keep_engine(db, engine.name)
        queries.keep_versions(db, config.brands, now)


@dataclass(frozen=True)
class _Room:
    """Where pages are judged and kept."""

    pipeline: Pipeline
    hearing: Hearing
    store: SqliteStore
    thread: ThreadPoolExecutor
    clock: Callable[[], float]

    async def hear(self, collector: Collector, seconds: float) -> Heard:
        """Read one source until it has told all, has failed, or the time is over."""
        heard = Heard(collector.source, collector.streams)
        try:
            async with asyncio.timeout(seconds):
                async with aclosing(collector.pages(None, int(self.clock()))) as pages:
                    async for page in pages:
                        await self._keep(page, heard)
        except TimeoutError:
            heard.cut = True
        except (Retriable, Permanent) as failure:
            heard.failure = str(failure)
        # What was let pass unread, because it could not concern anybody, was looked at as well.
        heard.read += self.hearing.ear(collector.source.kind).take_passed()
        return heard

    async def _keep(self, page: Page, heard: Heard) -> None:
        source, now = heard.source, int(self.clock())
        loop = asyncio.get_running_loop()
        kept = await loop.run_in_executor(self.thread, lambda: self.pipeline.keep(page, source, now))
        committed = await loop.run_in_executor(self.thread, self.store.commit, kept)
        self.hearing.remember(source.kind, committed.kept)
        heard.aside += len(kept.set_aside)
        heard.read += kept.items
        known = set(committed.kept)
        for post in (*kept.posts, *kept.edits):
            # A second page may bring a post again.
            if post.native_id in known and any(counted(post)):
                known.discard(post.native_id)
                heard.posts.append(post)
                for mention in counted(post):
                    label = mention.tone.label if mention.tone else None
                    heard.tones.setdefault(mention.brand, Counter())[label or UNJUDGED] += 1


def examples(heard: Sequence[Heard], brand: Brand, most: int) -> list[Example]:
    """The newest mentions of a brand, and why each is one."""
    explainer = Explainer(brand)
    found = [
        (one.source, post, mention)
        for one in heard
        for post in one.posts
        for mention in counted(post)
        if mention.brand == brand.name
    ]
    found.sort(key=lambda each: -each[1].published_at)
    return [
        Example(source, post, mention, explainer.explain(said_of(post, post.text, source)))
        for source, post, mention in found[:most]
    ]


def rules_tried(config: Config, reader: Reader, now: int) -> Mapping[Rule, Backtest]:
    """Each rule led through the last day of what was heard; those of one name together, under the first of them."""
    named: dict[str, list[Rule]] = {}
    for rule in config.rules:
        named.setdefault(rule.name, []).append(rule)
    with reader.snapshot() as store:
        return {
            rules[0]: backtest(
                store, rules, config.brands, config.zone, now - _DAY, now, config.routing, config.goals
            )
            for rules in named.values()
        }
