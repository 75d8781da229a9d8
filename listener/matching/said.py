"""What the matcher is told of a post: its text, and everything else that a query may ask about."""

from __future__ import annotations

from typing import NamedTuple

from storage.mention import Source


class Said(NamedTuple):
    """One post as queries see it. `text` includes the title; None stands for what its source does not tell."""

    # A tuple, not a frozen dataclass: one is made for each post that comes near, and is made in a third of the time.
    text: str
    source: Source
    title: str | None = None
    url: str | None = None
    author: str | None = None
    language: str | None = None
    in_reply_to: str | None = None
    followers: int | None = None


def network_of(source: Source) -> str:
    """Under which name a brand's handle there is configured; an import is named after its network."""
    return source.name if source.kind == "import" else source.kind
