"""How many people could have seen mentions: a range with its method, never one magic number."""

from __future__ import annotations

from functools import partial

from storage.kpi.declaration import Example, Kpi
from storage.kpi.facts import source_names
from storage.kpi.imported import NOT_ADDED
from storage.kpi.scope import Scope
from storage.kpi.speakers import TOO_LONG, voices
from storage.kpi.value import NO_SOURCE, Reading

LOW, HIGH = 0.02, 0.05
"""The share of an author's followers that sees a post: "2 to 5 % of their followers count", Hootsuite."""

_HOW = (
    "followers of all authors of mentions, each counted once with the most that was told in the window; "
    "2 % to 5 % of them are taken to see a post; followers that two authors share are counted twice"
)


def _reach(scope: Scope, factor: float) -> Reading:
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    found = voices(scope, followers=True)
    if found is None:
        return Reading(None, 0, TOO_LONG)
    names = source_names(scope.evidence)
    followed = {source: one for source, one in found.items() if one.followed}
    n = sum(one.followed for one in followed.values())
    more: dict[str, object] = {
        "how": _HOW,
        "authors": sum(one.authors for one in found.values()),
        "by_source": {names[source]: one.followers * factor for source, one in followed.items()},
        "factor": factor,
    }
    if not followed:
        return Reading(None, 0, "no source tells how many followers authors have", more)
    if len(followed) > 1:
        return Reading(None, n, NOT_ADDED, more)
    (one,) = followed.values()
    reach = {"theoretical": one.followers, "low": one.followers * LOW, "high": one.followers * HIGH}
    return Reading(one.followers * factor, n, None, more | reach)


def theoretical(scope: Scope) -> Reading:
    """Sum the followers of all authors of mentions, each author once; n: authors whose followers are known.

    Nobody's posts are seen by all followers: it is the bound that the range is reckoned from.
    """
    return _reach(scope, 1)


def low(scope: Scope) -> Reading:
    """2 % of the followers of all authors of mentions, each author once; n: authors whose followers are known."""
    return _reach(scope, LOW)


def high(scope: Scope) -> Reading:
    """5 % of the followers of all authors of mentions, each author once; n: authors whose followers are known."""
    return _reach(scope, HIGH)


_declared = partial(
    Kpi,
    unit="people",
    kind=("quantitative", "leading"),
    better="up",
    source="Hootsuite",
    inputs=("mentions", "authors", "followers"),
    rows=("6", "35"),
    vanity=True,
    additive=False,
)
KPIS = (
    _declared(
        "potential_reach.low",
        formula="2 % of the sum of followers of authors of mentions, each author once",
        read=low,
        worked="{theoretical} * 0.02",
        example=Example({"theoretical": 1500}, 30.0, "ana has 1,000 followers and speaks twice, ben has 500"),
    ),
    _declared(
        "potential_reach.high",
        formula="5 % of the sum of followers of authors of mentions, each author once",
        read=high,
        worked="{theoretical} * 0.05",
        example=Example({"theoretical": 1500}, 75.0, "ana has 1,000 followers and speaks twice, ben has 500"),
    ),
    _declared(
        "potential_reach.theoretical",
        formula="sum of followers of authors of mentions, each author once",
        read=theoretical,
        worked="{theoretical}",
        example=Example({"theoretical": 1500}, 1500, "ana has 1,000 followers and speaks twice, ben has 500"),
    ),
)
