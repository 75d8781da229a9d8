"""The records that are kept: a brand, a source, a post with its mentions, and what is committed with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentiment.tone import Tone

LABEL_NUMBERS: Mapping[str, int] = {"negative": -1, "neutral": 0, "positive": 1}
"""How a label is kept."""

Cursor = dict[str, Any]
"""Where a collector goes on: plain JSON, written in the transaction that keeps its page."""


@dataclass(frozen=True, slots=True)
class Exclude:
    """What is never a mention of a brand: posts by these authors, on these sites, of these kinds."""

    authors: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    snippets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as configured. `handles` maps a source kind to the account there, without the @.

    `aliases` are its other names anywhere, `aliases_in` those that are its names in one language only.
    """

    name: str
    own: bool = False
    market: str = "default"
    query: str | None = None
    handles: Mapping[str, str] = field(default_factory=dict, hash=False)
    aliases: tuple[str, ...] = ()
    response_target: int = 3600
    aliases_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    exclude: Exclude = Exclude()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it goes by, whatever the language."""
        translated = (name for names in self.aliases_in.values() for name in names)
        return (self.name, *self.aliases, *translated)


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that is listened to on its own: a network, or one feed.

    `kind` is the part that reads it (`hackernews`, `feeds`) or `import`; `lateness` in seconds says how
    long after its publication a post may still arrive.
    """

    name: str
    kind: str
    lateness: int = 0


@dataclass(frozen=True, slots=True)
class Mention:
    """What one post is to one brand.

    `matched`: it counts as a mention. `own`: written by one of the brand's handles; then it is no mention.
    `addressed`: it speaks to the brand, so that a first response is due. `automatic` marks an own post that
    does not stop the clock.
    """

    brand: str
    matched: bool = True
    own: bool = False
    addressed: bool = False
    automatic: bool = False
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class KeptPost:
    """A post with everything that is kept of it. Times are whole seconds since 1970, UTC.

    `published_at` is what KPIs count by; where the source gave none, or an implausible one, it equals
    `fetched_at` and `dated` is False.
    """

    native_id: str
    text: str
    published_at: int
    fetched_at: int
    dated: bool = True
    title: str | None = None
    author: str | None = None
    url: str | None = None
    language: str | None = None
    in_reply_to: str | None = None
    thread: str | None = None
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """An unbroken stretch [since, until) in which everything that a source said reached us."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """An item that could not be read: its cause (a traceback without text) and itself, to replay later."""

    native_id: str | None
    cause: str
    item: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One page, ready to be committed: facts, cursor and coverage stand or fall together.

    `live` is False for imports, backfill and a source's first poll: such posts count in every KPI and never
    make a rule fire. `at`: when it was fetched.
    """

    source: Source
    posts: Sequence[KeptPost]
    cursor: Cursor | None = None
    heard: Heard | None = None
    live: bool = True
    set_aside: Sequence[SetAside] = ()
    at: int = 0


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit changed: new posts, new mentions, and the (brand, hour since 1970) that they fall into."""

    posts: int
    mentions: int
    touched: frozenset[tuple[str, int]]
