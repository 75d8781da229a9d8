"""The records that are kept: a brand, a source, a post with its mentions, and what is committed with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sentiment.tone import Tone
from storage.stats.business_hours import BusinessHours

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

    `aliases` are its other names anywhere, `aliases_in` those that are its names in one language only. A `topic`
    is a query that belongs to no brand (an industry, a trend): it is counted like one and has no account. From
    `interaction_threshold` interactions on a post stands out; None: more than nine in ten did before.
    `business_hours`: when its people answer; None where nobody said.
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
    topic: bool = False
    interaction_threshold: int | None = None
    business_hours: BusinessHours | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it goes by, whatever the language."""
        translated = (name for names in self.aliases_in.values() for name in names)
        return (self.name, *self.aliases, *translated)

    @property
    def definition(self) -> str:
        """What decides which posts are its mentions, as JSON: another definition is another version of its query."""
        # Beside a query, name and aliases are not looked for.
        named = {
            "name": self.name,
            "aliases": sorted(self.aliases),
            "aliases_in": {language: sorted(names) for language, names in self.aliases_in.items()},
        }
        parts = {
            **(named if self.query is None else {"query": self.query}),
            "handles": dict(self.handles),
            "not_by": sorted(self.exclude.authors),
            "not_on": sorted(self.exclude.sites),
            "not_like": sorted(self.exclude.snippets),
        }
        return json.dumps({k: v for k, v in parts.items() if v}, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Visits:
    """When the kept posts of a source are looked at again, for counters, edits and deletions that nothing announces.

    `ages`: seconds after a post was published. `every`: seconds that may pass at most between two looks, between ages
    and after the last one, for as long as its text is kept, where the service wants deletions followed; None: no more
    looks than at the ages.
    """

    ages: tuple[int, ...] = (3_600, 86_400, 7 * 86_400)
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that is listened to on its own: a network, or one feed.

    `kind` is the part that reads it (`hackernews`, `feeds`) or `import`; `lateness` in seconds says how
    long after its publication a post may still arrive. `visits`: None where posts are not looked at again.
    """

    name: str
    kind: str
    lateness: int = 0
    visits: Visits | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """What one post is to one brand.

    `matched`: it counts as a mention. `own`: written by one of the brand's handles; then it is no mention.
    `addressed`: it speaks to the brand, so that a first response is due. `automatic` marks an own post that
    does not stop the clock. `by_query` is False where an imported row, not the query, said that it is a mention.
    """

    brand: str
    matched: bool = True
    own: bool = False
    addressed: bool = False
    automatic: bool = False
    tone: Tone | None = None
    by_query: bool = True


@dataclass(frozen=True, slots=True)
class KeptPost:
    """A post with everything that is kept of it. Times are whole seconds since 1970, UTC.

    `published_at` is what KPIs count by; where the source gave none, or an implausible one, it equals
    `fetched_at` and `dated` is False. `author` is the name that people know, `author_id` what the network knows
    the account by, where that is another thing; `followers` is how many the author had when it was heard. `tags` are
    those that rules give to its mentions. `copy_of`: the native id of the post that it reposts or quotes.
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
    author_id: str | None = None
    followers: int | None = None
    tags: tuple[str, ...] = ()
    copy_of: str | None = None


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
class Gap:
    """A stretch [since, until) that is known to be lost, and why, in words for `listener sources`."""

    since: int
    until: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the counters of a post showed at a time: likes, reposts, replies, quotes, points, views by name."""

    native_id: str
    at: int
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many posts a service counted that hold a brand's words, in [since, until); told without the posts."""

    brand: str
    since: int
    until: int
    posts: int


@dataclass(frozen=True, slots=True)
class Sampled:
    """A part [since, until) of what was counted, drawn by chance and read to the end, and how many posts were in it."""

    brand: str
    since: int
    until: int
    posts: int


@dataclass(frozen=True, slots=True)
class BrandFigure:
    """A number of a brand for a calendar day (YYYY-MM-DD) that a source tells beside posts, as followers of an account.

    `network` is the kind of the source; `metric`, `account` and `item` as in `storage.measures.Measure`.
    """

    brand: str
    metric: str
    day: str
    value: float
    network: str
    account: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests to a source, those that brought an answer of use, and those that did not."""

    requests: int = 0
    answers: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A post that is no mention of anybody. `near`: something of a query stood in it, but the query was not true."""

    post: KeptPost
    near: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """One page, ready to be committed: facts, cursor and coverage stand or fall together.

    `live` is False for imports, backfill and a source's first poll: such posts count in every KPI and never
    make a rule fire. `at`: when it was fetched. `edits` are posts as they read now; `deleted` native ids and
    `departed` author ids of closed accounts, whose texts are wiped. `unmatched` goes into the sample on which
    queries are tried. `items` is how many items the source gave, `cut` how many more a limit kept from us,
    `passed` how many an ear let pass unread because they could not concern anybody. `definitions`: by which definition
    the mentions of each brand were found; of a brand that is not in it, by its newest one. `visited`: native ids of
    kept posts that were looked at again, whether or not they had changed. `figures` are numbers beside the posts.
    `counted` is what a service counted where it lets only a part be read, `sampled` the parts that were read whole.
    """

    source: Source
    posts: Sequence[KeptPost]
    cursor: Cursor | None = None
    heard: Heard | None = None
    live: bool = True
    set_aside: Sequence[SetAside] = ()
    at: int = 0
    edits: Sequence[KeptPost] = ()
    deleted: Sequence[str] = ()
    departed: Sequence[str] = ()
    readings: Sequence[Reading] = ()
    unmatched: Sequence[Unmatched] = ()
    traffic: Traffic = Traffic()
    items: int = 0
    cut: int = 0
    gap: Gap | None = None
    passed: int = 0
    definitions: Mapping[str, str] = field(default_factory=dict)
    visited: Sequence[str] = ()
    figures: Sequence[BrandFigure] = ()
    counted: Sequence[Counted] = ()
    sampled: Sequence[Sampled] = ()


@dataclass(frozen=True, slots=True)
class Erasure:
    """What the journal says of one erasure: of a post, of all posts of an author, or of a post's mention of a brand.

    `of` is the keyed hash of the post's native id, or of the author's id or name; `source` the name of the source. An
    `objection` says that nothing more of this author is kept. `at` in seconds since 1970.
    """

    at: int
    source: str
    kind: Literal["post", "author", "mention", "objection"]
    of: str
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit changed: new posts, new mentions, and the (brand, hour since 1970) that they fall into.

    `kept` are the native ids of the new posts, `erased` of those whose text is gone now. `set_aside`: how many items
    are new in the quarantine.
    """

    posts: int
    mentions: int
    touched: frozenset[tuple[str, int]]
    kept: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    set_aside: int = 0
