"""Intervals from sums over authors: by hand, beside what is published, and over simulated authors."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.stats.clusters import (
    Count,
    Interval,
    Part,
    Tones,
    apart,
    difference,
    growth,
    net,
    part_of_market,
    rate,
    share,
)
from storage.stats.wilson import wilson

Author = tuple[int, int, int]
"""Positive, negative and neutral mentions."""

authors = st.lists(
    st.tuples(*[st.integers(0, 6)] * 3).filter(lambda author: sum(author) > 0), min_size=1, max_size=40
)


def tones(of: Sequence[Author]) -> Tones:
    return Tones(
        judged=sum(sum(one) for one in of),
        positive=sum(good for good, _, _ in of),
        negative=sum(bad for _, bad, _ in of),
        judged2=sum(sum(one) ** 2 for one in of),
        positive2=sum(good**2 for good, _, _ in of),
        negative2=sum(bad**2 for _, bad, _ in of),
        positive_judged=sum(one[0] * sum(one) for one in of),
        negative_judged=sum(one[1] * sum(one) for one in of),
        positive_negative=sum(good * bad for good, bad, _ in of),
    )


def count(of: Sequence[Author]) -> Count:
    return Count(sum(map(sum, of)), sum(sum(one) ** 2 for one in of))


def ends(of: Interval | None) -> tuple[float, float]:
    assert of is not None
    return of.low, of.high


def width(of: Interval | None) -> float:
    low, high = ends(of)
    return high - low


# By hand


def test_authors_of_two_like_mentions_count_half() -> None:
    # 100 authors, of whom 50 said two positive things: spread 50 (2 - 1)² + 50 (0 - 1)² = 100, independent 200/4 = 50,
    # so an effect of 2, times (t(99) / t(199))² = 1.0125: Wilson of 49.4 of 98.8.
    found = share(Part(x=100, y=200, xx=200, xy=200, yy=400))
    assert found == Interval(0.5, pytest.approx(0.4033, abs=1e-4), pytest.approx(0.5967, abs=1e-4))


def test_authors_who_never_repeat_themselves_count_more_than_strangers() -> None:
    # Each says one positive and one other thing: half is certain, but for one author more who may do otherwise.
    found = share(Part(x=100, y=200, xx=100, xy=200, yy=400))
    assert width(found) < 0.3 * width(share(apart(100, 200)))


def test_growth_by_hand() -> None:
    # 30 authors of two mentions after 20: spread 0.4² 120 + 0.6² 80 = 48 beside 100 × 0.6 × 0.4 = 24, an effect of 2,
    # times (t(49) / t(99))² = 1.0258: Wilson of 0.6 × 48.74 of 48.74 is 0.4601 to 0.7256, and their odds less 1.
    found = growth(Count(60, 120), Count(40, 80))
    assert found == Interval(
        pytest.approx(0.5), pytest.approx(-0.1479, abs=5e-4), pytest.approx(1.644, abs=5e-3)
    )
    assert found.from_chance


def test_large_growth_is_the_delta_method_on_the_log_ratio() -> None:
    now, before = Count(60_000, 190_000), Count(40_000, 90_000)
    error = math.sqrt(190_000 / 60_000**2 + 90_000 / 40_000**2)
    expected = [1.5 * math.exp(z * error) - 1 for z in (-1.96, 1.96)]
    found = growth(now, before)
    assert ends(found) == pytest.approx(expected, abs=2e-4)
    assert found is not None
    assert not found.from_chance


def test_a_count_by_hand() -> None:
    # d = 2, times 1.0258: 100 + 1.96² d / 2 ± 1.96 √(100 d + 1.96² d² / 4).
    assert ends(rate(Count(100, 200))) == pytest.approx((75.60, 132.28), abs=0.01)
    # Without an author of two, the score interval of a Poisson count: 100 + 1.92 ± 1.96 √(100 + 0.96).
    assert ends(rate(Count(100, 100))) == pytest.approx((82.23, 121.62), abs=0.01)
    # Of none: the counts that would show none too often, 1.96².
    assert rate(Count(0, 0)) == Interval(0.0, 0.0, pytest.approx(3.8416))


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:873-890, table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_published_differences(one: tuple[int, int], other: tuple[int, int], low: float, high: float) -> None:
    first, second = share(apart(*one)), share(apart(*other))
    assert first is not None
    assert second is not None
    found = difference(first, second)
    assert ends(found) == pytest.approx((low, high), abs=1e-4)
    assert found.from_chance is (low <= 0)


def test_net_without_neutrals_is_twice_the_positive_share_less_one() -> None:
    said = tones([(2, 0, 0), (0, 1, 0), (1, 3, 0), (1, 1, 0)] * 20)
    low, high = ends(share(said.of_positive))
    assert ends(net(said)) == pytest.approx((2 * low - 1, 2 * high - 1))


def test_net_where_all_is_neutral_may_be_off_either_way() -> None:
    low, high = ends(net(tones([(0, 0, 1)] * 50)))
    assert -low == pytest.approx(high) == pytest.approx(wilson(0, 50)[1])


# What always holds


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_one_mention_an_author_is_the_binomial(case: tuple[int, int]) -> None:
    assert ends(share(apart(*case))) == pytest.approx(wilson(*case), abs=1e-12)


@given(authors)
def test_a_share_lies_in_its_interval_and_both_in_0_to_1(of: list[Author]) -> None:
    said = tones(of)
    for part in (said.of_positive, said.of_negative):
        found = share(part)
        assert found is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high
    found = net(said)
    assert found is not None
    assert -1 - 1e-9 <= found.low <= found.value <= found.high <= 1 + 1e-9


@given(authors)
def test_a_part_and_the_rest_mirror_each_other(of: list[Author]) -> None:
    part = tones(of).of_positive
    rest = Part(part.y - part.x, part.y, part.yy - 2 * part.xy + part.xx, part.yy - part.xy, part.yy)
    low, high = ends(share(part))
    assert ends(share(rest)) == pytest.approx((1 - high, 1 - low))


@given(authors)
def test_positive_and_negative_mirror_each_other(of: list[Author]) -> None:
    low, high = ends(net(tones(of)))
    assert ends(net(tones([(bad, good, other) for good, bad, other in of]))) == pytest.approx((-high, -low))


@given(authors, authors)
def test_growth_and_its_reverse_are_reciprocal(now: list[Author], before: list[Author]) -> None:
    low, high = ends(growth(count(now), count(before)))
    back_low, back_high = ends(growth(count(before), count(now)))
    assert (1 + low) * (1 + back_high) == pytest.approx(1)
    assert (1 + high) * (1 + back_low) == pytest.approx(1)


@given(st.integers(5, 200), st.integers(5, 200), st.integers(2, 5))
def test_the_same_mentions_by_fewer_authors_tell_less(good: int, bad: int, each: int) -> None:
    alone = tones([(1, 0, 0)] * good * each + [(0, 1, 0)] * bad * each)
    few = tones([(each, 0, 0)] * good + [(0, each, 0)] * bad)
    assert width(share(few.of_positive)) > width(share(alone.of_positive))
    assert width(net(few)) > width(net(alone))
    n = good * each
    assert width(growth(Count(n, n * each), Count(n, n))) > width(growth(Count(n, n), Count(n, n)))
    assert width(rate(Count(n, n * each))) > width(rate(Count(n, n)))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 5), min_size=1), min_size=1))
def test_the_pairs_of_a_market_are_the_sums_over_its_authors(of: list[dict[str, int]]) -> None:
    totals = {brand: sum(author.get(brand, 0) for author in of) for brand in "abc"}
    # One order is enough, and what is 0 may be missing.
    sums = {
        (one, other): sum(author.get(one, 0) * author.get(other, 0) for author in of)
        for one, other in ("aa", "ba", "bb", "ac", "bc", "cc")
    }
    pairs = {pair: total for pair, total in sums.items() if total}
    whole = [sum(author.values()) for author in of]
    for brand in "abc":
        own = [author.get(brand, 0) for author in of]
        assert part_of_market(brand, pairs, totals) == Part(
            sum(own),
            sum(whole),
            sum(x * x for x in own),
            sum(x * y for x, y in zip(own, whole, strict=True)),
            sum(y * y for y in whole),
        )


def test_of_nothing_there_is_no_interval() -> None:
    nothing = tones([])
    assert share(nothing.of_positive) is None
    assert net(nothing) is None
    assert growth(Count(3, 3), Count(0, 0)) is None


def test_all_gone_is_a_growth_of_minus_one() -> None:
    found = growth(Count(0, 0), Count(8, 8))
    assert found is not None
    assert (found.value, found.low) == (-1, -1)
    assert -1 < found.high < 0


@pytest.mark.parametrize("n", [(-1, 1), (3, 2), (2, 5)])
def test_sums_of_no_authors_are_refused(n: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no authors have"):
        Count(*n)


@pytest.mark.parametrize("sums", [(3, 2, 3, 3, 3), (2, 2, 1, 2, 2), (2, 3, 4, 3, 9), (1, 3, 1, 4, 3)])
def test_parts_of_no_authors_are_refused(sums: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no authors have"):
        Part(*sums)


# Simulated authors: what a real market would do is in tests/benchmarks/test_intervals_hold.py

RESAMPLES = 500
# Chance lets 500 resamples stray from the bounds by 2.6 standard errors: 3.2 points below 92 %, 1.6 above 98 %.
LEAST, MOST = 0.92 - 0.032, 0.98 + 0.016


def crowd(chance: random.Random, mean: float) -> list[Author]:
    """As many authors as chance sends; each says 1 to 8 things, mostly all alike."""
    found: list[Author] = []
    at = chance.expovariate(1)
    while at < mean:
        own: list[Author] = []
        for _ in range(chance.choice((1, 1, 1, 2, 2, 4, 8))):
            again = own and chance.random() < 0.8
            own.append(own[0] if again else chance.choice(((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 1))))
        good, bad, other = (sum(column) for column in zip(*own, strict=True))
        found.append((good, bad, other))
        at += chance.expovariate(1)
    return found


@pytest.mark.parametrize("mean", [20.0, 100.0])
def test_intervals_hold_over_simulated_authors(mean: float) -> None:
    chance = random.Random(3)
    per_author = 19 / 7
    held = dict.fromkeys(("positive", "net", "change", "growth", "positive growth", "rate"), 0)
    for _ in range(RESAMPLES):
        now, before = crowd(chance, 1.5 * mean), crowd(chance, mean)
        said, earlier = tones(now), tones(before)
        positive, positive_before = share(said.of_positive), share(earlier.of_positive)
        assert positive is not None
        assert positive_before is not None
        of_positive = (Count(one.positive, one.positive2) for one in (said, earlier))
        truths = {
            "positive": (positive, 0.25),
            "net": (net(said), 0.0),
            "change": (difference(positive, positive_before), 0.0),
            "growth": (growth(count(now), count(before)), 0.5),
            "positive growth": (growth(*of_positive), 0.5),
            "rate": (rate(count(now)), 1.5 * mean * per_author),
        }
        for name, (interval, true) in truths.items():
            low, high = ends(interval)
            held[name] += low <= true <= high
    assert {name: n for name, n in held.items() if not LEAST <= n / RESAMPLES <= MOST} == {}
