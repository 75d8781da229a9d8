"""How fast a brand answers: the first response time, with those who still wait counted as waiting."""

from __future__ import annotations

from fractions import Fraction

from storage.kpi.declaration import Kpi
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, Reading
from storage.stats import kaplan_meier


def first_response_time(scope: Scope) -> Reading:
    """Kaplan-Meier median in seconds, one measurement per conversation; n counts the conversations."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    durations = scope.waits()
    if not durations:
        return Reading(None, 0, "no eligible mentions")
    n = len(durations)
    steps = kaplan_meier.curve(durations)
    median = kaplan_meier.median(steps)
    target = scope.brand.brand.response_target
    answered = [seconds for seconds, done in durations if done]
    more = {
        "p90": kaplan_meier.quantile(steps, Fraction(9, 10)),
        "answered": len(answered),
        "answered_share": len(answered) / n,
        "response_target": target,
        "within_target": sum(seconds <= target for seconds in answered) / n,
    }
    return Reading(median, n, None if median is not None else "the curve does not reach 0.5", more)


KPIS = (
    Kpi(
        "first_response_time",
        "seconds",
        "Kaplan-Meier median of (brand's first answer - first post addressed to it), a conversation each",
        first_response_time,
    ),
)
