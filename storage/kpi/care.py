"""How fast a brand answers, with those who still wait counted as waiting; and how late all that is heard."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial

from storage import public_holidays
from storage.kpi.declaration import Example, Kpi
from storage.kpi.lag import MOST, lags
from storage.kpi.responses import Response, waits
from storage.kpi.scope import Scope
from storage.kpi.value import NO_SOURCE, Reading
from storage.stats import kaplan_meier
from storage.stats.business_hours import BusinessHours, OpenTime

WEEK = 7 * 86_400

Waited = tuple[int, bool]
"""Seconds, and whether they ended with an answer."""


def first_response_time(scope: Scope) -> Reading:
    """Kaplan-Meier median in seconds, one measurement per conversation; n counts the conversations."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    durations = _seconds(scope, _began(scope, first=True))
    if not durations:
        return Reading(None, 0, "no eligible mentions")
    return _median(scope, durations)


def first_response_time_business(scope: Scope) -> Reading:
    """The same in seconds of the brand's business hours; a wait that begins and ends outside of them is 0 seconds."""
    hours = scope.brand.brand.business_hours
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    if hours is None:
        return Reading(None, 0, "no business hours are configured")
    found = _began(scope, first=True)
    if not found:
        return Reading(None, 0, "no eligible mentions")
    durations = _open_seconds(scope, hours, found)
    outside = sum(1 for seconds, answered in durations if answered and not seconds)
    return _median(scope, durations, {"answered_outside_hours": outside})


