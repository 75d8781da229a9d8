"""How far chance alone moves what is counted exactly: had the same authors spoken again, how much would there be?"""

from __future__ import annotations

from collections.abc import Callable

from storage.kpi.crowd import Crowd
from storage.kpi.scope import Numbered, Scope
from storage.kpi.value import Reading
from storage.stats import clusters
from storage.stats.clusters import Count, Interval, Part, Tones
from storage.stats.wilson import wilson

Ends = tuple[float, float]


def of_mentions(scope: Scope) -> Ends | None:
    """The ends between which the mean number of mentions lies."""
    crowd = _crowd(scope)
    return None if crowd is None else _ends(clusters.rate(_count(scope, crowd, scope.brand)))


def of_positive(scope: Scope) -> Ends | None:
    """The same of positive mentions, as the engine labels them."""
    return _of_label(scope, 1)


def of_negative(scope: Scope) -> Ends | None:
    """The same of negative mentions."""
    return _of_label(scope, -1)


def of_voice(scope: Scope) -> Ends | None:
    """The ends between which the brand's part of its market lies."""
    crowd = _crowd(scope)
    if crowd is None:
        return None
    counts = {brand.number: scope.counts(brand).mentions for brand in scope.market}
    x, y = counts[scope.brand.number], sum(counts.values())
    if crowd.exact:
        numbers, sources = list(counts), scope.sources
        products = {one: sum(crowd.pair(one, other, sources) for other in numbers) for one in numbers}
        own = scope.brand.number
        part = _part(x, y, crowd.pair(own, own, sources), products[own], sum(products.values()))
    else:
        size = _clustering(scope, crowd, scope.brand)
        part = _part(x, y, round(x * size), round(x * size), round(y * size))
    return _ends(clusters.share(part))


def of_positive_share(scope: Scope) -> Ends | None:
    """The ends of a share that is only counted: chance of who spoke, not the engine's mistakes."""
    return _of_tones(scope, lambda tones: clusters.share(tones.of_positive))


def of_negative_share(scope: Scope) -> Ends | None:
    """The same of the negative share."""
    return _of_tones(scope, lambda tones: clusters.share(tones.of_negative))


def of_net(scope: Scope) -> Ends | None:
    """The same of the net sentiment."""
    return _of_tones(scope, clusters.net)


def of_people(read: Callable[[Scope], Reading]) -> Callable[[Scope], Ends | None]:
    """The ends of a number of people, each of whom came by their own decision."""

    def ends(scope: Scope) -> Ends | None:
        counted = read(scope).value
        return None if counted is None else _ends(clusters.rate(Count(int(counted), int(counted))))

    return ends


def of_people_share(read: Callable[[Scope], Reading], part: str) -> Callable[[Scope], Ends | None]:
    """The ends of a share of n people, of whom `part` says how many are meant."""

    def ends(scope: Scope) -> Ends | None:
        found = read(scope)
        if found.value is None:
            return None
        low, high = wilson(int(str(found.more[part])), found.n)
        return low, high

    return ends


def _crowd(scope: Scope) -> Crowd | None:
    """The authors behind a scope; None where nobody counted those of one language, one tag, or what was heard live."""
    evidence = scope.evidence
    if scope.by_language or evidence.live_only or evidence.tag is not None or not scope.sources:
        return None
    return evidence.crowd


def _clustering(scope: Scope, crowd: Crowd, brand: Numbered) -> float:
    return crowd.clustering(brand.number, scope.sources, scope.counts(brand).judged)


def _count(scope: Scope, crowd: Crowd, brand: Numbered) -> Count:
    n = scope.counts(brand).mentions
    squares = crowd.of(brand.number, scope.sources).mentions2
    return _squared(n, squares if crowd.exact else round(n * _clustering(scope, crowd, brand)))


def _of_label(scope: Scope, label: int) -> Ends | None:
    crowd, judged = _crowd(scope), scope.judged()
    # What people corrected, and what an engine's errors make uncertain, is in the estimate.
    if crowd is None or judged.shares is not None:
        return None
    n = judged.counts.positive if label > 0 else judged.counts.negative
    sums = crowd.of(scope.brand.number, scope.sources)
    squares = sums.positive2 if label > 0 else sums.negative2
    if not crowd.exact:
        squares = round(n * _clustering(scope, crowd, scope.brand))
    return _ends(clusters.rate(_squared(n, squares)))


def _of_tones(scope: Scope, interval: Callable[[Tones], Interval | None]) -> Ends | None:
    crowd, judged = _crowd(scope), scope.judged()
    if crowd is None or not crowd.exact or judged.shares is not None or judged.corrected:
        return None
    sums, counts = crowd.of(scope.brand.number, scope.sources), judged.counts
    tones = Tones(
        counts.judged,
        counts.positive,
        counts.negative,
        sums.judged2,
        sums.positive2,
        sums.negative2,
        sums.judged_positive,
        sums.judged_negative,
        sums.positive_negative,
    )
    try:
        return _ends(interval(tones))
    except ValueError:
        # Counts and sums are two questions: a page was committed between them.
        return None


def _squared(n: int, squares: int) -> Count:
    """A page may have been committed between the question for counts and that for squares."""
    return Count(n, min(max(squares, n), n * n))


def _part(x: int, y: int, xx: int, xy: int, yy: int) -> Part:
    xx = max(xx, x)
    xy = max(xy, xx)
    return Part(x, y, xx, xy, max(yy, xy, y))


def _ends(interval: Interval | None) -> Ends | None:
    return None if interval is None else (interval.low, interval.high)
