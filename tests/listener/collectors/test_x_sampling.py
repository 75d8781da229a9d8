"""The slices that are drawn, and what they say of everything that was counted: its interval holds the truth."""

from __future__ import annotations

import bisect
import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from listener.collectors.x.sampling import Slice, plan
from storage.mention import Counted
from storage.stats.stratified import Cluster, Sample, Share, Stratum, share

HOUR = 3_600
T0 = 1_790_000_000 // HOUR * HOUR

Post = tuple[int, bool, int]
"""When it was published, whether the query is true of it, and its label."""


def hours(counts: Sequence[int], brand: str = "Acme", since: int = T0) -> list[Counted]:
    spans = ((since + n * HOUR, count) for n, count in enumerate(counts))
    return [Counted(brand, start, start + HOUR, count) for start, count in spans]


def test_what_the_money_covers_is_read_whole() -> None:
    strata = hours([0, 7, 500])
    assert {(s.since, s.until) for s in plan(strata, 507)} == {(one.since, one.until) for one in strata[1:]}


def test_nothing_is_drawn_without_money_or_posts() -> None:
    assert plan(hours([5, 5]), 0) == [] and plan(hours([0, 0]), 100) == [] and plan([], 100) == []


def test_slices_lie_within_their_hour_and_never_over_each_other() -> None:
    strata = hours([1_000, 50, 20_000, 3])
    drawn = plan(strata, 400)
    for stratum in strata:
        own = sorted((s.since, s.until) for s in drawn if stratum.since <= s.since < stratum.until)
        assert own and own[0][0] >= stratum.since and own[-1][1] <= stratum.until
        assert all(one[1] <= other[0] for one, other in pairwise(own))


