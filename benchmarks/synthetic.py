"""A year of mentions that nobody wrote: six brands in one market, eight sources, the same for the same seed."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sentiment.tone import LABELS, Tone
from storage.calendar import Window
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source

ZONE = ZoneInfo("Europe/Madrid")
YEAR = Window(*(int(datetime(year, 1, 1, tzinfo=ZONE).timestamp()) for year in (2025, 2026)))
ENGINE = "builtin-1"
"""An engine whose error was measured: its shares are estimated, which takes more than counting."""

PAGE = 500
"""Posts in a page, as in one of an import."""

_NAMES = ("Morvane", "Tessiq", "Brunnavik", "Caldrello", "Ostrava Kettles", "Quillfeather")
_SPOKEN_OF = (30, 24, 18, 13, 9, 6)
_LEANING = ((18, 52, 30), (25, 50, 25), (12, 58, 30), (40, 40, 20), (20, 60, 20), (15, 35, 50))
"""Of a hundred mentions of each brand, those that are negative, neutral and positive."""
_KINDS = ("bluesky", "hackernews", "mastodon", "reddit", "youtube")
BRANDS = tuple(
    Brand(name, own=not number, handles=dict.fromkeys(_KINDS, f"{name.split()[0].lower()}_care"))
    for number, name in enumerate(_NAMES)
)

_TWO_BRANDS = 0.02
_UNJUDGED = 0.04
_ADDRESSED = 0.01
_ANSWERED = 0.75
_SECONDS_TO_ANSWER = 3 * 3600
_TAGGED = 0.1
_TAGS = 400
_ACCOUNTS = 0.28
"""Accounts to each mention, of which about two thirds ever say something: one author to five mentions."""
_SAMPLE = 10_000
_POOL = 400
"""Mentions of a brand in a language from which each post takes one: making them anew would cost more than keeping."""


@dataclass(frozen=True, slots=True)
class Network:
    """A source: its part of all mentions, the languages spoken there, and whether people there have accounts.

    `ordered`: its ids rise with time; elsewhere they are as good as random.
    """

    name: str
    kind: str
    part: int
    languages: Mapping[str | None, int]
    social: bool = True
    ordered: bool = False

    @property
    def source(self) -> Source:
        return Source(self.name, self.kind, lateness=600)


NETWORKS = (
    Network("bluesky", "bluesky", 30, {"en": 55, "ja": 15, "pt": 10, "de": 8, "es": 7, None: 5}),
    Network("mastodon", "mastodon", 14, {"de": 40, "en": 35, "fr": 15, "es": 5, "nl": 5}, ordered=True),
    Network("reddit", "reddit", 18, {"en": 90, "de": 6, "fr": 4}),
    Network("youtube", "youtube", 15, {"en": 40, "es": 25, "pt": 15, "fr": 10, "de": 5, None: 5}),
    Network("hackernews", "hackernews", 6, {"en": 100}, ordered=True),
    Network("prensa", "feeds", 8, {"es": 90, "ca": 10}, social=False),
    Network("presse", "feeds", 5, {"fr": 60, "de": 40}, social=False),
    Network("reviews", "import", 4, {"es": 35, "en": 25, "fr": 20, "de": 20}, social=False, ordered=True),
)

_SUBJECTS = (
    "the new kettle",
    "support",
    "the app",
    "delivery",
    "my order",
    "the price",
    "the filter",
    "their shop",
)
_VERBS = ("arrived", "broke", "works", "was changed", "costs more", "looks better", "is late", "was refunded")
_TIMES = (
    "today",
    "after a week",
    "twice now",
    "before the weekend",
    "again",
    "at last",
    "in the second month",
)
_REMARKS = (
    "and I did not expect that at all.",
    "which my neighbour had told me before.",
    "has anybody else seen the same?",
    "so I will keep it, and tell you in a year.",
    "while everything else they sell stayed the way it was.",
)


class _Drawn:
    """Weighted choices from a large sample that was drawn once: to choose by weight each time costs ten times more."""

    def __init__(self, rng: random.Random, values: Sequence[Any], weights: Sequence[int]) -> None:
        self._values = rng.choices(values, weights, k=_SAMPLE)
        self._chance = rng.random

    def __call__(self) -> Any:
        return self._values[int(self._chance() * _SAMPLE)]


@dataclass
class Year:
    """`mentions` mentions, evenly over the hours of the year: so they fall into more hours than in life."""

    mentions: int
    seed: int = 5
    _waiting: list[tuple[int, int, int, KeptPost]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._rng = rng = random.Random(self.seed)
        self._network = _Drawn(rng, range(len(NETWORKS)), [network.part for network in NETWORKS])
        self._language = [
            _Drawn(rng, [*network.languages], [*network.languages.values()]) for network in NETWORKS
        ]
        self._brand = _Drawn(rng, range(len(BRANDS)), _SPOKEN_OF)
        spoken = dict.fromkeys(language for network in NETWORKS for language in network.languages)
        self._pools = {
            (brand, language): [self._mention(brand, language) for _ in range(_POOL)]
            for brand in range(len(BRANDS))
            for language in spoken
        }
        parts = sum(network.part for network in NETWORKS)
        self._authors = [
            max(2, int(self.mentions * network.part / parts * _ACCOUNTS)) for network in NETWORKS
        ]
        self._openings = [
            f"{subject} {verb} {time}" for subject in _SUBJECTS for verb in _VERBS for time in _TIMES
        ]

    def pages(self) -> Iterator[Kept]:
        """The pages of all sources, in the order in which they fill up: never more than one of each is held."""
        posts: dict[int, list[KeptPost]] = defaultdict(list)
        heard = [YEAR.since] * len(NETWORKS)
        for network, post in self.posts():
            posts[network].append(post)
            if len(posts[network]) == PAGE:
                yield _page(network, posts.pop(network), heard, post.published_at)
        for network in range(len(NETWORKS)):
            yield _page(network, posts[network], heard, YEAR.until)

    def posts(self) -> Iterator[tuple[int, KeptPost]]:
        """Each post with the number of its network, by time. What a brand answers is no mention and not counted."""
        made, number, span = 0, 0, YEAR.until - YEAR.since
        step = span / (self.mentions / (1 + _TWO_BRANDS))
        while made < self.mentions:
            at = YEAR.since + int((number + self._rng.random()) * step)
            number += 1
            while self._waiting and self._waiting[0][0] < at:
                _, _, network, answer = heapq.heappop(self._waiting)
                yield network, answer
            network, post = self._post(number, min(at, YEAR.until - 1), self.mentions - made)
            made += len(post.mentions)
            yield network, post

    def _post(self, number: int, at: int, room: int) -> tuple[int, KeptPost]:
        chance = self._rng.random
        network = self._network()
        language, brand = self._language[network](), self._brand()
        mentions = (self._pools[brand, language][int(chance() * _POOL)],)
        text = f"{BRANDS[brand].name}: {self._openings[int(chance() * len(self._openings))]}, {_REMARKS[number % 5]}"
        if chance() < _TWO_BRANDS and room > 1:
            other = (brand + 1 + int(chance() * (len(BRANDS) - 1))) % len(BRANDS)
            mentions = (*mentions, self._pools[other, language][int(chance() * _POOL)])
            text += f" {BRANDS[other].name} does it otherwise."
        if chance() < _TAGGED:
            text += f" #kettle{int(_TAGS ** chance())}"
        social = NETWORKS[network].social
        asks = social and chance() < _ADDRESSED
        if asks:
            mentions = (replace(mentions[0], addressed=True), *mentions[1:])
        author = self._author(network)
        native_id = str(number) if NETWORKS[network].ordered else f"{self._rng.getrandbits(64):016x}"
        post = KeptPost(
            native_id,
            text,
            at,
            at + 60,
            author=f"name of {author}",
            url=f"https://{NETWORKS[network].name}.example/{native_id}",
            language=language,
            mentions=mentions,
            author_id=f"u{author}" if social else None,
            followers=_followers(author, at) if social else None,
        )
        if asks and chance() < _ANSWERED:
            self._answer(network, number, post, BRANDS[brand])
        return network, post

    def _author(self, network: int) -> int:
        """Zipf's law with Mandelbrot's shift: few say much, and nobody says a tenth of all."""
        shift, most = 50.0, self._authors[network]
        return int(shift * ((most + shift) / shift) ** self._rng.random() - shift)

    def _answer(self, network: int, number: int, asked: KeptPost, brand: Brand) -> None:
        at = asked.published_at + 30 + int(self._rng.expovariate(1 / _SECONDS_TO_ANSWER))
        account = brand.handles[NETWORKS[network].kind]
        if at < YEAR.until:
            answer = KeptPost(
                f"{asked.native_id}-answer",
                "We are sorry to hear that, and have written to you.",
                at,
                at + 60,
                author=account,
                language=asked.language,
                in_reply_to=asked.native_id,
                mentions=(Mention(brand.name, matched=False, own=True),),
                author_id=account,
            )
            heapq.heappush(self._waiting, (at, number, network, answer))

    def _mention(self, brand: int, language: str | None) -> Mention:
        rng = self._rng
        (label,) = rng.choices(LABELS, _LEANING[brand])
        sure = rng.uniform(0.4, 0.97)
        left = rng.uniform(max(0.0, 1 - 2 * sure + 0.01), min(sure - 0.01, 1 - sure))
        shares = [left, 1 - sure - left]
        by_label = {name: sure if name == label else shares.pop() for name in LABELS}
        judged = rng.random() >= _UNJUDGED
        tone = Tone(
            label if judged else None,
            *(round(by_label[name], 4) for name in ("negative", "neutral", "positive")),
            ENGINE,
            language,
            None if judged else "unsure",
        )
        return Mention(BRANDS[brand].name, tone=tone)


def _followers(author: int, at: int) -> int:
    """From nobody to millions, most have few; and everybody has a few more each month."""
    drawn = (author * 2_654_435_761 % 2**32) / 2**32
    return int(10 ** (6.5 * drawn**2) * (1 + (at - YEAR.since) / (400 * 86400)))


def _page(network: int, posts: Sequence[KeptPost], heard: list[int], until: int) -> Kept:
    stretch = Heard(heard[network], max(heard[network], until))
    heard[network] = stretch.until
    return Kept(
        NETWORKS[network].source, posts, {"until": until}, stretch, at=stretch.until, items=len(posts)
    )
