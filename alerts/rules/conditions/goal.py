"""A goal that will be missed at this pace: `goal voice at risk`, `any goal at risk`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from alerts.rules.base import Look, Sample, Seen, WokenBy, told
from alerts.rules.rule import Rule
from storage.kpi import Ask

if TYPE_CHECKING:
    from alerts.progress import Measured

_WHEN = re.compile(r"\s*(?:goal\s+(.+?)|(any)\s+goal)\s+at\s+risk\s*")


@dataclass(frozen=True, slots=True)
class GoalAtRisk:
    """A goal of the brand that is behind its pace, or was missed. `name` None: any of them."""

    form: ClassVar[str] = "goal"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = True
    woken_by: ClassVar[WokenBy] = "minute"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset({"source", "tag"})

    name: str | None

    def words(self) -> str:
        """As it is written in `when`."""
        return "any goal at risk" if self.name is None else f"goal {self.name} at risk"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """Goals ask for their KPIs themselves."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each goal of the brand."""
        asked = [goal for goal in look.goals if goal.brand == rule.brand and self.name in (None, goal.name)]
        found = [look.measured(goal) for goal in asked]
        return {f"goal {one.goal.name}": [_sample(one)] for one in found}


def _sample(found: Measured) -> Sample:
    """At risk is what is behind its pace or was missed; where nothing can be said, nothing is."""
    goal, current, stand = found.goal, found.current, found.progress
    window = current or found.baseline
    enough = current is not None and stand.pace not in ("no value", "too early") and not found.unlike
    met = enough and stand.pace in ("behind", "missed")
    numbers = {
        **told(window),
        "goal": goal.name,
        "target": goal.target,
        "by": goal.by.isoformat(),
        "owner": goal.owner,
        "expected": stand.expected,
        "pace": stand.pace,
        "way": stand.way,
    }
    return Sample(window.since, window.until, enough, met, met, current, numbers, ())


def parse(text: str) -> GoalAtRisk | None:
    """Read "goal NAME at risk" or "any goal at risk"; None where the text is neither."""
    match = _WHEN.fullmatch(text)
    return GoalAtRisk(match[1]) if match else None
