"""Counts what stands around a letter's numbers: what drove them, goals, who waits, what happened, what was not well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from alerts.digest.facts import DownFact, DriverFacts, GoalFact, MarkFact, WaitFact
from alerts.goals import Goal
from alerts.progress import Measured, measure
from sentiment.text import fold
from storage import polling, unanswered
from storage.base import Rows
from storage.calendar import Window, local_day, start_of
from storage.desk import annotations as notes
from storage.desk import campaigns, corrections
from storage.drivers import Behind, drivers
from storage.kpi import KPIS
from storage.mention import Brand

OWN = 3
"""So many brands of ours are told of at length."""
_WAITING = 5


@dataclass(frozen=True, slots=True)
class Span:
    """The letter's period, the one before, when it is written, and the sources heard in both, by name."""

    window: Window
    earlier: Window
    now: int
    zone: ZoneInfo
    both: tuple[str, ...]


def around(store: Rows, brands: Sequence[Brand], goals: Sequence[Goal], span: Span) -> dict[str, Any]:
    """Return the fields of DigestFacts that are no KPIs."""
    own = [brand for brand in brands if brand.own][:OWN]
    names = {brand.name for brand in brands}
    return {
        "drivers": tuple(_drivers(store, brand, span) for brand in own) if span.both else (),
        "goals": tuple(
            _goal(one, span.zone)
            for one in measure(
                store, [g for g in goals if g.brand in names], tuple(brands), span.now, span.zone
            )
        ),
        "waits": tuple(found for brand in own if (found := _waiting(store, brand, span)).total),
        "marks": tuple(_marks(store, names, span)),
        "down": tuple(
            DownFact(state.name, state.down_since)
            for state in polling.states(store)
            if state.active and state.down_since is not None
        ),
        "corrected": corrections.said_between(store, sorted(names), span.window.since, span.window.until),
    }


def _drivers(store: Rows, brand: Brand, span: Span) -> DriverFacts:
    called = [brand.name, *brand.aliases, *(name for names in brand.aliases_in.values() for name in names)]
    own_words = {word for name in (*called, *brand.handles.values()) for word in fold(name).split()}
    behind = Behind(brand.name, span.window, span.earlier, span.both, own_words)
    return DriverFacts(brand.name, drivers(store, behind))


def _goal(measured: Measured, zone: ZoneInfo) -> GoalFact:
    goal, stand = measured.goal, measured.progress
    return GoalFact(
        goal.name,
        goal.kpi,
        KPIS[goal.kpi].unit,
        goal.brand,
        goal.owner,
        goal.target,
        goal.deadline(zone),
        measured.baseline.value,
        measured.current.value if measured.current else None,
        stand.way,
        stand.elapsed,
        stand.pace,
    )


def _waiting(store: Rows, brand: Brand, span: Span) -> WaitFact:
    """Who asked in this period or the one before: what is older nobody waits for any more."""
    asked = Window(span.earlier.since, min(span.window.until, span.now - brand.response_target))
    if asked.until <= asked.since:
        return WaitFact(brand.name, (), 0)
    found, total = unanswered.longest(store, brand.name, asked, _WAITING)
    return WaitFact(brand.name, tuple(found), total)


def _marks(store: Rows, names: set[str], span: Span) -> list[MarkFact]:
    zone, window = span.zone, span.window
    days = local_day(window.since, zone), local_day(window.until - 1, zone)
    written = [
        MarkFact(start_of(one.day, "day", zone), None, one.text, one.brand)
        for one in notes.between(store, *days)
        if one.brand is None or one.brand in names
    ]
    running = [MarkFact(one.since, one.until, one.name) for one in campaigns.overlapping(store, window)]
    return sorted([*written, *running], key=lambda mark: mark.since)
