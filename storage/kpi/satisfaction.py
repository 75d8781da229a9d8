"""What people say when they are asked: satisfaction and recommendation in surveys, stars in reviews."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

from storage.kpi.declaration import Example, Input, Kpi
from storage.kpi.imported import Imported, Missing, imported_kpi
from storage.kpi.value import Reading
from storage.stats import student
from storage.stats.wilson import wilson

_FEWEST_CHOICES = 4
"""Of a shorter scale than 1 to 4 the two best answers are half of it, or all."""
STARS = range(1, 6)
PRIOR = 1
"""Imagined reviews for each number of stars before any real one is read: a mean of 3 with the weight of 5 reviews."""


def csat(numbers: Imported) -> Reading:
    """Answers in the two best boxes of the scale / answers, with Wilson's interval; n is the count of answers."""
    found = numbers.answers("csat")
    if short := sorted({one.scale for one in found if one.scale < _FEWEST_CHOICES}):
        raise Missing(f"a scale of 1 to {short[0]} has no two best boxes")
    answers = sum(one.answers for one in found)
    satisfied = sum(one.answers for one in found if one.score >= one.scale - 1)
    numbers.more.update({"satisfied": satisfied, "answers": answers})
    if not answers:
        raise Missing("nobody answered")
    return Reading(satisfied / answers, answers, None, {"interval": list(wilson(satisfied, answers))})


def csat_mean(numbers: Imported) -> Reading:
    """The mean answer, told on a scale of 1 to 10 whatever scale was asked; n is the count of answers."""
    found = numbers.answers("csat")
    counts: dict[float, int] = defaultdict(int)
    for one in found:
        if one.scale < 2:
            raise Missing(f"a scale of 1 to {one.scale} has no mean")
        counts[1 + 9 * (one.score - 1) / (one.scale - 1)] += one.answers
    return _mean(numbers, counts, (1, 10))


def nps(numbers: Imported) -> Reading:
    """(promoters, of 9 and 10 - detractors, of 0 to 6) / answers, from -1 to 1; n is the count of answers.

    The interval is that of a difference of two shares of the same answers: variance ((p + d) - (p - d)^2) / n. Where
    all answer alike it would have no width however few they are, and there is none.
    """
    found = numbers.answers("nps")
    if any(one.scale != 10 for one in found):
        raise Missing("asked on another scale than 0 to 10")
    answers = sum(one.answers for one in found)
    promoters = sum(one.answers for one in found if one.score >= 9)
    detractors = sum(one.answers for one in found if one.score <= 6)
    numbers.more.update({"promoters": promoters, "detractors": detractors, "answers": answers})
    if not answers:
        raise Missing("nobody answered")
    value = (promoters - detractors) / answers
    variance = ((promoters + detractors) / answers - value**2) / answers
    reach = student.quantile(math.inf) * math.sqrt(variance) if variance > 0 else None
    interval = None if reach is None else [max(-1.0, value - reach), min(1.0, value + reach)]
    return Reading(value, answers, None, {"interval": interval})


def star_rating(numbers: Imported) -> Reading:
    """The mean number of stars, with its 95 % interval; n is the count of reviews, `by_stars` how many gave each."""
    return _mean(numbers, _stars(numbers), (1, 5))


def star_rating_bayesian(numbers: Imported) -> Reading:
    """The mean number of stars with one imagined review of each number added, so that few reviews prove little.

    The mean of a Dirichlet posterior over the five numbers; the prior is uniform. n is the count of real reviews.
    """
    counts = _stars(numbers)
    reviews = sum(counts.values())
    imagined = {star: counts[star] + PRIOR for star in STARS}
    stars, weight = sum(star * count for star, count in imagined.items()), sum(imagined.values())
    mean = stars / weight
    # The variance of a mean over a Dirichlet of this weight.
    spread = sum(count * (star - mean) ** 2 for star, count in imagined.items()) / weight / (weight + 1)
    reach = student.quantile(math.inf) * math.sqrt(spread)
    more = {
        "stars_with_prior": stars,
        "reviews_with_prior": weight,
        "prior_mean": sum(STARS) / len(STARS),
        "prior_reviews": PRIOR * len(STARS),
        "interval": [max(1.0, mean - reach), min(5.0, mean + reach)],
    }
    return Reading(mean, reviews, None, more)


