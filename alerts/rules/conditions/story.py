"""A story that spreads: `story with 10 posts`, `story by 5 publishers`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from alerts.rules.base import Look, Sample, Seen, WokenBy
from alerts.rules.rule import Rule
from storage.calendar import Window
from storage.kpi import Ask
from storage.stories.looking import copies, largest

_WHEN = re.compile(r"\s*story\s+(?:with\s+(\d+)\s+posts|by\s+(\d+)\s+publishers)\s*")
_MOST = 200
"""As many are looked at: more than one look tells of, so that the next tells of the rest."""


@dataclass(frozen=True, slots=True)
class Spreading:
    """A story about the brand that so many posts, or publishers, tell within the window; told once for each story."""

    form: ClassVar[str] = "story"
    momentary: ClassVar[bool] = True
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "glance"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset({"source", "tag"})

    of: Literal["posts", "publishers"]
    least: int

    def words(self) -> str:
        """As it is written in `when`."""
        return f"story with {self.least} posts" if self.of == "posts" else f"story by {self.least} publishers"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """It asks for no KPI."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each story that is large enough, by its number."""
        window = Window(look.now - rule.over, look.now)
        # Whether a story spreads or was there all along, nobody knows who has heard less than a window.
        if not look.acquainted(None, look.now, rule.over):
            return {}
        found = largest(look.store, [rule.brand], window, _MOST, live_only=not look.past)
        return {
            f"story {one.id}": [
                Sample(
                    window.since,
                    window.until,
                    enough=True,
                    met=True,
                    fires=True,
                    numbers={
                        "story": one.id,
                        "value": one.posts if self.of == "posts" else one.publishers,
                        "of": self.of,
                        "least": self.least,
                        "unit": "posts",
                        "posts": one.posts,
                        "publishers": one.publishers,
                        "sources": one.sources,
                        "negative": one.negative,
                        "positive": one.positive,
                        "mentions": one.mentions,
                        "first_at": one.first_at,
                        "since": window.since,
                        "until": window.until,
                    },
                    post_ids=tuple(copy.id for copy in copies(look.store, one.id) if not copy.erased)[:3],
                )
            ]
            for one in found
            if ((one.posts if self.of == "posts" else one.publishers) or 0) >= self.least
        }


def parse(text: str) -> Spreading | None:
    """Read "story with 10 posts" or "story by 5 publishers"; None where the text is neither."""
    match = _WHEN.fullmatch(text)
    if match is None:
        return None
    of: Literal["posts", "publishers"] = "posts" if match[1] else "publishers"
    least = int(match[1] or match[2])
    if least < 2:
        raise ValueError("a story has two posts or more; write at least 2")
    return Spreading(of, least)
