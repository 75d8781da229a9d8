"""Who they are: authors, new ones, those who come back, advocates, and five tiers of influence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from storage.kpi.declaration import Example, Kpi
from storage.kpi.facts import source_kinds, source_names
from storage.kpi.scope import Scope
from storage.kpi.speakers import NOBODY, TOO_LONG, Standing, bounds, newcomers, standings, voices
from storage.kpi.sureness import of_people, of_people_share
from storage.kpi.tiers import RULE, Thresholds, distribution, thresholds, tier
from storage.kpi.value import NO_SOURCE, Reading


def _nobody_known(scope: Scope) -> bool:
    """Whether there are mentions, but of none of them the author is known: how many wrote is then unknown, not 0."""
    found = voices(scope)
    if found is None or any(one.authors for one in found.values()):
        return False
    return any(one.anonymous for one in found.values())


def authors(scope: Scope) -> Reading:
    """Count distinct accounts that wrote mentions, each within its source; `anonymous`: mentions of unknown authors."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    found = voices(scope)
    if found is None:
        return Reading(None, 0, TOO_LONG, {"bounds": bounds(scope)})
    names = source_names(scope.evidence)
    value = sum(one.authors for one in found.values())
    if _nobody_known(scope):
        return Reading(None, 0, NOBODY, {"anonymous": sum(one.anonymous for one in found.values())})
    more = {
        "authors": value,
        "anonymous": sum(one.anonymous for one in found.values()),
        "by_source": {names[source]: one.authors for source, one in found.items()},
    }
    return Reading(value, value, None, more)


def _of_authors(scope: Scope, read: Callable[[list[Standing]], Reading]) -> Reading:
    """What is read of authors one by one; NULL where nobody was heard, or the window is too long for that."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if _nobody_known(scope):
        return Reading(None, 0, NOBODY)
    found = standings(scope)
    return Reading(None, 0, TOO_LONG) if found is None else read(found)


def _count(found: list[Standing], counts: Callable[[Standing], object]) -> int:
    return sum(one.authors for one in found if counts(one))


def new_authors(scope: Scope) -> Reading:
    """Count authors whose first mention of the brand that is kept lies in the window; n: all authors, if counted."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    new = newcomers(scope)
    if new is None:
        return Reading(None, 0, TOO_LONG)
    if _nobody_known(scope):
        return Reading(None, 0, NOBODY)
    found = voices(scope)
    total = None if found is None else sum(one.authors for one in found.values())
    return Reading(new, new if total is None else total, None, {"new": new, "authors": total})


