"""Whether something moves in the days after a burst: the effect, set against the same bursts at all other dates.

Series are lists by day without a hole, None where a day is not known. A day is compared with the same weekday in the
weeks around it, so that neither the rhythm of the week nor a slow trend passes for an effect. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Series = Sequence[float | None]

WEEKS = 4
"""How many weeks before a day, and after it, say what to expect of it."""
LEAST_WEEKS = 3
"""Days of the same weekday that an expectation needs."""
LEAST_BURSTS = 5
LEAST_DAYS = 60
"""Days of which both series are known that a test needs."""
LEVEL = 0.05

Verdict = Literal["more", "less", "no detectable effect", "not enough data"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What was found. `effect`: by how much a day, of the `days` from each burst on, lies above what is expected of
    it, with its 95 % interval; `expected` is that expectation, `p` two-sided, `placebos` the number of other dates that
    the bursts were set to. All None where `verdict` is "not enough data", and `why` says what lacks.
    """

    verdict: Verdict
    bursts: tuple[int, ...]
    days: int
    known_days: int
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    p: float | None = None
    placebos: int = 0
    why: str = ""


def expected(series: Series, day: int, without: Collection[int] = ()) -> float | None:
    """The median of the same weekday in the WEEKS weeks before and after a day; None where fewer than LEAST_WEEKS of
    these are known. Days `without` (by number), and the day itself, have no say.
    """
    around = [
        value
        for week in range(-WEEKS, WEEKS + 1)
        if week and 0 <= (near := day + 7 * week) < len(series) and near not in without
        if (value := series[near]) is not None
    ]
    return median(around) if len(around) >= LEAST_WEEKS else None


def bursts(
    mentions: Series, excluded: Collection[int] = (), *, deviations: float = 3.0, days: int = 3
) -> list[int]:
    """The days on which a burst begins: more mentions than the weekday lets expect, by `deviations` of its noise.

    The noise of a count grows with its root (Poisson), and by how much more is read off all days: 1.4826 times the
    median absolute deviation of the standardized residuals, at least 1. A burst goes on while `days` days have not
    passed without one.
    """
    scores: dict[int, float] = {}
    for day, value in enumerate(mentions):
        of = expected(mentions, day, excluded)
        if value is not None and of is not None and day not in excluded:
            scores[day] = (value - of) / math.sqrt(max(of, 1.0))
    if not scores:
        return []
    middle = median(scores.values())
    noise = max(1.0, 1.4826 * median(abs(score - middle) for score in scores.values()))
    high = [day for day, score in sorted(scores.items()) if score > deviations * noise]
    starts: list[int] = []
    last: int | None = None
    for day in high:
        if last is None or day - last > days:
            starts.append(day)
        last = day
    return starts


def test(outcome: Series, starts: Sequence[int], excluded: Collection[int] = (), *, days: int = 3) -> Effect:
    """Look for an effect of bursts, which begin on the days `starts`, on an outcome, over `days` days each.

    The statistic is the mean of how far these days lie above what is expected of them; the days of bursts themselves
    have no say in that. Its distribution without an effect is that of the same bursts moved together around the series
    by every other number of days (circular shift): that keeps how the outcome hangs together from day to day, and how
    bursts do, which dates drawn one by one would break (Besag and Clifford, 1989, "Generalized Monte Carlo significance
    tests", Biometrika 76:633-642; Fortin and Dale, 2005, "Spatial Analysis", on toroidal shifts). The interval holds
    the effects that this would not reject.
    """
    known = [None if day in excluded else value for day, value in enumerate(outcome)]
    wanted = [start for start in starts if _mean(known, [start], 0, days) is not None]
    real = _mean(known, wanted, 0, days)
    told = sum(value is not None for value in known)
    lacks = _lacks(len(wanted), told)
    if lacks or real is None:
        return Effect("not enough data", tuple(wanted), days, told, why=lacks)
    shifts = range(1, len(known))
    placebos = sorted(m.effect for by in shifts if (m := _mean(known, wanted, by, days)) is not None)
    count = len(placebos)
    above = (1 + sum(effect >= real.effect for effect in placebos)) / (1 + count)
    below = (1 + sum(effect <= real.effect for effect in placebos)) / (1 + count)
    p = min(1.0, 2 * min(above, below))
    # The shifts at each end that would have to lie beyond the effect for it to be told from chance.
    cut = max(0, math.floor((1 + count) * LEVEL / 2) - 1)
    low, high = real.effect - placebos[-1 - cut], real.effect - placebos[cut]
    # Where days of much are rare, the usual day lies above its median: no effect, and the placebos know by how much.
    usual = median(placebos)
    verdict: Verdict = "no detectable effect" if p >= LEVEL else "more" if above < below else "less"
    return Effect(
        verdict, tuple(wanted), days, told, real.effect - usual, low, high, real.expected + usual, p, count
    )


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust p values of tests that were made together, so that one in twenty families errs, not one in twenty tests.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6:65-70.
    """
    order = sorted(range(len(ps)), key=lambda number: ps[number])
    adjusted, highest = [0.0] * len(ps), 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - place) * ps[number]))
        adjusted[number] = highest
    return adjusted


def _lacks(events: int, known: int) -> str:
    if events < LEAST_BURSTS:
        return f"{LEAST_BURSTS} bursts of mentions with an outcome are needed, and there are {events}"
    if known < LEAST_DAYS:
        return f"{LEAST_DAYS} days with an outcome are needed, and there are {known}"
    return ""


@dataclass(frozen=True, slots=True)
class _Mean:
    """Of some days, the mean of what was expected of them, and by how much they lay above it."""

    effect: float
    expected: float


def _mean(known: Series, starts: Sequence[int], by: int, days: int) -> _Mean | None:
    """Over the days of all bursts, moved around the series by a number of days; a day of two bursts counts once."""
    inside = {(start + by + after) % len(known) for start in starts for after in range(days)}
    pairs = [
        (value, of)
        for day in sorted(inside)
        if (value := known[day]) is not None and (of := expected(known, day, inside)) is not None
    ]
    if not pairs:
        return None
    of_mean = sum(of for _, of in pairs) / len(pairs)
    return _Mean(sum(value for value, _ in pairs) / len(pairs) - of_mean, of_mean)
