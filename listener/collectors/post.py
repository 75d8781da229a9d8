"""What a collector yields: pages of posts, each with the cursor and the stretch of time that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.mention import Cursor, Heard, SetAside

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

    `text` includes the title. `native_id` is the source's own id, or a hash where it has none.
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


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a source said: kept together with its cursor, or not at all.

    `first` marks the pages of a source's first poll, whose posts never make a rule fire.
    """

    posts: Sequence[Post]
    next_cursor: Cursor | None
    heard: Heard | None = None
    first: bool = False
    set_aside: Sequence[SetAside] = ()
