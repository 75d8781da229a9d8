"""Reads the goals of config.yaml: every mistake of each is told, even where another key of it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.goals import Goal, GoalOptions, target_of
from listener.config.problems import Place, did_you_mean
from storage.kpi import KPIS


@dataclass(frozen=True, slots=True)
class Checks:
    """What the reader of the whole file does: note a mistake at its place, check keys, and the name of a brand."""

    add: Callable[[Place, str], None]
    options: Callable[[Any, Place], GoalOptions | None]
    brand: Callable[[Any, Place], object]


def read_goals(raw: Any, checks: Checks) -> tuple[Goal, ...]:
    """The goals of a file that has no mistake in them; otherwise those that have none."""
    if not isinstance(raw, list | None):
        checks.add(("goals",), "needs a list; `listener goal add` writes one")
        raw = []
    goals: list[Goal] = []
    names: set[object] = set()
    for index, entry in enumerate(raw or []):
        path: Place = ("goals", index)
        options = checks.options(entry, path)
        said = entry if isinstance(entry, Mapping) else {}
        if isinstance(said.get("name"), str) and said["name"] in names:
            checks.add((*path, "name"), f"{said['name']!r} stands twice; each goal needs its own name")
        names.add(str(said.get("name")))
        right = _measurable(said, path, checks)
        if said.get("brand") is not None:
            checks.brand(said["brand"], (*path, "brand"))
        if options is not None and options.by < options.baseline.until:
            checks.add(
                (*path, "by"),
                f"{options.by} must lie after the baseline, which ends {options.baseline.until}",
            )
        if options is not None and right:
            goals.append(Goal.of(options))
    return tuple(goals)


def _measurable(said: Mapping[str, Any], path: Place, checks: Checks) -> bool:
    """Whether its KPI is one, and its target in that KPI's unit."""
    kpi, target = said.get("kpi"), said.get("target")
    if not isinstance(kpi, str):
        return False
    if kpi not in KPIS:
        checks.add((*path, "kpi"), f"there is no KPI {kpi!r}{did_you_mean(kpi, KPIS)}")
        return False
    if isinstance(target, bool) or not isinstance(target, str | int | float):
        return False
    try:
        target_of(KPIS[kpi], target)
    except ValueError as error:
        checks.add((*path, "target"), str(error))
        return False
    return True