def returning_author_share(scope: Scope) -> Reading:
    """Authors who had mentioned the brand before the window / authors; n is the denominator."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    new, found = newcomers(scope), voices(scope)
    if new is None or found is None:
        return Reading(None, 0, TOO_LONG)
    total = sum(one.authors for one in found.values())
    more = {"returning": total - new, "authors": total}
    return Reading((total - new) / total, total, None, more) if total else Reading(None, 0, NOBODY, more)


def advocates(scope: Scope) -> Reading:
    """Count authors with at least two mentions in the window that the engine judged positive; n: all authors."""

    def read(found: list[Standing]) -> Reading:
        loyal, total = _count(found, lambda one: one.repeats), _count(found, lambda _: True)
        more = {"advocates": loyal, "authors": total, "method": "raw", "raw_value": loyal}
        return Reading(loyal, total, None, more)

    return _of_authors(scope, read)


def non_follower_share(scope: Scope) -> Reading:
    """Mentions by authors who do not follow the brand / mentions."""
    return (
        Reading(None, 0, "follower lists are not collected yet")
        if scope.sources
        else Reading(None, 0, NO_SOURCE)
    )


def _limits(scope: Scope) -> Mapping[int, Thresholds] | None:
    """Thresholds by source, over all authors of the market; None where the window is too long."""
    named = ("limits", tuple(brand.number for brand in scope.market), scope.sources, scope.language)
    return scope.evidence.once(named, lambda: _fetch_limits(scope))


def _fetch_limits(scope: Scope) -> Mapping[int, Thresholds] | None:
    known: dict[int, list[tuple[int | None, int]]] = {}
    for brand in scope.market:
        found = standings(scope, brand)
        if found is None:
            return None
        for one in found:
            known.setdefault(one.source, []).append((one.followers, one.authors))
    return {source: thresholds(distribution(pairs)) for source, pairs in known.items()}


def _tiers(
    scope: Scope, limits: Mapping[int, Thresholds], found: list[Standing]
) -> Mapping[tuple[int, bool], int]:
    """Authors by tier and whether they are new."""
    kinds = source_kinds(scope.evidence)
    counted: dict[tuple[int, bool], int] = {}
    for one in found:
        feed = kinds[one.source] == "feeds"
        place = (
            tier(one.followers, limits[one.source], feed=feed, repeats=bool(one.repeats)),
            bool(one.is_new),
        )
        counted[place] = counted.get(place, 0) + one.authors
    return counted


def _tiered(scope: Scope, wanted: Callable[[int, bool], bool]) -> Reading:
    """Count the authors whose tier is wanted, told with whether they are new; n: all authors."""
    limits = _limits(scope) if scope.sources else {}
    if limits is None:
        return Reading(None, 0, TOO_LONG)
    names = source_names(scope.evidence)

    def read(found: list[Standing]) -> Reading:
        named = ("tiers", scope.brand.number, scope.sources, scope.language)
        tiers = scope.evidence.once(named, lambda: _tiers(scope, limits, found))
        counted = sum(authors for place, authors in tiers.items() if wanted(*place))
        told = {names[source]: limit.to_json() for source, limit in limits.items()}
        more = {"counted": counted, "rule": RULE, "thresholds": told}
        return Reading(counted, sum(tiers.values()), None, more)

    return _of_authors(scope, read)


def tier1(scope: Scope) -> Reading:
    """Count authors who write in a feed, or whose followers reach the 99th percentile; n: all authors."""
    return _tiered(scope, lambda number, _: number == 1)


def tier2(scope: Scope) -> Reading:
    """Count authors whose followers reach the 90th percentile but not the 99th; n: all authors."""
    return _tiered(scope, lambda number, _: number == 2)


def tier3(scope: Scope) -> Reading:
    """Count advocates whose followers do not reach the 90th percentile; n: all authors."""
    return _tiered(scope, lambda number, _: number == 3)


def tier4(scope: Scope) -> Reading:
    """Count authors of a mention who are in no higher tier; n: all authors."""
    return _tiered(scope, lambda number, _: number == 4)


def tier5(scope: Scope) -> Reading:
    """Count followers who never say anything: no source tells of them."""
    return Reading(None, 0, "who never writes is not heard") if scope.sources else Reading(None, 0, NO_SOURCE)


def new_influencers(scope: Scope) -> Reading:
    """Count authors of tier 1 to 3 whose first mention of the brand lies in the window; n: all authors."""
    return _tiered(scope, lambda number, new: number <= 3 and new)


_declared = partial(Kpi, family="visibility", kind=("quantitative", "lagging"), better="up", source="Sinnaps")
_tier = partial(
    _declared,
    unit="people",
    source="Sinnaps; the rule is ours",
    inputs=("mentions", "authors", "followers", "tone"),
    rows=("34", "35"),
    market_wide=True,
    worked="{counted}",
)
KPIS = (
    _declared(
        "authors",
        "people",
        "distinct accounts that wrote mentions, each within its source",
        authors,
        chance=of_people(authors),
        inputs=("mentions", "authors"),
        rows=("10", "35"),
        worked="{authors}",
        example=Example({"authors": 2}, 2, "three mentions, two of them by ana, one by ben"),
    ),
    _declared(
        "new_authors",
        "people",
        "authors whose first mention of the brand that is kept lies in the window",
        new_authors,
        chance=of_people(new_authors),
        inputs=("mentions", "authors"),
        rows=("33", "35"),
        worked="{new}",
        example=Example({"new": 1}, 1, "ana spoke before, ben is new"),
    ),
    _declared(
        "returning_author_share",
        "ratio",
        "authors who had mentioned the brand before the window / authors",
        returning_author_share,
        chance=of_people_share(returning_author_share, "returning"),
        family="opinion",
        source="Sprout Social, Sinnaps (loyalty)",
        inputs=("mentions", "authors"),
        rows=("68", "35"),
        worked="{returning} / {authors}",
        example=Example({"returning": 1, "authors": 2}, 0.5, "ana spoke before, ben is new"),
    ),
    _declared(
        "advocates",
        "people",
        "authors with at least 2 positive mentions in the window",
        advocates,
        chance=of_people(advocates),
        family="opinion",
        source="Sprout Social, Sinnaps (advocacy)",
        inputs=("mentions", "authors", "tone"),
        rows=("68", "35"),
        worked="{advocates}",
        example=Example({"advocates": 1}, 1, "ana praised twice, ben once"),
    ),
    _declared(
        "non_follower_share",
        "ratio",
        "mentions by authors who do not follow the brand / mentions",
        non_follower_share,
        source="Sprout Social (a claim of 96 %)",
        inputs=("mentions", "followers"),
        rows=("14",),
        better="neither",
        worked="{non_followers} / {mentions}",
        example=Example({"non_followers": 24, "mentions": 25}, 0.96, "24 of 25 by people who do not follow"),
    ),
    _tier(
        "influencers.tier1",
        formula="authors who write in a feed, or with followers in the top 1 % of the market's authors on the source",
        read=tier1,
        chance=of_people(tier1),
        example=Example({"counted": 1}, 1, "of 20 authors with 1 to 20 followers, the one with 20"),
    ),
    _tier(
        "influencers.tier2",
        formula="authors with followers in the top 10 % of the market's authors on the source, below tier 1",
        read=tier2,
        chance=of_people(tier2),
        example=Example({"counted": 2}, 2, "of 20 authors with 1 to 20 followers, those with 18 and 19"),
    ),
    _tier(
        "influencers.tier3",
        formula="authors with at least 2 positive mentions in the window, below tier 2",
        read=tier3,
        chance=of_people(tier3),
        example=Example({"counted": 1}, 1, "one of the other 17 praised twice"),
    ),
    _tier(
        "influencers.tier4",
        formula="all other authors of a mention",
        read=tier4,
        chance=of_people(tier4),
        example=Example({"counted": 16}, 16, "20 - 1 - 2 - 1"),
    ),
    _tier(
        "influencers.tier5",
        formula="followers who never say anything",
        read=tier5,
        better="neither",
        example=Example({"counted": 80}, 80, "100 followers, of whom 20 speak"),
    ),
    _tier(
        "new_influencers",
        formula="authors of tier 1 to 3 whose first mention of the brand lies in the window",
        read=new_influencers,
        chance=of_people(new_influencers),
        rows=("33", "35"),
        example=Example({"counted": 2}, 2, "of the four in tier 1 to 3, two never spoke of the brand before"),
    ),
)
