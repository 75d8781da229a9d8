"""Shares with their error: exact where all is known, honest where little is, and 95 of 100 intervals hold the truth."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shares_worlds import Post, clustered, judged, known, sums, topic, truth

from sentiment.calibration import Card, Line, Measured
from sentiment.training.measure import fit_card
from storage.stats.expected import Known, Stratum, Sums
from storage.stats.shares import Estimate, Shares, estimate, growth

LINE = Line(intercept=-0.1, slope=1.4, text_slope=0.9, spread=0.08, mean=0.4, between=0.15, within=0.2)
MEASURED = Measured(LINE, LINE, 0.12, 100, 9_000, ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
TARGETS = ("positive", "negative", "net")


@cache
def measured() -> Measured:
    chance = random.Random(11)
    rows = [row for n in range(80) for row in judged(topic(chance, 120), str(n))]
    made: Card = fit_card("simulated-1", "a simulation", rows)
    found = made.of("en")
    assert found is not None
    return found


def of(found: Shares | None, target: str) -> Estimate:
    assert found is not None
    one: Estimate = getattr(found, target)
    return one


def posts(n: int, seed: int = 1, missed: float | None = None) -> list[Post]:
    return topic(random.Random(seed), n, missed=missed)


# What is known is known


def test_where_all_is_corrected_nothing_is_left_open() -> None:
    said = posts(12)
    for sampled in (True, False):
        found = estimate([Stratum(sums(said), MEASURED)], [known(one, sampled=sampled) for one in said])
        for target, true in truth(said).items():
            one = of(found, target)
            assert (one.low, one.value, one.high) == pytest.approx((true, true, true), abs=1e-12)


def test_what_the_engine_left_open_counts_where_a_person_spoke() -> None:
    found = estimate([], [Known(1, None, 0, 0, False, 0), Known(-1, None, 0, 0, True, 0)])
    assert of(found, "positive") == Estimate(0.5, 0.5, 0.5)
    assert of(found, "net") == Estimate(0, 0, 0)


def test_the_interval_never_leaves_what_the_known_ones_allow() -> None:
    said = posts(10, seed=4)
    corrected = [replace(known(one, sampled=False), label=1) for one in said[:7]]
    one = of(estimate([Stratum(sums(said), MEASURED)], corrected), "positive")
    assert 7 / 10 <= one.low <= one.value <= one.high <= 1
    assert of(estimate([Stratum(sums(said), MEASURED)], corrected), "negative").high <= 3 / 10 + 1e-12


mentions = st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from([-1, 0, 1, None]))


@given(st.lists(mentions, max_size=9), st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_mentions_of_any_kind_make_it_fail(
    said: list[tuple[float, float, int | None]], sampled: bool
) -> None:
    ps = [(a / max(1, a + b), b / max(1, a + b)) for a, b, _ in said]
    total = Sums(
        len(ps),
        sum(b for _, b in ps),
        sum(a for a, _ in ps),
        sum(b * b for _, b in ps),
        sum(a * a for a, _ in ps),
        sum(a * b for a, b in ps),
    )
    corrected = [
        Known(label, 0, *p, sampled, n)
        for n, (p, (_, _, label)) in enumerate(zip(ps, said, strict=True))
        if label is not None
    ]
    found = estimate([Stratum(total, MEASURED)], corrected, 1.5)
    if not said:
        assert found is None
        return
    for target in TARGETS:
        one = of(found, target)
        least = -1 if target == "net" else 0
        assert least - 1e-9 <= one.low <= one.value + 1e-9 and one.value - 1e-9 <= one.high <= 1 + 1e-9
    good, bad = of(found, "positive").value, of(found, "negative").value
    assert good + bad <= 1 + 1e-9
    assert of(found, "net").value == pytest.approx(good - bad)


# The engine's measured error


def test_a_large_topic_is_read_off_the_line() -> None:
    n, p = 100_000, 0.5
    total = Sums(n, n * p, n * 0.2, n * p * p, n * 0.04, n * 0.1)
    one = of(estimate([Stratum(total, MEASURED)], []), "positive")
    assert one.value == pytest.approx(-0.1 + 1.4 * 0.5, abs=1e-3)
    # 98 degrees of freedom: 1.984 standard deviations of a topic, for nothing else is left to chance.
    assert (one.high - one.low) / 2 == pytest.approx(1.984 * 0.08, rel=0.01)


def test_one_mention_says_little() -> None:
    total = Sums(1, 0.7, 0.05, 0.49, 0.0025, 0.035)
    one = of(estimate([Stratum(total, MEASURED)], []), "positive")
    assert one.high - one.low > 0.8
    many = Sums(400, 280, 20, 400 * 0.49, 400 * 0.0025, 400 * 0.035)
    assert of(estimate([Stratum(many, MEASURED)], []), "positive").value > one.value + 0.05


def test_authors_with_many_mentions_make_it_less_sure() -> None:
    said = posts(60)
    widths = [
        of(estimate([Stratum(sums(said), MEASURED)], [], factor), "positive").error for factor in (1, 5, 20)
    ]
    assert widths == sorted(widths)
    assert widths[2] > 1.5 * widths[0]


def test_strata_are_weighed_by_their_mentions() -> None:
    half, most = (Sums(n, n * 0.6, n * 0.1, n * 0.36, n * 0.01, n * 0.06) for n in (50_000, 90_000))
    other = Sums(50_000, 50_000 * 0.3, 5_000, 50_000 * 0.09, 500, 1_500)
    even = of(estimate([Stratum(half, MEASURED), Stratum(other, MEASURED)], []), "positive")
    assert even.value == pytest.approx((0.74 + 0.32) / 2, abs=1e-3)
    skewed = of(estimate([Stratum(most, MEASURED), Stratum(other, MEASURED)], []), "positive").value
    assert skewed == pytest.approx((0.74 * 90 + 0.32 * 50) / 140, abs=1e-3)
    # The spread of a topic is one for all of its languages: it does not average out.
    assert even.lasting == pytest.approx(0.08, rel=0.01)


# Corrections


def test_without_a_measurement_it_takes_thirty_that_chance_drew() -> None:
    said = posts(200)
    stratum = [Stratum(sums(said), None)]
    drawn = [known(one, sampled=True) for one in said[:30]]
    by_hand = [known(one, sampled=False) for one in said[:60]]
    assert estimate(stratum, []) is None
    assert estimate(stratum, drawn[:29]) is None
    assert estimate(stratum, by_hand) is None
    assert estimate(stratum, drawn) is not None


def test_one_stratum_that_was_not_measured_spoils_the_rest_unless_all_of_it_is_known() -> None:
    said, other = posts(40), posts(2, seed=9)
    strata = [Stratum(sums(said), MEASURED), Stratum(sums(other), None)]
    assert estimate(strata, []) is None
    assert estimate(strata, [replace(known(one, sampled=False), stratum=1) for one in other]) is not None


def test_with_no_measurement_it_is_prediction_powered_inference() -> None:
    said = posts(400, seed=3)
    drawn = said[:80]
    one = of(estimate([Stratum(sums(said), None)], [known(one, sampled=True) for one in drawn]), "positive")
    residuals = [(one.label == "positive") - one.p_positive for one in drawn]
    mean = sum(residuals) / len(drawn)
    assert one.value == pytest.approx(sum(one.p_positive for one in said) / len(said) + mean, abs=1e-9)
    variance = sum((r - mean) ** 2 for r in residuals) / (len(drawn) - 1)
    assert one.error == pytest.approx(math.sqrt(variance * (1 / 80 - 1 / 400)), rel=0.05)


def test_the_more_chance_drew_the_less_the_engine_is_believed() -> None:
    said = posts(500, seed=5)
    stratum = [Stratum(sums(said), replace(MEASURED, positive=replace(LINE, intercept=0.3)))]
    true = truth(said)["positive"]
    found = [
        of(estimate(stratum, [known(one, sampled=True) for one in said[:n]]), "positive")
        for n in (0, 20, 250)
    ]
    errors = [abs(one.value - true) for one in found]
    assert errors[0] > 0.2 > errors[1] > errors[2]
    assert found[0].error > found[1].error > found[2].error


def test_what_is_picked_by_hand_only_replaces_its_label() -> None:
    said = posts(300, seed=7, missed=1.5)
    stratum = [Stratum(sums(said), MEASURED)]
    wrong = [one for one in said if one.said != one.label and one.label == "positive"][:20]
    assert len(wrong) == 20
    plain = of(estimate(stratum, []), "positive").value
    by_hand = of(estimate(stratum, [known(one, sampled=False) for one in wrong]), "positive").value
    by_chance = of(estimate(stratum, [known(one, sampled=True) for one in wrong]), "positive").value
    assert plain < by_hand <= plain + len(wrong) / len(said)
    assert by_chance > by_hand + 0.1


def test_what_was_drawn_is_not_bent_by_what_is_picked_afterwards() -> None:
    said = posts(300, seed=7, missed=1.5)
    stratum = [Stratum(sums(said), None)]
    drawn = [known(one, at=1, sampled=True) for one in said[:100]]
    wrong = [one for one in said[100:] if one.said != one.label and one.label == "positive"][:25]
    assert len(wrong) == 25
    before = of(estimate(stratum, drawn), "positive").value
    after = of(
        estimate(stratum, [*drawn, *(known(one, at=2, sampled=False) for one in wrong)]), "positive"
    ).value
    # The sample has told of these mistakes already: counted again they would add 25 / 300.
    assert after == pytest.approx(before, abs=1e-9)
    earlier = [known(one, at=0, sampled=False) for one in wrong]
    assert of(estimate(stratum, [*drawn, *earlier]), "positive").value > before + 0.04


# Growth


def test_the_growth_of_what_is_known_is_the_growth() -> None:
    low, high = growth(Estimate(0.6, 0.6, 0.6), Estimate(0.4, 0.4, 0.4), 10, 10) or (0, 0)
    assert (low, high) == pytest.approx((0.5, 0.5))


def test_an_error_that_lasts_falls_out_of_the_growth() -> None:
    passing = Estimate(0.4, 0.2, 0.6, error=0.1, lasting=0.0)
    lasting = replace(passing, lasting=0.1)
    wide, narrow = growth(passing, passing, 500, 400), growth(lasting, lasting, 500, 400)
    assert wide is not None and narrow is not None
    assert wide[0] < narrow[0] < 0.25 < narrow[1] < wide[1]


def test_of_nothing_there_is_no_growth() -> None:
    some, none = Estimate(0.4, 0.3, 0.5, 0.05), Estimate(0.0, 0.0, 0.1, 0.05)
    assert growth(some, none, 10, 10) is None
    assert growth(some, some, 10, 0) is None
    wild = growth(Estimate(1e-9, 0, 1, 1.0), Estimate(1e-9, 0, 1, 1.0), 10, 10)
    assert wild is not None and all(map(math.isfinite, wild))


# 95 of 100


def nobody(said: Sequence[Post], chance: random.Random) -> list[Known]:
    return []


def a_sample(said: Sequence[Post], chance: random.Random) -> list[Known]:
    return [known(one, sampled=True) for one in chance.sample(said, 25)]


def mistakes_by_hand(said: Sequence[Post], chance: random.Random) -> list[Known]:
    return [known(one, sampled=False) for one in said if one.said != one.label][:8]


def a_sample_then_mistakes(said: Sequence[Post], chance: random.Random) -> list[Known]:
    drawn = chance.sample(said, 25)
    wrong = [one for one in said if one not in drawn and one.said != one.label][:15]
    return [known(one, 1, sampled=True) for one in drawn] + [known(one, 2, sampled=False) for one in wrong]


@pytest.mark.parametrize("people", [nobody, a_sample, mistakes_by_hand, a_sample_then_mistakes])
@pytest.mark.parametrize("per_author", [1, 3])
def test_95_of_100_intervals_hold_the_true_share(people: object, per_author: int) -> None:
    chance = random.Random(5)
    held = dict.fromkeys(TARGETS, 0)
    rounds = 400
    for _ in range(rounds):
        said = topic(chance, chance.choice((40, 80, 160)), per_author)
        found = estimate([Stratum(sums(said), measured())], people(said, chance), clustered(said))  # type: ignore[operator]
        for target, true in truth(said).items():
            one = of(found, target)
            held[target] += one.low - 1e-9 <= true <= one.high + 1e-9
    # An author's posts are taken to be misread all alike, which is more than they are.
    most = 0.98 if per_author == 1 else 0.99
    assert all(0.92 <= count / rounds <= most for count in held.values()), held
