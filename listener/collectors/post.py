"""What a collector yields: pages of events, each with the cursor and the stretch of time that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.mention import Counted, Cursor, Gap, Heard, Reading, Sampled, SetAside

EARLIEST = 631_152_000
"""1990-01-01: what claims to be older has a broken clock."""
AHEAD = 86_400
"""Seconds that a post may claim to lie in the future."""
LONGEST_TEXT = 200_000
"""Characters of a post that are kept."""


def plausible(published_at: int | None, now: int) -> bool:
    """Whether a time can be the time of a mention; otherwise the time of fetching stands for it."""
    return published_at is not None and EARLIEST <= published_at <= now + AHEAD


@dataclass(frozen=True, slots=True)
class Post:
    """One post as its source gave it, in plain text. `published_at` in whole seconds UTC, None where unknown.

    `text` includes the title. `native_id` is the source's own id, or a hash where it has none. `author` is the
    name that people know, and that handles are compared with; `author_id` what the network knows the account by.
    `copy_of`: the native id of the post that it reposts or quotes, where the network says so. `about`: the brand that
    it is about, by its configured name, where its place says so and not its words (the review of an app).
    """

    native_id: str
    text: str
    published_at: int | None = None
    title: str | None = None
    author: str | None = None
    url: str | None = None
    language: str | None = None
    in_reply_to: str | None = None
    thread: str | None = None
    automatic: bool = False
    author_id: str | None = None
    followers: int | None = None
    copy_of: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A post that reads otherwise now. One that is not kept yet is taken like a new one."""

    post: Post


@dataclass(frozen=True, slots=True)
class Delete:
    """A post that its author, or the network, took back: its text is wiped, its count stays."""

    native_id: str


@dataclass(frozen=True, slots=True)
class AccountGone:
    """An account that was closed: the texts of all its posts are wiped."""

    author_id: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a brand for a calendar day (YYYY-MM-DD, UTC) that is no post: followers, page views, articles seen.

    `metric` is of the vocabulary of docs/imports.md. Whose it is: `brand` by its configured name, or the brand whose
    handle on this network is `account` (without the @). `item` says of what within the day, "" of the whole.
    A later figure of the same brand, metric, day, account and item stands instead.
    """

    metric: str
    day: str
    value: float
    brand: str | None = None
    account: str = ""
    item: str = ""


Event = Post | Edit | Delete | AccountGone | Reading | Figure | Counted | Sampled


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a source said: kept together with its cursor, or not at all.

    `first` marks the pages of a source's first poll, whose posts never make a rule fire. `cut` counts items that
    some limit kept from us; `gap` is a stretch of time that is lost for good.
    """

    events: Sequence[Event]
    next_cursor: Cursor | None
    heard: Heard | None = None
    first: bool = False
    set_aside: Sequence[SetAside] = ()
    cut: int = 0
    gap: Gap | None = None

    @property
    def posts(self) -> list[Post]:
        """The new posts among the events."""
        return [event for event in self.events if isinstance(event, Post)]
