"""What people answer when they are asked: each scale, each interval, each reason for no value."""

from __future__ import annotations

import math
import random

import pytest
from bringing import answer, bring, row, told

from storage.sqlite import SqliteStore
from storage.stats.wilson import wilson


@pytest.mark.parametrize(("scale", "satisfied"), [(5, (4, 5)), (7, (6, 7)), (10, (9, 10))])
def test_the_two_best_boxes_are_those_of_the_scale_that_was_asked(
    store: SqliteStore, scale: int, satisfied: tuple[int, int]
) -> None:
    bring(store, *(answer("csat", score, 1, scale=scale) for score in range(1, scale + 1)))
    found = told(store, "csat")
    assert (found.value, found.n, found.more["satisfied"]) == (len(satisfied) / scale, scale, 2)


def test_answers_on_two_scales_each_count_by_their_own(store: SqliteStore) -> None:
    bring(store, answer("csat", 5, 1, scale=5), answer("csat", 5, 3, scale=10))
    assert told(store, "csat").value == 0.25


@pytest.mark.parametrize("scale", [2, 3])
def test_a_short_scale_has_no_two_best_boxes(store: SqliteStore, scale: int) -> None:
    bring(store, answer("csat", scale, 10, scale=scale))
    assert told(store, "csat").reason == f"a scale of 1 to {scale} has no two best boxes"


def test_satisfaction_has_the_interval_of_wilson(store: SqliteStore) -> None:
    bring(store, answer("csat", 5, 9), answer("csat", 1, 1))
    assert told(store, "csat").more["interval"] == list(wilson(9, 10))


@pytest.mark.parametrize(
    ("scale", "score", "mean"), [(10, 7, 7), (5, 1, 1), (5, 5, 10), (5, 3, 5.5), (7, 4, 5.5)]
)
def test_the_mean_is_told_from_1_to_10_whatever_was_asked(
    store: SqliteStore, scale: int, score: int, mean: float
) -> None:
    bring(store, answer("csat", score, 4, scale=scale))
    found = told(store, "csat.mean")
    assert (found.value, found.n, found.unit, found.more["interval"]) == (mean, 4, "score", None)


def test_a_scale_of_one_step_has_no_mean(store: SqliteStore) -> None:
    bring(store, answer("csat", 1, 4, scale=1))
    assert told(store, "csat.mean").reason == "a scale of 1 to 1 has no mean"


def test_the_interval_of_a_mean_is_that_of_student(store: SqliteStore) -> None:
    bring(
        store, answer("csat", 4, 1, scale=10), answer("csat", 6, 1, scale=10), answer("csat", 8, 1, scale=10)
    )
    low, high = told(store, "csat.mean").more["interval"]  # type: ignore[misc]
    # 4, 6, 8: a standard deviation of 2, a standard error of 2 / sqrt(3), and 4.303 of them with two degrees.
    assert (low, high) == (pytest.approx(6 - 4.302652730 * 2 / math.sqrt(3)), 10)


@pytest.mark.parametrize(("score", "value"), [(0, -1), (6, -1), (7, 0), (8, 0), (9, 1), (10, 1)])
def test_promoters_passives_and_detractors_are_parted_where_they_should(
    store: SqliteStore, score: int, value: int
) -> None:
    bring(store, answer("nps", score, 4, scale=10))
    found = told(store, "nps")
    assert (found.value, found.n, found.more["interval"]) == (value, 4, None)


def test_the_interval_of_nps_comes_of_the_variance_of_a_difference(store: SqliteStore) -> None:
    bring(
        store, answer("nps", 10, 50, scale=10), answer("nps", 8, 30, scale=10), answer("nps", 3, 20, scale=10)
    )
    low, high = told(store, "nps").more["interval"]  # type: ignore[misc]
    # p = 0.5, d = 0.2: (0.7 - 0.09) / 100 = 0.0061, its root 0.0781.
    assert (low, high) == (
        pytest.approx(0.3 - 1.95996 * 0.078102, abs=1e-5),
        pytest.approx(0.45308, abs=1e-5),
    )


