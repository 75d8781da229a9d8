"""Goals: a KPI, a value that it is to have, by which day, and who answers for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alerts.rules.conditions.threshold import RANGES
from storage.calendar import Window, start_of
from storage.durations import parse_duration
from storage.kpi import KPIS, Kpi

_NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(%?)")


def _day(value: object) -> object:
    """Take a day however YAML reads it."""
    if value is None:
        raise ValueError("is empty; give it a day, as in 2027-03-31")
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError("write a day, as in 2027-03-31")
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no day; write one as in 2027-03-31") from None
    return value


def _number_or_text(value: object) -> object:
    if value is None:
        raise ValueError("is empty; give it a value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("write a number, as in 40% for a share, 2h for a time, 1200 for a count")
    return value


def _days(value: object) -> object:
    if not isinstance(value, Mapping | BaselineOptions):
        raise ValueError("needs two days, as in {since: 2026-10-01, until: 2026-11-01}")
    return value


Day = Annotated[date, BeforeValidator(_day)]


class BaselineOptions(BaseModel):
    """The days from `since` to before `until`, over which the KPI is measured before anything is done about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Day
    until: Day

    @model_validator(mode="after")
    def _in_order(self) -> BaselineOptions:
        if self.since >= self.until:
            raise ValueError("since must lie before until, which is not included itself")
        return self


class GoalOptions(BaseModel):
    """One goal of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    kpi: str
    brand: str
    target: Annotated[float | str, BeforeValidator(_number_or_text)]
    by: Day
    owner: str = Field(min_length=1, max_length=100)
    source: str | None = None
    baseline: Annotated[BaselineOptions, BeforeValidator(_days)]


@dataclass(frozen=True, slots=True)
class Goal:
    """`target` in the KPI's own unit, to be reached by the end of the day `by`."""

    name: str
    kpi: str
    brand: str
    target: float
    by: date
    owner: str
    since: date
    until: date
    source: str | None = None

    @classmethod
    def of(cls, options: GoalOptions) -> Goal:
        """Make the goal that `options` mean. Raises ValueError for a target in the wrong unit."""
        return cls(
            options.name,
            options.kpi,
            options.brand,
            target_of(KPIS[options.kpi], options.target),
            options.by,
            options.owner,
            options.baseline.since,
            options.baseline.until,
            options.source,
        )

    def baseline(self, zone: ZoneInfo) -> Window:
        """The window of the baseline."""
        return Window(start_of(self.since, "day", zone), start_of(self.until, "day", zone))

    def deadline(self, zone: ZoneInfo) -> int:
        """The second after its last day."""
        return start_of(self.by + timedelta(days=1), "day", zone)


def target_of(kpi: Kpi, said: float | str) -> float:
    """Read a target in the unit of its KPI: 0.4 or 40%, 2h, 1200. Raises ValueError that says how to write it."""
    if kpi.unit == "seconds":
        if not isinstance(said, str):
            raise ValueError(f"{kpi.name} is a time; write it with its unit, as in 2h, not {said:g}")
        return parse_duration(said)
    found = _NUMBER.fullmatch(said.strip()) if isinstance(said, str) else None
    if isinstance(said, str) and found is None:
        how = "a share as 0.4 or 40%" if kpi.unit == "ratio" else f"a plain number of {kpi.unit}"
        raise ValueError(f"{said!r} is no target for {kpi.name}; write {how}")
    number = float(found[1]) if found else float(said)
    percent = bool(found and found[2])
    if percent and kpi.unit != "ratio":
        raise ValueError(f"{kpi.name} is counted in {kpi.unit}; write a plain number instead of {said}")
    if kpi.unit != "ratio":
        return number
    if not percent and abs(number) > 1:
        raise ValueError(
            f"{kpi.name} is a ratio, and {number:g} is {number * 100:g}%; for percent write {number:g}%"
        )
    ratio = number / 100 if percent else number
    low, high = RANGES.get(kpi.name, (float("-inf"), float("inf")))
    if not low <= ratio <= high:
        raise ValueError(f"{kpi.name} lies between {low * 100:g}% and {high * 100:g}%")
    return ratio


def is_outcome(kpi: Kpi) -> bool:
    """Whether a KPI tells what came of it for the business, and not only that something was seen or done.

    That is what is of conversion or money, and what is declared as actionable or financial.
    """
    wanted = {"actionable", "financial"}
    return not kpi.vanity and (kpi.family in ("conversion", "money") or bool(wanted & set(kpi.kind)))


def vanity_alone(goals: Iterable[Goal]) -> list[Goal]:
    """The goals on vanity KPIs whose brand has no goal on an outcome beside them."""
    known = list(goals)
    grounded = {goal.brand for goal in known if is_outcome(KPIS[goal.kpi])}
    return [goal for goal in known if KPIS[goal.kpi].vanity and goal.brand not in grounded]
