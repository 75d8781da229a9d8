"""What people do with mentions: likes, shares, comments, all interactions, per post, and how they grow at equal age."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from storage.counting import KIND_OF
from storage.kpi.aging import equal_age, ratio_interval
from storage.kpi.compare import NO_CHANGE
from storage.kpi.counters import Counter, at_age, counters, posts, together
from storage.kpi.declaration import Example, Kpi
from storage.kpi.facts import source_names
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, NOT_COMPARABLE, Reading

LEAST_POSTS = 20
"""Posts of the period before that a threshold is read from."""

_TOO_MANY = "too many mentions in this window for their counters to be read one by one"
_UNCOUNTED = "no source that is heard tells such counters"


def components(scope: Scope, found: Sequence[Counter]) -> dict[str, dict[str, list[str]]]:
    """Which counters of each source were counted as what."""
    names = source_names(scope.evidence)
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in sorted(found):
        told[names[one.source]][KIND_OF[one.name]].append(one.name)
    return {source: dict(kinds) for source, kinds in told.items()}


def _sum(scope: Scope, kind: str) -> Reading:
    found = counters(scope)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if found is None:
        return Reading(None, 0, _TOO_MANY)
    of_kind = [one for one in found if KIND_OF[one.name] == kind]
    more: dict[str, object] = {
        "mentions": scope.counts().mentions,
        "by_source": _by_source(scope, of_kind),
        "components": components(scope, of_kind),
    }
    if not of_kind:
        return Reading(None, 0, _UNCOUNTED, more)
    # One post may have several counters of a kind, as reposts and quotes: the one that most posts have tells how many.
    read: dict[int, int] = defaultdict(int)
    for one in of_kind:
        read[one.source] = max(read[one.source], one.posts)
    value = sum(one.value for one in of_kind)
    return Reading(value, sum(read.values()), None, more | {kind: value})


def _by_source(scope: Scope, found: Sequence[Counter]) -> dict[str, int]:
    names = source_names(scope.evidence)
    told: dict[str, int] = defaultdict(int)
    for one in found:
        told[names[one.source]] += one.value
    return dict(told)


def likes(scope: Scope) -> Reading:
    """Sum the newest readings of likes, favourites, reactions, upvotes and points of mentions; n: posts read."""
    return _sum(scope, "likes")


def shares(scope: Scope) -> Reading:
    """Sum the newest readings of reposts, boosts and quotes of mentions; n: posts read."""
    return _sum(scope, "shares")


def comments(scope: Scope) -> Reading:
    """Sum the newest readings of replies and comments on mentions; n: posts read."""
    return _sum(scope, "comments")


def interactions(scope: Scope) -> Reading:
    """Likes, shares, comments and saves of mentions, and the mentions themselves; n: mentions."""
    found = counters(scope)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if found is None:
        return Reading(None, 0, _TOO_MANY)
    sums = dict.fromkeys(("likes", "shares", "comments", "saves"), 0)
    for one in found:
        sums[KIND_OF[one.name]] += one.value
    mentions = scope.counts().mentions
    more: dict[str, object] = {**sums, "mentions": mentions, "components": components(scope, found)}
    if not found:
        return Reading(None, mentions, _UNCOUNTED, more)
    return Reading(sum(sums.values()) + mentions, mentions, None, more)


def engagement_per_post(scope: Scope) -> Reading:
    """Likes, shares, comments and saves of mentions / mentions whose counters are known; n is the denominator."""
    found = together(scope)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if found is None:
        return Reading(None, 0, _TOO_MANY)
    shown, known = found
    more = {"interactions": shown, "posts": known, "mentions": scope.counts().mentions}
    return Reading(shown / known, known, None, more) if known else Reading(None, 0, _UNCOUNTED, more)


def _of_posts(scope: Scope, read: Callable[[list[int]], Reading]) -> Reading:
    found = posts(scope.evidence, scope)
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if found is None:
        return Reading(None, 0, _TOO_MANY)
    more = {"interactions": sum(found), "posts": len(found), "mentions": scope.counts().mentions}
    if not found:
        return Reading(None, 0, _UNCOUNTED, more)
    reading = read(found)
    return Reading(reading.value, reading.n, reading.reason, {**more, **reading.more})


def posts_above(scope: Scope) -> Reading:
    """Count mentions with at least so many likes, shares, comments and saves; n: mentions whose counters are known.

    The threshold is the brand's `interaction_threshold`, or the 90th percentile of its own period before.
    """
    set_by_hand = scope.brand.brand.interaction_threshold
    before = posts(scope.evidence_before, scope) if set_by_hand is None else []

    def read(found: list[int]) -> Reading:
        if set_by_hand is not None:
            threshold, origin = set_by_hand, "configuration"
        elif before is None or len(before) < LEAST_POSTS:
            return Reading(None, len(found), "fewer than 20 posts with counters in the period before")
        else:
            threshold, origin = max(1, percentile(before, 90)), "90th percentile of the period before"
        above = sum(number >= threshold for number in found)
        return Reading(
            above, len(found), None, {"threshold": threshold, "threshold_is": origin, "above": above}
        )

    return _of_posts(scope, read)


def percentile(numbers: Sequence[int], percent: int) -> int:
    """The nearest-rank percentile: the smallest number that at least so many percent of them do not exceed."""
    return sorted(numbers)[max(0, math.ceil(len(numbers) * percent / 100) - 1)]


def interaction_growth(scope: Scope) -> Reading:
    """(I - I_before) / I_before, each post read at the same age, over sources heard in both periods; n: posts read
    before.

    The age is the greatest of a week, a day and an hour that the whole window has reached. Where not even an hour has
    passed since its end, both periods are cut short alike. Only posts that were read by that age count. `change` is
    always given.
    """
    compared = scope.comparable or scope.sources
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE, {"change": None})
    window, earlier, age = equal_age(scope.window, scope.evidence_before.window, scope.now)
    if window.since >= window.until:
        return Reading(None, 0, "no post of this window is an hour old", {"change": None})
    now = at_age(scope.evidence, scope, window, age, compared)
    before = at_age(scope.evidence_before, scope, earlier, age, compared)
    if now is None or before is None:
        return Reading(None, 0, _TOO_MANY, {"change": None})
    total, total_before = sum(now), sum(before)
    more: dict[str, object] = {
        "change": total - total_before,
        "interactions": total,
        "interactions_before": total_before,
        "age": age,
        "posts": len(now),
        "posts_before": len(before),
    }
    if not total_before:
        # Posts of which no counter was read are not posts that nobody liked.
        reason = "none in the period before" if now or before else _UNCOUNTED
        return Reading(None, len(before), reason, more)
    if not scope.comparable:
        return Reading(None, len(before), NOT_COMPARABLE, more)
    interval = ratio_interval(now, before)
    more["interval"] = interval
    if interval and interval[0] <= 0 <= interval[1]:
        more["note"] = NO_CHANGE
    return Reading((total - total_before) / total_before, len(before), None, more)


_S3 = "Sinnaps"
KPIS = (
    Kpi(
        "likes",
        "interactions",
        "sum of the newest readings of likes (favourites, reactions, points) of mentions",
        likes,
        family="engagement",
        kind=("quantitative", "lagging"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("18", "35"),
        worked="{likes}",
        example=Example({"likes": 12}, 12, "a mention with 7 favourites, one with 5 points"),
        vanity=True,
    ),
    Kpi(
        "shares",
        "interactions",
        "sum of the newest readings of shares (reposts, boosts, quotes) of mentions",
        shares,
        family="engagement",
        kind=("quantitative", "lagging"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("19", "35"),
        worked="{shares}",
        example=Example({"shares": 5}, 5, "a mention with 3 reposts and 2 quotes"),
        vanity=True,
    ),
    Kpi(
        "comments",
        "interactions",
        "sum of the newest readings of comments (replies) on mentions",
        comments,
        family="engagement",
        kind=("quantitative", "lagging"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("20", "35"),
        worked="{comments}",
        example=Example({"comments": 5}, 5, "a mention with 1 reply, one with 4 comments"),
    ),
    Kpi(
        "interactions",
        "interactions",
        "likes + shares + comments + saves of mentions + the mentions themselves",
        interactions,
        family="engagement",
        kind=("quantitative", "lagging"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("23", "35"),
        worked="{likes} + {shares} + {comments} + {saves} + {mentions}",
        example=Example(
            {"likes": 12, "shares": 5, "comments": 5, "saves": 0, "mentions": 3}, 25, "two read, one not"
        ),
    ),
    Kpi(
        "interaction_growth",
        "ratio",
        "(interactions of mentions - those of the period before) / those of the period before, read at equal age",
        interaction_growth,
        family="engagement",
        kind=("quantitative", "directional"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("24", "35"),
        worked="({interactions} - {interactions_before}) / {interactions_before}",
        example=Example({"interactions": 6, "interactions_before": 4}, 0.5, "each post read when a day old"),
    ),
    Kpi(
        "posts_above",
        "posts",
        "mentions with at least a threshold of likes, shares, comments and saves",
        posts_above,
        family="engagement",
        kind=("quantitative", "lagging"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("25", "35"),
        worked="{above}",
        example=Example({"above": 2}, 2, "threshold 10: mentions with 12, 10 and 9 interactions"),
    ),
    Kpi(
        "engagement_per_post",
        "interactions",
        "likes, shares, comments and saves of mentions / mentions whose counters are known",
        engagement_per_post,
        family="engagement",
        kind=("quantitative", "lagging"),
        better="up",
        source=_S3,
        inputs=("mentions", "counters"),
        rows=("25", "35"),
        worked="{interactions} / {posts}",
        example=Example({"interactions": 22, "posts": 2}, 11.0, "17 and 5 interactions; one mention unread"),
    ),
)