def test_the_interval_of_nps_ends_where_nps_ends(store: SqliteStore) -> None:
    bring(store, answer("nps", 10, 1, scale=10), answer("nps", 1, 1, scale=10))
    assert told(store, "nps").more["interval"] == [-1.0, 1.0]


def test_the_interval_of_nps_holds_the_truth_of_most_samples(store: SqliteStore) -> None:
    rng = random.Random(7)
    held = 0
    for _ in range(200):
        scores = rng.choices((10, 7, 2), (0.5, 0.3, 0.2), k=150)
        with store.writing() as db:
            db.run("DELETE FROM survey_answers")
        bring(store, *(answer("nps", score, scores.count(score), scale=10) for score in set(scores)))
        low, high = told(store, "nps").more["interval"]  # type: ignore[misc]
        held += low <= 0.3 <= high
    assert 180 <= held <= 199


def test_another_scale_is_no_nps(store: SqliteStore) -> None:
    bring(store, answer("nps", 9, 5, scale=10), answer("nps", 5, 5, scale=5))
    assert told(store, "nps").reason == "asked on another scale than 0 to 10"


def test_one_kind_of_survey_says_nothing_of_the_other(store: SqliteStore) -> None:
    bring(store, answer("csat", 5, 5))
    assert told(store, "nps").reason == "no nps in what was imported of survey"
    assert told(store, "csat").more["days"] == {"survey": 1}


@pytest.mark.parametrize("kpi", ["csat", "csat.mean", "nps"])
def test_nobody_answered(store: SqliteStore, kpi: str) -> None:
    bring(store, answer(kpi.partition(".")[0], 5, 0, scale=10))
    assert (told(store, kpi).value, told(store, kpi).reason) == (None, "nobody answered")


def stars(store: SqliteStore, network: str = "trustpilot", **counts: int) -> None:
    bring(store, *(row("reviews", "stars", n, network=network, item=name[1]) for name, n in counts.items()))


def test_stars_of_several_places_are_one_mean_with_its_parts(store: SqliteStore) -> None:
    stars(store, s5=3, s1=1)
    stars(store, "google", s2=4)
    found = told(store, "star_rating")
    assert (found.value, found.n, found.more["parts"]) == (3, 8, {"google": 2, "trustpilot": 4})
    assert found.more["by_stars"] == {"1": 1, "2": 4, "3": 0, "4": 0, "5": 3}


def test_what_is_no_number_of_stars_does_not_count(store: SqliteStore) -> None:
    stars(store, s5=3, s9=4, sx=2)
    assert (told(store, "star_rating").value, told(store, "star_rating").n) == (5, 3)


def test_a_few_perfect_reviews_prove_little(store: SqliteStore) -> None:
    stars(store, s5=2)
    assert told(store, "star_rating").value == 5
    found = told(store, "star_rating.bayesian")
    # 10 stars of 2 reviews and 15 of the 5 imagined ones.
    assert (found.value, found.n) == (pytest.approx(25 / 7), 2)
    assert (found.more["prior_mean"], found.more["prior_reviews"]) == (3, 5)


def test_many_reviews_outweigh_what_was_imagined(store: SqliteStore) -> None:
    stars(store, s5=2000)
    found = told(store, "star_rating.bayesian")
    low, high = found.more["interval"]  # type: ignore[misc]
    assert 4.98 < low < found.value < high <= 5  # type: ignore[operator]


def test_without_reviews_there_is_no_mean_and_the_prior_is_no_value(store: SqliteStore) -> None:
    stars(store, s5=0)
    for kpi in ("star_rating", "star_rating.bayesian"):
        assert (told(store, kpi).value, told(store, kpi).reason) == (None, "no reviews")