def next_response_time(scope: Scope) -> Reading:
    """Kaplan-Meier median in seconds of the waits after an answer of the brand; n counts those waits."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    durations = _seconds(scope, _began(scope, first=False))
    if not durations:
        return Reading(None, 0, "nobody wrote again after an answer")
    return _median(scope, durations)


def response_rate(scope: Scope) -> Reading:
    """Answered / addressed to the brand, conversations whose clock started in the window.

    `censored` of the unanswered were heard for less than a week, so that nobody can say yet; `within_week` is the
    share answered within seven days by the Kaplan-Meier curve, which counts them as waiting.
    """
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    durations = _seconds(scope, _began(scope, first=True))
    if not durations:
        return Reading(None, 0, "no eligible mentions")
    answered = sum(1 for _, done in durations if done)
    more = {
        "answered": answered,
        "needing_reply": len(durations),
        "censored": sum(1 for seconds, done in durations if not done and seconds < WEEK),
        "within_week": kaplan_meier.reached(kaplan_meier.curve(durations), WEEK),
    }
    return Reading(answered / len(durations), len(durations), None, more)


def detection_lag(scope: Scope) -> Reading:
    """Median seconds from publication until a mention was fetched, of those heard live and dated by their source."""
    if not scope.sources:
        return Reading(None, 0, NO_SOURCE)
    every = max(1, math.ceil(scope.counts().mentions / MOST))
    found = [
        (lag.seconds, lag.mentions)
        for lag in lags(scope.evidence, scope.brand.number, every)
        if _counts(scope, lag.source, lag.language)
    ]
    if not found:
        return Reading(None, 0, "no mention was heard live")
    durations = [(seconds, True) for seconds, mentions in found for _ in range(mentions)]
    steps = kaplan_meier.curve(durations)
    more = _quantiles(steps) | {"every": every}
    return Reading(kaplan_meier.median(steps), len(durations), None, more)


def _counts(scope: Scope, source: int, language: str | None) -> bool:
    return source in scope.sources and (not scope.by_language or language == scope.language)


def _began(scope: Scope, *, first: bool) -> list[Response]:
    """The waits that began in the window: those that a conversation began with, or the later ones."""
    found = waits(scope.evidence, scope.brand.number)
    sources, spoken = scope.sources, scope.language
    return [
        one
        for one in found
        if one.first == first and one.source in sources and (not scope.by_language or one.language == spoken)
    ]


def _end(scope: Scope, wait: Response) -> int:
    """When a wait ended, as far as we know.

    Who was not answered has waited until the end of the unbroken stretch heard of that source which holds the clock's
    start; for nothing where the start itself lies in a gap.
    """
    if wait.seconds is not None:
        return wait.started + wait.seconds
    return max(wait.started, scope.stretch_end(wait.source, wait.started) or wait.started)


def _seconds(scope: Scope, found: Iterable[Response]) -> list[Waited]:
    return [(_end(scope, one) - one.started, one.seconds is not None) for one in found]


def _open_seconds(scope: Scope, hours: BusinessHours, found: Sequence[Response]) -> list[Waited]:
    ends = [_end(scope, one) for one in found]
    closed = partial(public_holidays.is_holiday, hours.holidays) if hours.holidays else _never
    time = OpenTime(hours, min(one.started for one in found), max(ends), closed)
    return [
        (time.between(one.started, end), one.seconds is not None)
        for one, end in zip(found, ends, strict=True)
    ]


def _never(_: object) -> bool:
    return False


def _median(scope: Scope, durations: Sequence[Waited], more: Mapping[str, object] | None = None) -> Reading:
    """The median of waits, with what is told beside it of all response times."""
    steps, n = kaplan_meier.curve(durations), len(durations)
    answered = [seconds for seconds, done in durations if done]
    target = scope.brand.brand.response_target
    beside = {
        **_quantiles(steps),
        "answered": len(answered),
        "answered_share": len(answered) / n,
        "response_target": target,
        "within_target": sum(seconds <= target for seconds in answered) / n,
        **(more or {}),
    }
    median = kaplan_meier.median(steps)
    reason = None if median is not None else "the curve does not reach 0.5"
    return Reading(median, n, reason, beside)


def _quantiles(steps: Sequence[kaplan_meier.Step]) -> dict[str, object]:
    """Where nine tenths were answered, and between which seconds the half: the median is the middle of these."""
    low, high = kaplan_meier.half(steps) or (None, None)
    return {"p90": kaplan_meier.quantile(steps, Fraction(9, 10)), "half_from": low, "half_to": high}


_MIDDLE = "({half_from} + {half_to}) / 2"
_KAPLAN_MEIER = "Kaplan and Meier 1958"

KPIS = (
    Kpi(
        "first_response_time",
        "seconds",
        "Kaplan-Meier median of (brand's first answer - first post addressed to it), a conversation each",
        first_response_time,
        family="care",
        kind=("quantitative", "process", "actionable"),
        better="down",
        source=f"first reply time of Zendesk and Plain, in all seconds; who waits is censored: {_KAPLAN_MEIER}",
        inputs=("conversations",),
        rows=("59",),
        worked=_MIDDLE,
        example=Example(
            {"half_from": 30, "half_to": 7_200},
            3_615,
            "answered after 10, 30, 7,200 s and never: the curve lies on 1/2 from 30 to 7,200 s",
        ),
    ),
    Kpi(
        "first_response_time.business",
        "seconds",
        "Kaplan-Meier median of the business seconds from the first post addressed to the brand to its first answer",
        first_response_time_business,
        family="care",
        kind=("quantitative", "process", "actionable"),
        better="down",
        source="first reply time of Zendesk in business hours; zone, weekly plan and holidays are the brand's",
        inputs=("conversations",),
        rows=("59",),
        worked=_MIDDLE,
        example=Example(
            {"half_from": 3_600, "half_to": 3_600},
            3_600,
            "open mon-fri 09:00-18:00: asked Friday 17:30, answered Monday 09:30: 30 minutes of each day",
        ),
    ),
    Kpi(
        "next_response_time",
        "seconds",
        "Kaplan-Meier median of (brand's next answer - first post addressed to it since the answer before)",
        next_response_time,
        family="care",
        kind=("quantitative", "process", "actionable"),
        better="down",
        source=f"next response time of Plain; who waits is censored: {_KAPLAN_MEIER}",
        inputs=("conversations",),
        rows=("59",),
        worked=_MIDDLE,
        example=Example(
            {"half_from": 200, "half_to": 200},
            200,
            "asked at 0 s, answered at 60 s, asked again at 100 s and 150 s, answered at 300 s",
        ),
    ),
    Kpi(
        "response_rate",
        "ratio",
        "conversations that the brand answered / conversations addressed to it",
        response_rate,
        family="care",
        kind=("quantitative", "output", "actionable"),
        better="up",
        source="response rate of Sprout Social and of Facebook pages",
        inputs=("conversations",),
        rows=("60",),
        worked="{answered} / {needing_reply}",
        example=Example(
            {"answered": 3, "needing_reply": 4}, 0.75, "three of four conversations were answered"
        ),
    ),
    Kpi(
        "detection_lag",
        "seconds",
        "median of (time fetched - time published) of the mentions heard live and dated by their source",
        detection_lag,
        family="care",
        kind=("quantitative", "input", "practical"),
        better="down",
        source="ours: what a response time cannot tell, because the brand's people may not have known yet",
        rows=("59",),
        worked=_MIDDLE,
        example=Example(
            {"half_from": 20, "half_to": 40}, 30, "fetched 10, 20, 40 and 300 s after publication"
        ),
    ),
)
