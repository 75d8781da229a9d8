"""What X is asked for on behalf of one brand: its words as one query of X's search language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from listener.collectors.base import Sought

LONGEST = 512
"""Characters of a query that recent search and recent counts take."""
_PLAIN = re.compile(r"[@#$]\w+")


def query_of(sought: Sought, *, reposts: bool) -> tuple[str, Sequence[str]] | None:
    """A query of at most LONGEST characters, and the words that found no room in it; None where there are no words.

    The brand's own posts are left out, and reposts too unless `reposts`. The same query counts and reads, so that
    what is counted is what is drawn from.
    """
    ends = ("" if reposts else " -is:retweet") + (f" -from:{sought.handle}" if sought.handle else "")
    parts: list[str] = []
    left_out: list[str] = []
    for word in sought.words:
        written = _written(word)
        if not written:
            continue
        longer = f"({' OR '.join([*parts, written])}){ends}"
        if len(longer) > LONGEST:
            left_out.append(word)
        else:
            parts.append(written)
    return (f"({' OR '.join(parts)}){ends}", left_out) if parts else None


def _written(word: str) -> str:
    """A word or phrase as X takes it: quoted, so that nothing in it is an operator."""
    if _PLAIN.fullmatch(word):
        return word
    inside = " ".join(re.sub(r"[\"“”\\]", " ", word).split())
    return f'"{inside}"' if inside else ""
