"""Which tags the rules of the configuration give to a post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from listener.matching.matcher import Matcher
from listener.matching.said import Said
from storage.mention import Brand

Route = Literal["sales", "marketing", "care"]
ROUTES: tuple[Route, ...] = get_args(Route)

LONGEST_TAG = 50


def tag_named(text: str) -> str:
    """The name of a tag without spaces around it. Raises ValueError for one that cannot be shown on a line."""
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_TAG or not name.isprintable():
        raise ValueError(f"a tag has 1 to {LONGEST_TAG} characters on one line")
    return name


@dataclass(frozen=True, slots=True)
class TagRule:
    """A mention whose post this query is true of bears the tag; `route` says whose work it is."""

    name: str
    query: str
    route: Route | None = None


class Tagger:
    """Finds the tags of posts in one pass, however many rules there are. Raises QueryError for a wrong query."""

    def __init__(self, rules: Sequence[TagRule]) -> None:
        self._matcher = Matcher([Brand(rule.name, query=rule.query, topic=True) for rule in rules])
        self.rules = tuple(rules)

    def tags(self, said: Said) -> tuple[str, ...]:
        """The tags of a post, in the order of the configuration."""
        return tuple(hit.brand for hit in self._matcher.match(said)) if self.rules else ()


def routed(rules: Sequence[TagRule], route: str) -> tuple[str, ...]:
    """The tags that a route has."""
    return tuple(rule.name for rule in rules if rule.route == route)
