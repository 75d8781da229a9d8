"""Comparing what is still growing: two windows whose posts are looked at when they were of one age."""

from __future__ import annotations

import math
from collections.abc import Sequence

from storage.calendar import Window
from storage.stats import student

AGES = (604_800, 86_400, 3_600)
"""Ages at which posts are compared, in seconds: a week, a day, an hour."""


def equal_age(window: Window, earlier: Window, now: int) -> tuple[Window, Window, int]:
    """Both windows as far as their posts have come to an age, and that age in seconds."""
    age = next((age for age in AGES if window.until + age <= now), AGES[-1])
    until = min(window.until, now - age)
    part = max(0, until - window.since) / (window.until - window.since)
    ends = earlier.since + round(part * (earlier.until - earlier.since))
    return Window(window.since, until), Window(earlier.since, ends), age


def ratio_interval(now: Sequence[int], before: Sequence[int]) -> list[float] | None:
    """The 95 % interval of the growth of a sum over posts, by the delta method on its logarithm.

    Posts come by chance and bring what they bring: the variance of a compound Poisson sum is the sum of squares.
    """
    total, total_before = sum(now), sum(before)
    if not total or not total_before:
        return None
    error = math.hypot(
        math.sqrt(sum(x * x for x in now)) / total, math.sqrt(sum(x * x for x in before)) / total_before
    )
    # No ratio of counts needs more: it keeps the ends finite.
    reach = min(20.0, student.quantile(math.inf) * error)
    ratio = total / total_before
    return [ratio * math.exp(-reach) - 1, ratio * math.exp(reach) - 1]
