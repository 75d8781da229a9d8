"""What the matcher is told of a post: its text, and everything else that a query may ask about."""

from __future__ import annotations

from dataclasses import dataclass

from storage.mention import Source


@dataclass(frozen=True, slots=True)
class Said:
    """One post as queries see it. `text` includes the title; None stands for what its source does not tell."""

    text: str
    source: Source
    title: str | None = None
    url: str | None = None
    author: str | None = None
    language: str | None = None
    in_reply_to: str | None = None


def network_of(source: Source) -> str:
    """Under which name a brand's handle there is configured; an import is named after its network."""
    return source.name if source.kind == "import" else source.kind
