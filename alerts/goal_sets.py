"""Which KPIs serve which goal, read from their declarations: a vanity KPI never stands without an outcome beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.goals import Goal, is_outcome
from storage.kpi import KPIS, Kpi

GOAL_SETS: dict[str, tuple[str, ...]] = {
    "visibility": ("visibility",),
    "engagement": ("engagement",),
    "care": ("care", "opinion"),
    "leads": ("conversion", "money"),
}
"""The families of KPIs that each goal is measured by."""

_DOWN: tuple[str, ...] = ("conversion", "money", "visibility", "engagement", "care", "opinion")
"""Where a goal's own families have no outcome, somebody who does something has, or else who pays."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A KPI of a set; beside a vanity KPI the outcome to watch with it, None where nothing declared is one."""

    kpi: Kpi
    beside: Kpi | None = None


def choose(goal: str, kpis: Mapping[str, Kpi] = KPIS) -> list[Chosen]:
    """The KPIs of a goal, in the order of their declarations; of each the main variant, or else the first."""
    families = GOAL_SETS[goal]
    stems: dict[str, Kpi] = {}
    for kpi in sorted(kpis.values(), key=lambda kpi: "." in kpi.name):
        stems.setdefault(kpi.name.partition(".")[0], kpi)
    main = [kpi for kpi in kpis.values() if stems[kpi.name.partition(".")[0]] is kpi]
    return [
        Chosen(kpi, _outcome(kpi, families, main) if kpi.vanity else None)
        for kpi in main
        if kpi.family in families
    ]


def choose_for(kpi: Kpi, kpis: Mapping[str, Kpi] = KPIS) -> list[Chosen]:
    """The set that a KPI belongs to."""
    return next(
        (choose(goal, kpis) for goal, families in GOAL_SETS.items() if kpi.family in families),
        [],
    )


def names(goal: str, kpis: Mapping[str, Kpi] = KPIS) -> list[str]:
    """The names of a goal's KPIs, the outcome beside each vanity KPI among them, each once."""
    found: dict[str, None] = {}
    for chosen in choose(goal, kpis):
        found[chosen.kpi.name] = None
        if chosen.beside is not None:
            found[chosen.beside.name] = None
    return list(found)


def _outcome(vanity: Kpi, families: tuple[str, ...], main: list[Kpi]) -> Kpi | None:
    """The nearest outcome: of the goal's own families, or else of somebody who does something; counts before rates."""
    outcomes = [kpi for kpi in main if is_outcome(kpi)]
    order = [vanity.family, *families, *_DOWN]
    return min(outcomes, key=lambda kpi: (order.index(kpi.family), kpi.unit == "ratio"), default=None)


def vanity_hint(goal: Goal) -> str:
    """Say that a goal on a vanity KPI stands alone, and which outcome could stand beside it."""
    beside = next((one.beside for one in choose_for(KPIS[goal.kpi]) if one.kpi.name == goal.kpi), None)
    such = f", such as {beside.name}" if beside else ""
    return (
        f"goal: {goal.name}: {goal.kpi} may rise while nothing improves; "
        f"set a goal on an outcome of {goal.brand} beside it{such}"
    )