def test_each_hour_gets_its_part_by_its_size_and_the_smallest_gets_some() -> None:
    drawn = plan(hours([1_000, 2_000, 30]), 300)
    expected = Counter()
    for one in drawn:
        expected[(one.since - T0) // HOUR] += one.expected
    assert expected[0] == pytest.approx(100, rel=0.25) and expected[1] == pytest.approx(200, rel=0.25)
    assert expected[2] >= 10


def test_every_hour_has_its_first_slice_before_any_has_its_third() -> None:
    drawn = plan(hours([1_000] * 12), 600)
    first_dozen = {one.since // HOUR for one in drawn[:12]}
    assert len(first_dozen) == 12


def test_the_same_hours_give_the_same_slices_after_a_crash_and_other_hours_others() -> None:
    assert plan(hours([900] * 3), 90) == plan(hours([900] * 3), 90)
    minutes = {
        tuple(one.since % HOUR for one in plan(hours([900], since=T0 + n * HOUR), 90)) for n in range(9)
    }
    assert len(minutes) == 9


def test_every_second_of_an_hour_is_drawn_as_often() -> None:
    drawn: Counter[int] = Counter()
    for n in range(3_000):
        for one in plan(hours([1_000], since=T0 + n * HOUR), 100):
            drawn.update(range(one.since % HOUR // 360, (one.until - 1) % HOUR // 360 + 1))
    assert len(drawn) == 10 and max(drawn.values()) < 1.15 * min(drawn.values())


# ---- what they say


def draw(strata: Sequence[Counted], slices: Sequence[Slice], said: Sequence[Post]) -> Sample:
    """Read these slices of what was said."""
    times = [at for at, _, _ in said]

    def read(stratum: Counted, one: Slice) -> Cluster:
        posts = said[bisect.bisect_left(times, one.since) : bisect.bisect_left(times, one.until)]
        labels = Counter(label for _, matched, label in posts if matched)
        size = (one.until - one.since) / (stratum.until - stratum.since)
        mentions = sum(labels.values())
        return Cluster(size, len(posts), mentions, labels[1], labels[-1], labels[0])

    return Sample(
        [
            Stratum(one.posts, [read(one, s) for s in slices if one.since <= s.since < one.until])
            for one in strata
        ]
    )


def day_of_posts(rng: random.Random, since: int, negative: float) -> tuple[list[Counted], list[Post]]:
    """A day with quiet and loud hours, an outcry of some minutes in one of them, and waves of the mood."""
    said: list[Post] = []
    strata: list[Counted] = []
    for hour in range(24):
        start, count = since + hour * HOUR, rng.choice((40, 120, 300, 700))
        outcry = start + rng.randrange(HOUR) if hour == 9 else 0
        posts = []
        for _ in range(count):
            at = (
                outcry + int(abs(rng.gauss(0, 200)))
                if outcry and rng.random() < 0.3
                else start + rng.randrange(HOUR)
            )
            at = min(at, start + HOUR - 1)
            angry = negative * (0.6 if hour < 12 else 1.4) + (0.3 if outcry and abs(at - outcry) < 300 else 0)
            mood = rng.random()
            label = -1 if mood < angry else 1 if mood < angry + 0.3 else 0
            posts.append((at, rng.random() < 0.8, label))
        said += sorted(posts)
        strata.append(Counted("Acme", start, start + HOUR, count))
    return strata, said


def trials(rounds: int, money: int, negative: float = 0.2, lost: float = 0.0) -> tuple[float, float, float]:
    """How often the intervals of the negative share and of all mentions held the truth, and the share's mean error."""
    rng = random.Random(7)
    held = held_total = 0
    errors = 0.0
    for n in range(rounds):
        strata, said = day_of_posts(rng, T0 + n * 86_400, negative)
        slices = plan(strata, money)
        sample = draw(strata, slices[: round(len(slices) * (1 - lost))], said)
        mentions = [label for _, matched, label in said if matched]
        truth = sum(label == -1 for label in mentions) / len(mentions)
        found = share([sample], (0, 0), lambda one: one.negative)
        assert found is not None
        held += found.low <= truth <= found.high
        errors += found.value - truth
        low, high = sample.interval(lambda one: one.mentions)
        held_total += low <= len(mentions) <= high
    return held / rounds, held_total / rounds, errors / rounds


@pytest.mark.parametrize(
    ("rounds", "money", "negative", "lost"),
    [
        pytest.param(150, 400, 0.2, 0.0, id="a twentieth is read"),
        pytest.param(500, 1_500, 0.2, 0.0, id="a sixth is read", marks=pytest.mark.slow),
        pytest.param(500, 400, 0.03, 0.0, id="hardly any is negative", marks=pytest.mark.slow),
        pytest.param(500, 400, 0.2, 0.4, id="the money ends early", marks=pytest.mark.slow),
    ],
)
def test_the_interval_holds_the_truth_in_95_of_100_cases(
    rounds: int, money: int, negative: float, lost: float
) -> None:
    share_held, total_held, bias = trials(rounds, money, negative, lost)
    assert 0.92 <= share_held <= 0.985
    assert 0.92 <= total_held <= 0.985
    assert abs(bias) < 0.006


def test_what_was_read_whole_is_sure() -> None:
    strata, said = day_of_posts(random.Random(1), T0, 0.2)
    sample = draw(strata, plan(strata, 10**6), said)
    found = share([sample], (0, 0), lambda one: one.negative)
    mentions = [label for _, matched, label in said if matched]
    truth = sum(label == -1 for label in mentions) / len(mentions)
    assert found == Share(*[pytest.approx(truth)] * 3, 0.0)
    assert sample.interval(lambda one: one.mentions) == pytest.approx((len(mentions), len(mentions)))


def test_an_hour_weighs_by_what_was_counted_and_not_by_what_was_read() -> None:
    """A loud hour without complaints and a quiet one with nothing else, as much read of each."""
    loud = Stratum(900, [Cluster(0.01, 10, 10, neutral=10), Cluster(0.01, 10, 10, neutral=10)])
    quiet = Stratum(100, [Cluster(0.1, 10, 10, negative=10), Cluster(0.1, 10, 10, negative=10)])
    found = share([Sample([loud, quiet])], (0, 0), lambda one: one.negative)
    assert found is not None and found.value == pytest.approx(0.1)


def test_a_source_that_was_read_whole_weighs_by_its_mentions() -> None:
    sampled = Sample([Stratum(900, [Cluster(0.1, 10, 10, negative=10)] * 2)])
    found = share([sampled], (0, 100), lambda one: one.negative)
    assert found is not None and found.value == pytest.approx(0.9)


def test_an_hour_of_which_nothing_was_read_is_like_its_neighbours_and_makes_it_less_sure() -> None:
    read = Stratum(
        100, [Cluster(0.1, 10, 8, negative=4, neutral=4), Cluster(0.1, 10, 8, negative=2, neutral=6)]
    )
    alone, both = Sample([read]), Sample([read, Stratum(100)])
    assert both.total(lambda one: one.mentions).value == pytest.approx(160)
    assert both.unread == 1 and alone.unread == 0
    (low, high), (least, most) = (one.interval(lambda one: one.negative) for one in (both, alone))
    assert most - least < 100 and high - low > 1.9 * (most - least)


def test_one_slice_alone_leaves_it_unsure() -> None:
    one = Sample([Stratum(100, [Cluster(0.1, 10, 10, negative=5, neutral=5)])])
    found = share([one], (0, 0), lambda cluster: cluster.negative)
    assert found is not None and found.low < 0.3 and found.high > 0.7


def test_the_engines_error_and_its_correction_stand_beside_chance() -> None:
    sample = Sample(
        [Stratum(4_000, [Cluster(0.01, 20, 20, negative=n, neutral=20 - n) for n in (4, 6, 5, 5) * 4])]
    )
    plain, corrected = (
        share([sample], (0, 0), lambda one: one.negative, *more) for more in ((), (0.1, 0.08))
    )
    assert plain is not None and corrected is not None
    assert (plain.value, corrected.value) == (pytest.approx(0.25), pytest.approx(0.35))
    assert corrected.high - corrected.low > 1.5 * (plain.high - plain.low)


def test_nothing_judged_is_no_share() -> None:
    part: Callable[[Cluster], float] = lambda one: one.negative  # noqa: E731
    assert share([Sample([Stratum(100)])], (0, 0), part) is None
    assert share([], (0, 0), part) is None
