"""Five tiers of influence, by a rule that is printed with every number: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LEAST_KNOWN = 20
"""Authors of a source whose followers are known; of fewer, no percentile says who stands out."""

RULE = (
    "1: writes in a feed, or has at least as many followers as the top 1 % of those who mention a brand of the market "
    "on that source; 2: as the top 10 %; 3: at least 2 positive mentions in the window; 4: every other author of a "
    "mention; 5: silent followers, who cannot be heard; followers from 100 on are taken by their first digit"
)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Followers that the top 1 % and the top 10 % of a source have at least; None where too few are known."""

    top: int | None
    leading: int | None

    def to_json(self) -> dict[str, int | None]:
        """As it is printed."""
        return {"p99": self.top, "p90": self.leading}


def thresholds(known: Mapping[int, int]) -> Thresholds:
    """The nearest-rank 99th and 90th percentile of followers; `known`: how many authors have so many followers."""
    total = sum(known.values())
    if total < LEAST_KNOWN:
        return Thresholds(None, None)
    return Thresholds(_rank(known, -(-total * 99 // 100)), _rank(known, -(-total * 90 // 100)))


def _rank(known: Mapping[int, int], rank: int) -> int:
    seen = 0
    for followers in sorted(known):
        seen += known[followers]
        if seen >= rank:
            return followers
    raise ValueError(f"there is no author of rank {rank}")


def tier(followers: int | None, limits: Thresholds, *, feed: bool, repeats: bool) -> int:
    """The tier of one author, 1 to 4. `feed`: writes in a feed of its own; `repeats`: praised more than once."""
    if feed or _reaches(followers, limits.top):
        return 1
    if _reaches(followers, limits.leading):
        return 2
    return 3 if repeats else 4


def _reaches(followers: int | None, limit: int | None) -> bool:
    return followers is not None and limit is not None and followers >= limit


def distribution(pairs: Iterable[tuple[int | None, int]]) -> dict[int, int]:
    """How many authors have so many followers; those of unknown ones are left out."""
    known: dict[int, int] = {}
    for followers, authors in pairs:
        if followers is not None:
            known[followers] = known.get(followers, 0) + authors
    return known