def _stars(numbers: Imported) -> dict[float, int]:
    counts: dict[float, int] = dict.fromkeys(STARS, 0)
    for cell in numbers.cells("reviews", "stars"):
        if cell.item.isdigit() and int(cell.item) in STARS:
            counts[int(cell.item)] += int(cell.value)
    numbers.more["by_stars"] = {str(star): count for star, count in counts.items()}
    if not any(counts.values()):
        raise Missing("no reviews")
    return counts


def _mean(numbers: Imported, counts: dict[float, int], ends: tuple[float, float]) -> Reading:
    """The mean of counted scores, its interval by Student's t; none of a single answer, or where all are alike."""
    n = sum(counts.values())
    total = _weighted(counts)
    numbers.more.update({"sum": total, "count": n})
    if not n:
        raise Missing("nobody answered")
    mean = total / n
    squares = sum(count * (score - mean) ** 2 for score, count in counts.items())
    interval = None
    if n > 1 and squares > 0:
        reach = student.quantile(n - 1) * math.sqrt(squares / (n - 1) / n)
        interval = [max(ends[0], mean - reach), min(ends[1], mean + reach)]
    return Reading(mean, n, None, {"interval": interval})


def _weighted(counts: dict[float, int]) -> float:
    return math.fsum(score * count for score, count in counts.items())


def _kpi(
    name: str,
    unit: str,
    formula: str,
    of: Callable[[Imported], Reading],
    inputs: tuple[Input, ...],
    row: str,
    worked: str,
    example: Example,
    source: str,
) -> Kpi:
    return imported_kpi(
        name,
        unit,
        formula,
        of,
        inputs,
        family="opinion",
        rows=(row,),
        worked=worked,
        example=example,
        better="up",
        kind=("quantitative", "lagging", "output"),
        source=source,
    )


KPIS = (
    _kpi(
        "csat",
        "ratio",
        "answers in the two best boxes of the scale / answers",
        csat,
        ("survey",),
        "65",
        "{satisfied} / {answers}",
        Example({"satisfied": 30, "answers": 40}, 0.75, "18 gave 5 of 5, 12 gave 4, 10 gave less"),
        "Hootsuite; top-2 box; interval of Wilson (1927)",
    ),
    _kpi(
        "csat.mean",
        "score",
        "mean answer, on a scale of 1 to 10",
        csat_mean,
        ("survey",),
        "65",
        "{sum} / {count}",
        Example({"sum": 55, "count": 10}, 5.5, "10 answers of 3 on a scale of 1 to 5: its middle"),
        "Hootsuite: 1 to 10",
    ),
    _kpi(
        "nps",
        "ratio",
        "(answers of 9 and 10 - answers of 0 to 6) / answers",
        nps,
        ("survey",),
        "66",
        "({promoters} - {detractors}) / {answers}",
        Example({"promoters": 50, "detractors": 20, "answers": 100}, 0.3, "30 passives, of 7 and 8"),
        "Reichheld (2003), the one number you need to grow",
    ),
    _kpi(
        "star_rating",
        "stars",
        "stars / reviews",
        star_rating,
        ("reviews",),
        "67",
        "{sum} / {count}",
        Example({"sum": 45, "count": 10}, 4.5, "5 reviews of 5 stars and 5 of 4"),
        "mean of the reviews",
    ),
    _kpi(
        "star_rating.bayesian",
        "stars",
        "(stars + 15) / (reviews + 5): as if one more review of each number of stars had come before",
        star_rating_bayesian,
        ("reviews",),
        "67",
        "{stars_with_prior} / {reviews_with_prior}",
        Example({"stars_with_prior": 60, "reviews_with_prior": 15}, 4, "45 stars of 10 reviews, and 15 of 5"),
        "mean of a Dirichlet posterior, uniform prior",
    ),
)
